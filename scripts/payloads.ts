/**
 * Payloads whose verdict is known, and how a diagnosis of them is judged. `cases.jsonl` holds answers
 * (`{ id, status, headers, body, expect, sure }`), `texts.jsonl` what tools printed (`{ id, text, expect, sure }`).
 */
import { readFileSync } from "node:fs";
import { diagnose, type Diagnosis } from "../src/index.js";

export interface Payload {
  readonly id: string;
  readonly status?: number | null;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly text?: string;
  readonly expect: {
    readonly disposition: string;
    readonly category: string;
    readonly code: string | null;
    /** Also right, where people may differ. */
    readonly altDisposition?: readonly string[];
    readonly altCategory?: readonly string[];
    readonly altCode?: readonly string[];
  };
  /** False where people who know Azure would differ. */
  readonly sure: boolean;
}

export interface Result {
  readonly payload: Payload;
  readonly diagnosis: Diagnosis;
}

/** The payloads of a file. */
export function payloadsOf(path: string): Payload[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as Payload);
}

/** Diagnoses every payload of a file. */
export function resultsOf(path: string): Result[] {
  return payloadsOf(path).map((payload) => ({ payload, diagnosis: diagnose(inputOf(payload)) }));
}

/** What the payload was: a text, a response, or a body alone. */
export function inputOf({ status, headers, body, text }: Payload): unknown {
  if (text !== undefined) return text;
  return typeof status === "number" ? { status, headers: headers ?? {}, bodyAsText: JSON.stringify(body) } : body;
}

const dispositionsOf = ({ expect: { disposition, altDisposition = [] } }: Payload): readonly string[] => [
  disposition,
  ...altDisposition,
];

export const hasDisposition = ({ payload, diagnosis }: Result): boolean =>
  dispositionsOf(payload).includes(diagnosis.disposition);

export const hasCategory = ({ payload: { expect }, diagnosis }: Result): boolean =>
  [expect.category, ...(expect.altCategory ?? [])].includes(diagnosis.category);

/** Codes compare without regard to case. */
export const hasCode = ({ payload: { expect }, diagnosis }: Result): boolean =>
  [expect.code, ...(expect.altCode ?? [])]
    .map((code) => (code ?? "").toLowerCase())
    .includes((diagnosis.code ?? "").toLowerCase());

/** Something lasting was taken for something that passes: it would be sent again and again. */
export const isHammered = ({ payload, diagnosis }: Result): boolean =>
  diagnosis.disposition === "transient" && !dispositionsOf(payload).includes("transient");
