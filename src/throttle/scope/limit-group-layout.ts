/**
 * The header with the levels of a provider's limit groups looks the same in each response, except for the numbers. So
 * the text around the numbers is kept, and a header with the same text is not parsed again: parsing would cost a clean
 * call more than everything else.
 */
import { digitsIn, mostDigits, type LimitGroupLevel } from "./rate-limit-headers.js";

export class LimitGroupLayout {
  /** From the header read last, in the order of {@link names}. */
  readonly levels: number[];
  readonly names: readonly string[];
  /** The text before each number. */
  readonly #texts: readonly string[];
  #header = "";

  constructor(texts: readonly string[], groups: readonly LimitGroupLevel[]) {
    this.#texts = texts;
    this.names = groups.map(({ name }) => name);
    this.levels = groups.map(({ level }) => level);
  }

  /** Reads a header with this layout; false for any other. */
  read(header: string): boolean {
    if (header === this.#header) return true;
    this.#header = "";
    let at = 0;
    for (let index = 0; index < this.#texts.length; index++) {
      const text = this.#texts[index] ?? "";
      const start = at + text.length;
      if (header.slice(at, start) !== text) return false;
      at = endOfDigits(header, start);
      if (at === start || at - start > mostDigits) return false;
      this.levels[index] = digitsIn(header, start, at);
    }
    if (at !== header.length) return false;
    this.#header = header;
    return true;
  }
}

/** The layout of a header; undefined unless it is `name;level` for each of the groups read from it. */
export function layoutOf(header: string, groups: readonly LimitGroupLevel[]): LimitGroupLayout | undefined {
  const texts: string[] = [];
  let at = 0;
  for (const { name } of groups) {
    const start = header.indexOf(`${name};`, at) + name.length + 1;
    texts.push(header.slice(at, start));
    at = endOfDigits(header, start);
  }
  const layout = new LimitGroupLayout(texts, groups);
  const fits = texts.length > 0 && layout.read(header);
  return fits && groups.every(({ level }, index) => layout.levels[index] === level) ? layout : undefined;
}

function endOfDigits(text: string, start: number): number {
  let end = start;
  while (end < text.length && digitsIn(text, end, end + 1) >= 0) end++;
  return end;
}
