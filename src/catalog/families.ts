/**
 * What an unknown code or message means by its kind: `*QuotaExceeded` is a quota whatever the resource, and waiting
 * never helps with "is not supported". Families are checked after the rules.
 */
import { dispositions, type Family } from "./rule.js";
import { isIdeograph, listOfWords, type Words } from "./words.js";

/** A word, or several alternatives. */
type PhraseWord = string | readonly string[];

class Phrase {
  #runs: readonly (readonly PhraseWord[])[] | undefined;

  constructor(
    readonly family: Family,
    readonly strength: keyof Wording,
    readonly text: string,
  ) {}

  /** Runs of words, with gaps between them. Cut only when a message has the first word, which is rare. */
  get runs(): readonly (readonly PhraseWord[])[] {
    return (this.#runs ??= this.text
      .split("*")
      .map(toRun)
      .filter((run) => run.length > 0));
  }

  /** Any of them begins the phrase. */
  get firstWords(): readonly string[] {
    const { text } = this;
    const end = endOfPlain(text);
    const next = text.charCodeAt(end);
    // This runs for every phrase at the first message: most begin with one plain word, and are not cut further.
    if (end > 0 && !(next > 32 && next !== asterisk) && !text.startsWith("cannot")) return [text.slice(0, end)];
    if (end === 0 && isIdeograph(next)) return [text.charAt(0)];
    const first = /^[^ *]+/.exec(text)?.[0] ?? "";
    const words = first.split("|");
    if (words.every((word) => isOneWord.test(word))) return words;
    const known = this.runs[0]?.[0] ?? [];
    return typeof known === "string" ? [known] : known;
  }
}

/** A word that folding leaves unchanged. */
const isOneWord = /^(?!cannot)[a-z0-9_]+$/;

const asterisk = 42;

/** How many characters from the start belong to such a word. */
function endOfPlain(text: string): number {
  let end = 0;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (!((code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x5f)) break;
  }
  return end;
}

/** The alternatives of the phrase's last word. */
const lastWords = (text: string): readonly string[] => text.slice(text.lastIndexOf(" ") + 1).split("|");

interface CodePattern {
  readonly family: Family;
  readonly stem: string;
  /** Whether other letters may come before and after. */
  readonly openStart: boolean;
  readonly openEnd: boolean;
}

/** The families of a message's wording, the best of each strength. */
export interface Wording {
  /** Ranks 1 to 3: so specific that it takes precedence over the kind of code. */
  strong: Family | undefined;
  /** Ranks 4 to 6. */
  usual: Family | undefined;
  /** Ranks 7 and 8. */
  weak: Family | undefined;
  /** Rank 9: words that only say that it failed. */
  empty: Family | undefined;
}

export class FamilyIndex {
  /** By the phrase's first word: a message is looked up once per word, however many phrases there are. */
  readonly #phrases = new Map<string, Phrase[]>();
  /** Best first: the longest stem, `*InternalServerError` before `*Error`. */
  readonly #codes: readonly CodePattern[];
  /** Positions in the list above, by the first two letters of the stem. */
  readonly #byStem = new Map<string, number[]>();
  #anyOfOneLetter = false;
  #lastWords: RegExp | undefined;
  readonly #statuses = new Map<number, Family>();

  constructor(families: readonly Family[]) {
    for (const family of families) {
      for (const text of family.phrases ?? []) this.#addPhrase(family, text);
      for (const status of family.statuses ?? []) if (!this.#statuses.has(status)) this.#statuses.set(status, family);
    }
    this.#codes = families
      .flatMap((family) => (family.codes ?? []).map((pattern) => toCodePattern(family, pattern)))
      .sort((left, right) => right.stem.length - left.stem.length || byRank(left.family, right.family));
    for (const [place, { stem }] of this.#codes.entries()) {
      const letters = stem.slice(0, 2);
      const places = this.#byStem.get(letters);
      if (places) places.push(place);
      else this.#byStem.set(letters, [place]);
      this.#anyOfOneLetter ||= letters.length === 1;
    }
  }

  #addPhrase(family: Family, text: string): void {
    const phrase = new Phrase(family, strengthOf(family), text);
    for (const word of phrase.firstWords) {
      const list = this.#phrases.get(word);
      if (list) list.push(phrase);
      else this.#phrases.set(word, [phrase]);
    }
  }

