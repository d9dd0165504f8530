/**
 * A message template: literal text between named placeholders. Exact reading compares the literal text and is fast;
 * close reading aligns words and finds a template despite changed wording.
 */
import type { Message } from "./message.js";
import type { Rule } from "./rule.js";
import { trimMarks } from "./trim-marks.js";
import { listOfWords, mayHaveAddress, wordsApartFromAddresses, type Words } from "./words.js";

export interface Template extends CutText {
  readonly rule: Rule;
  /** Whether a name occurs twice. */
  readonly repeats: boolean;
}

/**
 * The values of the placeholders in a message; a name used twice keeps its first value. A `Map` would not survive JSON.
 * `__proto__` cannot be a name: the schema allows only letters and digits.
 */
export type Parameters = Readonly<Record<string, string>>;

/** The rule of a message, and the values of its placeholders. */
export interface Match {
  readonly rule: Rule;
  readonly parameters: Parameters;
}

const placeholder = /\{([a-zA-Z][a-zA-Z0-9]*)\}/;

/** @param isLasting it will be compared often, so its pieces become strings of their own */
export function compileTemplate(rule: Rule, message: string, isLasting: boolean): Template {
  const { literals, names } = cutText(message);
  const pieces = isLasting ? literals.map(withoutParent) : literals;
  return { rule, literals: pieces, names, repeats: new Set(names).size < names.length };
}

/**
 * A slice of a long string is a view of it, and searching for a view takes twice as long as for a string of its own.
 */
function withoutParent(piece: string): string {
  return piece.split("").join("");
}

/** The placeholders' values if the message is exactly the template, otherwise undefined. */
export function readExactly(template: Template, message: string): Parameters | undefined {
  const { literals, names, repeats } = template;
  const first = literals[0] ?? "";
  if (names.length === 0) return message === first ? noParameters : undefined;
  const last = literals[names.length] ?? "";
  const lastAt = message.length - last.length;
  const middle = last.length >> 1;
  if (lastAt < first.length || (middle > 0 && message.charCodeAt(lastAt + middle) !== last.charCodeAt(middle)))
    return undefined;
  // Searches that can succeed at only one place: `startsWith` and `endsWith` compare letter by letter and take twice as
  // long.
  if (!message.includes(last, lastAt) || message.lastIndexOf(first, 0) < 0) return undefined;
  const parameters: Record<string, string> = {};
  let at = first.length;
  for (let index = 0; index < names.length; index++) {
    const literal = literals[index + 1] ?? "";
    const next = index === names.length - 1 ? lastAt : message.indexOf(literal, at);
    if (next < at) return undefined;
    const name = names[index] ?? "";
    if (!repeats || parameters[name] === undefined) parameters[name] = message.slice(at, next);
    at = next + literal.length;
  }
  return parameters;
}

export const noParameters: Parameters = Object.freeze({});

function parametersOf(names: readonly string[], values: readonly string[]): Parameters {
  const parameters: Record<string, string> = {};
  for (let index = 0; index < names.length; index++) {
    const name = names[index] ?? "";
    const value = values[index] ?? "";
    const said = name === "errorMessage" ? withoutPointer(value) : value;
    parameters[name] ??= isWithoutBlanks.test(name) && /\s/.test(said) ? "" : said;
  }
  return parameters;
}

/** What an extension said, without the page that Compute names behind it. */
function withoutPointer(value: string): string {
  const at = value.indexOf("More information on troubleshooting");
  return at < 0 ? value : trimMarks(value.slice(0, at));
}

/** Azure gives no resource a name with blanks: what was read so is a piece of the sentence. */
const isWithoutBlanks = /(?:Name|Id|Uri)$/;

/** A template as words. */
export interface TemplateWords {
  readonly template: Template;
  /** The literal words. */
  readonly words: readonly string[];
  /** For each placeholder, the number of literal words before it. */
  readonly gaps: readonly number[];
}

/** A template as words with their weights. */
export interface WordTemplate extends TemplateWords {
  readonly weights: readonly number[];
  readonly totalWeight: number;
  /** Each word once with the weight of all its places, rarest first. */
  readonly heaviest: ReadonlyMap<string, number>;
  /** The rarest words. "… since the VM is generalized" without "generalized" is another sentence. */
  readonly distinctive: ReadonlySet<string>;
}

