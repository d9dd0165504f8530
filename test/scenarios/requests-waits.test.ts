/** What passes by itself: each kind of failure, how long it is waited out, and that the call then simply works. */
import { startEmulator, type Emulator, type FailOptions, type ThrottleFaultOptions } from "azure-remedy/emulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect, generations } from "../support/clients.js";
import { freePassage } from "../support/free-passage.js";
import { remedyErrorOf, waitsOf } from "../support/outcome.js";
import { inVirtualTime, storyStart } from "../support/virtual-time.js";

let arm: Emulator;
beforeEach(async () => {
  arm = await startEmulator();
  arm.addVm({ name: "web-01" });
});
afterEach(() => arm.stop());

const second = 1_000;
const minute = 60 * second;
const throttledBody = { error: { code: "TooManyRequests", message: "Too many requests." } };

describe.each(generations)("arm-compute %s, a throttled call", (generation) => {
  it.each<[string, ThrottleFaultOptions, number]>([
    ["the header's seconds", { retryAfter: 7 }, 7 * second],
    ["the header's date", { retryAfter: 9, hint: "date" }, 9 * second],
    ["the wait that only the text names", { retryAfter: 6, hint: "text" }, 6 * second],
    ["the end of the window in Compute's body", { retryAfter: 25, hint: "none", from: "compute" }, 25 * second],
    ["two seconds when nothing says how long", { hint: "none" }, 2 * second],
  ])("waits %s", (_, throttle, waitMs) =>
    inVirtualTime(async (time) => {
      arm.throttle({ on: "GET virtualMachines", ...throttle });
      await connect(generation, arm, time, { throttle: freePassage }).get("web-01");
      expect(arm.story.map((line) => line.split(" ")[2])).toEqual(["429", "200"]);
      expect(time.elapsedMs()).toBe(waitMs);
    }),
  );

  it.each([
    ["retry-after-ms before the others", { "retry-after-ms": "1500", "retry-after": "60" }, 1_500],
    ["x-ms-retry-after-ms", { "x-ms-retry-after-ms": "2500" }, 2_500],
    ["a fraction of seconds", { "retry-after": "1.5" }, 1_500],
    ["a header that is no wait at all", { "retry-after": "abc" }, 2_000],
    ["a date in the past", { "retry-after": new Date(storyStart - minute).toUTCString() }, 2_000],
    ["a negative number", { "retry-after": "-5" }, 2_000],
  ])("waits by %s", (_, headers, waitMs) =>
    inVirtualTime(async (time) => {
      arm.fail({ status: 429, headers, body: throttledBody }, { on: "GET virtualMachines" });
      await connect(generation, arm, time, { throttle: freePassage }).get("web-01");
      expect(time.elapsedMs()).toBe(waitMs);
    }),
  );

  it("is no hot loop when the service says Retry-After: 0 again and again", () =>
    inVirtualTime(async (time) => {
      arm.fail(
        { status: 429, headers: { "retry-after": "0" }, body: throttledBody },
        { on: "GET virtualMachines", times: 6 },
      );
      await connect(generation, arm, time, { throttle: freePassage }).get("web-01");
      const times = arm.exchanges.map(({ at }) => at - storyStart);
      expect(times).toEqual([0, 0, 500, 1_500, 3_500, 7_500, 15_500]);
    }));

  it("goes on past maxRetries: a lawful wait is not counted", () =>
    inVirtualTime(async (time) => {
      arm.throttle({ on: "GET virtualMachines", retryAfter: 10, times: 12 });
      await connect(generation, arm, time, { maxRetries: 1, throttle: freePassage }).get("web-01");
      expect(arm.story).toHaveLength(13);
      expect(time.elapsedMs()).toBe(120 * second);
    }));

  it("of a POST that must not run twice is sent again: it was turned away at the door", () =>
    inVirtualTime(async (time) => {
      arm.throttle({ on: "POST virtualMachines/runCommand", retryAfter: 3 });
      await connect(generation, arm, time).runCommand("web-01", ["echo hello"]);
      expect(arm.story.slice(0, 2)).toEqual([
        "POST virtualMachines/web-01/runCommand 429 SubscriptionRequestsThrottled",
        "POST virtualMachines/web-01/runCommand 202",
      ]);
      expect(arm.exchanges.filter(({ executed, method }) => executed && method === "POST")).toHaveLength(1);
    }));

  it("keeps its neighbours from running into the closed window", () =>
    inVirtualTime(async (time) => {
      arm.addVm({ name: "web-02" });
      arm.throttle({ on: "GET virtualMachines/web-01", retryAfter: 20 });
      const compute = connect(generation, arm, time);
      const first = compute.get("web-01");
      await time.sleep(second);
      await Promise.all([first, compute.get("web-02")]);
      const [rejected, ...others] = arm.exchanges.map(({ name, at }) => ({ name, at: at - storyStart }));
      expect(rejected).toEqual({ name: "virtualMachines/web-01", at: 0 });
      expect(others.map(({ name }) => name).sort()).toEqual(["virtualMachines/web-01", "virtualMachines/web-02"]);
      for (const { at } of others) expect(at).toBeGreaterThanOrEqual(20 * second);
    }));

  it("asked to wait for weeks ends at once, and says when to come back", () =>
    inVirtualTime(async (time) => {
      arm.fail(
        { status: 429, headers: { "retry-after": "3000000" }, body: throttledBody },
        { on: "GET virtualMachines" },
      );
      const error = await remedyErrorOf(connect(generation, arm, time).get("web-01"));
      expect(arm.story).toEqual(["GET virtualMachines/web-01 429 TooManyRequests"]);
      expect(time.elapsedMs()).toBe(0);
      expect(error.reason).toContain("would pass the budget of 30 min");
      expect(error.retryAt?.getTime()).toBe(storyStart + (error.retryAfterMs ?? NaN));
      expect(error.retryAfterMs).toBeGreaterThan(30 * minute);
    }));

  it("asked to wait for weeks does not hold a caller with a deadline, nor the next one", () =>
    inVirtualTime(async (time) => {
      arm.fail(
        { status: 429, headers: { "retry-after": "3000000" }, body: throttledBody },
        { on: "GET virtualMachines" },
      );
      const compute = connect(generation, arm, time, { deadline: storyStart + minute });
      const first = await remedyErrorOf(compute.get("web-01"));
      const second = await remedyErrorOf(compute.get("web-01"));
      expect(arm.story).toHaveLength(1);
      expect(time.elapsedMs()).toBe(0);
      expect(first.reason).toContain("would pass the deadline in 60 s");
      expect(second.message).toContain("Nothing was sent; the throttling window stays closed past the deadline.");
      expect(second.attempts).toEqual([]);
      expect(second).toMatchObject({ code: "ThrottleWindowClosed", diagnosis: { disposition: "transient" } });
      expect(second.retryAt).toEqual(first.retryAt);
    }));
});

