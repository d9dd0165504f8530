/**
 * Starts of 100 to 10,000 machines from several processes that share nothing: `npm run bench:scale`. Virtual time, seeded.
 * `npm run bench:scale -- quick` leaves the rows with 10,000 out.
 */
import { median } from "../throttle/table.js";
import { simulate, type ScaleOutcome, type ScaleScenario, type ScaleStrategy } from "./simulation.js";
import { ours, sdkWithLimit } from "./strategies.js";

interface Row extends ScaleScenario {
  readonly target?: { readonly ratio: number; readonly p50S?: number; readonly p95S?: number; readonly reads?: number };
}

const isQuick = process.argv.includes("quick");
const counts = isQuick ? [100, 1_000] : [100, 1_000, 10_000];
const seeds = [1, 2, 3];

const rows: readonly Row[] = [
  ...counts.flatMap((operations) =>
    [1, 4, 16].map((processes): Row => {
      const isHuge = operations > 1_000;
      const noticed = isHuge ? { p50S: 10, p95S: 30 } : operations === 1_000 ? { p50S: 6, p95S: 20 } : {};
      return {
        name: `${operations} starts${isHuge ? ", 1,000 in flight" : ""}`,
        operations,
        processes,
        subscriptions: 1,
        ...(isHuge && { inFlight: 1_000 }),
        target: { ratio: isHuge ? 1.15 : 1.05, ...noticed, ...(operations >= 1_000 && { reads: 5 }) },
      };
    }),
  ),
  ...counts
    .filter((operations) => operations >= 1_000)
    .map((operations): Row => {
      return { name: `${operations} starts, 32 subscriptions`, operations, processes: 4, subscriptions: 32 };
    }),
];

const columns = [
  "done",
  "time / T*",
  "lag p50 s",
  "lag p95 s",
  "reads each",
  "rejected",
  "heap MB",
  "CPU µs",
  "target",
];
console.log(`${"".padEnd(34)}${columns.map((column) => column.padStart(11)).join("")}`);
let missed = 0;
for (const row of rows) {
  console.log(`${row.name}, ${row.processes} process${row.processes === 1 ? "" : "es"}`);
  for (const strategy of [ours, sdkWithLimit]) {
    if (!(await measured(row, strategy))) missed++;
  }
}
console.log(
  missed === 0 ? "\nAll targets are met." : `\n${missed} ${missed === 1 ? "row misses" : "rows miss"} a target.`,
);

/** @returns whether the row's target is met; one that stands beside has none */
async function measured(row: Row, strategy: ScaleStrategy): Promise<boolean> {
  const outcomes: ScaleOutcome[] = [];
  for (const seed of row.operations > 1_000 ? seeds.slice(0, 1) : seeds) {
    outcomes.push(await simulate(row, strategy, seed));
  }
  const of = (key: keyof ScaleOutcome): number => median(outcomes.map((outcome) => outcome[key]));
  const done = Math.min(...outcomes.map((outcome) => outcome.done));
  const cells = [
    done === row.operations ? "100 %" : `${done}/${row.operations}`,
    done === row.operations ? of("ratio").toFixed(3) : "–",
    (of("lagP50Ms") / 1_000).toFixed(1),
    (of("lagP95Ms") / 1_000).toFixed(1),
    of("readsEach").toFixed(1),
    of("rejected").toFixed(0),
    of("heapMb").toFixed(0),
    of("cpuUs").toFixed(0),
  ];
  const target = strategy === ours ? row.target : undefined;
  const isMet =
    target === undefined ||
    (done === row.operations &&
      of("ratio") <= target.ratio &&
      of("lagP50Ms") <= (target.p50S ?? Infinity) * 1_000 &&
      of("lagP95Ms") <= (target.p95S ?? Infinity) * 1_000 &&
      of("readsEach") <= (target.reads ?? Infinity));
  console.log(
    `  ${strategy.name.padEnd(32)}${cells.map((cell) => cell.padStart(11)).join("")}${target ? `   ${isMet ? "✓" : "✗"} ${wordsFor(target)}` : ""}`,
  );
  return isMet;
}

function wordsFor({ ratio, p50S, p95S, reads }: NonNullable<Row["target"]>): string {
  const limits = [`≤ ${ratio}`];
  if (p50S !== undefined) limits.push(`p50 ≤ ${p50S} s`);
  if (p95S !== undefined) limits.push(`p95 ≤ ${p95S} s`);
  if (reads !== undefined) limits.push(`reads ≤ ${reads}`);
  return limits.join(", ");
}
