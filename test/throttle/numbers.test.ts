import fc from "../support/properties.js";
import { describe, expect, it } from "vitest";
import { UnreportedLevel } from "../../src/throttle/bucket/unreported-level.js";
import { ClosedWindow } from "../../src/throttle/bucket/closed-window.js";
import { Hazard } from "../../src/throttle/polling/hazard.js";
import { LazyHeap } from "../../src/throttle/queue/lazy-heap.js";
import { likelyLimit, type RateLimit } from "../../src/throttle/limits.js";
import { LevelEstimate } from "../../src/throttle/bucket/level-estimate.js";
import { mayClaim, reserveOf, trickleMs } from "../../src/throttle/bucket/pace.js";
import { RecentSends } from "../../src/throttle/bucket/recent-sends.js";
import { Refill } from "../../src/throttle/bucket/refill.js";
import { Share } from "../../src/throttle/bucket/share.js";

const writes: RateLimit = { capacity: 200, refill: 10, periodMs: 1_000 };
const puts: RateLimit = { capacity: 1_500, refill: 500, periodMs: 60_000 };

describe("the estimate of a level", () => {
  /** Sends at the first time, answers at the second. */
  function estimateOf(...answers: [sentAt: number, receivedAt: number, level: number][]): LevelEstimate {
    const known = new LevelEstimate();
    for (const _ of answers) known.send();
    for (const [sentAt, step, level] of answers) known.observe(level, { sentAt, sentIn: sentAt }, step);
    return known;
  }

  it.each([
    ["one answer", [[0, 100, 199]], 199],
    [
      "of two on their way together, the lower",
      [
        [0, 100, 190],
        [10, 110, 195],
      ],
      190,
    ],
    [
      "in whatever order they come",
      [
        [0, 100, 195],
        [10, 110, 190],
      ],
      190,
    ],
    [
      "what was sent after the last answer, higher or not",
      [
        [0, 100, 3],
        [100, 200, 12],
      ],
      12,
    ],
    [
      "not what was sent before it, when higher",
      [
        [0, 100, 3],
        [99, 200, 12],
      ],
      3,
    ],
  ] as const)("is that of %s", (_, answers, level) => {
    expect(estimateOf(...answers.map(([...answer]) => answer as [number, number, number])).level()).toBe(level);
  });

  it("counts own requests on their way as not counted yet", () => {
    const known = estimateOf([0, 100, 50]);
    known.send();
    known.send();
    expect(known.level()).toBe(48);
    expect(known.level(4)).toBe(42);
  });

  it("is forgotten when the service stops telling it", () => {
    const known = estimateOf([0, 100, 50]);
    for (let i = 0; i < 16; i++) {
      known.send();
      known.pass();
    }
    expect(known.seen).toBe(false);
  });
});

