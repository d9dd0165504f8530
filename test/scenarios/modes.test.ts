/** `mode`: on, only observing, or off; and the environment variable that goes before it. */
import type { RemedyEvent, RemedyOptions } from "azure-remedy";
import { withRemedy } from "azure-remedy";
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { createEmptyPipeline } from "@azure/core-rest-pipeline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
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

it("a word that is none of the three is refused by name", () => {
  const install = (options: RemedyOptions) => (): unknown => withRemedy({ pipeline: createEmptyPipeline() }, options);
  expect(install({ mode: "dry" as "off" })).toThrow('mode must be "on", "observe" or "off"; it is "dry".');
  process.env["AZURE_REMEDY_MODE"] = "of";
  expect(install({})).toThrow("the environment variable AZURE_REMEDY_MODE must be");
});
