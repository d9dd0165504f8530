/**
 * A message as the catalog looks at it. Every index of every layer looks at the same message, and most messages are found at
 * the first look: what a look needs is made when one first asks, once for all.
 */
import { wordsApartFromAddresses, wordsOf, type Words } from "./words.js";

/** Lengths of the ends of which a key is made. Short, so that `VM '` has one too. */
const headLength = 4;
const tailLength = 6;

/** The key of an end that is shorter: that of a template which starts or ends with a placeholder. */
export const noEnd = 0;

export class Message {
  #words: Words | undefined;
  #literal: Words | undefined;
  #distinct: ReadonlySet<string> | undefined;
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

  get head(): number {
    return (this.#head ||= headKey(this.text));
  }

  get tail(): number {
    return (this.#tail ||= tailKey(this.text));
  }
}

/** A few letters of each end as a number, never 0. Cutting out and hashing strings would cost more than all the comparing. */
export function headKey(text: string): number {
  if (text.length < headLength) return noEnd;
  return 1 | (text.charCodeAt(0) << 1) | (text.charCodeAt(1) << 9) | (text.charCodeAt(3) << 17);
}

export function tailKey(text: string): number {
  const end = text.length;
  if (end < tailLength) return noEnd;
  return 1 | (text.charCodeAt(end - 2) << 1) | (text.charCodeAt(end - 4) << 9) | (text.charCodeAt(end - 6) << 17);
}
