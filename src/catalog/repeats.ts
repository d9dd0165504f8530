/** Finds out which of several diagnoses of one text say something, and which are the same failure printed twice. */
import type { Diagnosis } from "./diagnosis.js";

export const saysSomething = ({ code, basis }: Diagnosis): boolean => code !== undefined || basis !== "none";

/**
 * Tools print one failure twice, once short and once in full: with the same code, the message that contains the other
 * is kept for both. The order is that of the first occurrences.
 */
export function withoutRepeats<Found extends { readonly diagnosis: Diagnosis }>(
  found: readonly Found[],
): (Found & { readonly occurrences: number })[] {
  const kept: { one: Found; occurrences: number; words: string }[] = [];
  for (const one of found) {
    const words = wordsOf(one.diagnosis);
    const same = kept.find(
      (other) =>
        sameCode(other.one.diagnosis, one.diagnosis) && (other.words.includes(words) || words.includes(other.words)),
    );
    if (!same) {
      kept.push({ one, occurrences: 1, words });
      continue;
    }
    same.occurrences += 1;
    if (words.length > same.words.length) Object.assign(same, { one, words });
  }
  return kept.map(({ one, occurrences }) => ({ ...one, occurrences }));
}

const sameCode = (one: Diagnosis, other: Diagnosis): boolean => one.code?.toLowerCase() === other.code?.toLowerCase();

/** Ids differ from one print to the next; the words do not. */
function wordsOf({ message }: Diagnosis): string {
  return message
    .toLowerCase()
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "id")
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}
