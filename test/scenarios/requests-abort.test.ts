/** How a call ends early: the caller aborts, an attempt runs out of its time, a deadline comes. */
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isRemedyError, type RemedyEvent } from "azure-remedy";
import { connect, generations } from "../support/clients.js";
import { remedyErrorOf, thrownBy, waitsOf } from "../support/outcome.js";
import { inVirtualTime, storyStart } from "../support/virtual-time.js";

let arm: Emulator;
beforeEach(async () => {
  arm = await startEmulator();
  arm.addVm({ name: "web-01" });
});
afterEach(() => arm.stop());

const second = 1_000;
const minute = 60 * second;

describe.each(generations)("arm-compute %s, an abort", (generation) => {
  it("before the call sends nothing", () =>
    inVirtualTime(async (time) => {
      const abort = new AbortController();
      abort.abort();
      const error = await thrownBy(connect(generation, arm, time).get("web-01", { abortSignal: abort.signal }));
      expect(error.name).toBe("AbortError");
      expect(isRemedyError(error)).toBe(false);
      expect(arm.story).toEqual([]);
    }));

  it.each([
    ["while the answer is awaited", {}],
    ["while the body arrives", { inBody: true }],
  ])("%s ends the call at once, though it may have run", (_, how) =>
    inVirtualTime(async (time) => {
      arm.hang({ on: "POST virtualMachines/runCommand", times: Infinity, ...how });
      const abort = new AbortController();
      const compute = connect(generation, arm, time);
      const call = compute.runCommand("web-01", ["echo"], { abortSignal: abort.signal });
      setTimeout(() => abort.abort(), 3 * second);
      const error = await thrownBy(call);
      expect(error.name).toBe("AbortError");
      expect(time.elapsedMs()).toBe(3 * second);
      await time.sleep(10 * minute);
      expect(arm.story).toHaveLength(1);
    }),
  );

  it.each([
    ["a throttled call", () => arm.throttle({ on: "GET virtualMachines", retryAfter: 60, times: Infinity })],
    ["a failed platform", () => arm.fail({ status: 503 }, { on: "GET virtualMachines", times: Infinity })],
    ["a reset connection", () => arm.reset({ on: "GET virtualMachines", times: Infinity })],
  ])("in the wait after %s ends it at once, and nothing is sent after it", (_, plant) =>
    inVirtualTime(async (time) => {
      plant();
      const abort = new AbortController();
      const call = connect(generation, arm, time).get("web-01", { abortSignal: abort.signal });
      setTimeout(() => abort.abort(), 400);
      const error = await thrownBy(call);
      expect(error.name).toBe("AbortError");
      expect(time.elapsedMs()).toBe(400);
      await time.sleep(10 * minute);
      expect(arm.story).toHaveLength(1);
    }),
  );

  it("at the closed gate ends the wait at once, and leaves the gate to the others", () =>
    inVirtualTime(async (time) => {
      arm.throttle({ on: "GET virtualMachines", retryAfter: 60 });
      const compute = connect(generation, arm, time);
      const first = compute.get("web-01");
      await time.sleep(second);
      const abort = new AbortController();
      const second_ = thrownBy(compute.get("web-01", { abortSignal: abort.signal }));
      await time.sleep(second);
      abort.abort();
      expect((await second_).name).toBe("AbortError");
      expect(time.elapsedMs()).toBe(2 * second);
      await first;
      expect(arm.story.map((line) => line.split(" ")[2])).toEqual(["429", "200"]);
    }));

  it("is not told as a failure", () =>
    inVirtualTime(async (time) => {
      arm.throttle({ on: "GET virtualMachines", retryAfter: 60 });
      const events: RemedyEvent[] = [];
      const abort = new AbortController();
      const compute = connect(generation, arm, time, { onEvent: (event) => events.push(event) });
      setTimeout(() => abort.abort(), 400);
      await thrownBy(compute.get("web-01", { abortSignal: abort.signal }));
      expect(events.map(({ type }) => type)).toEqual(["throttle", "retry"]);
    }));

  it("that never comes leaves no listener on the caller's signal", () =>
    inVirtualTime(async (time) => {
      const { signal } = new AbortController();
      const listeners = new Set<unknown>();
      const add = vi
        .spyOn(signal, "addEventListener")
        .mockImplementation((_, listener) => void listeners.add(listener));
      vi.spyOn(signal, "removeEventListener").mockImplementation((_, listener) => void listeners.delete(listener));
      arm.fail({ status: 503 }, { on: "GET virtualMachines", times: 3 });
      await connect(generation, arm, time).get("web-01", { abortSignal: signal });
      expect(arm.story).toHaveLength(4);
      expect(add).toHaveBeenCalled();
      expect(listeners).toEqual(new Set());
    }));
});

