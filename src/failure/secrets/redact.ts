/**
 * Cuts secrets out of what people will read, log and paste into tickets. Services echo parts of the request in their
 * messages and tools add command lines, so a message may hold a SAS signature, a token, a password, a storage key or custom data.
 *
 * A secret is known by its name, by its form, or by the command that takes it; and by all three at each level of a text that
 * is written inside another one. Time is linear in the length of the text.
 */
import { anySecret, mark, marksOf } from "../marks.js";
import { findBare } from "./bare.js";
import { decode, type Origin } from "./decoded.js";
import { findNamed } from "./named.js";
import type { Cut } from "./values.js";

export const replacement = "[redacted]";

/** `sig=x` */
const shortestTelling = 5;
/** An address in an address in JSON in a log has four levels. */
const maxLevels = 5;

/** The text without its secrets; the very same string when it holds none. */
export const redact = (text: string): string => redactMarked(text, marksOf(text));

/** @param textMarks those of the text */
export function redactMarked(text: string, textMarks: number): string {
  if ((textMarks & anySecret) === 0 || text.length < shortestTelling) return text;
  const cuts: Cut[] = [];
  const origins: Origin[] = [];
  let inner = text;
  let marks = textMarks;
  for (let level = 1; (marks & anySecret) !== 0; level++) {
    const found: Cut[] = [];
    if ((marks & mark.secretName) !== 0) findNamed(inner, level > 1, found);
    findBare(inner, marks, found);
    for (const cut of found) cuts.push(traced(cut, origins));
    const decoded = level < maxLevels && (marks & mark.encoded) !== 0 ? decode(inner) : undefined;
    if (!decoded) break;
    origins.unshift(decoded.origin);
    inner = decoded.text;
    marks = marksOf(inner);
  }
  return cuts.length === 0 ? text : applyCuts(text, cuts);
}

/** A cut in a decoded text, at its place in the text itself. @param origins the innermost first */
function traced({ from, to }: Cut, origins: readonly Origin[]): Cut {
  return {
    from: origins.reduce((at, origin) => origin(at), from),
    to: origins.reduce((at, origin) => origin(at), to),
  };
}

function applyCuts(text: string, cuts: Cut[]): string {
  cuts.sort((a, b) => a.from - b.from || b.to - a.to);
  let clean = "";
  let at = 0;
  for (const { from, to } of cuts) {
    if (to <= at) continue;
    if (from >= at) clean += text.slice(at, from) + replacement;
    at = to;
  }
  return clean + text.slice(at);
}