describe("the share", () => {
  it.each([
    ["alone", 1, 1],
    ["one of two", 2, 0.5],
    ["one of sixteen", 16, 1 / 16],
  ])("of a process that is %s is read off the headers", (_, processes, share) => {
    const learned = new Share();
    for (let i = 0; i < 40; i++) {
      learned.learn({ own: 1, drop: processes - 10 * 0.1, elapsedMs: 100, since: 0, later: true }, 10 * 0.1);
    }
    expect(learned.value).toBeCloseTo(share, 1);
  });

  it("that sank grows again while the bucket is full", () => {
    const learned = new Share();
    for (let i = 0; i < 40; i++) learned.learn({ own: 1, drop: 15, elapsedMs: 100, since: 0, later: true }, 1);
    expect(learned.value).toBeLessThan(0.1);
    for (let i = 0; i < 30; i++) learned.rest(1_000);
    expect(learned.value).toBeGreaterThan(0.4);
  });

  it("stays between nothing and all, whatever is seen", () => {
    const movement = fc.record({
      own: fc.integer({ min: 0, max: 500 }),
      drop: fc.integer({ min: -2_000, max: 2_000 }),
      elapsedMs: fc.integer({ min: 0, max: 1e7 }),
      since: fc.constant(0),
      later: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(movement), (movements) => {
        const learned = new Share();
        for (const each of movements) learned.learn(each, 5);
        expect(learned.value).toBeGreaterThan(0);
        expect(learned.value).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe("the refill", () => {
  const rise = (by: number, since: number): Parameters<Refill["learn"]>[1] => ({
    own: 0,
    drop: -by,
    elapsedMs: 50,
    since,
    later: true,
  });

  it("is corrected upwards as soon as more has come than could have", () => {
    const refill = new Refill(writes);
    refill.learn(140, rise(40, 0), { now: 100 });
    expect(refill.limit).toMatchObject({ refill: 40, periodMs: 1_000 });
  });

  it("is corrected downwards when small steps are all that comes", () => {
    const refill = new Refill(writes);
    for (let now = 0; now < 20_000; now += 250)
      refill.learn(20, rise(now % 1_000 === 0 ? 5 : 0, now), { now: now + 250 });
    expect(refill.limit.refill).toBe(5);
  });

  it("takes the highest level seen as the capacity", () => {
    const refill = new Refill(writes);
    refill.learn(11_999, rise(0, 0), { now: 100 });
    expect(refill.limit.capacity).toBe(12_000);
  });

  it("takes a level that stays where it was highest as that of a full bucket", () => {
    const refill = new Refill(writes);
    for (let now = 0; now < 3_500; now += 500)
      refill.learn(99, { ...rise(0, now), elapsedMs: 500 }, { now: now + 500 });
    expect(refill.limit.capacity).toBe(100);
    for (let now = 0; now < 3_500; now += 500)
      refill.learn(20, { ...rise(0, now), elapsedMs: 500 }, { now: now + 500 });
    expect(refill.limit.capacity).toBe(100);
  });

  it("expects the next of rare steps a period after one was seen", () => {
    const refill = new Refill(puts);
    expect(refill.stepAfter(5_000)).toBeUndefined();
    refill.learn(499, rise(499, 9_000), { now: 10_000 });
    expect([refill.stepAfter(10_000), refill.stepAfter(69_999), refill.stepAfter(70_000)]).toEqual([
      70_000, 70_000, 130_000,
    ]);
  });
});

describe("the pace", () => {
  it.each([
    [writes, 20],
    [puts, 500 / 30],
    [{ capacity: 12, refill: 4, periodMs: 60_000 }, 1],
  ])("holds a reserve in %o", (limit, tokens) => expect(reserveOf(limit)).toBeCloseTo(tokens));

  it("lets the share of what is above the reserve go at once", () => {
    expect(mayClaim(36, 1 / 16, 20, 100)).toBe(true);
    expect(mayClaim(35, 1 / 16, 20, 100)).toBe(false);
  });

  it("lets the last calls of a queue use up the reserve", () => {
    expect(mayClaim(16, 1 / 16, 20, 2)).toBe(true);
    expect(mayClaim(16, 1 / 16, 20, 3)).toBe(false);
  });

  it("is slower the lower the level and the smaller the share", () => {
    const levels = fc.tuple(fc.double({ min: 0, max: 20, noNaN: true }), fc.double({ min: 0, max: 20, noNaN: true }));
    const shares = fc.tuple(
      fc.double({ min: 0.002, max: 1, noNaN: true }),
      fc.double({ min: 0.002, max: 1, noNaN: true }),
    );
    fc.assert(
      fc.property(levels, shares, ([one, other], [part, otherPart]) => {
        const low = trickleMs(Math.min(one, other), Math.min(part, otherPart), new Refill(writes));
        const high = trickleMs(Math.max(one, other), Math.max(part, otherPart), new Refill(writes));
        expect(low).toBeGreaterThanOrEqual(high - 1e-6);
        expect(high).toBeGreaterThan(0);
        expect(low).toBeLessThan(3_600_000);
      }),
    );
  });

  it("sends nothing from an empty bucket whose step is far away", () =>
    expect(trickleMs(0, 1, new Refill(puts))).toBe(Infinity));
});

describe("a bucket that tells nothing", () => {
  it("takes its share from the first rejection: what went through of all there was", () => {
    const unreported = new UnreportedLevel(writes, 0);
    for (let i = 0; i < 13; i++) {
      unreported.send(1_000);
      unreported.pass(1_000);
    }
    unreported.reject(1_000);
    expect(unreported.share).toBeCloseTo(13 / 210);
    expect(unreported.level(1_000)).toBe(0);
  });

  it("lets its share grow again, slowly and then faster", () => {
    const unreported = new UnreportedLevel(writes, 0);
    unreported.pass(0);
    unreported.reject(1_000);
    const grownBetween = (from: number, to: number): number => {
      const before = unreported.share;
      for (let time = from; time <= to; time += 100) unreported.pass(time);
      return unreported.share / before;
    };
    const soon = grownBetween(1_000, 3_000);
    const later = grownBetween(10_000, 12_000);
    expect(soon).toBeGreaterThan(1);
    expect(later).toBeGreaterThan(soon);
  });
});

describe("a closed window", () => {
  it("opens for us a little later than the service said", () => {
    const window = new ClosedWindow(() => 0.5);
    window.close(0, 1_000, 5_000, 200, false);
    expect(window).toMatchObject({ until: 6_000, reopensAt: 6_100 });
  });

  it("keeps quiet for a quarter longer where others may renew it", () => {
    const window = new ClosedWindow(() => 0);
    window.close(0, 0, 10_000, 200);
    expect(window).toMatchObject({ until: 10_000, reopensAt: 12_500 });
  });

  it("stays closed longer after each reopening in vain, and is forgiven by one success", () => {
    const window = new ClosedWindow(() => 0);
    const late = (): number => {
      const now = window.reopensAt;
      window.close(now, now, 1_000, 100);
      return window.reopensAt - window.until;
    };
    expect([late(), late(), late()]).toEqual([250, 750, 1_250]);
    window.pass(window.reopensAt - 1);
    expect(late()).toBe(1_750);
    window.pass(window.reopensAt);
    expect(late()).toBe(250);
  });
});

describe("the likely limit", () => {
  it.each([
    ["Microsoft.Compute/PutVM", 1_499, { capacity: 1_500, refill: 500, periodMs: 60_000 }],
    ["Microsoft.Compute/UpdateVMResource", 11, { capacity: 12, refill: 4, periodMs: 60_000 }],
    ["Microsoft.Compute/HighCostGet30Min", 700, { capacity: 701, refill: 701, periodMs: 1_800_000 }],
    ["Read_ObservationWindow_00:05:00", 90, { capacity: 91, refill: 91, periodMs: 300_000 }],
    ["Anything", 99_999, { capacity: 100_000, refill: 33_333, periodMs: 60_000 }],
  ])("of %s at %i", (name, level, limit) => expect(likelyLimit(name, level)).toEqual(limit));
});

describe("the hazard of an operation's end", () => {
  /** Operations that ended between these ages, each looked at every three seconds. */
  function hazardOf(operations: number, least: number, most: number): Hazard {
    const hazard = new Hazard();
    for (let index = 0; index < operations; index++) {
      const end = least + ((most - least) * index) / operations;
      let seen = 0;
      for (; seen + 3 < end; seen += 3) hazard.noteRunning(seen, seen + 3);
      hazard.noteEnded(seen, seen + 3);
    }
    return hazard;
  }

  it("is high at the usual time, and low before and long after", () => {
    const hazard = hazardOf(30, 50, 70);
    expect(hazard.at(56)).toBeGreaterThan(5 * hazard.at(20));
    expect(hazard.at(56)).toBeGreaterThan(5 * hazard.at(300));
    expect(hazard.endedBetween(50, 62)).toBeGreaterThan(0.5);
  });

  it("counts operations that still run", () => {
    const few = hazardOf(10, 20, 22);
    const before = few.at(20);
    for (let index = 0; index < 100; index++) few.noteRunning(0, 40);
    expect(few.at(20)).toBeLessThan(before / 3);
  });

  it("is never 0, nor is a likelihood below 0 or above 1, whatever was seen", () => {
    const age = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(age, age, fc.boolean())), age, age, (looks, one, other) => {
        const hazard = new Hazard();
        for (const [from, to, ended] of looks) {
          if (ended) hazard.noteEnded(Math.min(from, to), Math.max(from, to));
          else hazard.noteRunning(Math.min(from, to), Math.max(from, to));
        }
        expect(hazard.at(one)).toBeGreaterThan(0);
        expect(Number.isFinite(hazard.at(one))).toBe(true);
        const likelihood = hazard.endedBetween(Math.min(one, other), Math.max(one, other));
        expect(likelihood).toBeGreaterThanOrEqual(0);
        expect(likelihood).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe("recent sends", () => {
  it("are those of the last half minute", () => {
    const recent = new RecentSends();
    for (let now = 0; now < 30_000; now += 100) recent.note(now);
    expect(recent.perSecond(30_000)).toBeCloseTo(10, 0);
    expect(recent.count(100_000)).toBe(0);
  });
});

describe("the heap", () => {
  it("gives back in order whatever went in", () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), (numbers) => {
        const heap = new LazyHeap<number>((one, other) => one < other);
        for (const number of numbers) heap.push(number);
        const out = numbers.map(() => heap.pop());
        expect(out).toEqual([...numbers].sort((one, other) => one - other));
        expect(heap.pop()).toBeUndefined();
      }),
    );
  });
});
