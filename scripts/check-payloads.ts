/**
 * Measures the diagnosis against payloads whose verdict is known:
 * `npm run check:payloads [-- FILE|FOLDER ...] [--misses]`. A folder stands for all its `.jsonl` files, see `payloads.ts`.
 * Without an argument our own are measured.
 */
import { readdirSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { hasCategory, hasCode, hasDisposition, isHammered, resultsOf, type Result } from "./payloads.js";

const args = process.argv.slice(2);
const showMisses = args.includes("--misses");
const given = args.filter((arg) => !arg.startsWith("--"));
const files = (given.length > 0 ? given : [fileURLToPath(new URL("../test/payloads", import.meta.url))]).flatMap(
  filesOf,
);

const measured = files.map((path) => ({ name: basename(path), results: resultsOf(path) }));
for (const { name, results } of measured) report(name, results);
if (measured.length > 1)
  report(
    "all together",
    measured.flatMap(({ results }) => results),
    false,
  );

function filesOf(path: string): string[] {
  const absolute = resolve(path);
  if (!statSync(absolute).isDirectory()) return [absolute];
  const names = readdirSync(absolute).filter((name) => name.endsWith(".jsonl"));
  return names.sort().map((name) => join(absolute, name));
}

function report(name: string, results: readonly Result[], withMisses = showMisses): void {
  const sure = results.filter(({ payload }) => payload.sure);
  const print = (label: string, right: number, of: number): void =>
    console.log(
      `  ${label.padEnd(44)} ${String(right).padStart(4)} of ${String(of).padStart(4)}  ${((100 * right) / Math.max(1, of)).toFixed(1)} %`,
    );
  console.log(`${name} (${results.length} payloads, ${sure.length} sure)`);
  print("disposition right, sure cases", sure.filter(hasDisposition).length, sure.length);
  print("disposition right, all cases", results.filter(hasDisposition).length, results.length);
  print("category right, sure cases", sure.filter(hasCategory).length, sure.length);
  print("category right, all cases", results.filter(hasCategory).length, results.length);
  print("root code right, all cases", results.filter(hasCode).length, results.length);
  const printed = results.filter(({ payload }) => payload.expect.code !== null);
  print("root code right where one is printed", printed.filter(hasCode).length, printed.length);
  print("not transient but read as transient (sure)", sure.filter(isHammered).length, sure.length);
  if (!withMisses) return;
  for (const { payload, diagnosis } of results.filter(
    (result) => !hasDisposition(result) || !hasCode(result) || !hasCategory(result),
  )) {
    const { expect } = payload;
    const { disposition, category, code, basis, rule } = diagnosis;
    console.log(
      `    ${payload.id}${payload.sure ? "" : " (unsure)"}: ${disposition}/${category}/${code ?? "-"} by ${basis} ${rule?.id ?? ""}; expected ${expect.disposition}/${expect.category}/${expect.code ?? "-"}`,
    );
    console.log(`      ${diagnosis.message.replaceAll(/\s+/g, " ").slice(0, 160)}`);
  }
}
