/**
 * One text, several errors. A Terraform run, a log or a folder of JSON lines holds many failures; each is explained by
 * itself. The text is cut where tools begin an error, and what precedes the first is kept apart, since plans and
 * progress mention codes too. Linear in the length of the text.
 */

export interface ErrorText {
  readonly text: string;
  /** A tool said that an error begins here. Otherwise it is the text before the first one. */
  readonly isMarked: boolean;
}

/** The rest is left out. */
export const mostErrors = 500;

/** The texts of the single errors, in order. A text with no border in it is one error. */
export function splitErrors(text: string): ErrorText[] {
  const documents = jsonDocuments(text);
  if (documents) return documents.slice(0, mostErrors).map((document) => ({ text: document, isMarked: true }));
  const blocks = blocksOf(text);
  return blocks.length === 0 ? [{ text, isMarked: true }] : blocks;
}

/** What terminals, CI systems and loggers put before a line. */
const linePrefix = /^[\s│┃|>╷╵]{0,40}(?:\[?\d{4}-\d\d-\d\d[T ][\d:.,]{5,30}(?:Z|[+-]\d\d:?\d\d)?\]?[:\s]{0,4})?/;

/**
 * How tools begin an error: Terraform, az, Pulumi; PowerShell; Python, .NET and JavaScript; Ansible. A name without dots
 * before "Error:" may be a label within one (`OriginalError: …`).
 */
const errorStart =
  /^(?:Error|ERROR|error) ?: |^[A-Z][a-z]{1,20}-Az[A-Za-z]{1,60} ?: |^(?:\w{1,60}\.){1,8}\w{1,60}(?:Error|Exception): |^RestError: |^fatal: \[/;
const warningStart = /^(?:Warning|WARNING|warning) ?: /;
const terraformEnd = /^\s{0,40}╵/;

type Kind = "preamble" | "error" | "json" | "other";

function blocksOf(text: string): ErrorText[] {
  const blocks: ErrorText[] = [];
  let kind = "preamble" as Kind;
  let lines: string[] = [];
  let marked = 0;
  const close = (next: Kind): void => {
    const isMarked = kind === "error" || kind === "json";
    if (kind !== "other" && lines.some((line) => line.trim() !== "")) blocks.push({ text: lines.join("\n"), isMarked });
    if (isMarked) marked += 1;
    lines = [];
    kind = next;
  };
  for (const line of text.split("\n")) {
    const begins = kindOfLine(line);
    // An error of several lines may hold JSON; it belongs to that error.
    if (begins && !(begins === "json" && kind === "error")) close(begins);
    if (marked >= mostErrors) break;
    lines.push(line);
    if (begins === "json" && kind === "json") close("other");
    if (terraformEnd.test(line)) close("other");
  }
  close("other");
  return marked === 0 ? [] : blocks;
}

function kindOfLine(line: string): Kind | undefined {
  const bare = line.slice(linePrefix.exec(line)?.[0].length ?? 0, line.length);
  if (errorStart.test(bare)) return "error";
  if (warningStart.test(bare)) return "other";
  return bare.startsWith("{") && bare.trimEnd().endsWith("}") && parses(bare) ? "json" : undefined;
}

/** The documents of a text that is nothing but JSON: one, an array of several, or several under each other. */
function jsonDocuments(text: string): string[] | undefined {
  const trimmed = text.trim();
  if (!/^[{[]/.test(trimmed)) return undefined;
  const whole = parse(trimmed);
  if (Array.isArray(whole)) return whole.length === 0 ? undefined : whole.map((item) => JSON.stringify(item));
  if (whole !== undefined) return [trimmed];
  const documents = documentsUnderEachOther(trimmed);
  return documents.length > 1 && documents.every(parses) ? documents : undefined;
}

/** Cuts where braces close, outside of strings. */
function documentsUnderEachOther(text: string): string[] {
  const documents: string[] = [];
  let depth = 0;
  let start = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (isInString) {
      if (char === "\\") at += 1;
      else if (char === '"') isInString = false;
    } else if (char === '"') isInString = true;
    else if (char === "{" || char === "[") depth += 1;
    else if (char === "}" || char === "]") {
      depth -= 1;
      if (depth > 0) continue;
      documents.push(text.slice(start, at + 1).replace(/^[\s,]+/, ""));
      start = at + 1;
    }
  }
  const rest = text.slice(start).replace(/^[\s,]+/, "");
  return rest === "" ? documents : [...documents, rest];
}

const parses = (text: string): boolean => parse(text) !== undefined;

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
