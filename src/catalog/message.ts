/**
 * A message as the catalog looks at it. Every index of every layer looks at the same message, and most messages are found at
 * the first look: what a look needs is made when one first asks, once for all.
 */
import { wordsOf, type Words } from "./words.js";

/** Lengths of the ends that serve as a key. Short, so that `VM '` has one too. */
const headLength = 4;
const tailLength = 6;

/** What stands for an end that is shorter: that of a template which starts or ends with a placeholder. */
export const noEnd = 0;

export class Message {
  #words: Words | undefined;
  #distinct: ReadonlySet<string> | undefined;
  #head = noEnd;
  #tail = noEnd;

  constructor(readonly text: string) {}

  get words(): Words {
    return (this.#words ??= wordsOf(this.text));
  }

  get distinctWords(): ReadonlySet<string> {
    return (this.#distinct ??= new Set(this.words.list));
  }

  get head(): number {
    return (this.#head ||= headKey(this.text));
  }

  get tail(): number {
    return (this.#tail ||= tailKey(this.text));
  }
}

export function headKey(text: string): number {
  return text.length < headLength ? noEnd : hash(text, 0, headLength);
}

export function tailKey(text: string): number {
  return text.length < tailLength ? noEnd : hash(text, text.length - tailLength, text.length);
}

/** A hash, never 0. Numbers, not strings: cutting and hashing strings would cost more than all the comparing. */
function hash(text: string, from: number, to: number): number {
  let value = 0x811c9dc5;
  for (let at = from; at < to; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value | 1;
}
