/**
 * A message template: literal text between named placeholders. The exact reading compares the literal text as it is and is
 * the fast road; the close reading aligns words and finds a template through drifted wording.
 */
import { wordsOf, type Words } from "./words.js";
import type { Rule } from "./rule.js";

export interface Template extends CutText {
  readonly rule: Rule;
}

/** What the placeholders stood for in a message. A `Map` would not survive JSON; own keys only, no prototype to pollute. */
export type Parameters = Readonly<Record<string, string>>;

const placeholder = /\{([a-zA-Z][a-zA-Z0-9]*)\}/;

export function compileTemplate(rule: Rule, message: string): Template {
  return { rule, ...cutText(message) };
}

/** The placeholders' values when the message is the template to the letter, else nothing. */
export function readExactly(template: Template, message: string): Parameters | undefined {
  const { literals, names } = template;
  const first = literals[0] ?? "";
  if (names.length === 0) return message === first ? noParameters : undefined;
  const last = literals[names.length] ?? "";
  if (!message.startsWith(first) || !message.endsWith(last)) return undefined;
  const parameters: Record<string, string> = {};
  let at = first.length;
  for (let index = 0; index < names.length; index++) {
    const isLast = index === names.length - 1;
    const literal = literals[index + 1] ?? "";
    const next = isLast ? message.length - last.length : message.indexOf(literal, at);
    if (next < at) return undefined;
    // `__proto__` cannot come in as a name: the schema allows letters and digits only. A name used twice keeps its first value.
    parameters[names[index] ?? ""] ??= message.slice(at, next);
    at = next + literal.length;
  }
  return parameters;
}

export const noParameters: Parameters = Object.freeze({});

function parametersOf(names: readonly string[], values: readonly string[]): Parameters {
  const parameters: Record<string, string> = {};
  for (let index = 0; index < names.length; index++) {
    // `__proto__` cannot come in as a name: the schema allows letters and digits only. A name used twice keeps its first value.
    parameters[names[index] ?? ""] ??= values[index] ?? "";
  }
  return parameters;
}

/** A template as words: the literal words with their weights, and before which of them each placeholder stands. */
export interface WordTemplate {
  readonly template: Template;
  readonly words: readonly string[];
  /** For each placeholder, the number of literal words before it. */
  readonly gaps: readonly number[];
  /** Weight of each word: rare words tell templates apart. */
  readonly weights: readonly number[];
  readonly totalWeight: number;
  /** The rarest words. "… since the VM is generalized" without "generalized" is another sentence. */
  readonly distinctive: ReadonlySet<string>;
}

/** A template's words and gaps, before anything is known of their weights. */
export function wordsOfTemplate(template: Template): { words: readonly string[]; gaps: readonly number[] } {
  const words: string[] = [];
  const gaps: number[] = [];
  template.literals.forEach((literal, index) => {
    words.push(...wordsOf(literal).list);
    if (index < template.names.length) gaps.push(words.length);
  });
  return { words, gaps };
}

export function toWordTemplate(
  template: Template,
  words: readonly string[],
  gaps: readonly number[],
  weightOf: (word: string) => number,
): WordTemplate {
  const weights = words.map(weightOf);
  const heaviest = Math.max(0, ...weights);
  return {
    template,
    words,
    gaps,
    weights,
    totalWeight: weights.reduce((sum, weight) => sum + weight, 0),
    distinctive: new Set(words.filter((_, index) => (weights[index] ?? 0) >= heaviest * 0.95)),
  };
}

/** How well a message fits a template, each from 0 to 1. */
export interface Fit {
  /** Weight of the template's words that the message has, in order, over the weight of all. */
  readonly recall: number;
  /** Words of the message that the template explains, literally or as a placeholder's value, over all of them. */
  readonly coverage: number;
  /** How many of the template's words the message has, in order. */
  readonly matched: number;
  /** The same for the words that tell this template from its siblings. */
  readonly distinctive: number;
  readonly parameters: Parameters;
}

/** A placeholder's value explains this many words; a name, an id or a URL has fewer, a pasted log has more. */
const mostWordsInValue = 30;

