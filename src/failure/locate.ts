/**
 * Finds where in a text something was read. Reading removes decoration and joins wrapped lines, so a message rarely
 * occurs in the text verbatim; its words do, in order.
 */

/** A part of a text, as for `text.slice(from, to)`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The code in the text, after `after` if it occurs there, otherwise anywhere. */
export function locateCode(text: string, code: string): Span | undefined {
  for (let at = text.indexOf(code); at >= 0; at = text.indexOf(code, at + 1)) {
    const isWhole = !isNamePart(text.charCodeAt(at - 1)) && !isNamePart(text.charCodeAt(at + code.length));
    if (isWhole) return { from: at, to: at + code.length };
  }
  return undefined;
}

/** Between two words of a message there may be a gutter, a timestamp, or the escapes of JSON in JSON. */
const maxGap = 60;
/** A long message is found by its beginning; the rest is as long as its words are. */
const maxWords = 400;

/** Where the words of a message are, one after the other. The longest such part counts; a short piece is too little. */
export function locateMessage(text: string, message: string): Span | undefined {
  const exact = text.indexOf(message);
  if (message !== "" && exact >= 0) return { from: exact, to: exact + message.length };
  const words = message.match(/[\p{L}\p{N}]+/gu)?.slice(0, maxWords) ?? [];
  const [first] = words;
  if (first === undefined) return undefined;
  let best: { span: Span; found: number } | undefined;
  let tries = 0;
  for (let at = text.indexOf(first); at >= 0 && tries < 50; at = text.indexOf(first, at + 1), tries += 1) {
    const found = followWords(text, words, at);
    if (!best || found.count > best.found) best = { span: { from: at, to: found.end }, found: found.count };
    if (best.found === words.length) break;
  }
  return best && best.found >= Math.min(3, words.length) && best.found >= words.length / 2 ? best.span : undefined;
}

function followWords(text: string, words: readonly string[], start: number): { count: number; end: number } {
  let end = start;
  let count = 0;
  for (const word of words) {
    const at = text.slice(end, end + maxGap + word.length).indexOf(word);
    if (at < 0) break;
    end += at + word.length;
    count += 1;
  }
  return { count, end };
}

const isNamePart = (char: number): boolean =>
  (char >= 48 && char <= 57) || (char >= 65 && char <= 90) || (char >= 97 && char <= 122) || char === 95;
