/** The ways to install it: one line for a client of any kind, by hand in a pipeline, beside policies of one's own. */
import { NetworkManagementClient } from "@azure/arm-network";
import { ResourceManagementClient } from "@azure/arm-resources";
import {
  bearerTokenAuthenticationPolicy,
  createDefaultHttpClient,
  createPipelineFromOptions,
  createPipelineRequest,
  type PipelinePolicy,
} from "@azure/core-rest-pipeline";
import { isRemedyError, remedyPolicy, remedyPolicyName, withRemedy } from "azure-remedy";
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { createPipelineFromOptions as createPipeline116, createPipelineRequest as createRequest116 } from "crp-1.16";
import { createDefaultHttpClient as createHttpClient116 } from "crp-1.16";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect, generations, withoutChance } from "../support/clients.js";
import { remedyErrorOf, thrownBy } from "../support/outcome.js";
import { inVirtualTime, storyStart, type VirtualTime } from "../support/virtual-time.js";

let arm: Emulator;
beforeEach(async () => {
  arm = await startEmulator();
  arm.addVm({ name: "web-01" });
});
afterEach(() => arm.stop());

const second = 1_000;
const wired = (time: VirtualTime) => ({ additionalPolicies: [time.wire, ...arm.clientOptions.additionalPolicies] });
const vmUrl = (): string =>
  `https://management.azure.com/subscriptions/${arm.subscriptionId}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-01?api-version=2024-07-01`;

describe("withRemedy", () => {
  it.each(generations)(
    "arm-compute %s: takes the place of the SDK's retry policy, and gives the client back",
    (generation) =>
      inVirtualTime(async (time) => {
        const { client } = connect(generation, arm, time, null);
        expect(withRemedy(client, withoutChance())).toBe(client);
        const names = client.pipeline.getOrderedPolicies().map(({ name }) => name);
        expect(names).not.toContain("defaultRetryPolicy");
        expect(names.filter((name) => name === remedyPolicyName)).toHaveLength(1);
        expect(names.indexOf("bearerTokenAuthenticationPolicy")).toBeLessThan(names.indexOf(remedyPolicyName));
        arm.fail({ status: 503 }, { on: "GET virtualMachines", times: 2 });
        await client.virtualMachines.get("rg", "web-01");
        expect(arm.story.map((line) => line.split(" ")[2])).toEqual(["503", "503", "200"]);
      }),
  );

  it.each(generations)("arm-compute %s: twice is once, with the later options", (generation) =>
    inVirtualTime(async (time) => {
      const compute = connect(generation, arm, time, { maxRetries: 7 });
      withRemedy(compute.client, { ...withoutChance(), maxRetries: 1 });
      arm.fail({ status: 503 }, { on: "GET virtualMachines", times: Infinity });
      const error = await remedyErrorOf(compute.get("web-01"));
      expect(arm.story).toHaveLength(2);
      expect(error.attempts).toHaveLength(2);
    }),
  );

  it("serves two clients, of two generations, with one options object", () =>
    inVirtualTime(async (time) => {
      const options = Object.freeze({ ...withoutChance(), maxRetries: 2 });
      const older = connect("22", arm, time, options);
      const newer = connect("24", arm, time, options);
      arm.throttle({ on: "GET virtualMachines", retryAfter: 30 });
      const first = older.get("web-01");
      await time.sleep(second);
      await Promise.all([first, newer.get("web-01")]);
      expect(arm.story).toHaveLength(3);
      // What one of them learns, the other heeds.
      for (const { at } of arm.exchanges.slice(1)) expect(at).toBeGreaterThanOrEqual(storyStart + 30 * second);
    }));

  it("serves arm-network", () =>
    inVirtualTime(async (time) => {
      const client = new NetworkManagementClient(arm.credential, arm.subscriptionId, wired(time));
      const network = withRemedy(client, withoutChance());
      arm.fail("AnotherOperationInProgress", { on: "PUT networkInterfaces", as: "answer" });
      await network.networkInterfaces.beginCreateOrUpdateAndWait("rg", "nic-1", { location: "westeurope" });
      expect(arm.story.slice(0, 3)).toEqual([
        "PUT networkInterfaces/nic-1 409 AnotherOperationInProgress",
        "GET networkInterfaces/nic-1 404 ResourceNotFound",
        "PUT networkInterfaces/nic-1 201",
      ]);
      const error = await remedyErrorOf(network.networkInterfaces.get("rg", "nic-9"));
      expect(error).toMatchObject({ code: "ResourceNotFound", statusCode: 404 });
    }));

  it("serves arm-resources", () =>
    inVirtualTime(async (time) => {
      const client = new ResourceManagementClient(arm.credential, arm.subscriptionId, wired(time));
      const resources = withRemedy(client, withoutChance());
      arm.fail({ status: 503 }, { on: "PUT resourceGroups" });
      await resources.resourceGroups.createOrUpdate("rg-2", { location: "westeurope" });
      expect(arm.story).toEqual(["PUT resourceGroups/rg-2 503", "PUT resourceGroups/rg-2 201"]);
      const error = await remedyErrorOf(resources.resourceGroups.get("rg-9"));
      expect(error).toMatchObject({ code: "ResourceGroupNotFound", statusCode: 404 });
    }));

  it.each(generations)("arm-compute %s: does nothing to a client beside it", (generation) =>
    inVirtualTime(async (time) => {
      connect(generation, arm, time);
      const plain = connect(generation, arm, time, null);
      arm.fail("AnotherOperationInProgress", { on: "GET virtualMachines" });
      expect(isRemedyError(await thrownBy(plain.get("web-01")))).toBe(false);
    }),
  );
});

