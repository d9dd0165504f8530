/**
 * Finds the template that a message was made from. Two roads: to the letter, by the message's first and last characters,
 * which costs the same however many templates there are; and closely, by the rarest words, for wording that drifted.
 */
import {
  compileTemplate,
  readClosely,
  readExactly,
  toWordTemplate,
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

/** Aligning costs tens of microseconds: only this many candidates, those that share the rarest words, are aligned. */
const mostAligned = 6;
/** Postings read for one message. A catalog a hundred times as large must not make a message dearer. */
const mostPostings = 600;

export class TemplateIndex {
  readonly #byEnds = new Map<string, Template[]>();
  readonly #shapes: WordTemplate[] = [];
  readonly #postings = new Map<string, number[]>();
  /** Words are only indexed when a message was not found to the letter: most never need it. */
  #indexed = false;
  readonly #templates: Template[] = [];

  constructor(rules: readonly Rule[]) {
    for (const rule of rules) {
      for (const text of [rule.message, rule.messageZh]) {
        if (text !== undefined) this.#templates.push(compileTemplate(rule, text));
      }
    }
    // "Blob {0} for disk '{1}' …" reads "Blob {0} …" too, with a value too long: of two that fit the more literal is asked first.
    this.#templates.sort((left, right) => literalLength(right) - literalLength(left));
    for (const template of this.#templates) {
      const key = endsKey(template.literals[0] ?? "", template.literals[template.literals.length - 1] ?? "");
      const bucket = this.#byEnds.get(key);
      if (bucket) bucket.push(template);
      else this.#byEnds.set(key, [template]);
    }
  }

  get size(): number {
    return this.#templates.length;
  }

  findExactly(message: string): Match | undefined {
    const head = message.slice(0, headLength);
    const tail = message.slice(-tailLength);
    return (
      this.#readBucket(endsKey(head, tail), message) ??
      this.#readBucket(endsKey(head, ""), message) ??
      this.#readBucket(endsKey("", tail), message) ??
      this.#readBucket(endsKey("", ""), message)
    );
  }

  #readBucket(key: string, message: string): Match | undefined {
    for (const template of this.#byEnds.get(key) ?? []) {
      const parameters = readExactly(template, message);
      if (parameters) return { rule: template.rule, parameters };
    }
    return undefined;
  }

  /** The template that fits best, by recall and coverage, or nothing when no word is shared. */
  findClosely(message: Words, accepts: (fit: Fit, shape: WordTemplate) => boolean): CloseMatch | undefined {
    if (!this.#indexed) this.#indexWords();
    let best: CloseMatch | undefined;
    for (const shape of this.#candidates(message)) {
      const fit = readClosely(shape, message, (word) => this.#weightOf(word));
      if (accepts(fit, shape) && (!best || isCloser(fit, best.fit))) {
        best = { rule: shape.template.rule, parameters: fit.parameters, fit };
      }
    }
    return best;
  }

  #indexWords(): void {
    this.#templates.forEach((template, id) => {
      const shape = toWordTemplate(template);
      this.#shapes.push(shape);
      for (const word of new Set(shape.words)) {
        const postings = this.#postings.get(word);
        if (postings) postings.push(id);
        else this.#postings.set(word, [id]);
      }
    });
    this.#indexed = true;
  }

  /** Rare words tell templates apart: `deallocated` weighs more than `the`. */
  #weightOf(word: string): number {
    const occurrences = this.#postings.get(word)?.length ?? 0;
    return Math.log2(2 + this.#templates.length / (1 + occurrences));
  }

  #candidates(message: Words): WordTemplate[] {
    const known: number[][] = [];
    for (const word of new Set(message.list)) {
      const postings = this.#postings.get(word);
      if (postings) known.push(postings);
    }
    known.sort((left, right) => left.length - right.length);

    const shared = new Map<number, number>();
    let read = 0;
    for (const postings of known) {
      const weight = Math.log2(2 + this.#templates.length / (1 + postings.length));
      for (const id of postings) {
        shared.set(id, (shared.get(id) ?? 0) + weight);
        if (++read >= mostPostings) break;
      }
      if (read >= mostPostings) break;
    }
    return [...shared]
      .map(([id, weight]) => ({ id, score: weight / Math.sqrt(this.#shapes[id]?.words.length ?? 1) }))
      .sort((left, right) => right.score - left.score || left.id - right.id)
      .slice(0, mostAligned)
      .flatMap(({ id }) => this.#shapes[id] ?? []);
  }
}

/** Of two that fit alike, the one that explains more by its own words and less by its placeholders. */
function isCloser(left: Fit, right: Fit): boolean {
  const difference = left.recall * 0.7 + left.coverage * 0.3 - (right.recall * 0.7 + right.coverage * 0.3);
  return Math.abs(difference) < 0.01 ? left.matched > right.matched : difference > 0;
}

function literalLength({ literals }: Template): number {
  return literals.reduce((sum, literal) => sum + literal.length, 0);
}

/** Ends shorter than the key's length (a template that starts or ends with a placeholder) share the key of no end. */
function endsKey(head: string, tail: string): string {
  const headKey = head.length >= headLength ? head.slice(0, headLength) : "";
  const tailKey = tail.length >= tailLength ? tail.slice(-tailLength) : "";
  return `${headKey}\n${tailKey}`;
}