describe.each(generations)("arm-compute %s, a failure that passes", (generation) => {
  it.each<[string, string, FailOptions, number[]]>([
    ["another operation in progress: slowly", "AnotherOperationInProgress", {}, [5, 10, 20]],
    ["another operation, with a hint", "AnotherOperationInProgress", { retryAfter: 15 }, [15]],
    ["a platform update: two minutes", "ResourceUpdateBlockedOnPlatformUpdate", {}, [120]],
    ["a NIC that stays reserved: three minutes, though a 400", "NicReservedForAnotherVm", { status: 400 }, [180]],
    ["an internal error: from a second on", "InternalServerError", { as: "answer", status: 500 }, [1, 2, 4]],
  ])("%s", (_, code, how, waits) =>
    inVirtualTime(async (time) => {
      arm.fail(code, { on: "PUT virtualMachines", times: waits.length, ...how });
      await connect(generation, arm, time).create("web-02");
      const puts = arm.exchanges.filter(({ method }) => method === "PUT").map(({ at }) => at - storyStart);
      expect(puts).toEqual([0, ...sums(waits.map((seconds) => seconds * second))]);
      expect(arm.vm("web-02")?.provisioningState).toBe("Succeeded");
    }),
  );

  it("a page of a gateway", () =>
    inVirtualTime(async (time) => {
      arm.html({ on: "GET virtualMachines", times: 2 });
      await connect(generation, arm, time).get("web-01");
      expect(arm.story).toEqual([
        "GET virtualMachines/web-01 502",
        "GET virtualMachines/web-01 502",
        "GET virtualMachines/web-01 200",
      ]);
      expect(time.elapsedMs()).toBe(3 * second);
    }));

  it("an empty 503, and one with a hint", () =>
    inVirtualTime(async (time) => {
      arm.fail({ status: 503 }, { on: "GET virtualMachines" });
      arm.fail({ status: 503, headers: { "retry-after": "12" } }, { on: "GET virtualMachines" });
      await connect(generation, arm, time).get("web-01");
      expect(arm.story.map((line) => line.split(" ")[2])).toEqual(["503", "503", "200"]);
      expect(time.elapsedMs()).toBe(13 * second);
    }));

  it.each([
    ["a name server that does not answer", "EAI_AGAIN", "failed to send EAI_AGAIN"],
    ["a broken pipe", "EPIPE", "failed to send EPIPE"],
    ["a refused connection", "ECONNREFUSED", "failed to send ECONNREFUSED"],
    ["a reset connection", "ECONNRESET", "reset"],
    ["half of an answer", "PARSE_ERROR", "cut"],
  ])("%s, when reading", (_, code, told) =>
    inVirtualTime(async (time) => {
      arm.fail(code, { on: "GET virtualMachines", times: 2 });
      await connect(generation, arm, time).get("web-01");
      expect(arm.story).toEqual([
        `GET virtualMachines/web-01 ${told}`,
        `GET virtualMachines/web-01 ${told}`,
        "GET virtualMachines/web-01 200",
      ]);
      expect(time.elapsedMs()).toBe(800 + 1_600);
    }),
  );

  it("a connection reset in a PUT before the service acted", () =>
    inVirtualTime(async (time) => {
      arm.reset({ on: "PUT virtualMachines" });
      await connect(generation, arm, time).create("web-02");
      expect(arm.story.slice(0, 2)).toEqual(["PUT virtualMachines/web-02 reset", "PUT virtualMachines/web-02 201"]);
      expect(arm.vm("web-02")?.provisioningState).toBe("Succeeded");
    }));

  it("a connection reset in a PUT after the service acted: its own work is waited for", () =>
    inVirtualTime(async (time) => {
      arm.longRunning({ on: "PUT virtualMachines", durationMs: 20 * second, polls: 0 });
      arm.reset({ on: "PUT virtualMachines", after: "after-execution" });
      await connect(generation, arm, time).create("web-02");
      expect(arm.story.slice(0, 4)).toEqual([
        "PUT virtualMachines/web-02 reset",
        "PUT virtualMachines/web-02 409 OperationNotAllowed",
        "GET virtualMachines/web-02 200",
        "GET virtualMachines/web-02 200",
      ]);
      expect(arm.story.filter((line) => line.includes("409"))).toHaveLength(1);
      expect(arm.vm("web-02")?.provisioningState).toBe("Succeeded");
    }));

  it("a lock that another caller holds, told as a 429, closes no window", () =>
    inVirtualTime(async (time) => {
      arm.addVm({ name: "web-02" });
      arm.fail("RetryableErrorDueToAnotherOperation", { on: "GET virtualMachines/web-01", status: 429, as: "answer" });
      const compute = connect(generation, arm, time);
      const first = compute.get("web-01");
      await time.sleep(second);
      await Promise.all([first, compute.get("web-02")]);
      expect(arm.exchanges.map(({ name, at }) => `${name} at ${(at - storyStart) / second}`)).toEqual([
        "virtualMachines/web-01 at 0",
        "virtualMachines/web-02 at 1",
        "virtualMachines/web-01 at 5",
      ]);
    }));
});

