/** What we send ourselves is the caller's request in all but its purpose: time limit, headers, trace, tokens. */
import { auxiliaryAuthenticationHeaderPolicy, type PipelinePolicy } from "@azure/core-rest-pipeline";
import { ComputeManagementClient as Compute24 } from "@azure/arm-compute";
import { registerProvider } from "azure-remedy";
import { describe, expect, it } from "vitest";
import { generations, wholeBody, type AdditionalPolicy, type Compute } from "../support/clients.js";
import { scene } from "../support/scene.js";

const minute = 60_000;

interface Sent {
  readonly line: string;
  readonly timeout: number;
  readonly header: (name: string) => string | undefined;
}

/** Notes what goes out. */
function noting(sent: Sent[]): AdditionalPolicy {
  const policy: PipelinePolicy = {
    name: "noting",
    sendRequest: (request, next) => {
      const headers = request.headers.toJSON();
      const { pathname } = new URL(request.url);
      const line = `${request.method} ${pathname.split("/").slice(-1).join("/")}`;
      sent.push({ line, timeout: request.timeout, header: (name) => headers[name] });
      return next(request);
    },
  };
  return { policy, position: "perRetry" };
}

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const own = { "x-custom": "mine", traceparent };

/** A create with a time limit and headers of the caller's own. */
async function create({ client }: Compute, name: string): Promise<unknown> {
  const timeout = 5 * minute;
  return client instanceof Compute24
    ? client.virtualMachines.createOrUpdate("rg", name, wholeBody({}), { requestOptions: { timeout, headers: own } })
    : client.virtualMachines.beginCreateOrUpdateAndWait("rg", name, wholeBody({}), {
        requestOptions: { timeout, customHeaders: own },
      });
}

describe.each(generations)("with arm-compute %s", (generation) => {
  it("a remedy's calls and a resubmission have the caller's time limit, headers and trace", () =>
    scene(
      generation,
      async (told) => {
        const sent: Sent[] = [];
        told.arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines", as: "operation" });
        await create(told.client({ remedies: [registerProvider()] }, { additionalPolicies: [noting(sent)] }), "web-01");
        const isPoll = ({ line }: Sent): boolean => /^GET op-|^GET [0-9a-f-]{36}/.test(line);
        const ours = sent.filter((request) => !isPoll(request) && request.line !== "GET web-01");
        expect(ours.map(({ line }) => line)).toEqual(
          expect.arrayContaining(["PUT web-01", "POST register", "GET Microsoft.Compute"]),
        );
        expect(ours.filter(({ line }) => line === "PUT web-01")).toHaveLength(3);
        for (const { timeout, header } of ours) {
          expect({ timeout, custom: header("x-custom"), trace: header("traceparent") }).toEqual({
            timeout: 5 * minute,
            custom: "mine",
            trace: traceparent,
          });
        }
        const ids = ours.map(({ header }) => header("x-ms-client-request-id"));
        // ARM answers an id that it knows from memory.
        expect(new Set(ids).size).toBe(ids.length);
      },
      { unregistered: ["Microsoft.Compute"] },
    ));

  it("an auxiliary token that has died in a wait is replaced, and so is a remedy's", () =>
    scene(
      generation,
      async (told) => {
        const sent: Sent[] = [];
        let tokens = 0;
        const credential = {
          getToken: () => {
            tokens += 1;
            return Promise.resolve({ token: `second-${tokens}`, expiresOnTimestamp: Date.now() + 5 * minute });
          },
        };
        const auxiliary = auxiliaryAuthenticationHeaderPolicy({ credentials: [credential], scopes: "scope" });
        told.arm.throttle({ on: "PUT virtualMachines", retryAfter: 600 });
        const compute = told.client({ remedies: [registerProvider()] }, { additionalPolicies: [noting(sent)] });
        compute.client.pipeline.addPolicy(auxiliary);
        await create(compute, "web-01");
        const auxiliaries = sent
          .filter(({ line }) => line === "PUT web-01" || line === "POST register")
          .map(({ line, header }) => `${line} ${header("x-ms-authorization-auxiliary") ?? "none"}`);
        expect(auxiliaries).toEqual([
          "PUT web-01 Bearer second-1",
          "PUT web-01 Bearer second-2",
          "POST register Bearer second-2",
          "PUT web-01 Bearer second-2",
        ]);
      },
      { unregistered: ["Microsoft.Compute"] },
    ));
});