export function wordsOfTemplate(template: Template): TemplateWords {
  const words: string[] = [];
  const gaps: number[] = [];
  template.literals.forEach((literal, index) => {
    words.push(...(mayHaveAddress(literal) ? wordsApartFromAddresses(literal).list : listOfWords(literal)));
    if (index < template.names.length) gaps.push(words.length);
  });
  return { template, words, gaps };
}

/** A word of a template: its rarity, and the weight of all its places together. */
interface WeighedWord {
  readonly word: string;
  readonly weight: number;
  total: number;
}

/** Each word once, rarest first. */
function weigh(words: readonly string[], weightOf: ReadonlyMap<string, number>): readonly WeighedWord[] {
  const weighed = new Map<string, WeighedWord>();
  for (const word of words) {
    const known = weighed.get(word);
    const weight = known?.weight ?? weightOf.get(word) ?? 0;
    if (known) known.total += weight;
    else weighed.set(word, { word, weight, total: weight });
  }
  return [...weighed.values()].sort((left, right) => right.weight - left.weight);
}

function totalOf(weighed: readonly WeighedWord[]): number {
  return weighed.reduce((sum, { total }) => sum + total, 0);
}

/** As a share of the rarest word's weight: words of nearly the same weight are distinctive too. */
export const distinctiveShare = 0.95;

/** The rarest words, and those nearly as rare. */
function distinctiveOf(weighed: readonly WeighedWord[]): readonly WeighedWord[] {
  const least = (weighed[0]?.weight ?? 0) * distinctiveShare;
  return weighed.filter(({ weight }) => weight >= least);
}

/** @param weightOf the weight of every word of every template */
export function toWordTemplate(cut: TemplateWords, weightOf: ReadonlyMap<string, number>): WordTemplate {
  const weighed = weigh(cut.words, weightOf);
  return {
    ...cut,
    weights: cut.words.map((word) => weightOf.get(word) ?? 0),
    totalWeight: totalOf(weighed),
    heaviest: new Map(weighed.map(({ word, total }) => [word, total])),
    distinctive: new Set(distinctiveOf(weighed).map(({ word }) => word)),
  };
}

/** How well a message fits a template, each from 0 to 1. */
export interface Fit {
  /** Weight of the template's words that the message has, in order, divided by the weight of all. */
  readonly recall: number;
  /** The share of the message's words that the template explains, literally or as a placeholder's value. */
  readonly coverage: number;
  /** How many of the template's words the message has, in order. */
  readonly matched: number;
  /** The same for the words that distinguish this template from its siblings. */
  readonly distinctive: number;
  readonly parameters: Parameters;
}

/** A placeholder's value explains at most this many words; a name, an id or a URL has fewer, a pasted log has more. */
const mostWordsInValue = 30;

/**
 * Aligns a message with a template: the heaviest common subsequence of words. The cost is the product of the numbers of
 * words that occur in both, which are bounded, and only the few best candidates are aligned.
 */
export function readClosely(shape: WordTemplate, message: Message): Fit {
  const { totalWeight, distinctive } = shape;
  const words = message.literalWords.list;
  const rows = indicesOf(shape.words, message.distinctWords);
  const columns = indicesOf(words, shape.heaviest);
  const best = heaviestFrom(rows, columns, shape, words);
  const width = columns.length + 1;

  const places = new Array<number | undefined>(shape.words.length).fill(undefined);
  const seen = new Set<string>();
  let matched = 0;
  for (let row = 0, column = 0; row < rows.length && column < columns.length;) {
    const here = best[row * width + column] ?? 0;
    if (here === best[(row + 1) * width + column]) row += 1;
    else if (here === best[row * width + column + 1]) column += 1;
    else {
      const at = rows[row] ?? 0;
      const word = shape.words[at] ?? "";
      places[at] = columns[column];
      matched += 1;
      if (distinctive.has(word)) seen.add(word);
      row += 1;
      column += 1;
    }
  }

  const { values, wordsInValues } = valuesBetween(shape, message.words, places);
  return {
    recall: totalWeight === 0 ? 0 : (best[0] ?? 0) / totalWeight,
    coverage: words.length === 0 ? 0 : Math.min(1, (matched + wordsInValues) / words.length),
    matched,
    distinctive: distinctive.size === 0 ? 1 : seen.size / distinctive.size,
    parameters: parametersOf(shape.template.names, values),
  };
}