describe.each(generations)("arm-compute %s, policies of the user's own", (generation) => {
  it("run in their places: perCall once around all attempts, perRetry in each", () =>
    inVirtualTime(async (time) => {
      const diary: string[] = [];
      const noting = (name: string): PipelinePolicy => ({
        name,
        sendRequest: async (request, next) => {
          diary.push(`${name} >`);
          const response = await next(request);
          diary.push(`${name} < ${response.status}`);
          return response;
        },
      });
      const additionalPolicies = [
        { policy: noting("call 1"), position: "perCall" as const },
        { policy: noting("call 2"), position: "perCall" as const },
        { policy: noting("retry 1"), position: "perRetry" as const },
        { policy: noting("retry 2"), position: "perRetry" as const },
      ];
      arm.fail({ status: 503 }, { on: "GET virtualMachines" });
      await connect(generation, arm, time, {}, { additionalPolicies }).get("web-01");
      expect(diary).toEqual([
        "call 1 >",
        "call 2 >",
        "retry 1 >",
        "retry 2 >",
        "retry 2 < 503",
        "retry 1 < 503",
        "retry 1 >",
        "retry 2 >",
        "retry 2 < 200",
        "retry 1 < 200",
        "call 2 < 200",
        "call 1 < 200",
      ]);
    }));

  it("that throw errors of their own are not taken for failures of the service", () =>
    inVirtualTime(async (time) => {
      const own = new Error("no calls on Sundays");
      const policy = { name: "sundays", sendRequest: () => Promise.reject(own) };
      const compute = connect(generation, arm, time, {}, { additionalPolicies: [{ policy, position: "perCall" }] });
      expect(await thrownBy(compute.get("web-01"))).toBe(own);
      expect(arm.story).toEqual([]);
    }));

  it("see a failure from outside as the SDK shows it to them", () =>
    inVirtualTime(async (time) => {
      const seen: unknown[] = [];
      const policy: PipelinePolicy = {
        name: "catching",
        sendRequest: async (request, next) => {
          try {
            const response = await next(request);
            seen.push({ status: response.status });
            return response;
          } catch (error) {
            seen.push(error);
            throw error;
          }
        },
      };
      const compute = connect(generation, arm, time, {}, { additionalPolicies: [{ policy, position: "perCall" }] });
      const error = await remedyErrorOf(compute.get("none"));
      expect(error).toMatchObject({ code: "ResourceNotFound", statusCode: 404 });
      const thrown = { name: "RestError", code: error.code, statusCode: 404 };
      expect(seen).toMatchObject([generation === "22" ? thrown : { status: 404 }]);
    }));
});

