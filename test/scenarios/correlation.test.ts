/** Support and the activity log find all requests of one call under one id. */
import { ComputeManagementClient as Compute24 } from "@azure/arm-compute";
import { createHttpHeaders, createPipelineRequest } from "@azure/core-rest-pipeline";
import { registerProvider } from "azure-remedy";
import { describe, expect, it } from "vitest";
import { generations, wholeBody, type AdditionalPolicy, type Compute } from "../support/clients.js";
import { remedyErrorOf } from "../support/outcome.js";
import { scene } from "../support/scene.js";
import { answer, stubPipeline, vmUrl } from "../support/stub.js";

const name = "x-ms-correlation-request-id";

interface Exchange {
  readonly line: string;
  readonly sent: string | undefined;
  readonly got: string | undefined;
}

function noting(exchanges: Exchange[]): AdditionalPolicy {
  return {
    policy: {
      name: "noting",
      sendRequest: async (request, next) => {
        const sent = request.headers.get(name);
        const line = `${request.method} ${new URL(request.url).pathname.split("/").at(-1)}`;
        const response = await next(request);
        exchanges.push({ line, sent, got: response.headers.get(name) });
        return response;
      },
    },
    position: "perRetry",
  };
}

async function create({ client }: Compute, id?: string): Promise<unknown> {
  const own = id === undefined ? {} : { [name]: id };
  return client instanceof Compute24
    ? client.virtualMachines.createOrUpdate("rg", "web-01", wholeBody({}), { requestOptions: { headers: own } })
    : client.virtualMachines.beginCreateOrUpdateAndWait("rg", "web-01", wholeBody({}), {
        requestOptions: { customHeaders: own },
      });
}

describe.each(generations)("with arm-compute %s", (generation) => {
  it.each([undefined, "0b1f6471-1bf0-4dda-aec3-cb9272f09590"])(
    "retries, remedies, polls, resubmissions and the result have one id; the caller's is %s",
    (id) =>
      scene(
        generation,
        async (told) => {
          const exchanges: Exchange[] = [];
          told.arm.throttle({ on: "PUT virtualMachines", retryAfter: 3 });
          told.arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines", as: "operation" });
          const setup = { additionalPolicies: [noting(exchanges)] };
          await create(told.client({ remedies: [registerProvider()] }, setup), id);
          const kinds = exchanges.map(({ line }) => line);
          expect(kinds.filter((line) => line === "PUT web-01").length).toBeGreaterThanOrEqual(3);
          expect(kinds).toContain("POST register");
          expect(kinds.at(-1)).toBe("GET web-01");
          expect(exchanges[0]?.sent).toBe(id);
          const one = exchanges[0]?.got;
          expect(new Set(exchanges.slice(1).map(({ sent }) => sent))).toEqual(new Set([one]));
          expect(new Set(exchanges.map(({ got }) => got))).toEqual(new Set([one]));
        },
        { unregistered: ["Microsoft.Compute"] },
      ),
  );

  it("the error of an operation names it", () =>
    scene(generation, async (told) => {
      const exchanges: Exchange[] = [];
      told.arm.fail("VMExtensionProvisioningError", { on: "PUT virtualMachines", as: "operation" });
      const error = await remedyErrorOf(create(told.client({}, { additionalPolicies: [noting(exchanges)] })));
      expect(error.diagnosis.correlationId).toBe(exchanges[0]?.got);
      expect(new Set(exchanges.map(({ got }) => got)).size).toBe(1);
    }));
});

it.each([
  ["no id", {}],
  ["an id that is none", { [name]: "a b" }],
])("an answer with %s leaves the next request as it was", async (_, given) => {
  const sent: (string | undefined)[] = [];
  const { clock, send } = stubPipeline((request, count) => {
    sent.push(request.headers.get(name));
    return answer(request, count === 0 ? 503 : 200, "{}", given);
  });
  await clock.run(send(createPipelineRequest({ url: vmUrl })));
  expect(sent).toEqual([undefined, undefined]);
});

it("the caller's request has it no more after the call, and another host never gets it", async () => {
  const id = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";
  for (const [url, second] of [
    [vmUrl, id],
    ["https://a.blob.core.windows.net/c/b", undefined],
  ] as const) {
    const sent: (string | undefined)[] = [];
    const { clock, send } = stubPipeline((request, count) => {
      sent.push(request.headers.get(name));
      return answer(request, count === 0 ? 503 : 200, "{}", { [name]: id });
    });
    const request = createPipelineRequest({ url, headers: createHttpHeaders({ accept: "*/*" }) });
    await clock.run(send(request));
    expect(sent).toEqual([undefined, second]);
    expect(request.headers.toJSON()).toEqual({ accept: "*/*" });
  }
});
