import { expect, it } from "vitest";
import { describeSize, measureCore } from "../../scripts/core-size.js";

/** Bytes, minified and gzipped. Raise it only with a reason in the commit; `npm run size` shows which room grew. */
const limits = { total: 166_500, withRemedyAlone: 155_200, diagnose: 81_920 };

it("keeps the core within its size", async () => {
  const size = await measureCore();
  expect(size.total, describeSize(size)).toBeLessThan(limits.total);
  expect(size.withRemedyAlone, describeSize(size)).toBeLessThan(limits.withRemedyAlone);
  expect(size.diagnose, describeSize(size)).toBeLessThanOrEqual(limits.diagnose);
}, 60_000);
