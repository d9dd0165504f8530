/**
 * What an unknown code or an unknown sentence tells by its kind: `*QuotaExceeded` is a quota whatever the widget, and
 * "is not supported" will not pass by waiting. Families are asked after the rules.
 */
import { leastHopeful } from "./hope.js";
import type { Family } from "./rule.js";
import { wordsOf, type Words } from "./words.js";

/** A word, or several of which any will do. */
type PhraseWord = string | readonly string[];

interface Phrase {
  readonly family: Family;
  /** Runs of words; between two runs anything may stand. */
  readonly runs: readonly (readonly PhraseWord[])[];
}

interface CodePattern {
  readonly family: Family;
  readonly stem: string;
  readonly open: "start" | "end" | "both" | "none";
}

export class FamilyIndex {
  /** By the phrase's first word: a message asks once per word, however many phrases there are. */
  readonly #phrases = new Map<string, Phrase[]>();
  readonly #codes: readonly CodePattern[];
  readonly #statuses = new Map<number, Family>();

  constructor(families: readonly Family[]) {
    for (const family of families) {
      for (const text of family.phrases ?? []) this.#addPhrase(family, text);
      for (const status of family.statuses ?? []) if (!this.#statuses.has(status)) this.#statuses.set(status, family);
    }
    this.#codes = families.flatMap((family) => (family.codes ?? []).map((pattern) => toCodePattern(family, pattern)));
  }

  #addPhrase(family: Family, text: string): void {
    const runs = text
      .split("*")
      .map(toRun)
      .filter((run) => run.length > 0);
    const first = runs[0]?.[0];
    if (first === undefined) return;
    const phrase: Phrase = { family, runs };
    for (const word of typeof first === "string" ? [first] : first) {
      const list = this.#phrases.get(word);
      if (list) list.push(phrase);
      else this.#phrases.set(word, [phrase]);
    }
  }

  /** The family whose phrase occurs in the message and whose rank is best, within `from`..`to`. */
  byWording(message: Words, from: number, to: number): Family | undefined {
    let best: Family | undefined;
    for (let at = 0; at < message.list.length; at = nextWord(message, at)) {
      for (const phrase of this.#phrases.get(message.list[at] ?? "") ?? []) {
        const { family } = phrase;
        if (family.rank < from || family.rank > to) continue;
        if (best && !outranks(family, best)) continue;
        if (occursAt(phrase, message.list, at)) best = family;
      }
    }
    return best;
  }

  /** The family whose code pattern fits with the longest stem: `*InternalServerError` before `*Error`. */
  byCode(code: string): Family | undefined {
    const folded = code.toLowerCase();
    let best: CodePattern | undefined;
    for (const pattern of this.#codes) {
      if (!fits(pattern, folded)) continue;
      if (!best || pattern.stem.length > best.stem.length) best = pattern;
      else if (pattern.stem.length === best.stem.length && outranks(pattern.family, best.family)) best = pattern;
    }
    return best?.family;
  }

  byStatus(status: number): Family | undefined {
    return this.#statuses.get(status);
  }
}

/** Words after a slash of an address are no wording: `https://aka.ms/quota` stands in messages that speak of sizes. */
function nextWord({ text, list, ends, starts }: Words, at: number): number {
  const word = list[at];
  if ((word !== "https" && word !== "http") || !text.startsWith("://", ends[at])) return at + 1;
  const blank = /[\s)\]>,;"']/g;
  blank.lastIndex = ends[at] ?? 0;
  const behind = blank.exec(text)?.index ?? text.length;
  let next = at + 1;
  while (next < list.length && (starts[next] ?? 0) < behind) next += 1;
  return next;
}

/** `is|are being created|updated` */
function toRun(text: string): PhraseWord[] {
  return text.split(/\s+/).flatMap((part): readonly PhraseWord[] => {
    if (!part.includes("|")) return wordsOf(part).list;
    return [part.split("|").flatMap((word) => wordsOf(word).list)];
  });
}

function outranks(candidate: Family, best: Family): boolean {
  if (candidate.rank !== best.rank) return candidate.rank < best.rank;
  return (
    candidate.disposition !== best.disposition &&
    leastHopeful(candidate.disposition, best.disposition) === candidate.disposition
  );
}

/** A gap stands for a name or a short clause; over a longer one two runs belong to different sentences. */
const longestGap = 16;

function occursAt(phrase: Phrase, words: readonly string[], start: number): boolean {
  let at = start;
  for (const [index, run] of phrase.runs.entries()) {
    // The first run stands where its first word was met; a later one in the words behind, within the same thought.
    const last = index === 0 ? at : Math.min(at + longestGap, words.length - run.length);
    while (!runStandsAt(run, words, at)) if (++at > last) return false;
    at += run.length;
  }
  return true;
}

function runStandsAt(run: readonly PhraseWord[], words: readonly string[], at: number): boolean {
  for (let index = 0; index < run.length; index++) {
    const wanted = run[index];
    const word = words[at + index] ?? "";
    if (typeof wanted === "string" ? word !== wanted : !wanted?.includes(word)) return false;
  }
  return true;
}

function toCodePattern(family: Family, pattern: string): CodePattern {
  const openStart = pattern.startsWith("*");
  const openEnd = pattern.endsWith("*");
  return {
    family,
    stem: pattern.slice(openStart ? 1 : 0, openEnd ? -1 : undefined).toLowerCase(),
    open: openStart ? (openEnd ? "both" : "start") : openEnd ? "end" : "none",
  };
}

function fits({ stem, open }: CodePattern, code: string): boolean {
  switch (open) {
    case "start":
      return code.endsWith(stem);
    case "end":
      return code.startsWith(stem);
    case "both":
      return code.includes(stem);
    case "none":
      return code === stem;
  }
}
