/** The caller's own code: its streams, its policies' errors, its signals, and the ids it gives to support. */
import {
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  type HttpClient,
  type PipelinePolicy,
  type PipelineRequest,
} from "@azure/core-rest-pipeline";
import { ComputeManagementClient as Compute24 } from "@azure/arm-compute";
import { ComputeManagementClient as Compute22 } from "arm-compute-22";
import { remedyPolicy, retryOperation, withRemedy } from "azure-remedy";
import { PassThrough, Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { generations, withoutChance } from "../support/clients.js";
import { remedyErrorOf, thrownBy } from "../support/outcome.js";
import { scene } from "../support/scene.js";
import { credential, scripted } from "../support/side-by-side.js";

const url =
  "https://management.azure.com/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm?api-version=1";

describe("a streaming body", () => {
  const streaming = (request: Partial<PipelineRequest> = {}): PipelineRequest =>
    createPipelineRequest({ url, streamResponseStatusCodes: new Set([Number.POSITIVE_INFINITY]), ...request });

  it.each([true, false])("is reached by the caller's abort until its end, with ours: %s", async (isOurs) => {
    const body = new PassThrough();
    // As the SDK's client for Node does.
    const http: HttpClient = {
      sendRequest: (request) => {
        request.abortSignal?.addEventListener("abort", () => body.destroy(new Error("aborted")));
        body.write("first");
        return Promise.resolve({ request, status: 200, headers: createHttpHeaders(), readableStreamBody: body });
      },
    };
    const pipeline = createEmptyPipeline();
    if (isOurs) pipeline.addPolicy(remedyPolicy(withoutChance()), { phase: "Retry" });
    const controller = new AbortController();
    const response = await pipeline.sendRequest(http, streaming({ abortSignal: controller.signal }));
    const failed = new Promise((resolve) => response.readableStreamBody?.once("error", resolve));
    controller.abort();
    expect(await failed).toMatchObject({ message: "aborted" });
  });

  it("may take longer than an attempt", async () => {
    let signal: PipelineRequest["abortSignal"];
    const http: HttpClient = {
      sendRequest: (request) => {
        signal = request.abortSignal;
        const body = new PassThrough();
        return Promise.resolve({ request, status: 200, headers: createHttpHeaders(), readableStreamBody: body });
      },
    };
    const pipeline = createEmptyPipeline();
    pipeline.addPolicy(remedyPolicy({ ...withoutChance(), attemptTimeoutMs: 20 }), { phase: "Retry" });
    await pipeline.sendRequest(http, streaming());
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(signal?.aborted).toBe(false);
  });

  it("of a failure is given up before the next try", async () => {
    const bodies: Readable[] = [];
    const http: HttpClient = {
      sendRequest: (request) => {
        const body = Readable.from(["busy"]);
        bodies.push(body);
        const status = bodies.length <= 3 ? 503 : 200;
        const headers = createHttpHeaders({ "retry-after-ms": "0" });
        return Promise.resolve({ request, status, headers, readableStreamBody: body });
      },
    };
    const pipeline = createEmptyPipeline();
    const clock = { now: () => 0, sleep: () => Promise.resolve() };
    pipeline.addPolicy(remedyPolicy({ ...withoutChance(), clock, attemptTimeoutMs: 0 }), { phase: "Retry" });
    const response = await pipeline.sendRequest(http, streaming());
    expect(response.status).toBe(200);
    expect(bodies.map(({ destroyed }) => destroyed)).toEqual([true, true, true, false]);
  });
});

describe("errors of others", () => {
  class OwnError extends Error {
    override readonly name = "OwnError";
  }
  const own = [new OwnError("the call is not allowed here"), new TypeError("x is not a function")];

  it.each(own)("pass as they are: %s", async (error) => {
    const policy: PipelinePolicy = { name: "own", sendRequest: () => Promise.reject(error) };
    const options = {
      httpClient: scripted(() => ({ status: 200 })),
      additionalPolicies: [{ policy, position: "perRetry" as const }],
    };
    for (const client of [new Compute22(credential, "s", options), new Compute24(credential, "s", options)]) {
      expect(await thrownBy(withRemedy(client, withoutChance()).virtualMachines.get("rg", "vm"))).toBe(error);
    }
  });

  it("retryOperation rejects with the reason of the signal, and keeps an AbortError", async () => {
    const controller = new AbortController();
    const reason = new Error("the user has left");
    const call = retryOperation(
      () => {
        setTimeout(() => controller.abort(reason), 1);
        return Promise.reject(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
      },
      { signal: controller.signal, idempotent: true },
    );
    expect(await thrownBy(call)).toBe(reason);
    const aborted = new DOMException("This operation was aborted", "AbortError");
    expect(await retryOperation(() => Promise.reject(aborted)).catch((error: unknown) => error)).toBe(aborted);
  });
});

describe.each(generations)("with arm-compute %s", (generation) => {
  it("an error names the ids of the request that began the operation", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01" });
      told.arm.fail("OSProvisioningInternalError", { on: "POST virtualMachines/runCommand", as: "operation" });
      const seen: string[] = [];
      const policy: PipelinePolicy = {
        name: "ids",
        sendRequest: async (request, next) => {
          const response = await next(request);
          if (request.method === "POST") seen.push(response.headers.get("x-ms-request-id") ?? "none");
          return response;
        },
      };
      const compute = told.client({}, { additionalPolicies: [{ policy, position: "perRetry" }] });
      const error = await remedyErrorOf(compute.runCommand("web-01", ["date"]));
      expect(error.diagnosis.requestId).toBe(seen[0]);
      expect(error.message).toContain(`request id ${seen[0] ?? ""}`);
      expect(error.message).toContain("correlation id ");
    }));

  it("a fresh token is fetched past the caller's own policies", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01" });
      told.arm.throttle({ on: "GET virtualMachines", retryAfter: 180 });
      const seen: number[] = [];
      const policy: PipelinePolicy = {
        name: "own",
        sendRequest: async (request, next) => {
          const response = await next(request);
          seen.push(response.status);
          return response;
        },
      };
      await told.client({}, { additionalPolicies: [{ policy, position: "perCall" }] }).get("web-01");
      expect(seen).toEqual([200]);
      expect(told.arm.story).toHaveLength(2);
    }));
});
