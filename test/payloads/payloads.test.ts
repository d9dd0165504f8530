/**
 * Payloads whose verdict is known, of the shapes that services answer in and tools print. Each is labelled by what would make the
 * request pass, not by what the catalog says; some are read wrongly. What is asserted are the shares that must be right:
 * `npm run check:payloads -- --misses` shows the rest.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { diagnose, type Diagnosis } from "../../src/index.js";

interface Payload {
  readonly id: string;
  readonly status?: number | null;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly text?: string;
  readonly expect: {
    readonly disposition: string;
    readonly code: string | null;
    /** Also right, where people may differ. */
    readonly altDisposition?: readonly string[];
  };
  /** False where people who know Azure would differ. */
  readonly sure: boolean;
}

interface Result {
  readonly payload: Payload;
  readonly diagnosis: Diagnosis;
}

function resultsOf(file: string): Result[] {
  return readFileSync(new URL(file, import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const payload = JSON.parse(line) as Payload;
      return { payload, diagnosis: diagnose(inputOf(payload)) };
    });
}

function inputOf({ status, headers, body, text }: Payload): unknown {
  if (text !== undefined) return text;
  return typeof status === "number" ? { status, headers: headers ?? {}, bodyAsText: JSON.stringify(body) } : body;
}

const allowed = ({ expect: { disposition, altDisposition = [] } }: Payload): readonly string[] => [
  disposition,
  ...altDisposition,
];
const isRight = ({ payload, diagnosis }: Result): boolean => allowed(payload).includes(diagnosis.disposition);
const hasCode = ({ payload, diagnosis }: Result): boolean => (diagnosis.code ?? null) === payload.expect.code;
const share = (results: readonly Result[], holds: (result: Result) => boolean): number =>
  results.filter(holds).length / results.length;

describe.each([
  ["cases.jsonl", { least: 115, disposition: 0.95, code: 0.97 }],
  ["texts.jsonl", { least: 60, disposition: 0.92, code: 0.9 }],
])("%s", (file, { least, disposition, code }) => {
  const results = resultsOf(file);
  const sure = results.filter(({ payload }) => payload.sure);

  it("is not empty, and no id stands twice", () => {
    expect(results.length).toBeGreaterThanOrEqual(least);
    expect(new Set(results.map(({ payload }) => payload.id)).size).toBe(results.length);
  });

  it("is read rightly", () => {
    expect(share(sure, isRight)).toBeGreaterThanOrEqual(disposition);
  });

  it("has its root found", () => {
    expect(share(results, hasCode)).toBeGreaterThanOrEqual(code);
  });

  it("nothing lasting is taken for something that passes", () => {
    const hammered = sure.filter(
      ({ payload, diagnosis }) => diagnosis.disposition === "transient" && !allowed(payload).includes("transient"),
    );
    expect(hammered.map(({ payload }) => payload.id)).toEqual([]);
  });
});
