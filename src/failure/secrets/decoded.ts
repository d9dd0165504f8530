/**
 * A text that is written inside another one is encoded for it: `sig=` becomes `sig%3D` in an address, `&amp;sig=` in XML,
 * `\u0026sig=` in JSON. The same text one level further in is searched as well, so that no spelling needs a rule of its own.
 */

/** The place in the original text that a place in a decoded text came from. */
export type Origin = (at: number) => number;

export interface Decoded {
  readonly text: string;
  readonly origin: Origin;
}

const encoded =
  /%[0-9a-f]{2}|&(?:amp|quot|apos|lt|gt|#\d{1,4}|#x[0-9a-f]{1,4});|\\(?:u[0-9a-f]{4}|x[0-9a-f]{2}|["'\\/bfnrt])/gi;

const named: Readonly<Record<string, string>> = { amp: "&", quot: '"', apos: "'", lt: "<", gt: ">" };
const escaped: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: " ", f: " " };

/** One level further in; nothing when the text is not encoded. */
export function decode(text: string): Decoded | undefined {
  const parts: string[] = [];
  // For each decoded character: where it stands, and how much shorter the text has become with it.
  const places: number[] = [];
  const shifts: number[] = [];
  let from = 0;
  let shift = 0;
  encoded.lastIndex = 0;
  for (let match = encoded.exec(text); match; match = encoded.exec(text)) {
    const { 0: written, index } = match;
    parts.push(text.slice(from, index), characterOf(written));
    from = index + written.length;
    shift += written.length - 1;
    places.push(from - shift);
    shifts.push(shift);
  }
  if (places.length === 0) return undefined;
  parts.push(text.slice(from));
  return { text: parts.join(""), origin: (at) => at + (shifts[lastNotAfter(places, at)] ?? 0) };
}

function characterOf(written: string): string {
  const name = written.slice(1, -1).toLowerCase();
  if (written.startsWith("%")) return String.fromCharCode(parseInt(written.slice(1), 16));
  if (written.startsWith("&")) {
    if (!name.startsWith("#")) return named[name] ?? " ";
    return String.fromCharCode(name[1] === "x" ? parseInt(name.slice(2), 16) : Number(name.slice(1)));
  }
  if (written.length > 2) return String.fromCharCode(parseInt(written.slice(2), 16));
  return escaped[written.charAt(1)] ?? written.charAt(1);
}

/** The index of the last place that is not after `at`; -1 when there is none. */
function lastNotAfter(places: readonly number[], at: number): number {
  let low = -1;
  let high = places.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((places[middle] ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}
