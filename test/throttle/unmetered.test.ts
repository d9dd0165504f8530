/** Reads that need not be counted: how many, for how long, and what becomes of one that was sent away after all. */
import { describe, expect, it } from "vitest";
import type { ThrottledRequest } from "../../src/throttle/throttle.js";
import { memoryThrottleStore } from "../../src/throttle/lease/memory-store.js";
import { nicUrl, operationUrl, groupsLeft, readsLeft, reply, request, Story, subscription, vmUrl } from "./support.js";

const get = request("GET", vmUrl());
const plenty = { ...readsLeft(240), ...groupsLeft("Microsoft.Compute/LowCostGetSubscription;23000") };

/** An answer that notes whether anybody asks it for a level. */
function answer(headers: Readonly<Record<string, string>> = plenty): {
  reply: ReturnType<typeof reply>;
  isRead: () => boolean;
} {
  let isRead = false;
  const told = new Map(Object.entries(headers));
  const get = (name: string): string | undefined => ((isRead = true), told.get(name));
  return { reply: { status: 200, headers: { get } }, isRead: () => isRead };
}

/** How many of so many calls, one after the other, are counted. */
function counted(story: Story, asked: ThrottledRequest, calls: number, headers = plenty): number {
  let count = 0;
  for (let call = 0; call < calls; call++) {
    const { reply: told, isRead } = answer(headers);
    story.call(asked, told);
    if (isRead()) count++;
  }
  return count;
}

describe("reads from full buckets", () => {
  it("are counted now and then", () => {
    const story = new Story();
    const few = counted(story, get, 400);
    expect(few).toBeGreaterThan(400 / 33);
    expect(few).toBeLessThan(400 / 10);
  });

  it("are counted again after a second, however few there were", async () => {
    const story = new Story();
    counted(story, get, 10);
    expect(counted(story, get, 1)).toBe(0);
    await story.pass(1_000);
    expect(counted(story, get, 1)).toBe(1);
  });

  it("are counted when the clock was turned back", () => {
    let now = 1_700_000_000_000;
    const story = new Story({ clock: { now: () => now, sleep: () => Promise.resolve() } });
    counted(story, get, 10);
    now -= 5_000;
    expect(counted(story, get, 1)).toBe(1);
  });

  it("make up our share together with those that are counted", () => {
    const story = new Story();
    let level = 250;
    for (let call = 0; call < 120; call++) {
      level -= 1;
      story.call(get, reply(200, readsLeft(level)));
    }
    expect(story.throttle.snapshot().scopes[0]?.share).toBeGreaterThan(0.95);
  });
});

describe("each read is counted", () => {
  it.each([
    ["where a bucket is half empty", { ...plenty, ...readsLeft(124) }],
    ["where one policy of many is", { ...plenty, ...groupsLeft("Microsoft.Compute/LowCostGetSubscription;5000") }],
  ])("%s", (_, headers) => {
    const story = new Story();
    expect(counted(story, get, 20, headers)).toBe(20);
  });

  it("for another resource, until its own limits are known", () => {
    const story = new Story();
    counted(story, get, 10);
    expect(counted(story, request("GET", vmUrl("vm2")), 1)).toBe(1);
    expect(counted(story, request("GET", nicUrl()), 1)).toBe(1);
  });

  it("when it polls an operation", async () => {
    const story = new Story();
    const poll = request("GET", operationUrl());
    counted(story, poll, 10);
    const asked = story.ask(poll, { poll: true });
    await story.pass(10_000);
    expect(story.throttle.snapshot().inFlight).toBe(1);
    asked.permit?.settle(reply(200, plenty));
  });

  it("where processes share a store", async () => {
    const story = new Story({ store: memoryThrottleStore() });
    for (let call = 0; call < 10; call++) {
      const asked = story.ask(get);
      await story.pass(100);
      const { reply: told, isRead } = answer();
      asked.permit?.settle(told);
      expect(isRead()).toBe(true);
    }
  });

  it("and so is each write", () => {
    const story = new Story();
    expect(counted(story, request("PUT", vmUrl()), 20, { "x-ms-ratelimit-remaining-subscription-writes": "199" })).toBe(
      20,
    );
  });

  it("while somebody waits", () => {
    const story = new Story();
    counted(story, get, 10);
    story.permit(request("PUT", vmUrl())).settle(reply(429, {}, { retryAfterMs: 60_000 }));
    expect(story.waits(request("PUT", vmUrl()))).toBe(true);
    expect(counted(story, get, 3)).toBe(3);
  });
});

describe("an uncounted read that is sent away", () => {
  it("closes the window of the bucket that is named, for as long as it is told", async () => {
    const story = new Story();
    counted(story, get, 10);
    const permit = story.permit(get);
    permit.settle(reply(429, readsLeft(0), { retryAfterMs: 30_000 }));
    const next = story.ask(get);
    await story.pass(29_999);
    expect(next.state).toBe("waiting");
    await story.pass(10_000);
    expect(next.state).toBe("admitted");
  });

  it("closes the window of its own principal, though another's was counted last", () => {
    const story = new Story();
    const [mine, yours] = ["a", "b"].map((token) => request("GET", vmUrl(), { authorization: `Bearer ${token}` }));
    if (!mine || !yours) return;
    counted(story, mine, 10);
    story.permit(yours).settle(reply(429, readsLeft(0), { retryAfterMs: 30_000 }));
    const closed = story.throttle.snapshot().scopes.filter(({ closedUntil }) => closedUntil !== undefined);
    expect(closed).toHaveLength(1);
    expect(story.waits(mine)).toBe(false);
    expect(story.waits(yours)).toBe(true);
  });

  it("and one under way meanwhile opens nothing by what it tells", () => {
    const story = new Story();
    counted(story, get, 10);
    const [first, second] = [story.permit(get), story.permit(get)];
    first.settle(reply(429, readsLeft(0), { retryAfterMs: 30_000 }));
    second.settle(reply(200, plenty));
    expect(story.waits(get)).toBe(true);
  });

  it("is no rejection when it is no throttling", () => {
    const story = new Story();
    counted(story, get, 10);
    story.permit(get).settle(reply(429, plenty, { throttled: false }));
    expect(story.waits(get)).toBe(false);
  });

  it("may be settled twice and closes once", async () => {
    const story = new Story();
    counted(story, get, 10);
    const permit = story.permit(get);
    permit.settle(reply(429, readsLeft(0), { retryAfterMs: 30_000 }));
    permit.settle(reply(429, readsLeft(0), { retryAfterMs: 600_000 }));
    expect(story.throttle.snapshot()).toMatchObject({ inFlight: 0, waiting: 0 });
    expect(story.throttle.snapshot().scopes[0]?.subscription).toBe(subscription);
    const next = story.ask(get);
    await story.pass(60_000);
    expect(next.state).toBe("admitted");
  });
});
