/** Prints outcomes: the median over seeds (the worst for what is served or sent into a closed window), the targets beside them, and a mark. */
import type { Outcome, Scenario, Strategy } from "./scenario.js";

const columns = ["served", "rejected", "time / T*", "p50 s", "p99 s", "fairness", "in closed", "target"] as const;
const nameWidth = 30;
const width = 11;

export function printHeading(title: string): void {
  console.log(`\n${title}\n${"".padEnd(nameWidth)}${columns.map((column) => column.padStart(width)).join("")}`);
}

export function printScenario({ name, processes }: Scenario): void {
  console.log(`${name}, ${processes} process${processes === 1 ? "" : "es"}`);
}

/** @param target what must be shown by this strategy; undefined for one that stands beside */
export function printOutcome(
  strategy: Strategy,
  scenario: Scenario,
  outcomes: readonly Outcome[],
  target: Scenario["target"],
): boolean {
  const served = Math.min(...outcomes.map((outcome) => outcome.served));
  const rejected = median(outcomes.map((outcome) => outcome.rejected));
  const all = served === scenario.calls;
  const ratio = median(outcomes.map((outcome) => outcome.ratio));
  const cells = [
    all ? "100 %" : `${served}/${scenario.calls}`,
    rejected.toFixed(0),
    all ? ratio.toFixed(3) : outcomes.some(({ cutOff }) => cutOff) ? "cut at 20" : "–",
    seconds(median(outcomes.map((outcome) => outcome.p50Ms))),
    seconds(median(outcomes.map((outcome) => outcome.p99Ms))),
    median(outcomes.map((outcome) => outcome.fairness)).toFixed(2),
    Math.max(...outcomes.map((outcome) => outcome.sentWhileClosed)).toFixed(0),
  ].map((cell) => cell.padStart(width));
  const closed = outcomes.every((outcome) => outcome.sentWhileClosed === 0);
  const passes = !target || (all && closed && ratio <= target.ratio && rejected <= target.rejected);
  const mark = target
    ? `   ${passes ? "✓" : "✗"} ≤ ${target.ratio}, ≤ ${target.rejected === Infinity ? "∞" : target.rejected}`
    : "";
  console.log(`  ${strategy.name.padEnd(nameWidth - 2)}${cells.join("")}${mark}`);
  return passes;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

const seconds = (ms: number): string => (ms / 1_000).toFixed(1);
