/**
 * A message as the catalog sees it. Every index of every layer reads the same message, and most messages are found at
 * once, so whatever an index needs is computed on first use, once for all.
 */
import { wordsApartFromAddresses, wordsOf, type Words } from "./words.js";

/** Lengths of the ends used as keys. Short, so that `VM '` has one too. */
const headLength = 4;
const tailLength = 6;

/** The key of a shorter end: that of a template that starts or ends with a placeholder. */
export const noEnd = 0;

export class Message {
  #words: Words | undefined;
  #literal: Words | undefined;
  #distinct: ReadonlySet<string> | undefined;
  #hashes: ReadonlySet<number> | undefined;
  #head = noEnd;
  #tail = noEnd;

  constructor(readonly text: string) {}

  get words(): Words {
    return (this.#words ??= wordsOf(this.text));
  }

  /** The words that may be those of a template. */
  get literalWords(): Words {
    return (this.#literal ??= wordsApartFromAddresses(this.text, this.words));
  }

  get distinctWords(): ReadonlySet<string> {
    return (this.#distinct ??= new Set(this.literalWords.list));
  }

  /** Of each word, so that words can be compared without being cut out. */
  get wordHashes(): ReadonlySet<number> {
    return (this.#hashes ??= new Set(this.words.list.map(hashOf)));
  }

  get head(): number {
    return (this.#head ||= headKey(this.text));
  }

  get tail(): number {
    return (this.#tail ||= tailKey(this.text));
  }
}

/**
 * For each ASCII character, the number that enters the hash; 0 for characters outside words. Capitals count as small
 * letters.
 */
export const hashedCharacters: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) =>
  /\w/.test(String.fromCharCode(code)) ? String.fromCharCode(code).toLowerCase().charCodeAt(0) : 0,
);

/** Two words may have the same hash. Words with non-ASCII characters are not distinguished. */
export function hashOf(word: string): number {
  let hash = 0;
  for (let at = 0; at < word.length; at++) hash = (hash * 31 + (hashedCharacters[word.charCodeAt(at)] ?? 1)) | 0;
  return hash;
}

/**
 * A few letters of each end as a number, never 0. Cutting out and hashing strings would cost more than the comparison.
 */
export function headKey(text: string): number {
  if (text.length < headLength) return noEnd;
  return 1 | (text.charCodeAt(0) << 1) | (text.charCodeAt(1) << 9) | (text.charCodeAt(3) << 17);
}

export function tailKey(text: string): number {
  const end = text.length;
  if (end < tailLength) return noEnd;
  return 1 | (text.charCodeAt(end - 2) << 1) | (text.charCodeAt(end - 4) << 9) | (text.charCodeAt(end - 6) << 17);
}
