/**
 * Finds the template that a message was made from. Two roads: to the letter, by the message's first and last characters,
 * which costs the same however many templates there are; and closely, by the rarest words, for wording that drifted.
 */
import {
  compileTemplate,
  readClosely,
  readExactly,
  toWordTemplate,
  wordsOfTemplate,
  type Fit,
  type Parameters,
  type Template,
  type WordTemplate,
} from "./template.js";
import type { Rule } from "./rule.js";
import type { Words } from "./words.js";

export interface Match {
  readonly rule: Rule;
  readonly parameters: Parameters;
}

export interface CloseMatch extends Match {
  readonly fit: Fit;
}

/** Lengths of the message's ends that serve as a key. Short, so that `VM '` has one too. */
const headLength = 4;
const tailLength = 6;

/** So few templates are compared sooner than looked up. */
const fewTemplates = 3;

/** Aligning costs tens of microseconds: only this many candidates, those that share the rarest words, are aligned. */
const mostAligned = 5;
/** Postings read for one message. A catalog a hundred times as large must not make a message dearer. */
const mostPostings = 400;

/** What makes a fit good enough. */
export interface Acceptance {
  /** The recall below which nothing is accepted. */
  readonly leastRecall: number;
  readonly accepts: (fit: Fit, shape: WordTemplate) => boolean;
}

export class TemplateIndex {
  /** By the characters at both ends of the template, see {@link endsKey}. */
  readonly #byEnds = new Map<number, Template[]>();
  readonly #shapes: WordTemplate[] = [];
  readonly #postings = new Map<string, number[]>();
  /** Words are only indexed when a message was not found to the letter: most never need it. */
  #indexed = false;
  readonly #templates: Template[] = [];
  /** Weight that each template shares with the message at hand; all zero between messages. */
  #shared = new Float64Array();

  constructor(rules: readonly Rule[]) {
    for (const rule of rules) {
      for (const text of [rule.message, rule.messageZh]) {
        if (text !== undefined) this.#templates.push(compileTemplate(rule, text));
      }
    }
    // "Blob {0} for disk '{1}' …" reads "Blob {0} …" too, with a value too long: of two that fit the more literal is asked first.
    this.#templates.sort((left, right) => literalLength(right) - literalLength(left));
    for (const template of this.#templates) {
      const { literals } = template;
      const key = endsKey(headKey(literals[0] ?? ""), tailKey(literals[literals.length - 1] ?? ""));
      const bucket = this.#byEnds.get(key);
      if (bucket) bucket.push(template);
      else this.#byEnds.set(key, [template]);
    }
  }

  get size(): number {
    return this.#templates.length;
  }

