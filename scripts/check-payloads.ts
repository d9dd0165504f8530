/**
 * Measures the diagnosis against payloads whose verdict is known: `npm run check:payloads [-- FOLDER]`. A folder holds
 * `cases.jsonl` (`{ id, status, headers, body, expect, sure }`) and `texts.jsonl` (`{ id, text, expect, sure }`), where
 * `expect` is `{ disposition, category, code }`. Without a folder our own are measured.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { diagnose, type Diagnosis } from "../src/index.js";

interface Expectation {
  readonly disposition: string;
  readonly category: string;
  readonly code: string | null;
  readonly altDisposition?: readonly string[];
  readonly altCategory?: readonly string[];
}
interface Payload {
  readonly id: string;
  readonly status?: number | null;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly text?: string;
  readonly expect: Expectation;
  readonly sure: boolean;
}

const folder =
  process.argv[2] === undefined
    ? fileURLToPath(new URL("../test/payloads", import.meta.url))
    : resolve(process.argv[2]);
const showMisses = process.argv.includes("--misses");

for (const name of ["cases.jsonl", "texts.jsonl"]) {
  const path = join(folder, name);
  if (!existsSync(path)) continue;
  const payloads = readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as Payload);
  report(name, payloads);
}

function report(name: string, payloads: readonly Payload[]): void {
  const results = payloads.map((payload) => ({ payload, diagnosis: diagnoseOf(payload) }));
  const sure = results.filter(({ payload }) => payload.sure);
  const print = (label: string, right: number, of: number): void =>
    console.log(
      `  ${label.padEnd(44)} ${String(right).padStart(4)} of ${String(of).padStart(4)}  ${((100 * right) / Math.max(1, of)).toFixed(1)} %`,
    );
  console.log(`${name} (${payloads.length} payloads, ${sure.length} sure)`);
  print("disposition right, sure cases", sure.filter(hasDisposition).length, sure.length);
  print("disposition right, all cases", results.filter(hasDisposition).length, results.length);
  print("category right, sure cases", sure.filter(hasCategory).length, sure.length);
  print("root code right, all cases", results.filter(hasCode).length, results.length);
  const hammered = sure.filter(
    ({ payload, diagnosis }) => diagnosis.disposition === "transient" && !allowed(payload.expect).includes("transient"),
  );
  print("not transient but read as transient (sure)", hammered.length, sure.length);
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

function diagnoseOf({ status, headers, body, text }: Payload): Diagnosis {
  if (text !== undefined) return diagnose(text);
  return status === null || status === undefined
    ? diagnose(body)
    : diagnose({ status, headers: headers ?? {}, bodyAsText: JSON.stringify(body) });
}

interface Result {
  readonly payload: Payload;
  readonly diagnosis: Diagnosis;
}

function allowed({ disposition, altDisposition = [] }: Expectation): readonly string[] {
  return [disposition, ...altDisposition];
}

function hasDisposition({ payload, diagnosis }: Result): boolean {
  return allowed(payload.expect).includes(diagnosis.disposition);
}

function hasCategory({ payload, diagnosis }: Result): boolean {
  return [payload.expect.category, ...(payload.expect.altCategory ?? [])].includes(diagnosis.category);
}

function hasCode({ payload, diagnosis }: Result): boolean {
  return (diagnosis.code ?? "").toLowerCase() === (payload.expect.code ?? "").toLowerCase();
}
