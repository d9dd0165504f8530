/**
 * 1,000 creates in a region whose capacity comes and goes: `npm run bench:capacity`. Virtual time, seeded; the SDK's real client
 * against the emulator. `npm run bench:capacity -- quick` makes 300 in one region.
 */
import { contestants } from "./contestants.js";
import { race, type Result } from "./race.js";
import type { Region } from "./workload.js";

const isQuick = process.argv.includes("quick");
const count = isQuick ? 300 : 1_000;
const seeds = [1];
const minuteMs = 60_000;

const regions: readonly Region[] = [
  { name: "roomy: pools change by the hour, 30 % are empty", everyMs: 60 * minuteMs, shortage: 0.3, vCPUs: 96 },
  { name: "tight: the same with a third less room", everyMs: 60 * minuteMs, shortage: 0.3, vCPUs: 64 },
];

/** How near `plan: "first"` has to come to the oracle. */
const target = 0.9;

const columns: readonly (readonly [string, (result: Result) => string])[] = [
  ["made", ({ made }) => percent(made)],
  ["at first try", ({ first }) => percent(first)],
  ["tries each", ({ attempts }) => attempts.toFixed(2)],
  ["median s", ({ medianMs }) => (medianMs / 1_000).toFixed(0)],
  ["p95 s", ({ p95Ms }) => (p95Ms / 1_000).toFixed(0)],
  ["requests", ({ requests }) => requests.toFixed(0)],
];

console.log(row("", ...columns.map(([title]) => title)));
let missed = 0;
for (const region of isQuick ? regions.slice(0, 1) : regions) {
  console.log(`\n${region.name}`);
  const firsts = new Map<string, number>();
  for (const contestant of contestants) {
    const results: Result[] = [];
    for (const seed of seeds) results.push(await race(contestant, region, count, seed));
    const mean = meanOf(results);
    firsts.set(contestant.name, mean.first);
    console.log(row(contestant.name, ...columns.map(([, text]) => text(mean))));
  }
  const reached = (firsts.get('fallback, plan: "first"') ?? 0) / (firsts.get("an oracle") ?? NaN);
  const isMet = reached >= target;
  if (!isMet) missed++;
  console.log(
    `  ${isMet ? "✓" : "✗"} plan: "first" reaches ${(100 * reached).toFixed(1)} % of the oracle's first tries (target ≥ ${100 * target} %)`,
  );
}
console.log(missed === 0 ? "\nAll targets are met." : `\n${missed} missed.`);

function meanOf(results: readonly Result[]): Result {
  const of = (key: keyof Result): number => results.reduce((sum, result) => sum + result[key], 0) / results.length;
  return {
    made: of("made"),
    first: of("first"),
    attempts: of("attempts"),
    medianMs: of("medianMs"),
    p95Ms: of("p95Ms"),
    requests: of("requests"),
  };
}

function percent(part: number): string {
  return `${((100 * part) / count).toFixed(1)} %`;
}

function row(name: string, ...cells: readonly string[]): string {
  return `  ${name.padEnd(30)}${cells.map((cell) => cell.padStart(14)).join("")}`;
}
