/** The allowance that all retries of a client draw on. */
import fc from "../support/properties.js";
import { describe, expect, it } from "vitest";
import { RetryAllowance } from "../../src/decision/allowance.js";

const take = (allowance: RetryAllowance, count: number, at: number): number =>
  Array.from({ length: count }, () => allowance.take(at)).filter(Boolean).length;

describe("the allowance", () => {
  it("lets a hundred retries go at once, and no more", () => {
    const allowance = new RetryAllowance();
    expect(take(allowance, 300, 0)).toBe(100);
    expect(allowance.isLeft(0)).toBe(false);
  });

  it("gains one with each second", () => {
    const allowance = new RetryAllowance();
    take(allowance, 100, 0);
    expect(allowance.isLeft(999)).toBe(false);
    expect(take(allowance, 5, 3_000)).toBe(3);
  });

  it("gains one with ten successes", () => {
    const allowance = new RetryAllowance();
    take(allowance, 100, 0);
    for (let call = 0; call < 25; call++) allowance.succeeded();
    expect(take(allowance, 5, 0)).toBe(2);
  });

  it("is never more than full", () => {
    const allowance = new RetryAllowance();
    for (let call = 0; call < 5_000; call++) allowance.succeeded();
    expect(take(allowance, 300, 1e12)).toBe(100);
  });

  it("gives nothing for a clock that goes backwards", () => {
    const allowance = new RetryAllowance();
    take(allowance, 100, 1_000_000);
    expect(take(allowance, 5, 0)).toBe(0);
  });

  it("lets at most a hundred go, one for each second, and one for ten successes", () => {
    const step = fc.record({ afterMs: fc.nat(3_000), succeeded: fc.nat(3), wanted: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const allowance = new RetryAllowance();
        let [now, taken, successes] = [0, 0, 0];
        for (const { afterMs, succeeded, wanted } of steps) {
          now += afterMs;
          for (let call = 0; call < succeeded; call++) allowance.succeeded();
          successes += succeeded;
          taken += take(allowance, wanted, now);
          expect(taken).toBeLessThanOrEqual(100 + now / 1_000 + successes / 10 + 1e-6);
        }
      }),
    );
  });
});
