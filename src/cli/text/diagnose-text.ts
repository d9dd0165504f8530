/** Every error in a text, diagnosed. `explain` shows each; `run` decides by the least hopeful. */
import type { Catalog } from "../../catalog/catalog.js";
import type { Diagnosis } from "../../catalog/diagnosis.js";
import { dispositions } from "../../catalog/rule.js";
import { diagnose } from "../../diagnose.js";
import { splitErrors } from "./split-errors.js";

export interface FoundError {
  readonly diagnosis: Diagnosis;
  /** How often it occurred in the text. */
  readonly occurrences: number;
}

/** One entry for each error, the same error once. What says nothing is left out, unless nothing says anything. */
export function diagnoseErrors(text: string, catalog: Catalog): readonly FoundError[] {
  const found = piecesOf(text, catalog).filter(({ diagnosis }) => tellsSomething(diagnosis));
  return found.length === 0 ? [{ diagnosis: diagnose(text, { catalog }), occurrences: 1 }] : withoutRepeats(found);
}

/**
 * The error that decides what to do about all of them: it fails again as long as one of them does. An error that nothing is
 * known about counts, since it may be the one that never passes.
 */
export function decidingError(text: string, catalog: Catalog): Diagnosis {
  const [first, ...others] = piecesOf(text, catalog).map(({ diagnosis }) => diagnosis);
  if (!first) return diagnose(text, { catalog });
  const deciding = others.reduce((one, other) => (hopeOf(other) > hopeOf(one) ? other : one), first);
  const waits = [first, ...others].map(({ retryAfterMs }) => retryAfterMs ?? 0);
  const longestMs = Math.max(...waits);
  return longestMs > (deciding.retryAfterMs ?? 0) ? { ...deciding, retryAfterMs: longestMs } : deciding;
}

const hopeOf = ({ disposition }: Diagnosis): number => dispositions.indexOf(disposition);

function piecesOf(text: string, catalog: Catalog): { readonly diagnosis: Diagnosis }[] {
  return splitErrors(text)
    .map(({ text: piece, isMarked }) => ({ diagnosis: diagnose(piece, { catalog }), isMarked }))
    .filter(({ diagnosis, isMarked }) => isMarked || tellsForSure(diagnosis));
}

const tellsSomething = ({ code, basis }: Diagnosis): boolean => code !== undefined || basis !== "none";

/** Before the first error of a log a known code counts, a word that sounds like one does not. */
const tellsForSure = ({ code, basis }: Diagnosis): boolean =>
  code !== undefined && (basis === "message" || basis === "code");

/** Tools print one error twice, once short and once in full: with one code, the message that holds the other is kept for both. */
function withoutRepeats(found: readonly { readonly diagnosis: Diagnosis }[]): FoundError[] {
  const kept: { diagnosis: Diagnosis; occurrences: number; words: string }[] = [];
  for (const { diagnosis } of found) {
    const words = wordsOf(diagnosis);
    const same = kept.find(
      (other) => sameCode(other.diagnosis, diagnosis) && (other.words.includes(words) || words.includes(other.words)),
    );
    if (!same) {
      kept.push({ diagnosis, occurrences: 1, words });
      continue;
    }
    same.occurrences += 1;
    if (words.length > same.words.length) Object.assign(same, { diagnosis, words });
  }
  return kept.map(({ diagnosis, occurrences }) => ({ diagnosis, occurrences }));
}

const sameCode = (one: Diagnosis, other: Diagnosis): boolean => one.code?.toLowerCase() === other.code?.toLowerCase();

/** Ids change from one printing to the next; the words do not. */
function wordsOf({ message }: Diagnosis): string {
  return message
    .toLowerCase()
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "id")
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}
