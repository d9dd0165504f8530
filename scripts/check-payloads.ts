/**
 * Measures the diagnosis against payloads whose verdict is known: `npm run check:payloads [-- FOLDER]`. A folder holds
 * `cases.jsonl` and `texts.jsonl`, see `payloads.ts`. Without a folder our own are measured.
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { hasCategory, hasCode, hasDisposition, isHammered, resultsOf, type Result } from "./payloads.js";

const folder =
  process.argv[2] === undefined
    ? fileURLToPath(new URL("../test/payloads", import.meta.url))
    : resolve(process.argv[2]);
const showMisses = process.argv.includes("--misses");

for (const name of ["cases.jsonl", "texts.jsonl"]) {
  const path = join(folder, name);
  if (!existsSync(path)) continue;
  report(name, resultsOf(path));
}

function report(name: string, results: readonly Result[]): void {
  const sure = results.filter(({ payload }) => payload.sure);
  const print = (label: string, right: number, of: number): void =>
    console.log(
      `  ${label.padEnd(44)} ${String(right).padStart(4)} of ${String(of).padStart(4)}  ${((100 * right) / Math.max(1, of)).toFixed(1)} %`,
    );
  console.log(`${name} (${results.length} payloads, ${sure.length} sure)`);
  print("disposition right, sure cases", sure.filter(hasDisposition).length, sure.length);
  print("disposition right, all cases", results.filter(hasDisposition).length, results.length);
  print("category right, sure cases", sure.filter(hasCategory).length, sure.length);
  print("root code right, all cases", results.filter(hasCode).length, results.length);
  print("not transient but read as transient (sure)", sure.filter(isHammered).length, sure.length);
  if (!showMisses) return;
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
