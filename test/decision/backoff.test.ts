/** The waits when the service says none: bounded, growing, and never all at once. */
import fc from "../support/properties.js";
import { describe, expect, it } from "vitest";
import { backoffMs, backoffs, knownBackoffMs } from "../../src/decision/backoff.js";
import type { Category } from "azure-remedy";

const categories = Object.keys(backoffs) as Category[];
const category = fc.constantFrom(...categories);
const chance = fc.double({ min: 0, max: 0.999_999, noNaN: true });

describe("backoff", () => {
  it.each(categories)("of %s doubles from its first wait to its cap", (name) => {
    const { baseMs, maxMs } = backoffs[name];
    expect(baseMs).toBeGreaterThan(0);
    expect(maxMs).toBeGreaterThanOrEqual(baseMs);
    const waits = Array.from({ length: 12 }, (_, retry) => backoffMs(name, retry, 0));
    expect(waits).toEqual(waits.map((_, retry) => Math.min(baseMs * 2 ** retry, maxMs)));
  });

  it("is slow where a resource is held, and quick where a platform stumbles", () => {
    expect(backoffs.conflict.baseMs).toBeGreaterThanOrEqual(5_000);
    expect(backoffs.platform.baseMs).toBeLessThanOrEqual(1_000);
    expect(backoffs.capacity.maxMs).toBeGreaterThanOrEqual(5 * 60_000);
  });

  it("stays between half of the wait and the wait, whatever chance and however often", () => {
    fc.assert(
      fc.property(category, fc.integer({ min: -5, max: 1e6 }), chance, (name, retry, random) => {
        const whole = backoffMs(name, retry, 0);
        const wait = backoffMs(name, retry, random);
        expect(Number.isInteger(wait)).toBe(true);
        expect(wait).toBeGreaterThanOrEqual(Math.floor(whole / 2));
        expect(wait).toBeLessThanOrEqual(whole);
        expect(whole).toBeLessThanOrEqual(backoffs[name].maxMs);
      }),
    );
  });

  it("from a known wait is never shorter than it, and at most a tenth longer than it grows", () => {
    fc.assert(
      fc.property(fc.nat(3_600_000), category, fc.nat(1_000), chance, (knownMs, name, retry, random) => {
        const wait = knownBackoffMs(knownMs, name, retry, random);
        const most = Math.max(knownMs, backoffs[name].maxMs);
        expect(wait).toBeGreaterThanOrEqual(knownMs);
        expect(wait).toBeLessThanOrEqual(Math.ceil(most * 1.1));
      }),
    );
  });
});
