import { describe, expect, it } from "vitest";
import { measurePolls } from "../../bench/throttle/polls.js";
import { run, type Scenario } from "../../bench/throttle/scenario.js";
import { furtherScenarios, mainScenarios, reads, writes } from "../../bench/throttle/scenarios.js";
import { ownEstimates } from "../../bench/throttle/strategies/throttle.js";
import { documentedLimits } from "../../src/throttle/limits.js";

/** One seed of each row that has a target; `npm run bench:throttle` takes the median of many. */
const rows = [...mainScenarios, ...furtherScenarios].filter(({ target }) => target !== undefined);
/** A single seed may lie beside the median. */
const slack = { ratio: 1.03, rejected: 5 };
/** Sixteen processes without headers learn from rejections alone, one for each of them at least: see the bench. */
const known = (row: Scenario): boolean => row.name === "no headers at all" && row.processes === 16;

it("measures against the documented limits, which the targets assume", () => {
  expect(writes).toMatchObject(documentedLimits.write);
  expect(reads).toMatchObject(documentedLimits.read);
});

describe("no channel between processes", () => {
  it.each(rows.filter((row) => !known(row)).map((row) => [row.name, row.processes, row] as const))(
    "%s, %i process(es)",
    async (_, __, row) => {
      const outcome = await run(row, ownEstimates, 7);
      const { ratio = Infinity, rejected = Infinity } = row.target ?? {};
      expect(outcome.served).toBe(row.calls);
      expect(outcome.sentWhileClosed).toBe(0);
      expect(outcome.rejected).toBeLessThanOrEqual(rejected + slack.rejected);
      expect(outcome.ratio).toBeLessThanOrEqual(ratio * slack.ratio);
    },
  );
});

describe("polls of many operations", () => {
  it.each([
    [10, 3_000, 25],
    [200, 5_000, 14],
  ])("%i: all ends are noticed, without a rejection", async (operations, lagMs, reads) => {
    const { lost, rejected, meanLagMs, readsEach } = await measurePolls(operations, 7);
    expect({ lost, rejected }).toEqual({ lost: 0, rejected: 0 });
    expect(meanLagMs).toBeLessThan(lagMs);
    expect(readsEach).toBeLessThan(reads);
  });
});
