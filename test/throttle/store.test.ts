import fc from "../support/properties.js";
import { describe, expect, it } from "vitest";
import { run } from "../../bench/throttle/scenario.js";
import { withSharedStore } from "../../bench/throttle/strategies/shared-throttle.js";
import { sharedScenarios } from "../../bench/throttle/scenarios.js";
import { createThrottle } from "../../src/throttle/local-throttle.js";
import type { ThrottleEvent } from "../../src/throttle/events.js";
import { memoryThrottleStore } from "../../src/throttle/lease/memory-store.js";
import { lease, newSharedBucket, outOf } from "../../src/throttle/lease/shared-bucket.js";
import type { Lease, LeaseAsk, ThrottleStore } from "../../src/throttle/lease/store.js";
import type { Clock } from "../../src/time/clock.js";
import { seeded } from "../../bench/throttle/virtual-time.js";
import { reply, request, Story, vmUrl, writesLeft, type Asked } from "./support.js";

const limit = { capacity: 200, refill: 10, periodMs: 1_000 };
const put = request("PUT", vmUrl());

function ask(changes: Partial<LeaseAsk> = {}): LeaseAsk {
  return { key: "writes", limit, want: 0, answered: 0, returned: 0, levelless: 0, ...changes };
}

const told = (tokens: number): Pick<LeaseAsk, "level"> => ({ level: { tokens, sentAgoMs: 100, receivedAgoMs: 0 } });

describe("a bucket that processes share", () => {
  it("gives few permits until an answer has told its level", () => {
    const bucket = newSharedBucket(200, 0);
    expect(lease(bucket, "a", ask({ want: 100 }), 0)).toMatchObject({ granted: 8, needsAnswer: true });
    expect(lease(bucket, "a", ask({ want: 92, answered: 1, ...told(199) }), 100)).toMatchObject({
      granted: 92,
      needsAnswer: false,
    });
  });

  it("divides what there is by what each wants", () => {
    const bucket = newSharedBucket(200, 0);
    lease(bucket, "a", ask({ want: 300, ...told(0) }), 1_000);
    lease(bucket, "b", ask({ want: 100 }), 1_000);
    expect(lease(bucket, "a", ask({ want: 300, ...told(102) }), 1_200).granted).toBe(75);
    expect(lease(bucket, "b", ask({ want: 100 }), 1_200).granted).toBe(Math.floor((25 * 100) / 400));
  });

  it("takes back what a process that died had not used, and counts it as sent", () => {
    const bucket = newSharedBucket(200, 0);
    lease(bucket, "dead", ask({ want: 60, ...told(62) }), 0);
    expect(lease(bucket, "b", ask({ want: 50 }), 900).granted).toBe(0);
    expect(lease(bucket, "b", ask({ want: 50, ...told(52) }), 5_001).granted).toBe(50);
    expect([...bucket.holders.keys()]).toEqual(["b"]);
  });

  it("takes a level as having counted what was given long before its request, though nobody reported the answers", () => {
    const bucket = newSharedBucket(200, 0);
    lease(bucket, "gone", ask({ want: 60, ...told(62) }), 0);
    expect(lease(bucket, "b", ask({ want: 50, ...told(52) }), 1_000).granted).toBe(0);
    expect(lease(bucket, "b", ask({ want: 50, ...told(52) }), 1_100).granted).toBe(Math.floor((50 * 50) / 110));
  });

  it("closes for all when one was sent away, and lets one through to see", () => {
    const bucket = newSharedBucket(200, 0);
    lease(bucket, "a", ask({ want: 5, ...told(100) }), 0);
    expect(lease(bucket, "a", ask({ answered: 5, closedForMs: 10_000 }), 100).closedForMs).toBe(10_000);
    expect(lease(bucket, "b", ask({ want: 5 }), 5_000)).toMatchObject({ granted: 0, closedForMs: 5_100 });
    expect(lease(bucket, "b", ask({ want: 5 }), 10_100)).toMatchObject({
      granted: 1,
      needsAnswer: true,
      closedForMs: 0,
    });
    expect(lease(bucket, "a", ask({ want: 5 }), 10_150).granted).toBe(0);
    expect(lease(bucket, "b", ask({ want: 4, answered: 1, ...told(99) }), 10_200).granted).toBe(4);
  });

  it("never gives out more than its level, whatever is asked and told", () => {
    const step = fc.record({
      member: fc.constantFrom("a", "b", "c", "d"),
      passes: fc.integer({ min: 0, max: 2_000 }),
      want: fc.integer({ min: 0, max: 300 }),
      answered: fc.integer({ min: 0, max: 5 }),
      tokens: fc.option(fc.integer({ min: 0, max: 200 })),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const bucket = newSharedBucket(200, 0);
        let now = 0;
        for (const { member, passes, want, answered, tokens } of steps) {
          now += passes;
          lease(bucket, member, ask({ want: 0, answered, ...(tokens !== null && told(tokens)) }), now);
          const out = outOf(bucket);
          const { granted } = lease(bucket, member, ask({ want }), now);
          // A single one may go beyond the level: the one that finds out whether the bucket has filled.
          if (granted > 1) expect(out + granted).toBeLessThanOrEqual(bucket.level);
        }
      }),
    );
  });
});

