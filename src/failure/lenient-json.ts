/**
 * Reads JSON that people and tools have damaged: hard-wrapped, truncated, pasted with the escapes of an enclosing
 * string, put into a string without escapes, dumps of JavaScript and Python. Never fails and never backtracks: one pass
 * from the opening brace, skipping what makes no sense.
 */
import { maxDepth } from "./read-limits.js";

export interface LenientJson {
  readonly value: unknown;
  /** Where reading stopped. */
  readonly end: number;
}

export function readLenientJson(text: string, start: number): LenientJson {
  const reader = new LenientReader(text, start);
  const value = reader.value(0);
  return { value, end: reader.at };
}

/** A quotation mark and the backslashes before it; the deeper a string was nested, the more it has. */
export interface Quote {
  readonly mark: string;
  readonly slashes: number;
  /** The index behind the mark. */
  readonly end: number;
}

/** The most backslashes that have a meaning: six levels of strings in strings. */
const maxSlashes = 63;

export function quoteAt(text: string, at: number): Quote | undefined {
  let slashes = 0;
  while (slashes < maxSlashes && text.charCodeAt(at + slashes) === 92) slashes += 1;
  const mark = text[at + slashes];
  return mark === '"' || mark === "'" ? { mark, slashes, end: at + slashes + 1 } : undefined;
}

/** The number of backslashes before a quotation mark. */
export function slashesBefore(text: string, at: number, from: number): number {
  let slashes = 0;
  while (slashes < maxSlashes && at - slashes - 1 >= from && text.charCodeAt(at - slashes - 1) === 92) slashes += 1;
  return slashes;
}

/** Removes one layer of escapes for the string itself and one for each layer of backslashes on its marks. */
export function unescape(content: string, slashes: number): string {
  let plain = content;
  for (let layer = slashes; plain.includes("\\"); layer >>= 1) {
    plain = plain.replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, unescapeOne);
    if (layer === 0) break;
  }
  return plain;
}

function unescapeOne(_: string, hex: string | undefined, char: string | undefined): string {
  if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
  if (char === "n") return "\n";
  if (char === "r") return "\r";
  if (char === "t") return "\t";
  return char ?? "";
}

class LenientReader {
  constructor(
    private readonly text: string,
    public at: number,
  ) {}

  value(depth: number): unknown {
    this.skipBlanks();
    const char = this.text[this.at];
    if (depth > maxDepth) {
      this.at = this.text.length;
      return undefined;
    }
    if (char === "{") return this.object(depth);
    if (char === "[") return this.list(depth);
    const quote = quoteAt(this.text, this.at);
    return quote ? this.string(quote, depth) : this.bare();
  }

  private object(depth: number): Record<string, unknown> {
    const fields = Object.create(null) as Record<string, unknown>;
    this.at += 1;
    for (;;) {
      this.skipBlanks();
      const char = this.text[this.at];
      if (char === undefined || char === "]") return fields;
      if (char === "}") {
        this.at += 1;
        return fields;
      }
      const key = this.key();
      if (key === undefined) this.at += 1;
      else if (!(key in fields)) fields[key] = this.value(depth + 1);
      else this.value(depth + 1);
    }
  }

  private list(depth: number): unknown[] {
    const items: unknown[] = [];
    this.at += 1;
    for (;;) {
      this.skipBlanks();
      const char = this.text[this.at];
      if (char === undefined || char === "}") return items;
      if (char === "]") {
        this.at += 1;
        return items;
      }
      const before = this.at;
      items.push(this.value(depth + 1));
      if (this.at === before) this.at += 1;
    }
  }

