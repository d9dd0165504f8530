/**
 * Payloads whose verdict is known, of the shapes that services answer in and tools print. Each is labelled by what would make the
 * request pass, not by what the catalog says; some are read wrongly. What is asserted are the shares that must be right:
 * `npm run check:payloads -- --misses` shows the rest.
 */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { hasDisposition, isHammered, resultsOf, type Result } from "../../scripts/payloads.js";

/** To the letter, since these are ours. */
const hasCode = ({ payload, diagnosis }: Result): boolean => (diagnosis.code ?? null) === payload.expect.code;
const share = (results: readonly Result[], holds: (result: Result) => boolean): number =>
  results.filter(holds).length / results.length;

describe.each([
  ["cases.jsonl", { least: 115, disposition: 0.95, code: 0.97 }],
  ["texts.jsonl", { least: 60, disposition: 0.92, code: 0.9 }],
])("%s", (file, { least, disposition, code }) => {
  const results = resultsOf(fileURLToPath(new URL(file, import.meta.url)));
  const sure = results.filter(({ payload }) => payload.sure);

  it("is not empty, and no id stands twice", () => {
    expect(results.length).toBeGreaterThanOrEqual(least);
    expect(new Set(results.map(({ payload }) => payload.id)).size).toBe(results.length);
  });

  it("is read rightly", () => {
    expect(share(sure, hasDisposition)).toBeGreaterThanOrEqual(disposition);
  });

  it("has its root found", () => {
    expect(share(results, hasCode)).toBeGreaterThanOrEqual(code);
  });

  it("nothing lasting is taken for something that passes", () => {
    expect(sure.filter(isHammered).map(({ payload }) => payload.id)).toEqual([]);
  });
});