describe("processes with a store", () => {
  it.each(
    sharedScenarios
      .filter(({ target, processes }) => target && processes === 4)
      .map((each) => [each.name, each] as const),
  )("%s: all served, hardly a rejection, in time", async (_, scenario) => {
    const { served, rejected, ratio, sentWhileClosed } = await run(scenario, withSharedStore(), 1);
    expect({ served, sentWhileClosed }).toEqual({ served: scenario.calls, sentWhileClosed: 0 });
    expect(rejected).toBeLessThanOrEqual(scenario.target?.rejected ?? 0);
    expect(ratio).toBeLessThanOrEqual(scenario.target?.ratio ?? 0);
  });

  it("share what one of them was told, though their clocks differ by an hour", async () => {
    const story = new Story();
    const store = memoryThrottleStore(story.time);
    const ahead: Clock = {
      now: () => story.time.now() + 3_600_000,
      sleep: (ms, signal) => story.time.sleep(ms, signal),
    };
    const one = createThrottle({ clock: story.time, random: seeded(1), store });
    const other = createThrottle({ clock: ahead, random: seeded(2), store });
    (await one.admit(put)).settle(reply(429, writesLeft(0), { retryAfterMs: 10_000 }));
    await story.pass(10);
    let admittedAt = NaN;
    void Promise.resolve(other.admit(put)).then(() => (admittedAt = story.time.elapsed));
    await story.pass(9_900);
    expect(admittedAt).toBeNaN();
    await story.pass(3_000);
    expect(admittedAt).toBeGreaterThanOrEqual(10_000);
  });

  it("leave a steady caller with permits in hand: less than a round trip for each call", async () => {
    const story = new Story();
    let trips = 0;
    const inner = memoryThrottleStore(story.time);
    const store: ThrottleStore = {
      lease: (...asked) => {
        trips++;
        return inner.lease(...asked);
      },
    };
    const throttle = createThrottle({ clock: story.time, random: seeded(1), store });
    let level = 199;
    let served = 0;
    for (let calls = 0; calls < 150; calls++) {
      void Promise.resolve(throttle.admit(put)).then((permit) => {
        served++;
        permit.settle(reply(201, writesLeft(level--)));
      });
      await story.pass(5);
    }
    await story.pass(1_000);
    expect(served).toBe(150);
    expect(trips).toBeLessThan(75);
  });
});

describe("a store that is away", () => {
  type Mode = "works" | "fails" | "hangs" | "lies" | "raves";
  /** Numbers of the right shape that cannot be. */
  const nonsense = (lease: Lease): Lease => ({ ...lease, granted: 1e9, askAgainMs: Infinity, closedForMs: 1e300 });

  /** A store that can be broken and mended. */
  function breakable(story: Story): { store: ThrottleStore; mode: Mode } {
    const inner = memoryThrottleStore(story.time);
    const state: { store: ThrottleStore; mode: Mode } = {
      mode: "works",
      store: {
        lease: (...asked) => {
          if (state.mode === "fails") return Promise.reject(new Error("connection lost"));
          if (state.mode === "hangs") return new Promise(() => undefined);
          if (state.mode === "lies") return Promise.resolve([]);
          if (state.mode === "raves") return inner.lease(...asked).then((leases) => leases.map(nonsense));
          return inner.lease(...asked);
        },
      },
    };
    return state;
  }

  it.each(["fails", "hangs", "lies", "raves"] as const)(
    "because it %s: each goes by its own estimate within a second, and comes back",
    async (mode) => {
      const story = new Story();
      const events: ThrottleEvent[] = [];
      const state = breakable(story);
      const throttle = createThrottle({
        clock: story.time,
        random: seeded(1),
        store: state.store,
        onEvent: (event) => events.push(event),
      });
      const call = async (): Promise<Asked> => {
        const noted = { state: "waiting", at: NaN, permit: undefined, error: undefined } as {
          state: Asked["state"];
          at: number;
          permit: Asked["permit"];
          error: unknown;
        };
        void Promise.resolve(throttle.admit(put)).then((permit) => {
          noted.state = "admitted";
          noted.at = story.time.elapsed;
          permit.settle(reply(201, writesLeft(150)));
        });
        await story.pass(1_000);
        return noted;
      };
      expect((await call()).state).toBe("admitted");
      await story.pass(20_000);
      state.mode = mode;
      const startedAt = story.time.elapsed;
      const during = await call();
      expect(during.state).toBe("admitted");
      expect(during.at - startedAt).toBeLessThan(1_000);
      expect(throttle.snapshot().store).toBe("away");
      state.mode = "works";
      await story.pass(1_000);
      await call();
      await call();
      expect(throttle.snapshot().store).toBe("connected");
      expect(events.map(({ state }) => state)).toEqual(["storeLost", "storeBack"]);
    },
  );

  it("from the start holds nobody up for a second", async () => {
    const story = new Story();
    const state = breakable(story);
    state.mode = "hangs";
    const throttle = createThrottle({ clock: story.time, random: seeded(1), store: state.store });
    let admittedAt = NaN;
    void Promise.resolve(throttle.admit(put)).then(() => (admittedAt = story.time.elapsed));
    await story.pass(999);
    expect(admittedAt).toBeLessThan(1_000);
  });

  it("serves a whole burst all the same", async () => {
    const story = new Story();
    const state = breakable(story);
    state.mode = "fails";
    const throttle = createThrottle({ clock: story.time, random: seeded(1), store: state.store });
    let level = 200;
    let served = 0;
    for (let i = 0; i < 100; i++) {
      void Promise.resolve(throttle.admit(put)).then(async (permit) => {
        await story.time.sleep(50);
        served++;
        permit.settle(reply(201, writesLeft(--level)));
      });
    }
    await story.pass(5_000);
    expect(served).toBe(100);
  });
});
