/** Prints the race: one line for each contestant, then one for each trouble. */
import type { Result } from "./race.js";
import { troubles, type Machine } from "./troubles.js";

const nameWidth = 48;
const width = 14;

const columns: readonly (readonly [string, string, (result: Result, possible: number) => string])[] = [
  ["ended", "well", ({ well }, possible) => `${well}/${possible}`],
  ["of what", "could", ({ well }, possible) => percent(well, possible)],
  ["told failed,", "is there", ({ falseAlarms }) => String(falseAlarms)],
  ["told well,", "is not", ({ falseComfort }) => String(falseComfort)],
  ["told", "unknown", ({ unknown }) => String(unknown)],
  ["requests", "sent", ({ requests }) => String(requests)],
  ["operations", "begun", ({ operations }) => String(operations)],
  ["all done", "after", ({ elapsedMs }) => `${Math.round(elapsedMs / 1_000)} s`],
  ["median", "create", ({ medianMs }) => `${(medianMs / 1_000).toFixed(1)} s`],
];

/** @param possible how many machines could end well */
export function printResults(results: ReadonlyMap<string, Result>, possible: number): void {
  console.log();
  for (const line of [0, 1] as const) console.log(row("", ...columns.map((column) => column[line])));
  for (const [name, result] of results) console.log(row(name, ...columns.map(([, , text]) => text(result, possible))));
}

/** How many of the machines with a fault succeeded. A machine with two counts for both. */
export function printTroubles(results: ReadonlyMap<string, Result>, machines: readonly Machine[]): void {
  console.log(`\n${row("ended well, of those that met", "the SDK", "the loop", "remedy", "with sizes")}`);
  const line = (title: string, struck: readonly Machine[]): void => {
    if (struck.length === 0) return;
    const cells = [...results.values()].map(
      ({ served }) => `${struck.filter((machine) => served.has(machine)).length}/${struck.length}`,
    );
    console.log(row(title, ...cells));
  };
  const meeting = (title: string): Machine[] =>
    machines.filter((machine) => machine.troubles.some((trouble) => trouble.title === title));
  line(
    "nothing but the limit of writes",
    machines.filter((machine) => machine.troubles.length === 0),
  );
  for (const { title } of troubles) line(title, meeting(title));
}

const row = (name: string, ...cells: readonly string[]): string =>
  `  ${name.padEnd(nameWidth)}${cells.map((cell) => cell.padStart(width)).join("")}`;

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;