describe.each(generations)("arm-compute %s, an attempt that takes too long", (generation) => {
  it.each([
    ["hangs before its answer", {}],
    ["hangs within its body", { inBody: true }],
  ])("and %s is a time-out: ended, and sent again", (_, how) =>
    inVirtualTime(async (time) => {
      arm.hang({ on: "GET virtualMachines", ...how });
      const events: RemedyEvent[] = [];
      const compute = connect(generation, arm, time, {
        attemptTimeoutMs: 8_000,
        onEvent: (event) => events.push(event),
      });
      await compute.get("web-01");
      expect(arm.story).toHaveLength(2);
      // Attempts of one span share a timer: each gets between one and one and an eighth of its time.
      expect(time.elapsedMs()).toBe(9 * second + 5 * second);
      expect(events).toMatchObject([
        { type: "retry", failure: { code: "AttemptTimeout", disposition: "transient", category: "timeout" } },
        { type: "recovered", attempts: 2 },
      ]);
    }),
  );

  it("by the SDK's own requestOptions.timeout is one too, not an abort", () =>
    inVirtualTime(async (time) => {
      arm.hang({ on: "GET virtualMachines", times: Infinity });
      const call = connect(generation, arm, time, { maxRetries: 2 }).get("web-01", {
        requestOptions: { timeout: 4_000 },
      });
      const error = await remedyErrorOf(call);
      expect(error).toMatchObject({ code: "AttemptTimeout", name: "RestError" });
      expect(error.message).toContain("No complete response came within 4 s, the request's own timeout.");
      expect(waitsOf(error)).toEqual([5 * second, 10 * second, 0]);
      expect(time.elapsedMs()).toBe(3 * 4_000 + 15 * second);
    }));

  it("leaves a POST that must not run twice at that: its outcome is unknown", () =>
    inVirtualTime(async (time) => {
      arm.hang({ on: "POST virtualMachines/runCommand", after: "after-execution", times: Infinity });
      const error = await remedyErrorOf(
        connect(generation, arm, time, { attemptTimeoutMs: 8_000 }).runCommand("web-01", ["x"]),
      );
      expect(error.reason).toContain("outcome unknown");
      expect(arm.story).toEqual(["POST virtualMachines/web-01/runCommand hung"]);
      expect(arm.exchanges[0]?.executed).toBe(true);
    }));

  it("has all the time there is with attemptTimeoutMs: 0", () =>
    inVirtualTime(async (time) => {
      arm.latency({ on: "GET virtualMachines", ms: 60 * minute });
      await connect(generation, arm, time, { attemptTimeoutMs: 0 }).get("web-01");
      expect(time.elapsedMs()).toBe(60 * minute);
    }));
});

describe.each(generations)("arm-compute %s, a deadline", (generation) => {
  const inTenSeconds = storyStart + 10 * second;
  it.each([
    ["a Date", new Date(inTenSeconds)],
    ["epoch milliseconds", inTenSeconds],
    ["a function giving what is left", () => inTenSeconds - Date.now()],
  ])("as %s: what fits is waited for, what does not ends at once", (_, deadline) =>
    inVirtualTime(async (time) => {
      arm.throttle({ on: "GET virtualMachines", retryAfter: 6, times: 2 });
      const error = await remedyErrorOf(connect(generation, arm, time, { deadline }).get("web-01"));
      expect(waitsOf(error)).toEqual([6 * second, 0]);
      expect(time.elapsedMs()).toBe(6 * second);
      expect(error.reason).toBe("transient, but the wait of 6 s would pass the deadline in 4 s");
      expect(error.retryAfterMs).toBe(6 * second);
      expect(error.retryAt).toEqual(new Date(storyStart + 12 * second));
      expect(error.message).toContain("Try again from 2026-01-05T08:00:12.000Z.");
    }),
  );

  it("cuts an attempt that hangs, and says so", () =>
    inVirtualTime(async (time) => {
      arm.hang({ on: "GET virtualMachines", times: Infinity });
      const error = await remedyErrorOf(connect(generation, arm, time, { deadline: inTenSeconds }).get("web-01"));
      expect(time.elapsedMs()).toBe(10 * second);
      expect(arm.story).toHaveLength(1);
      expect(error.code).toBe("AttemptTimeout");
      expect(error.message).toContain("No complete response came before the deadline.");
      expect(error.retryAt).toEqual(new Date(storyStart + 15 * second));
    }));

  it("that has passed leaves the first send to the caller, and allows no second", () =>
    inVirtualTime(async (time) => {
      const compute = connect(generation, arm, time, { deadline: storyStart - minute });
      await compute.get("web-01");
      arm.fail({ status: 503 }, { on: "GET virtualMachines" });
      const error = await remedyErrorOf(compute.get("web-01"));
      expect(error.reason).toContain("would pass the deadline in 0 ms");
      expect(arm.story).toHaveLength(2);
      expect(time.elapsedMs()).toBe(0);
    }));

  it.each([
    [
      "throws",
      () => {
        throw new Error("no clock here");
      },
      "no clock here",
    ],
    ["gives NaN", () => NaN, "it gave NaN, not a number of milliseconds"],
    ["gives something else", (() => "soon") as unknown as () => number, 'it gave "soon", not a number of milliseconds'],
  ])("whose function %s is reported, and the call goes on without", (_, deadline, message) =>
    inVirtualTime(async (time) => {
      arm.fail({ status: 503 }, { on: "GET virtualMachines" });
      const faults: RemedyEvent[] = [];
      const onEvent = (event: RemedyEvent): void => {
        if (event.type === "fault") faults.push(event);
      };
      await connect(generation, arm, time, { deadline, onEvent }).get("web-01");
      expect(arm.story).toHaveLength(2);
      expect(faults.length).toBeGreaterThan(0);
      expect(new Set(faults.map((fault) => JSON.stringify(fault)))).toContain(
        JSON.stringify({ type: "fault", at: storyStart, where: "options.deadline", message }),
      );
    }),
  );
});
