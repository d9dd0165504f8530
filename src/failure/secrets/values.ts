/** Where the value of a secret ends, in each form in which one is written. */
import type { SecretName } from "./names.js";

export interface Cut {
  readonly from: number;
  readonly to: number;
}

/** What stands between a name and its value. */
export interface Introduction {
  readonly name: SecretName;
  readonly kind: "=" | ":" | "=>" | "flag" | "prose";
  /** Where the name begins, and where its value may begin. */
  readonly nameFrom: number;
  readonly at: number;
  /** The text was encoded inside another one, whose closing quotation marks are in it too. */
  readonly isInner: boolean;
}

/** Stand-ins that reveal nothing. */
const standIn =
  /(?:\[redacted\]|\*{3,}|<[\w -]{1,64}>|\$\([^)]{0,64}\)|\$\{[^}]{0,64}\}|\((?:sensitive|known after)[^)]{0,64}\)|(?:null|nil|undefined|none|true|false))(?![\w*!@#$%+/-])/iy;
const address = /https?:\/\//iy;
/** A sentence about the secret: "password: must be longer". */
const sentence =
  /(?:the|must|is|are|was|has|have|cannot|should|does|did|do|not|never|required|missing|invalid|expired|incorrect|failed|unable)[ ,.]/iy;

const opening = /(?:\s?!!\w{1,64})?\s*[brufN$@]{0,2}?("{1,3}|'{1,3}|`)/y;
const blanks = /[ \t\u00a0]*/y;

function matches(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

export function valueAfter(text: string, introduction: Introduction): Cut | undefined {
  const { at, kind, name } = introduction;
  if (kind === ":") {
    const block = yamlBlock(text, introduction);
    if (block) return block;
  }
  const here = matches(/<<[-~]?(\w{1,64})\r?\n/y, text, skip(text, at));
  if (here) return hereDocument(text, here.index + here[0].length, here[1] ?? "");
  const quoted = matches(opening, text, at);
  if (quoted) {
    const from = at + quoted[0].length;
    return isTelling(text, from, name)
      ? notEmpty({ from, to: endOfQuotation(text, from, quoted[1] ?? "") })
      : undefined;
  }
  const from = kind === ":" || kind === "=" ? skip(text, at) : skipSpace(text, at);
  if (from >= text.length || !isTelling(text, from, name)) return undefined;
  if (kind === ":" && matches(sentence, text, from)) return undefined;
  return notEmpty({ from, to: endOfOpen(text, from, introduction) });
}

const notEmpty = (cut: Cut): Cut | undefined => (cut.to > cut.from ? cut : undefined);

/** Names of other things lead to an address; their own secrets are found as settings of theirs. */
function isTelling(text: string, from: number, { isPassword }: SecretName): boolean {
  return !matches(standIn, text, from) && (isPassword || !matches(address, text, from));
}

const skip = (text: string, at: number): number => at + (matches(blanks, text, at)?.[0].length ?? 0);
const skipSpace = (text: string, at: number): number => at + (matches(/\s*/y, text, at)?.[0].length ?? 0);

/** What stands between marks: a doubled one and one behind a backslash are part of it. */
const quotations: Readonly<Record<string, RegExp>> = {
  '"': /(?:[^"\\]+|\\[^]|"")*/y,
  "'": /(?:[^'\\]+|\\[^]|'')*/y,
  "`": /(?:[^`\\]+|\\[^])*/y,
};

/** Up to the marks that close the value; unclosed, up to the end. */
export function endOfQuotation(text: string, from: number, marks: string): number {
  const inside = quotations[marks];
  if (inside) return from + (matches(inside, text, from)?.[0].length ?? 0);
  // `""` is an empty value, unless a value follows: then marks are doubled, as in CSV, or trebled.
  const end = marks.length > 2 || /\w/.test(text.charAt(from)) ? text.indexOf(marks, from) : from;
  return end < 0 ? text.length : end;
}

function endOfOpen(text: string, from: number, introduction: Introduction): number {
  const { name, kind, nameFrom } = introduction;
  const first = text.charAt(from);
  const isConnectionString = kind === "=" && name.isPassword && isAfterSemicolon(text, nameFrom);
  if (isConnectionString) {
    const end = endInConnectionString(text, from, nameFrom);
    if (end !== undefined) return end;
  }
  if (first === "{" || first === "[" || (first === "(" && kind === "flag")) return endOfBrackets(text, from);
  if (name.isHeader) return matchEnd(text, from, /[\r\n"']|\\[rn"']/g);
  const inLine = kind === ":" && indentOf(text, nameFrom) !== undefined;
  return from + (matches(inLine ? words : word, text, from)?.[0].length ?? 0);
}

function matchEnd(text: string, from: number, pattern: RegExp): number {
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? text.length;
}

function isAfterSemicolon(text: string, nameFrom: number): boolean {
  const before = text.slice(Math.max(0, nameFrom - 3), nameFrom).trimEnd();
  return before === "" || /[;"'`]$/.test(before);
}

/** `Password=my pass;Encrypt=True`: blanks belong to the value, `{a}}b}` is one value, and the last value may end anywhere. */
function endInConnectionString(text: string, from: number, nameFrom: number): number | undefined {
  const braced =
    text.charAt(from) === "{" ? matches(/\{(?:[^}\r\n]|\}\}){0,256}\}(?=\s*(?:;|$|["']))/y, text, from) : null;
  if (braced) return from + braced[0].length;
  const value = matches(/[^;"'`\r\n<>]{0,256}/y, text, from)?.[0] ?? "";
  const end = from + value.length;
  const isFollowed = matches(/;\s*(?:[\w .]{1,64}=|$|["'`\s])/y, text, end) !== null;
  if (/&[\w.-]{1,64}=/.test(value)) return undefined;
  return isFollowed || text.charAt(nameFrom - 1) === ";" ? end : undefined;
}

/** Brackets up to their partners; those inside of quotation marks do not count. */
function endOfBrackets(text: string, from: number): number {
  let open = 0;
  for (let at = from; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "{" || char === "[" || char === "(") open += 1;
    else if (char === "}" || char === "]" || char === ")") {
      open -= 1;
      if (open <= 0) return at + 1;
    } else if ((char === '"' || char === "'") && /[\s{[(:=,]/.test(text.charAt(at - 1))) {
      at = endOfQuotation(text, at + 1, char);
    }
  }
  return text.length;
}

/**
 * What ends a value: a blank, a mark, a bracket, a separator, unless the value goes on behind it. `a&b` is one value, `a&sp=r` is a
 * value and a setting.
 */
const goesOn =
  /[^\s"'`)\]}><&;,|\\]+|["'`)\]}>](?=\w)|<(?![/\w])|[&;,|](?!\s|$|["'`)\]}<>\\]|(?:amp;|#\w{1,4};)?[\w.$%-]{1,64}["']?\s?[=:])|\\(?!["'\\/nrtux])/
    .source;
const word = new RegExp(`(?:${goesOn})*`, "y");
/** In YAML blanks belong to it. */
const words = new RegExp(`(?:${goesOn}|[ \\t\\u00a0](?!\\s{0,64}(?:#|$|[\\r\\n])))*`, "y");

/** How many characters stand before the name on its line, if they are blanks, a dash, or a quotation mark. */
function indentOf(text: string, nameFrom: number): number | undefined {
  const before = text.slice(Math.max(0, nameFrom - 80), nameFrom);
  const line = before.slice(Math.max(before.lastIndexOf("\n"), before.lastIndexOf("\r")) + 1);
  if (line.length === before.length && nameFrom > 80) return undefined;
  const indent = /^\s*(?:- +)*["']?$/.test(line) ? /^\s*/.exec(line)?.[0].length : undefined;
  return indent;
}

const blockHead = /[ \t]*(?:!!\w{1,64} {1,4})?(?:[|>][-+\d]{0,3})?[ \t]*(?:#[^\r\n]{0,200})?\r?\n/y;

/** `name: |` and what is indented below it, or `name:` with its value on the lines below. */
function yamlBlock(text: string, { at, nameFrom, isInner }: Introduction): Cut | undefined {
  const head = matches(blockHead, text, at);
  if (!head) return undefined;
  const from = at + head[0].length;
  const indent = indentOf(text, nameFrom) ?? 0;
  const below = new RegExp(`(?:[ \\t]*\\r?\\n)*(?:[ \\t]{${indent + 1}}|[ \\t]{${indent}}- )[^\\n]*(?:\\n|$)`, "y");
  let to = from;
  for (let line = matches(below, text, to); line; line = matches(below, text, to)) to += line[0].length;
  // A prompt: the answer stands alone on the next line.
  const value =
    to > from ? text.slice(from, to).trimEnd() : (matches(/[^\s:={[]{1,256}(?=\r?\n|$)/y, text, from)?.[0] ?? "");
  const begin = skipSpace(text, from);
  if (value === "" || text.startsWith("[redacted]", begin)) return undefined;
  const closing = isInner ? value.search(/"\s*[,}\]]/) : -1;
  return { from: begin, to: from + (closing < 0 ? value.length : closing) };
}

function hereDocument(text: string, from: number, word: string): Cut {
  return { from: skip(text, from), to: matchEnd(text, from, new RegExp(`\\r?\\n[ \\t]*${word}\\b`, "g")) };
}