  /** Whether a phrase may occur: in few texts does any phrase's last word. Costs less than cutting the text into words. */
  mayOccurIn(text: string): boolean {
    return (this.#lastWords ??= this.#anyLastWord()).test(text);
  }

  #anyLastWord(): RegExp {
    const words = [...new Set([...this.#phrases.values()].flat())].flatMap(({ text }) => lastWords(text));
    if (!words.every((word) => isOneWord.test(word))) return /^/;
    // "cannot" and "isn't" are two words each.
    return new RegExp(`(?<!\\w)(?:cannot|${words.join("|")})(?!\\w)|n['\u2019]t`, "i");
  }

  /** The families whose phrases occur in the message; for each strength, the one with the best rank. */
  byWording(message: Words): Wording {
    const found: Wording = { strong: undefined, usual: undefined, weak: undefined, empty: undefined };
    const words = message.list;
    for (let at = 0; at < words.length; at = nextWord(message, at)) {
      const phrases = this.#phrases.get(words[at] ?? "");
      if (!phrases) continue;
      for (const phrase of phrases) {
        if (!occursAt(phrase, words, at)) continue;
        const { family, strength } = phrase;
        const best = found[strength];
        if (!best || byRank(family, best) < 0) found[strength] = family;
      }
    }
    return found;
  }

  /** The family whose code pattern fits with the longest stem. */
  byCode(code: string): Family | undefined {
    const folded = code.toLowerCase();
    let best = this.#codes.length;
    for (let at = 0; at < folded.length; at++) {
      best = this.#bestAt(folded, at, 2, best);
      if (this.#anyOfOneLetter) best = this.#bestAt(folded, at, 1, best);
    }
    return this.#codes[best]?.family;
  }

  /** The position of the best pattern whose stem is at `at`, if it beats the best so far. */
  #bestAt(code: string, at: number, letters: 1 | 2, bestSoFar: number): number {
    for (const place of this.#byStem.get(code.slice(at, at + letters)) ?? none) {
      if (place >= bestSoFar) return bestSoFar;
      const pattern = this.#codes[place];
      if (pattern && standsAt(pattern, code, at)) return place;
    }
    return bestSoFar;
  }

  byStatus(status: number): Family | undefined {
    return this.#statuses.get(status);
  }
}

/** Words after a slash in an address are not wording: `https://aka.ms/quota` occurs in messages about sizes. */
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

function strengthOf({ rank }: Family): keyof Wording {
  return rank <= 3 ? "strong" : rank <= 6 ? "usual" : rank <= 8 ? "weak" : "empty";
}

/** `is|are being created|updated` */
function toRun(text: string): PhraseWord[] {
  return text.split(/\s+/).flatMap((part): readonly PhraseWord[] => {
    if (!part.includes("|")) return listOfWords(part);
    return [part.split("|").flatMap((word) => listOfWords(word))];
  });
}

/** The strongest rank first; on a tie, the least hopeful. */
function byRank(left: Family, right: Family): number {
  return left.rank - right.rank || dispositions.indexOf(right.disposition) - dispositions.indexOf(left.disposition);
}

/** A gap stands for a name or a short clause; across a longer one, two runs belong to different sentences. */
const longestGap = 16;

function occursAt({ runs }: Phrase, words: readonly string[], start: number): boolean {
  const [first = []] = runs;
  // The phrase was found by its first word.
  if (!runStandsAt(first, words, start, 1)) return false;
  let at = start + first.length;
  for (let index = 1; index < runs.length; index++) {
    const run = runs[index] ?? [];
    // A later run must follow within the same thought.
    const last = Math.min(at + longestGap, words.length - run.length);
    while (!runStandsAt(run, words, at, 0)) if (++at > last) return false;
    at += run.length;
  }
  return true;
}

function runStandsAt(run: readonly PhraseWord[], words: readonly string[], at: number, from: number): boolean {
  for (let index = from; index < run.length; index++) {
    const wanted = run[index];
    const word = words[at + index] ?? "";
    if (typeof wanted === "string" ? word !== wanted : !wanted?.includes(word)) return false;
  }
  return true;
}

function toCodePattern(family: Family, pattern: string): CodePattern {
  const openStart = pattern.startsWith("*");
  const openEnd = pattern.endsWith("*");
  const stem = pattern.slice(openStart ? 1 : 0, openEnd ? -1 : undefined).toLowerCase();
  return { family, stem, openStart, openEnd };
}

function standsAt({ stem, openStart, openEnd }: CodePattern, code: string, at: number): boolean {
  if (!openStart && at > 0) return false;
  if (!openEnd && at + stem.length !== code.length) return false;
  return code.startsWith(stem, at);
}

const none: readonly number[] = [];
