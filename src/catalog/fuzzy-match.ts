/**
 * Finds the template of a message whose wording has changed: the words are aligned, and the template that shares the
 * most words with the message wins. Aligning costs microseconds, so templates that cannot be accepted are ruled out
 * first. A template that misses much of its weight is never accepted, so a message without any of a template's few
 * rarest words cannot be its message. Templates are indexed under those few words, and a message unlike any other costs
 * one look-up per word, however many templates there are.
 */
import { hashedCharacters, hashOf, type Message } from "./message.js";
import {
  distinctiveShare,
  readClosely,
  toWordTemplate,
  wordsOfTemplate,
  type Fit,
  type Template,
  type Match,
  type WordTemplate,
} from "./template.js";

/** What makes a fit good enough. */
export interface Acceptance {
  /** The recall below which a template with this many words is not accepted; above 1, it never is. */
  readonly leastRecall: (words: number) => number;
  /** The share of its distinctive words that the message must have. */
  readonly leastDistinctive: number;
  readonly accepts: (fit: Fit) => boolean;
}

/**
 * The share of a template's words that an accepted message may miss, of whatever weights they are: all that it misses may be
 * the lightest words, and all that it has the heaviest.
 */
export function missableShare({ leastRecall }: Acceptance, templates: number): number {
  const least = leastRecall(Number.MAX_SAFE_INTEGER);
  const heaviest = weightOf(templates, 1);
  const lightest = weightOf(templates, templates);
  const perWord = ((1 - least) / least) * (heaviest / lightest);
  return perWord / (1 + perWord);
}

/** Rare words distinguish templates: `deallocated` weighs more than `the`. */
const weightOf = (templates: number, times: number): number => Math.log2(2 + templates / (1 + times));

/**
 * Whether the message may have enough of the template's words. Looks at the words where they are, without cutting the template
 * up: for the first messages of a process that is faster than an index of all words. Never false for a template that
 * {@link FuzzyIndex} would accept.
 */
export function mayFit({ literals }: Template, message: Message, acceptance: Acceptance, missable: number): boolean {
  const known = message.wordHashes;
  // At most; "cannot" is two words, and so may be what has an apostrophe.
  let words = 0;
  let missed = 0;
  for (const literal of literals) {
    const end = literal.length;
    let hash = 0;
    let isSure = true;
    for (let at = 0; at <= end; at++) {
      const code = at < end ? literal.charCodeAt(at) : 32;
      const hashed = hashedCharacters[code] ?? 0;
      if (hashed !== 0) hash = (hash * 31 + hashed) | 0;
      else if (code === 39 || code > 127) {
        if (code >= 0x4e00 && code <= 0x9fff) return false;
        isSure = false;
      } else {
        if (hash !== 0) {
          const isTwo = !isSure || hash === hashOfCannot;
          words += isTwo ? 2 : 1;
          if (!isTwo && !known.has(hash)) missed += 1;
          hash = 0;
        }
        isSure = true;
      }
    }
  }
  return missed <= words * missable && acceptance.leastRecall(words) <= 1;
}

/** Under its own code a message may have changed a lot, but a short sentence must be nearly complete. */
export const underOwnCode: Acceptance = {
  leastRecall: (words) => (words < 8 ? 0.8 : 0.62),
  leastDistinctive: 0.5,
  accepts: ({ recall, coverage }) => recall * 0.6 + coverage * 0.4 >= 0.62,
};

/** Under another code it must clearly belong to the rule. */
export const underOtherCode: Acceptance = {
  leastRecall: (words) => (words < 6 ? Infinity : 0.88),
  leastDistinctive: 0,
  accepts: ({ coverage }) => coverage >= 0.7,
};

const hashOfCannot = hashOf("cannot");

/** Only this many candidates are aligned: those that share the most weight with the message. */
const mostAligned = 5;
/** Candidates examined for one message, those with the rarest words first. */
const mostCandidates = 400;

interface Candidate {
  readonly shape: WordTemplate;
  readonly leastRecall: number;
  readonly score: number;
}

export class FuzzyIndex {
  readonly #templates: readonly Template[];
  readonly #acceptance: Acceptance;
  readonly #weights = new Map<string, number>();
  /** Numbers of the templates that have the word among their rarest. */
  readonly #byRareWord = new Map<string, number[]>();
  /** Of templates that have been candidates. */
  readonly #shapes = new Map<number, WordTemplate>();

  constructor(templates: readonly Template[], acceptance: Acceptance) {
    this.#templates = templates;
    this.#acceptance = acceptance;
    const cut = templates.map(wordsOfTemplate);
    const occurrences = new Map<string, number>();
    for (const { words } of cut) {
      for (const word of new Set(words)) occurrences.set(word, (occurrences.get(word) ?? 0) + 1);
    }
    for (const [word, times] of occurrences) this.#weights.set(word, weightOf(templates.length, times));
    for (const [id, { words }] of cut.entries()) this.#add(id, words);
  }