describe("by hand", () => {
  it("in a bare pipeline: a phase and a name is all it takes", () =>
    inVirtualTime(async (time) => {
      const pipeline = createPipelineFromOptions({});
      pipeline.removePolicy({ name: "defaultRetryPolicy" });
      pipeline.addPolicy(remedyPolicy(withoutChance()), { phase: "Retry" });
      pipeline.addPolicy(time.wire.policy, { afterPhase: "Sign" });
      arm.connect(pipeline);
      const http = createDefaultHttpClient();
      arm.throttle({ on: "GET virtualMachines", retryAfter: 5 });
      const response = await pipeline.sendRequest(http, createPipelineRequest({ url: vmUrl() }));
      expect(response.status).toBe(200);
      expect(time.elapsedMs()).toBe(5 * second);
      const missing = createPipelineRequest({ url: vmUrl().replace("web-01", "none") });
      expect(await remedyErrorOf(pipeline.sendRequest(http, missing))).toMatchObject({ code: "ResourceNotFound" });
    }));

  it("in a bare pipeline with a token: an expired one is explained, for nobody can renew it from inside", () =>
    inVirtualTime(async (time) => {
      const pipeline = createPipelineFromOptions({});
      pipeline.removePolicy({ name: "defaultRetryPolicy" });
      pipeline.addPolicy(
        bearerTokenAuthenticationPolicy({
          credential: arm.credential,
          scopes: "https://management.azure.com/.default",
        }),
      );
      pipeline.addPolicy(remedyPolicy(withoutChance()), { phase: "Retry" });
      pipeline.addPolicy(time.wire.policy, { afterPhase: "Sign" });
      arm.connect(pipeline);
      arm.fail("ExpiredAuthenticationToken", { on: "GET virtualMachines" });
      const error = await remedyErrorOf(
        pipeline.sendRequest(createDefaultHttpClient(), createPipelineRequest({ url: vmUrl() })),
      );
      expect(error).toMatchObject({ code: "ExpiredAuthenticationToken", statusCode: 401 });
      expect(arm.story).toHaveLength(1);
    }));

  it("in a pipeline of core-rest-pipeline 1.16, the oldest it is meant for", () =>
    inVirtualTime(async (time) => {
      const pipeline = createPipeline116({});
      pipeline.removePolicy({ name: "defaultRetryPolicy" });
      pipeline.addPolicy(remedyPolicy(withoutChance()), { phase: "Retry" });
      pipeline.addPolicy(time.wire.policy, { afterPhase: "Sign" });
      arm.connect(pipeline);
      const http = createHttpClient116();
      arm.fail({ status: 503 }, { on: "GET virtualMachines", times: 2 });
      expect((await pipeline.sendRequest(http, createRequest116({ url: vmUrl() }))).status).toBe(200);
      expect(time.elapsedMs()).toBe(3 * second);
      arm.fail("EAI_AGAIN", { on: "GET virtualMachines" });
      expect((await pipeline.sendRequest(http, createRequest116({ url: vmUrl() }))).status).toBe(200);
      const missing = createRequest116({ url: vmUrl().replace("web-01", "none") });
      expect(await remedyErrorOf(pipeline.sendRequest(http, missing))).toMatchObject({ code: "ResourceNotFound" });
    }));

  it("withRemedy takes anything that has a pipeline", () =>
    inVirtualTime(async (time) => {
      const pipeline = createPipelineFromOptions({ retryOptions: { maxRetries: 9 } });
      pipeline.addPolicy(time.wire.policy, { afterPhase: "Sign" });
      const client = withRemedy({ pipeline: arm.connect(pipeline), own: true }, withoutChance());
      expect(client.own).toBe(true);
      arm.fail({ status: 503 }, { on: "GET virtualMachines" });
      const response = await client.pipeline.sendRequest(
        createDefaultHttpClient(),
        createPipelineRequest({ url: vmUrl() }),
      );
      expect(response.status).toBe(200);
      expect(arm.story).toHaveLength(2);
    }));

  it.each([undefined, null, {}, { pipeline: {} }, "client"])("withRemedy refuses %j by name", (client) => {
    expect(() => withRemedy(client as never)).toThrow(/client must be an Azure SDK client with a pipeline; .*; it is /);
  });
});