describe.each(generations)("arm-compute %s, a failure below HTTP that does not pass", (generation) => {
  it.each([
    "CERT_HAS_EXPIRED",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "ERR_TLS_CERT_ALTNAME_INVALID",
  ])("%s", (code) =>
    inVirtualTime(async (time) => {
      arm.fail(code, { on: "GET virtualMachines", times: Infinity });
      const error = await remedyErrorOf(connect(generation, arm, time).get("web-01"));
      expect(arm.story).toEqual([`GET virtualMachines/web-01 failed to send ${code}`]);
      expect(error).toMatchObject({ code, diagnosis: { disposition: "permanent" } });
      expect(error).not.toHaveProperty("statusCode");
      expect(error.response).toBeUndefined();
      expect(error.cause).toMatchObject({ code });
    }),
  );

  it("a host that nobody knows is asked for again: a resolver may err", () =>
    inVirtualTime(async (time) => {
      arm.fail("ENOTFOUND", { on: "GET virtualMachines", times: Infinity });
      const error = await remedyErrorOf(connect(generation, arm, time, { maxRetries: 3 }).get("web-01"));
      expect(arm.story).toHaveLength(4);
      expect(waitsOf(error)).toEqual([800, 1_600, 3_200, 0]);
      expect(error.reason).toBe("transient, but 3 retries are used up");
      expect(error.retryAfterMs).toBe(6_400);
    }));

  it("a host that never answered is asked for as often as the SDK asks: its name is probably misspelt", () =>
    inVirtualTime(async (time) => {
      arm.fail("ENOTFOUND", { on: "GET virtualMachines", times: Infinity });
      const error = await remedyErrorOf(
        connect(generation, arm, time, {}, { endpoint: `https://plums-${generation}.example` }).get("web-01"),
      );
      expect(arm.story).toHaveLength(4);
      expect(error.reason).toBe("transient, but no host of this name has ever answered: it is probably misspelt");
      expect(error.retryAfterMs).toBeUndefined();
    }));

  it("a host that answered before is asked for until the retries are used up", () =>
    inVirtualTime(async (time) => {
      const client = connect(generation, arm, time, {}, { endpoint: `https://pears-${generation}.example` });
      await client.get("web-01");
      arm.fail("ENOTFOUND", { on: "GET virtualMachines", times: 7 });
      await client.get("web-01");
      expect(arm.story).toHaveLength(9);
    }));
});

function sums(waits: readonly number[]): number[] {
  let sum = 0;
  return waits.map((wait) => (sum += wait));
}
