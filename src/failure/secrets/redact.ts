/**
 * Cuts secrets out of what people will read, log and paste into tickets. Services echo parts of the request in their
 * messages and tools add command lines, so a message may hold a SAS signature, a token, a password, a storage key or custom data.
 *
 * A secret is known by its name, by its form, or by the command that takes it; and by all three at each level of a text that
 * is written inside another one. Time is linear in the length of the text.
 */
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
export function redact(text: string): string {
  if (text.length < shortestTelling) return text;
  const cuts: Cut[] = [];
  const origins: Origin[] = [];
  for (let inner: string | undefined = text, level = 0; inner !== undefined && level < maxLevels; level++) {
    const found: Cut[] = [];
    findNamed(inner, level > 0, found);
    findBare(inner, found);
    for (const cut of found) cuts.push(traced(cut, origins));
    const decoded = decode(inner);
    if (decoded) origins.unshift(decoded.origin);
    inner = decoded?.text;
  }
  return cuts.length === 0 ? text : applyCuts(text, cuts);
}

/** A cut in a decoded text, where it stands in the text itself. @param origins the innermost first */
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
