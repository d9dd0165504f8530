/** `mode`: on, only observing, or off; and the environment variable that goes before it. */
import type { RemedyEvent, RemedyOptions } from "azure-remedy";
import { withRemedy } from "azure-remedy";
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { createEmptyPipeline } from "@azure/core-rest-pipeline";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ComputeManagementClient as Compute24 } from "@azure/arm-compute";
import { credential, scripted } from "../support/side-by-side.js";
import { connect, generations } from "../support/clients.js";
import { thrownBy } from "../support/outcome.js";
import { inVirtualTime, storyStart } from "../support/virtual-time.js";

let arm: Emulator;
beforeEach(async () => {
  arm = await startEmulator({ throttling: false, operations: { polls: 0 } });
  arm.addVm({ name: "web-01" });
});
afterEach(async () => {
  delete process.env["AZURE_REMEDY_MODE"];
  await arm.stop();
});

/** The exchanges of the SDK alone, and of the client with these options, in seconds. */
const exchanges = (): string[] =>
  arm.exchanges.map(({ at, method, status }) => `${(at - storyStart) / 1_000} s ${method} ${status}`);

describe.each(generations)("with arm-compute %s", (generation) => {
  describe.each<[string, RemedyOptions, string | undefined]>([
    ["mode: off", { mode: "off" }, undefined],
    ["mode: observe", { mode: "observe" }, undefined],
    ["AZURE_REMEDY_MODE=off", {}, "off"],
    ["AZURE_REMEDY_MODE=Observe", { mode: "on" }, "Observe"],
  ])("%s", (_, options, environment) => {
    it("leaves the wire and the error as the SDK alone has them", async () => {
      const play = (remedy: RemedyOptions | null): Promise<readonly [string[], string]> =>
        inVirtualTime(async (time) => {
          arm.clearStory();
          arm.throttle({ on: "GET virtualMachines", retryAfter: 3, times: 2 });
          arm.fail("OperationNotAllowed", { on: "POST virtualMachines/start" });
          const compute = connect(generation, arm, time, remedy);
          await compute.get("web-01");
          const error = await thrownBy(compute.start("web-01"));
          return [exchanges(), error.message];
        });
      const alone = await play(null);
      if (environment !== undefined) process.env["AZURE_REMEDY_MODE"] = environment;
      expect(await play(options)).toEqual(alone);
    });
  });

  it.each(["observe", "off"] as const)(
    "%s: operations, lost replies and aborts are as with the SDK alone",
    async (mode) => {
      const play = (remedy: RemedyOptions | null): Promise<readonly unknown[]> =>
        inVirtualTime(async (time) => {
          await arm.stop();
          arm = await startEmulator({ throttling: false, operations: { polls: 0 } });
          arm.addVm({ name: "web-01" });
          arm.longRunning({ on: "PUT virtualMachines", durationMs: 8_000 });
          arm.throttle({ on: "PUT virtualMachines", retryAfter: 2 });
          arm.throttle({ on: "GET operations", retryAfter: 3 });
          arm.fail({ status: 503 }, { on: "GET virtualMachines" });
          const compute = connect(generation, arm, time, remedy);
          const created = await compute.create("web-02");
          arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines", as: "operation" });
          const failed = await thrownBy(compute.create("web-03"));
          arm.reset({ on: "POST virtualMachines/start" });
          const started = await compute.start("web-01").catch((error: unknown) => error);
          const caller = new AbortController();
          arm.throttle({ on: "GET virtualMachines", retryAfter: 60 });
          const aborted = thrownBy(compute.get("web-01", { abortSignal: caller.signal }));
          await time.sleep(5_000);
          caller.abort();
          const { name } = await aborted;
          const { message, code, statusCode } = failed as Error & { code?: string; statusCode?: number };
          return [exchanges(), created.name, message, code, statusCode, String(started), name, time.elapsedMs()];
        });
      // core-util draws its jitter from here.
      const chance = vi.spyOn(Math, "random").mockReturnValue(0.5);
      const alone = await play(null);
      expect(await play({ mode })).toEqual(alone);
      chance.mockRestore();
    },
  );

  it("observe: an event says what would have been done", () =>
    inVirtualTime(async (time) => {
      const events: RemedyEvent[] = [];
      arm.throttle({ on: "GET virtualMachines", retryAfter: 3 });
      arm.fail("AllocationFailed", { on: "PUT virtualMachines" });
      const compute = connect(generation, arm, time, { mode: "observe", onEvent: (event) => events.push(event) });
      await compute.get("web-01");
      await thrownBy(compute.create("web-02"));
      expect(events).toMatchObject([
        { type: "observed", attempt: 1, decision: { action: "retry", delayMs: 3_000 }, failure: { status: 429 } },
        {
          type: "observed",
          decision: { action: "fail" },
          failure: { code: "AllocationFailed" },
          operation: { method: "PUT" },
        },
      ]);
    }));
});

it("a client that was prepared is given back to the SDK", () => {
  const pipeline = createEmptyPipeline();
  const names = (): string[] => pipeline.getOrderedPolicies().map(({ name }) => name);
  withRemedy({ pipeline });
  withRemedy({ pipeline }, { mode: "off" });
  expect(names()).toEqual(["defaultRetryPolicy"]);
  withRemedy({ pipeline }, { mode: "observe" });
  expect(names()).toEqual(["defaultRetryPolicy", "remedyObserverPolicy"]);
  withRemedy({ pipeline });
  expect(names()).toEqual(["remedyEntryPolicy", "remedyPolicy"]);
});

it.each([0, 1, 5])("it is given back as it was made, with %d retries", async (maxRetries) => {
  const sends = async (taken: boolean): Promise<number> => {
    const service = scripted(() => ({ status: 503, headers: { "retry-after-ms": "1" } }));
    const client = new Compute24(credential, "s", { httpClient: service, retryOptions: { maxRetries } });
    if (taken) {
      withRemedy(client);
      withRemedy(client, { maxRetries: 2 });
      withRemedy(client, { mode: "observe" });
    }
    await thrownBy(client.virtualMachines.get("rg", "vm"));
    return service.sends.length;
  };
  expect(await sends(false)).toBe(maxRetries + 1);
  expect(await sends(true)).toBe(maxRetries + 1);
});

it("a word that is none of the three is refused by name", () => {
  const install = (options: RemedyOptions) => (): unknown => withRemedy({ pipeline: createEmptyPipeline() }, options);
  expect(install({ mode: "dry" as "off" })).toThrow('mode must be "on", "observe" or "off"; it is "dry".');
  process.env["AZURE_REMEDY_MODE"] = "of";
  expect(install({})).toThrow("the environment variable AZURE_REMEDY_MODE must be");
});