  /** `"code":`, `'code':`, `code:`, `[stack]:`, `"code" =>`; undefined if there is no key here. */
  private key(): string | undefined {
    const pattern =
      /\\{0,63}(["']?)\s{0,64}([\w@.$[][^"'\\:=\n{},]{0,63}(?:\n[ \t]{0,64}[\w.]{1,32})?)\s{0,64}\\{0,63}\1\s{0,64}(?::|=>)/y;
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (!match) return undefined;
    this.at = pattern.lastIndex;
    return (match[2] ?? "").replace(/\s*\n\s*/g, "").trim();
  }

  private string(quote: Quote, depth: number): unknown {
    const nested = this.unescapedObject(quote, depth);
    if (nested) return nested.value;
    let whole = "";
    let open: Quote | undefined = quote;
    while (open) {
      const { content, end } = readString(this.text, open);
      whole += unescape(content, open.slashes);
      this.at = end;
      open = this.continuation();
    }
    return whole;
  }

  /** JSON put into a string without escaping: `"message":"{ "status": "Failed", … }"`. */
  private unescapedObject(quote: Quote, depth: number): { value: unknown } | undefined {
    const pattern = /\s{0,64}[{[]\s{0,64}\{?\s{0,64}(\\{0,63})["']/y;
    pattern.lastIndex = quote.end;
    const match = pattern.exec(this.text);
    if (!match || (match[1] ?? "").length > quote.slashes) return undefined;
    this.at = quote.end;
    const value = this.value(depth + 1);
    this.skipBlanks();
    const closing = quoteAt(this.text, this.at);
    if (closing) this.at = closing.end;
    return { value };
  }

  /** JavaScript prints a long string in pieces: `'first\n' + 'second'`. */
  private continuation(): Quote | undefined {
    const pattern = /\s{0,256}\+\s{0,256}(?=["'])/y;
    pattern.lastIndex = this.at;
    return pattern.test(this.text) ? quoteAt(this.text, pattern.lastIndex) : undefined;
  }

  /**
   * A number, a word, `[Object]`, `None`: up to the next comma, brace or line, or to the next field as Go prints it.
   */
  private bare(): unknown {
    const pattern = /(?:(?! [A-Z]\w{1,24}:)(?:[^,{}[\]\n\r"']|["'](?![,}\]\n:]|$)))*/y;
    pattern.lastIndex = this.at;
    const word = (pattern.exec(this.text)?.[0] ?? "").trim();
    this.at = pattern.lastIndex;
    if (/^-?\d{1,15}(?:\.\d{1,15})?$/.test(word)) return Number(word);
    return word === "" || /^(?:null|undefined|none|true|false)$/i.test(word) ? undefined : word;
  }

  private skipBlanks(): void {
    while (this.at < this.text.length) {
      const char = this.text.charCodeAt(this.at);
      if (char > 32 && char !== 44 /* , */) break;
      this.at += 1;
    }
  }
}

/**
 * The content of a string up to its closing mark: one with as many backslashes as the opening mark, followed by
 * something that may follow a value. A mark in mid-sentence is content.
 */
function readString(text: string, open: Quote): { content: string; end: number } {
  let at = text.indexOf(open.mark, open.end);
  while (at >= 0) {
    const slashes = slashesBefore(text, at, open.end);
    if (slashes < open.slashes) return { content: text.slice(open.end, at - slashes), end: at - slashes };
    const closes = open.slashes === 0 ? slashes % 2 === 0 : slashes === open.slashes;
    if (closes && mayFollowValue(text, at + 1)) {
      return { content: text.slice(open.end, at - (open.slashes === 0 ? 0 : slashes)), end: at + 1 };
    }
    at = text.indexOf(open.mark, at + 1);
  }
  return { content: text.slice(open.end), end: text.length };
}

function mayFollowValue(text: string, at: number): boolean {
  const pattern =
    /\s{0,512}(?:$|[}\])+;]|\*{3}|\\{0,63}["'](?:\s{0,64}[}\],]|[\w.@]{1,64}\\{0,63}["']\s{0,8}:)|,\s{0,512}(?:$|[{[}\]]|\\{0,63}["']|[\w$[\]]{1,32}\s?(?::|=>)))/y;
  pattern.lastIndex = at;
  return pattern.test(text);
}
