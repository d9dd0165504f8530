import fc from "../support/properties.js";
import { describe, expect, it } from "vitest";
import { run, type Scenario } from "../../bench/throttle/scenario.js";
import type { ServiceModel } from "../../bench/throttle/simulated-service.js";
import { ownEstimates, ownEstimatesReading } from "../../bench/throttle/strategies/throttle.js";
import { ThrottleDeadlineError, type Permit } from "../../src/throttle/throttle.js";
import { AbortError } from "../../src/time/clock.js";
import { readsLeft, reply, request, Story, vmUrl, writesLeft } from "./support.js";

const models: fc.Arbitrary<ServiceModel> = fc.record({
  capacity: fc.integer({ min: 5, max: 400 }),
  refill: fc.integer({ min: 1, max: 60 }),
  periodMs: fc.constantFrom(200, 1_000, 5_000),
  tellsLevel: fc.boolean(),
  retryAfter: fc.constantFrom("exact", "rounded", "constant", "absent", "date", "ms"),
  foreignPerSecond: fc.constant(0),
  faults: fc.constantFrom(0, 0, 0.1),
});

describe("against any bucket", () => {
  it("every call is served, and nothing is sent into a window that the sender knew", async () => {
    const runs = fc.record({
      model: models,
      processes: fc.integer({ min: 1, max: 4 }),
      calls: fc.integer({ min: 1, max: 120 }),
      inFlight: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
      seed: fc.integer({ min: 1, max: 1_000 }),
      counts: fc.constantFrom("reads" as const, "writes" as const),
    });
    await fc.assert(
      fc.asyncProperty(runs, async ({ inFlight, seed, counts, model, ...rest }) => {
        const scenario: Scenario = {
          name: "any",
          model: { ...model, counts },
          ...rest,
          ...(inFlight !== undefined && { inFlight }),
        };
        const strategy = counts === "reads" ? ownEstimatesReading : ownEstimates;
        const { served, sentWhileClosed } = await run(scenario, strategy, seed);
        expect({ served, sentWhileClosed }).toEqual({ served: scenario.calls, sentWhileClosed: 0 });
      }),
      { numRuns: 40 },
    );
  });
});

/** What may happen to a throttle, in any order. */
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("ask" as const),
      deadline: fc.option(fc.integer({ min: 0, max: 30_000 })),
      background: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("answer" as const), level: fc.option(fc.integer({ min: 0, max: 199 })) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("reject" as const),
      retryAfterMs: fc.option(fc.integer({ min: 0, max: 20_000 })),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "lose" as const }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("abort" as const), which: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 5_000 }) }) },
);

interface Caller {
  readonly deadlineAt: number;
  readonly controller: AbortController;
  outcome: "waiting" | "admitted" | "aborted" | "refused" | "other";
}

describe("whatever happens to a throttle", () => {
  it("every waiter is admitted, aborted or refused; nobody passes a closed window; the snapshot is plain JSON", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 99 }), async (steps, seed) => {
        const story = new Story({}, seed);
        const [method, left] = seed % 2 === 0 ? (["PUT", writesLeft] as const) : (["GET", readsLeft] as const);
        const asking = request(method, vmUrl());
        const callers: Caller[] = [];
        const sent: Permit[] = [];
        let closedUntil = 0;
        const admitted = (caller: Caller, permit: Permit): void => {
          caller.outcome = "admitted";
          sent.push(permit);
          expect(story.time.now()).toBeGreaterThanOrEqual(closedUntil);
          expect(story.time.now()).toBeLessThanOrEqual(caller.deadlineAt);
        };
        for (const each of steps) {
          switch (each.do) {
            case "ask": {
              const deadlineAt = each.deadline === null ? Infinity : story.time.now() + each.deadline;
              const caller: Caller = { deadlineAt, controller: new AbortController(), outcome: "waiting" };
              callers.push(caller);
              const priority = each.background ? "background" : "foreground";
              const asked = story.throttle.admit(asking, { signal: caller.controller.signal, deadlineAt, priority });
              if (!(asked instanceof Promise)) admitted(caller, asked);
              else
                asked.then(
                  (permit) => admitted(caller, permit),
                  (error: unknown) => {
                    caller.outcome =
                      error instanceof AbortError
                        ? "aborted"
                        : error instanceof ThrottleDeadlineError
                          ? "refused"
                          : "other";
                  },
                );
              break;
            }
            case "answer":
              sent.shift()?.settle(reply(200, each.level === null ? {} : left(each.level)));
              break;
            case "reject": {
              const permit = sent.shift();
              if (!permit) break;
              const wait = each.retryAfterMs ?? undefined;
              if (wait !== undefined) closedUntil = Math.max(closedUntil, story.time.now() + wait);
              permit.settle(reply(429, left(0), { retryAfterMs: wait }));
              break;
            }
            case "lose":
              sent.shift()?.settle();
              break;
            case "abort":
              callers[each.which % Math.max(1, callers.length)]?.controller.abort();
              break;
            case "pass":
              await story.pass(each.ms);
          }
          const snapshot = story.throttle.snapshot();
          expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
        }
        // From now on every request is answered at once. Nobody may be left waiting.
        for (let rounds = 0; rounds < 2_000 && callers.some(({ outcome }) => outcome === "waiting"); rounds++) {
          while (sent.length > 0) sent.shift()?.settle(reply(200, left(20)));
          await story.pass(1_000);
        }
        expect(new Set(callers.map(({ outcome }) => outcome))).not.toContain("waiting");
        expect(new Set(callers.map(({ outcome }) => outcome))).not.toContain("other");
        expect(story.throttle.snapshot().waiting).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it("no waiter starves: those who came earlier in the same standing are served earlier", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 30 }), async (gaps) => {
        const story = new Story();
        const put = request("PUT", vmUrl());
        story.call(put, reply(201, writesLeft(0)));
        const order: number[] = [];
        for (const [index, gap] of gaps.entries()) {
          void Promise.resolve(story.throttle.admit(put)).then((permit) => {
            order.push(index);
            permit.settle(reply(201, writesLeft(1)));
          });
          await story.pass(gap);
        }
        await story.time.run(() => order.length === gaps.length);
        expect(order).toEqual(gaps.map((_, index) => index));
      }),
      { numRuns: 20 },
    );
  });
});