/**
 * Aligns a message with a template: the heaviest common subsequence of words. Costs the product of both lengths, which
 * are bounded, and is done for the few best candidates only.
 */
export function readClosely(shape: WordTemplate, message: Words): Fit {
  const { words, weights, totalWeight, distinctive } = shape;
  const rows = words.length;
  const columns = message.list.length;
  const width = columns + 1;
  const best = new Float64Array((rows + 1) * width);
  for (let row = rows - 1; row >= 0; row--) {
    const word = words[row];
    const weight = weights[row] ?? 0;
    for (let column = columns - 1; column >= 0; column--) {
      const skip = Math.max(best[(row + 1) * width + column] ?? 0, best[row * width + column + 1] ?? 0);
      const take = message.list[column] === word ? weight + (best[(row + 1) * width + column + 1] ?? 0) : 0;
      best[row * width + column] = Math.max(skip, take);
    }
  }

  const places: (number | undefined)[] = new Array<number | undefined>(rows).fill(undefined);
  const told = new Set<string>();
  let matched = 0;
  for (let row = 0, column = 0; row < rows && column < columns;) {
    const here = best[row * width + column] ?? 0;
    if (here === (best[(row + 1) * width + column] ?? 0)) row += 1;
    else if (here === (best[row * width + column + 1] ?? 0)) column += 1;
    else {
      places[row] = column;
      matched += 1;
      if (distinctive.has(words[row] ?? "")) told.add(words[row] ?? "");
      row += 1;
      column += 1;
    }
  }

  const { values, wordsInValues } = valuesBetween(shape, message, places);
  return {
    recall: totalWeight === 0 ? 0 : (best[0] ?? 0) / totalWeight,
    coverage: columns === 0 ? 0 : Math.min(1, (matched + wordsInValues) / columns),
    matched,
    distinctive: distinctive.size === 0 ? 1 : told.size / distinctive.size,
    parameters: parametersOf(shape.template.names, values),
  };
}

function valuesBetween(
  shape: WordTemplate,
  message: Words,
  places: readonly (number | undefined)[],
): { values: string[]; wordsInValues: number } {
  const values: string[] = [];
  let wordsInValues = 0;
  for (const gap of shape.gaps) {
    const before = lastPlace(places, gap - 1);
    const after = firstPlace(places, gap);
    const from = before === undefined ? 0 : (message.ends[before] ?? 0);
    const to = after === undefined ? message.text.length : (message.starts[after] ?? message.text.length);
    const countedFrom = before === undefined ? 0 : before + 1;
    const countedTo = after ?? message.list.length;
    wordsInValues += Math.max(0, Math.min(countedTo - countedFrom, mostWordsInValue));
    values.push(from <= to ? trimMarks(message.text.slice(from, to)) : "");
  }
  return { values, wordsInValues };
}

function lastPlace(places: readonly (number | undefined)[], from: number): number | undefined {
  for (let index = from; index >= 0; index--) if (places[index] !== undefined) return places[index];
  return undefined;
}

function firstPlace(places: readonly (number | undefined)[], from: number): number | undefined {
  for (let index = from; index < places.length; index++) if (places[index] !== undefined) return places[index];
  return undefined;
}

const marks = new Set(" \t\r\n'\"`‘’“”«»:;,，。：；".split(""));

/** A value without the quotes, spaces and commas around it; a full stop only at its end. */
function trimMarks(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && marks.has(value[start] ?? "")) start += 1;
  while (end > start && (marks.has(value[end - 1] ?? "") || value[end - 1] === ".")) end -= 1;
  return value.slice(start, end);
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

/** Fills `{name}` by the parameter, `<name>` where the message did not give it: the reader sees what to fill in. */
export function fillIn({ literals, names }: CutText, parameters: Parameters): string {
  let filled = literals[0] ?? "";
  for (let index = 0; index < names.length; index++) {
    const name = names[index] ?? "";
    // A placeholder may be called like something that every object has; that is no string.
    const value: unknown = parameters[name];
    filled += (typeof value === "string" && value !== "" ? value : `<${name}>`) + (literals[index + 1] ?? "");
  }
  return filled;
}