  #add(id: number, words: readonly string[]): void {
    for (const word of this.#rarestOf(words)) {
      const ids = this.#byRareWord.get(word);
      if (ids) ids.push(id);
      else this.#byRareWord.set(word, [id]);
    }
  }

  #shapeOf(id: number): WordTemplate | undefined {
    const template = this.#templates[id];
    let shape = this.#shapes.get(id);
    if (!shape && template) {
      shape = toWordTemplate(wordsOfTemplate(template), this.#weights);
      this.#shapes.set(id, shape);
    }
    return shape;
  }

  /**
   * As few words as possible: a message with none of them cannot be accepted. Runs for each template, so it allocates
   * little.
   */
  #rarestOf(words: readonly string[]): string[] {
    const { leastRecall, leastDistinctive } = this.#acceptance;
    const recall = leastRecall(words.length);
    if (words.length === 0 || recall > 1) return [];
    const unique: string[] = [];
    const weights: number[] = [];
    const totals: number[] = [];
    let sum = 0;
    for (const word of words) {
      const weight = this.#weights.get(word) ?? 0;
      const at = unique.indexOf(word);
      if (at >= 0) totals[at] = (totals[at] ?? 0) + weight;
      else {
        unique.push(word);
        weights.push(weight);
        totals.push(weight);
      }
      sum += weight;
    }
    const mayMiss = (1 - recall) * sum + rounding;
    const mayMissOfDistinctive = leastDistinctive === 0 ? Infinity : mayMissOf(weights, leastDistinctive);
    const rarest: string[] = [];
    for (let weight = 0; rarest.length < unique.length && weight <= mayMiss && rarest.length <= mayMissOfDistinctive;) {
      const next = indexOfHighest(weights);
      rarest.push(unique[next] ?? "");
      weight += totals[next] ?? 0;
      weights[next] = -1;
    }
    return rarest;
  }

  /** The template that fits best, by recall and coverage; undefined if none is accepted. */
  find(message: Message): Match | undefined {
    const { leastDistinctive, accepts } = this.#acceptance;
    let best: { readonly shape: WordTemplate; readonly fit: Fit } | undefined;
    for (const { shape, leastRecall } of this.#candidates(message.distinctWords)) {
      const fit = readClosely(shape, message);
      if (fit.recall < leastRecall || fit.distinctive < leastDistinctive || !accepts(fit)) continue;
      if (!best || isCloser(fit, best.fit)) best = { shape, fit };
    }
    return best && { rule: best.shape.template.rule, parameters: best.fit.parameters };
  }

  /** The few that may be accepted, those that share the most weight with the message first. */
  #candidates(words: ReadonlySet<string>): readonly Candidate[] {
    const { leastDistinctive } = this.#acceptance;
    const found: Candidate[] = [];
    for (const id of this.#withRareWordOf(words)) {
      const shape = this.#shapeOf(id);
      if (!shape) continue;
      const leastRecall = this.#acceptance.leastRecall(shape.words.length);
      const shared = sharedWeight(shape, words, leastRecall);
      if (shared === undefined || shareOf(shape.distinctive, words) < leastDistinctive) continue;
      found.push({ shape, leastRecall, score: shared / Math.sqrt(shape.words.length) });
    }
    return found.length < 2 ? found : found.sort((left, right) => right.score - left.score).slice(0, mostAligned);
  }

  #withRareWordOf(words: ReadonlySet<string>): Iterable<number> {
    const lists: (readonly number[])[] = [];
    for (const word of words) {
      const ids = this.#byRareWord.get(word);
      if (ids) lists.push(ids);
    }
    if (lists.length === 0) return [];
    lists.sort((left, right) => left.length - right.length);
    const found = new Set<number>();
    for (const ids of lists) {
      for (const id of ids) if (found.add(id).size === mostCandidates) return found;
    }
    return found;
  }
}

/** How many of the distinctive (rarest) words a message may miss. */
function mayMissOf(weights: readonly number[], leastDistinctive: number): number {
  const least = Math.max(...weights) * distinctiveShare;
  const distinctive = weights.filter((weight) => weight >= least).length;
  return distinctive - Math.ceil(distinctive * leastDistinctive);
}

function indexOfHighest(values: readonly number[]): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) if ((values[index] ?? 0) > (values[best] ?? 0)) best = index;
  return best;
}

/** The weight of the template's words that the message has, in any order; undefined if it is too little. */
function sharedWeight(shape: WordTemplate, message: ReadonlySet<string>, leastRecall: number): number | undefined {
  let shared = shape.totalWeight;
  const least = leastRecall * shape.totalWeight - rounding;
  for (const [word, weight] of shape.heaviest) {
    if (!message.has(word) && (shared -= weight) < least) return undefined;
  }
  return shared;
}

function shareOf(wanted: ReadonlySet<string>, message: ReadonlySet<string>): number {
  let there = 0;
  for (const word of wanted) if (message.has(word)) there += 1;
  return wanted.size === 0 ? 1 : there / wanted.size;
}

/** Of two that fit alike, the one that explains more with its own words and less with placeholders. */
function isCloser(left: Fit, right: Fit): boolean {
  const difference = left.recall * 0.7 + left.coverage * 0.3 - (right.recall * 0.7 + right.coverage * 0.3);
  return Math.abs(difference) < 0.01 ? left.matched > right.matched : difference > 0;
}

/** Sums in another order differ in the last digits; values this close to a limit are left to the alignment. */
const rounding = 1e-9;
