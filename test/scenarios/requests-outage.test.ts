/** An outage over many calls: the circuit of a host. And a throttle that breaks. */
import type { Permit, RemedyEvent, RemedyOptions, Throttle } from "azure-remedy";
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect, generations, type Compute } from "../support/clients.js";
import { freePassage } from "../support/free-passage.js";
import { remedyErrorOf, thrownBy } from "../support/outcome.js";
import { inVirtualTime, storyStart } from "../support/virtual-time.js";

let arm: Emulator;
beforeEach(async () => {
  arm = await startEmulator({ throttling: false });
  arm.addVm({ name: "web-01" });
});
afterEach(() => arm.stop());

const second = 1_000;
const times = (): number[] => arm.exchanges.map(({ at }) => (at - storyStart) / second);

async function failOften(compute: Compute, count: number): Promise<void> {
  for (let call = 0; call < count; call++) await remedyErrorOf(compute.get("web-01"));
}

describe.each(generations)("arm-compute %s, the circuit of a host", (generation) => {
  const options: RemedyOptions = {
    maxRetries: 0,
    throttle: freePassage,
    circuitBreaker: { failures: 5, probeAfterMs: 10 * second },
  };

  it("opens after so many platform failures in a row; then single probes go out until one passes", () =>
    inVirtualTime(async (time) => {
      const outage = arm.fail({ status: 503 }, { on: "GET virtualMachines", times: Infinity });
      const compute = connect(generation, arm, time, options);
      await failOften(compute, 5);
      expect(times()).toEqual([0, 0, 0, 0, 0]);
      arm.clearStory();
      const callers = Array.from({ length: 20 }, () => compute.get("web-01").catch((error: unknown) => error));
      await time.sleep(25 * second);
      // Of twenty callers one at a time goes out; it has no retry left and fails, the others wait on.
      expect(times()).toEqual([10, 20]);
      outage.remove();
      const outcomes = await Promise.all(callers);
      expect(outcomes.filter((outcome) => outcome instanceof Error)).toHaveLength(2);
      expect(times().slice(2)).toEqual(Array.from({ length: 18 }, () => 30));
    }));

  it("is an event when it opens, and when a probe closes it", () =>
    inVirtualTime(async (time) => {
      const events: RemedyEvent[] = [];
      arm.fail({ status: 503 }, { on: "GET virtualMachines", times: 6 });
      const compute = connect(generation, arm, time, { ...options, onEvent: (event) => events.push(event) });
      await failOften(compute, 6);
      await compute.get("web-01");
      const host = "management.azure.com";
      expect(events.filter(({ type }) => type === "circuit")).toEqual([
        { type: "circuit", at: storyStart, host, state: "open" },
        { type: "circuit", at: storyStart + 20 * second, host, state: "closed" },
      ]);
    }));

  it("is closed by one good answer: the next calls go out at once", () =>
    inVirtualTime(async (time) => {
      arm.fail({ status: 503 }, { on: "GET virtualMachines", times: 5 });
      const compute = connect(generation, arm, time, options);
      await failOften(compute, 5);
      await compute.get("web-01");
      await compute.get("web-01");
      expect(times().slice(5)).toEqual([10, 10]);
    }));

  it("stays closed while good answers come in between", () =>
    inVirtualTime(async (time) => {
      const compute = connect(generation, arm, time, options);
      for (let round = 0; round < 4; round++) {
        arm.fail({ status: 503 }, { on: "GET virtualMachines", times: 4 });
        await failOften(compute, 4);
        await compute.get("web-01");
      }
      expect(time.elapsedMs()).toBe(0);
    }));

  it.each([
    ["throttling", { status: 429, headers: { "retry-after": "9999" } }],
    ["a caller's mistake", { status: 400, body: { error: { code: "InvalidParameter", message: "m" } } }],
    ["501", { status: 501, body: { error: { code: "NotImplemented", message: "m" } } }],
  ])("is not opened by %s", (_, fault) =>
    inVirtualTime(async (time) => {
      arm.fail(fault, { on: "GET virtualMachines", times: Infinity });
      const compute = connect(generation, arm, time, options);
      await failOften(compute, 12);
      expect(time.elapsedMs()).toBe(0);
      expect(arm.story).toHaveLength(12);
    }),
  );

  it("is not closed by a probe that was aborted: it says nothing of the host", () =>
    inVirtualTime(async (time) => {
      arm.fail({ status: 503 }, { on: "GET virtualMachines", times: 5 });
      const compute = connect(generation, arm, time, options);
      await failOften(compute, 5);
      arm.hang({ on: "GET virtualMachines" });
      const abort = new AbortController();
      const probe = thrownBy(compute.get("web-01", { abortSignal: abort.signal }));
      await time.sleep(12 * second);
      abort.abort();
      expect((await probe).name).toBe("AbortError");
      await compute.get("web-01");
      expect(times().slice(5)).toEqual([10, 22]);
    }));

  it("that is open for longer than a call may wait ends it unsent, and says when to come back", () =>
    inVirtualTime(async (time) => {
      arm.fail({ status: 503 }, { on: "GET virtualMachines", times: 5 });
      const events: RemedyEvent[] = [];
      const onEvent = (event: RemedyEvent): void => void events.push(event);
      const compute = connect(generation, arm, time, { ...options, deadline: storyStart + 5 * second, onEvent });
      await failOften(compute, 5);
      events.length = 0;
      const error = await remedyErrorOf(compute.get("web-01"));
      expect(error).toMatchObject({ code: "CircuitOpen", diagnosis: { disposition: "transient" }, attempts: [] });
      expect(error.message).toContain("Nothing was sent; the circuit is open for longer than the call may wait.");
      expect(error.retryAt).toEqual(new Date(storyStart + 10 * second));
      expect(arm.story).toHaveLength(5);
      expect(events).toMatchObject([{ type: "failed", attempts: 0, failure: { code: "CircuitOpen" } }]);
    }));

  it("is reported while a call waits for it, and the wait is no attempt", () =>
    inVirtualTime(async (time) => {
      arm.fail({ status: 503 }, { on: "GET virtualMachines", times: 5 });
      const events: RemedyEvent[] = [];
      const onEvent = (event: RemedyEvent): void => void events.push(event);
      const compute = connect(generation, arm, time, { ...options, onEvent });
      await failOften(compute, 5);
      events.length = 0;
      await compute.get("web-01");
      expect(events).toMatchObject([
        { type: "retry", delayMs: 10 * second, reason: "transient: the circuit is open, again in 10 s" },
        { type: "circuit", state: "closed" },
      ]);
    }));

  it("that is switched off never opens", () =>
    inVirtualTime(async (time) => {
      arm.fail({ status: 503 }, { on: "GET virtualMachines", times: 30 });
      const compute = connect(generation, arm, time, { ...options, circuitBreaker: false });
      await failOften(compute, 30);
      expect(time.elapsedMs()).toBe(0);
    }));
});

describe("a throttle that breaks", () => {
  it.each<[string, Throttle, string?]>([
    [
      "throws",
      {
        admit: () => {
          throw new Error("no store");
        },
      },
    ],
    ["rejects", { admit: () => Promise.reject(new Error("no store")) }],
    ["gives nothing", { admit: () => undefined as unknown as Permit }, "It gave no permit."],
  ])("and %s holds nobody up, and is reported", (_, throttle, message = "no store") =>
    inVirtualTime(async (time) => {
      const events: RemedyEvent[] = [];
      const onEvent = (event: RemedyEvent): void => void events.push(event);
      arm.fail({ status: 503 }, { on: "GET virtualMachines" });
      await connect("24", arm, time, { throttle, onEvent }).get("web-01");
      expect(arm.story).toHaveLength(2);
      expect(events.map((event) => (event.type === "fault" ? `${event.where}: ${event.message}` : event.type))).toEqual(
        [`options.throttle: ${message}`, "retry", `options.throttle: ${message}`, "recovered"],
      );
    }),
  );
});
