/**
 * Folding: wording changes (capitals, quotes, white space, punctuation, "isn't" for "is not"), words stay. A text
 * becomes its words, each with its position, so that the text between two known words can be extracted unchanged.
 */

/** The folded words of a text, each with its position. */
export interface Words {
  readonly text: string;
  readonly list: readonly string[];
  /** Offset of each word's first character. */
  readonly starts: readonly number[];
  /** Offset after each word's last character. */
  readonly ends: readonly number[];
}

/** A message that says nothing in 400 words will not say it in more: longer ones are cut to limit the work. */
export const mostWords = 400;

const enum Kind {
  gap,
  letter,
  ideograph,
}

/** The words of `text`: letters, digits and underscores, lower-cased; each ideograph is a word of its own. */
export function wordsOf(text: string): Words {
  // Lower-casing may change the length of rare letters and shift the offsets: such a text keeps its case.
  const lowered = text.toLowerCase();
  const folded = lowered.length === text.length ? lowered : text;
  const list: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  const push = (word: string, start: number, end: number): void => {
    list.push(word);
    starts.push(start);
    ends.push(end);
  };
  let at = 0;
  while (at < folded.length && list.length < mostWords) {
    const kind = kindOf(folded.charCodeAt(at));
    if (kind === Kind.gap) {
      at += 1;
      continue;
    }
    const start = at;
    at += 1;
    if (kind === Kind.letter) while (at < folded.length && kindOf(folded.charCodeAt(at)) === Kind.letter) at += 1;
    const word = folded.slice(start, at);
    if (word === "cannot") {
      push("can", start, start + 3);
      push("not", start + 3, at);
    } else if (endsInContractedNot(folded, at)) {
      if (word.length > 1) push(word === "can" ? word : word.slice(0, -1), start, at - 1);
      at += 2;
      push("not", at - 3, at);
    } else {
      push(word, start, at);
    }
  }
  return { text, list, starts, ends };
}

/** The words without their positions, for texts that only need to be compared. */
export function listOfWords(text: string): readonly string[] {
  if (!isPlain.test(text)) return wordsOf(text).list;
  const list = text.toLowerCase().match(/[a-z0-9_]+/g) ?? [];
  return list.length > mostWords ? list.slice(0, mostWords) : list;
}

/** Only ASCII characters, and no word that counts as two: a single pattern finds the words. */
const isPlain = /^(?!.*(?:n['\u2019]t|cannot))[\s!-~]*$/is;

/**
 * The words of `text`, with those inside an address (`https://pictures.blob.core.windows.net/…`, `/subscriptions/…`)
 * marked by a slash: `blob` in the name of a host is not the first word of a sentence.
 */
export function wordsApartFromAddresses(text: string, words: Words = wordsOf(text)): Words {
  if (!mayHaveAddress(text)) return words;
  const { starts } = words;
  let list: string[] | undefined;
  let at = 0;
  for (const token of text.matchAll(/[\w.~:/?#@!$&%+=*-]+/g)) {
    const from = addressIn(token[0]);
    if (from < 0) continue;
    const end = token.index + token[0].length;
    while (at < starts.length && (starts[at] ?? 0) < token.index + from) at += 1;
    for (; at < starts.length && (starts[at] ?? 0) < end; at++) (list ??= [...words.list])[at] = `/${words.list[at]}`;
  }
  return list ? { ...words, list } : words;
}

/** An address has at least two slashes. */
export function mayHaveAddress(text: string): boolean {
  const first = text.indexOf("/");
  return first >= 0 && text.includes("/", first + 1);
}

/**
 * Where an address begins in a text without blanks: after the scheme, or at the first of several slashes; -1 for
 * nowhere.
 */
function addressIn(token: string): number {
  const scheme = token.indexOf("://");
  if (scheme >= 0) return scheme;
  const slash = token.indexOf("/");
  return slash >= 0 && token.includes("/", slash + 1) ? slash : -1;
}

/** "isn" before "'t": the word and a "not". "can" before "'t" keeps its n. */
function endsInContractedNot(text: string, at: number): boolean {
  const mark = text.charCodeAt(at);
  if (mark !== 0x27 && mark !== 0x2019) return false;
  if (text.charCodeAt(at - 1) !== 0x6e || text.charCodeAt(at + 1) !== 0x74) return false;
  return at + 2 >= text.length || kindOf(text.charCodeAt(at + 2)) === Kind.gap;
}

function kindOf(code: number): Kind {
  if (code >= 0x80) return kindBeyondAscii(code);
  const isLetter =
    (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || code === 0x5f;
  return isLetter ? Kind.letter : Kind.gap;
}

/** A word by itself: Chinese is written without spaces. */
export const isIdeograph = (code: number): boolean => code >= 0x4e00 && code <= 0x9fff;

function kindBeyondAscii(code: number): Kind {
  if (isIdeograph(code)) return Kind.ideograph;
  // Punctuation and spaces: Latin-1 marks, general punctuation, CJK and full-width marks.
  const isGap =
    code <= 0xbf ||
    (code >= 0x2000 && code <= 0x206f) ||
    (code >= 0x2500 && code <= 0x257f) ||
    (code >= 0x3000 && code <= 0x303f) ||
    (code >= 0xff00 && code <= 0xff0f) ||
    (code >= 0xff1a && code <= 0xff20) ||
    code === 0xfeff;
  return isGap ? Kind.gap : Kind.letter;
}
