/** What a listener and the log receive about a call, in order. */
import { createThrottle, type RemedyEvent } from "azure-remedy";
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connect, generations } from "../support/clients.js";
import { logLinesOf } from "../support/log-lines.js";
import { remedyErrorOf } from "../support/outcome.js";
import { inVirtualTime, storyStart } from "../support/virtual-time.js";

let arm: Emulator;
beforeEach(async () => {
  arm = await startEmulator({ subscriptionId: "sub-1" });
  arm.addVm({ name: "web-01" });
});
afterEach(() => arm.stop());

const url = expect.stringMatching(
  /^https:\/\/management\.azure\.com\/subscriptions\/sub-1\/.*\/virtualMachines\/web-01\?api-version=/,
) as string;
const second = 1_000;

describe.each(generations)("arm-compute %s, the events of a call", (generation) => {
  it("that recovers: each wait with its reason, and the good end", () =>
    inVirtualTime(async (time) => {
      arm.html({ on: "GET virtualMachines" });
      arm.throttle({ on: "GET virtualMachines", retryAfter: 7 });
      const events: RemedyEvent[] = [];
      await connect(generation, arm, time, { onEvent: (event) => events.push(event) }).get("web-01");
      const request = { method: "GET", url, clientRequestId: arm.exchanges[0]?.clientRequestId };
      const resource = "/subscriptions/sub-1/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-01";
      expect(events).toEqual([
        {
          type: "retry",
          at: storyStart,
          request,
          resource,
          attempt: 1,
          delayMs: second,
          reason: "transient: again in 1 s, platform backoff",
          failure: {
            status: 502,
            disposition: "transient",
            category: "platform",
            rule: expect.any(String) as string,
            explanation: expect.any(String) as string,
          },
        },
        {
          type: "throttle",
          at: storyStart + second,
          scope: "microsoft.compute reads of subscription sub-1 at management.azure.com",
          state: "closed",
          change: "closed for 7 s by the service",
          until: storyStart + 8 * second,
        },
        {
          type: "retry",
          at: storyStart + second,
          request,
          resource,
          attempt: 2,
          delayMs: 7 * second,
          reason: "transient: again in 7 s, as the service asked",
          failure: {
            code: "SubscriptionRequestsThrottled",
            status: 429,
            disposition: "transient",
            category: "throttling",
            rule: "SubscriptionRequestsThrottled",
            explanation: expect.any(String) as string,
          },
        },
        {
          type: "throttle",
          at: storyStart + 8 * second,
          scope: "microsoft.compute reads of subscription sub-1 at management.azure.com",
          state: "reopened",
          change: "open again",
        },
        {
          type: "recovered",
          at: storyStart + 8 * second,
          request,
          resource,
          attempts: 3,
          addedRequests: 0,
          elapsedMs: 8 * second,
          reason: "tried again after SubscriptionRequestsThrottled",
        },
      ]);
    }));

  it("of a throttle that two clients share reach their listener once, and a listener that fails breaks nothing", () =>
    inVirtualTime(async (time) => {
      arm.throttle({ on: "GET virtualMachines", retryAfter: 7 });
      const told: string[] = [];
      const throttle = createThrottle();
      const onEvent = (event: RemedyEvent): void => {
        if (event.type === "throttle") told.push(event.state);
        throw new Error("a listener's own trouble");
      };
      const compute = connect(generation, arm, time, { throttle, onEvent });
      connect(generation, arm, time, { throttle, onEvent });

      await compute.get("web-01");

      expect(told).toEqual(["closed", "reopened"]);
    }));

  it("that fails: the same words as the error's", () =>
    inVirtualTime(async (time) => {
      arm.fail({ status: 503 }, { on: "GET virtualMachines", times: Infinity });
      const events: RemedyEvent[] = [];
      const compute = connect(generation, arm, time, { maxRetries: 1, onEvent: (event) => events.push(event) });
      const error = await remedyErrorOf(compute.get("web-01"));
      expect(events.map(({ type }) => type)).toEqual(["retry", "failed"]);
      expect(events[1]).toMatchObject({
        at: storyStart + second,
        attempts: 2,
        elapsedMs: error.elapsedMs,
        reason: error.reason,
        failure: { status: 503, explanation: error.diagnosis.explanation },
      });
      expect(events[0]).toMatchObject({ reason: error.attempts[0]?.reason, delayMs: error.attempts[0]?.waitMs });
    }));

  it("that goes well at once: none", () =>
    inVirtualTime(async (time) => {
      const onEvent = vi.fn();
      const lines = await logLinesOf(() => connect(generation, arm, time, { onEvent }).get("web-01"));
      expect(onEvent).not.toHaveBeenCalled();
      expect(lines).toEqual([]);
    }));

  it("reach the log in the same order and words", () =>
    inVirtualTime(async (time) => {
      arm.html({ on: "GET virtualMachines" });
      arm.fail("ResourceNotFound", { on: "GET virtualMachines" });
      const lines = await logLinesOf(() => remedyErrorOf(connect(generation, arm, time).get("web-01")));
      const where = /GET https:\S+/;
      expect(lines.map((line) => line.replace(where, "GET web-01"))).toEqual([
        "info GET web-01 attempt 1 failed (502 transient platform); transient: again in 1 s, platform backoff",
        "warning GET web-01 given up after 2 attempt(s) (404 ResourceNotFound permanent not-found); permanent: sending it again would fail again",
      ]);
    }));
});

describe("a listener", () => {
  const failing: [string, () => unknown, string][] = [
    [
      "throws",
      () => {
        throw new Error("disk full");
      },
      "onEvent threw: disk full",
    ],
    [
      "throws nothing sensible",
      () => {
        throw Object.create(null);
      },
      "onEvent threw: an error that cannot be printed",
    ],
    ["rejects", () => Promise.reject(new Error("disk full")), "onEvent rejected: disk full"],
    [
      "is a thenable that rejects",
      () => ({ then: (_: unknown, no: (e: Error) => void) => no(new Error("disk full")) }),
      "onEvent rejected: disk full",
    ],
  ];
  it.each(failing)("that %s breaks nothing, and is reported", (_, onEvent, told) =>
    inVirtualTime(async (time) => {
      arm.fail({ status: 503 }, { on: "GET virtualMachines" });
      const lines = await logLinesOf(async () => {
        await connect("24", arm, time, { onEvent }).get("web-01");
        await time.sleep(1);
      });
      expect(lines.filter((line) => line === `warning ${told}`)).toHaveLength(2);
      expect(arm.story).toHaveLength(2);
    }),
  );

  it("that is slow holds nothing up", () =>
    inVirtualTime(async (time) => {
      arm.fail({ status: 503 }, { on: "GET virtualMachines" });
      const onEvent: () => unknown = () => time.sleep(3_600_000);
      await connect("24", arm, time, { onEvent }).get("web-01");
      expect(time.elapsedMs()).toBe(second);
    }));
});