  findExactly(message: string): Match | undefined {
    if (this.#templates.length <= fewTemplates) return readFirst(this.#templates, message);
    const head = headKey(message);
    const tail = tailKey(message);
    return (
      readFirst(this.#byEnds.get(endsKey(head, tail)), message) ??
      readFirst(this.#byEnds.get(endsKey(head, noEnd)), message) ??
      readFirst(this.#byEnds.get(endsKey(noEnd, tail)), message) ??
      readFirst(this.#byEnds.get(endsKey(noEnd, noEnd)), message)
    );
  }

  /** The template that fits best, by recall and coverage, or nothing when none is accepted. */
  findClosely(message: Words, { leastRecall, accepts }: Acceptance): CloseMatch | undefined {
    if (!this.#indexed) this.#indexWords();
    const words = new Set(message.list);
    let best: CloseMatch | undefined;
    for (const shape of this.#candidates(words)) {
      // Aligning can only find fewer words than there are in any order: most candidates go without it.
      if (mostRecall(shape, words) < leastRecall) continue;
      const fit = readClosely(shape, message);
      if (accepts(fit, shape) && (!best || isCloser(fit, best.fit))) {
        best = { rule: shape.template.rule, parameters: fit.parameters, fit };
      }
    }
    return best;
  }

  #indexWords(): void {
    const cut = this.#templates.map(wordsOfTemplate);
    cut.forEach(({ words }, id) => {
      for (const word of new Set(words)) {
        const postings = this.#postings.get(word);
        if (postings) postings.push(id);
        else this.#postings.set(word, [id]);
      }
    });
    const weightOf = (word: string): number => this.#weight(this.#postings.get(word)?.length ?? 0);
    this.#templates.forEach((template, id) => {
      const { words, gaps } = cut[id] ?? { words: [], gaps: [] };
      this.#shapes.push(toWordTemplate(template, words, gaps, weightOf));
    });
    this.#shared = new Float64Array(this.#templates.length);
    this.#indexed = true;
  }

  /** Rare words tell templates apart: `deallocated` weighs more than `the`. */
  #weight(occurrences: number): number {
    return Math.log2(2 + this.#templates.length / (1 + occurrences));
  }

  /** The few templates that share the most weight with the message, by its rarest words. */
  #candidates(words: ReadonlySet<string>): readonly WordTemplate[] {
    const known: (readonly number[])[] = [];
    for (const word of words) {
      const postings = this.#postings.get(word);
      if (postings) known.push(postings);
    }
    known.sort((left, right) => left.length - right.length);

    const found: number[] = [];
    let read = 0;
    for (const postings of known) {
      const weight = this.#weight(postings.length);
      for (const id of postings) {
        if (this.#shared[id] === 0) found.push(id);
        this.#shared[id] = (this.#shared[id] ?? 0) + weight;
        if (++read >= mostPostings) return this.#best(found);
      }
    }
    return this.#best(found);
  }

  /** The best of those found, whose shared weights are cleared again. */
  #best(found: readonly number[]): readonly WordTemplate[] {
    const best: { shape: WordTemplate; score: number }[] = [];
    for (const id of found) {
      const shape = this.#shapes[id];
      const weight = this.#shared[id] ?? 0;
      this.#shared[id] = 0;
      if (!shape) continue;
      const score = weight / Math.sqrt(shape.words.length);
      if (best.length === mostAligned && score <= (best[mostAligned - 1]?.score ?? 0)) continue;
      let at = best.length === mostAligned ? mostAligned - 1 : best.length;
      while (at > 0 && (best[at - 1]?.score ?? 0) < score) {
        const moved = best[at - 1];
        if (moved) best[at] = moved;
        at -= 1;
      }
      best[at] = { shape, score };
    }
    return best.map(({ shape }) => shape);
  }
}

/** The recall of a message that had all its words in the template's order. */
function mostRecall({ words, weights, totalWeight }: WordTemplate, message: ReadonlySet<string>): number {
  let weight = 0;
  for (let index = 0; index < words.length; index++) {
    if (message.has(words[index] ?? "")) weight += weights[index] ?? 0;
  }
  return totalWeight === 0 ? 0 : weight / totalWeight;
}

/** Of two that fit alike, the one that explains more by its own words and less by its placeholders. */
function isCloser(left: Fit, right: Fit): boolean {
  const difference = left.recall * 0.7 + left.coverage * 0.3 - (right.recall * 0.7 + right.coverage * 0.3);
  return Math.abs(difference) < 0.01 ? left.matched > right.matched : difference > 0;
}

function literalLength({ literals }: Template): number {
  return literals.reduce((sum, literal) => sum + literal.length, 0);
}

function readFirst(templates: readonly Template[] | undefined, message: string): Match | undefined {
  if (!templates) return undefined;
  for (const template of templates) {
    const parameters = readExactly(template, message);
    if (parameters) return { rule: template.rule, parameters };
  }
  return undefined;
}

/** Ends shorter than the key's length (a template that starts or ends with a placeholder) share the key of no end. */
const noEnd = 0;

function headKey(text: string): number {
  return text.length < headLength ? noEnd : hash(text, 0, headLength);
}

function tailKey(text: string): number {
  return text.length < tailLength ? noEnd : hash(text, text.length - tailLength, text.length);
}

/** Numbers, not strings: cutting and hashing four strings for each message would cost more than all the comparing. */
const endsKey = (head: number, tail: number): number => (Math.imul(head, 31) ^ tail) >>> 2;

/** A hash, never 0. Templates that collide share a bucket, and are compared like all in a bucket. */
function hash(text: string, from: number, to: number): number {
  let value = 0x811c9dc5;
  for (let at = from; at < to; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value | 1;
}