/** Positions of the words that also occur on the other side: no others can be part of an alignment. */
function indicesOf(words: readonly string[], others: { has(word: string): boolean }): readonly number[] {
  const indices: number[] = [];
  for (let index = 0; index < words.length; index++) if (others.has(words[index] ?? "")) indices.push(index);
  return indices;
}

/** For each row and column, the weight of the heaviest common subsequence of the rest. */
function heaviestFrom(
  rows: readonly number[],
  columns: readonly number[],
  shape: WordTemplate,
  message: readonly string[],
): Float64Array {
  const width = columns.length + 1;
  const best = new Float64Array((rows.length + 1) * width);
  for (let row = rows.length - 1; row >= 0; row--) {
    const at = rows[row] ?? 0;
    const word = shape.words[at];
    const weight = shape.weights[at] ?? 0;
    for (let column = columns.length - 1; column >= 0; column--) {
      const cell = row * width + column;
      const skip = Math.max(best[cell + width] ?? 0, best[cell + 1] ?? 0);
      const take = message[columns[column] ?? 0] === word ? weight + (best[cell + width + 1] ?? 0) : 0;
      best[cell] = Math.max(skip, take);
    }
  }
  return best;
}

function valuesBetween(
  shape: WordTemplate,
  message: Words,
  places: readonly (number | undefined)[],
): { values: string[]; wordsInValues: number } {
  const values: string[] = [];
  let wordsInValues = 0;
  for (const [index, gap] of shape.gaps.entries()) {
    const before = lastPlace(places, gap - 1);
    const after = firstPlace(places, gap);
    const from = before === undefined ? 0 : (message.ends[before] ?? 0);
    const to = after === undefined ? message.text.length : (message.starts[after] ?? message.text.length);
    const countedFrom = before === undefined ? 0 : before + 1;
    const countedTo = after ?? message.list.length;
    wordsInValues += Math.max(0, Math.min(countedTo - countedFrom, mostWordsInValue));
    const isOpen = from <= to && !sharesPlace(shape.gaps, places, index);
    values.push(isOpen ? trimMarks(message.text.slice(from, to)) : "");
  }
  return { values, wordsInValues };
}

/** Without any word between two placeholders, it is unclear which of the two the value belongs to. */
function sharesPlace(gaps: readonly number[], places: readonly (number | undefined)[], index: number): boolean {
  const lost = (from: number | undefined, to: number | undefined): boolean =>
    from !== undefined && to !== undefined && from < to && places.slice(from, to).every((place) => place === undefined);
  return lost(gaps[index - 1], gaps[index]) || lost(gaps[index], gaps[index + 1]);
}

function lastPlace(places: readonly (number | undefined)[], from: number): number | undefined {
  for (let index = from; index >= 0; index--) if (places[index] !== undefined) return places[index];
  return undefined;
}

function firstPlace(places: readonly (number | undefined)[], from: number): number | undefined {
  for (let index = from; index < places.length; index++) if (places[index] !== undefined) return places[index];
  return undefined;
}

/** A text cut at its placeholders. */
export interface CutText {
  /** The literal parts around the placeholders: one more than there are names. */
  readonly literals: readonly string[];
  /** Placeholder names in order. */
  readonly names: readonly string[];
}

export function cutText(text: string): CutText {
  const parts = text.split(placeholder);
  return {
    literals: parts.filter((_, index) => index % 2 === 0),
    names: parts.filter((_, index) => index % 2 === 1),
  };
}

/**
 * The value that the message gave. A placeholder may share the name of a property that every object has; that is no
 * string.
 */
export function valueOf(parameters: Parameters, name: string): string | undefined {
  const value: unknown = parameters[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Whether the message gave every value that the text needs. */
export function isFilledBy({ names }: CutText, parameters: Parameters): boolean {
  for (const name of names) if (valueOf(parameters, name) === undefined) return false;
  return true;
}

/**
 * Replaces `{name}` with the parameter, or with `<name>` if the message did not give it: the reader sees what to fill
 * in.
 */
export function fillIn({ literals, names }: CutText, parameters: Parameters): string {
  let filled = literals[0] ?? "";
  for (let index = 0; index < names.length; index++) {
    const name = names[index] ?? "";
    filled += (valueOf(parameters, name) ?? `<${name}>`) + (literals[index + 1] ?? "");
  }
  return filled;
}
