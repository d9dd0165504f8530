/**
 * One text, several failures. A Terraform run, a pipeline log or a file of JSON lines contains many unrelated failures.
 * The text is cut where tools begin an error. Linear in the length of the text.
 */
import { isEpilogue } from "./epilogues.js";
import { failedStatusLine } from "./text-facts.js";

/** A part of a text about one thing. */
export interface Piece {
  readonly text: string;
  /** Where it begins and ends in the whole text. */
  readonly from: number;
  readonly to: number;
  /**
   * A tool marked the beginning of an error here. Otherwise it is the text before the first error, a warning, or a
   * tool's closing lines.
   */
  readonly isMarked: boolean;
}

/** The rest is left out. */
export const maxPieces = 500;

/** The pieces of a text, in order. A text without borders is one piece. */
export function splitText(text: string): Piece[] {
  const documents = jsonDocuments(text);
  if (documents) return documents.slice(0, maxPieces);
  const blocks = blocksOf(text);
  return blocks.some(({ isMarked }) => isMarked) ? blocks : [wholeOf(text)];
}

const wholeOf = (text: string): Piece => ({ text, from: 0, to: text.length, isMarked: true });

/** What terminals, CI systems and loggers put before a line: gutters, timestamps, the name of a container. */
const linePrefix =
  /^[\s│┃|>╷╵]{0,40}(?:[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d \S{1,64} \S{1,64}: )?(?:\[?\d{4}-\d\d-\d\d[T ][\d:.,]{5,30}(?:Z|[+-]\d\d:?\d\d)?\]?[:\s]{0,4}|\[\d\d:\d\d:\d\d\] {0,4})?/;

/**
 * How tools begin an error: Terraform, az, Pulumi; PowerShell; Python, .NET and JavaScript; Ansible; CI systems. A name
 * without dots before "Error:" may be a label within one (`OriginalError: …`).
 */
const errorStart =
  /^(?:Error|ERROR|error) ?: (?! )|^##\[error\]|^::error|^[A-Z][a-z]{1,20}-Az[A-Za-z]{1,60} ?: |^(?:\w{1,60}\.){1,8}\w{1,60}(?:Error|Exception): |^RestError: |^fatal: \[/;
/** A level after a timestamp: `2026-03-01 10:00:00,1 - root - ERROR - …`, `… ERROR 1 --- [pool-1] c.a.Client : …`. */
const errorLevel = /^(?:- \S{1,60} - |\[[\w-]{1,40}\] )?\[?(?:ERROR|FATAL|CRITICAL|SEVERE)\]?(?: |:)/;
const otherLevel = /^(?:- \S{1,60} - |\[[\w-]{1,40}\] )?\[?(?:INFO|DEBUG|TRACE|NOTICE)\]?(?: |:)/;
/** A response dumped by the SDK for Go. */
const goResponse = /^RESPONSE [45]\d\d: /;
const warningStart = /^(?:Warning|WARNING|warning) ?: |^##\[warning\]|^::warning/;
const exceptionLine = /^(?:\w{1,60}\.){0,8}\w{1,60}(?:Error|Exception)\b/;
/** A warning of az is one line; one of Terraform ends with its gutter. */
const isOneLine = /^\s{0,16}WARNING ?: /;
const terraformEnd = /^\s{0,40}╵/;
/** Go programs of Kubernetes: level, month and day, time, process, file and line. */
const klog = /^([EFWI])\d{4} \d\d:\d\d:\d\d\.\d{1,9} {1,12}\d{1,9} [\w./-]{1,80}:\d{1,6}\] /;
/** `kubectl describe` and `kubectl get events`: type, reason, age, source. */
const kubernetesEvent = /^(Warning|Normal)[ \t]{1,12}[A-Z]\w{2,60}[ \t]{1,20}\S/;

type Kind = "preamble" | "error" | "warning" | "traceback" | "json" | "event" | "other";

const isMarkedKind = (kind: Kind): boolean =>
  kind === "error" || kind === "traceback" || kind === "json" || kind === "event";

/** Reads a text line by line into blocks of one kind each. */
function blocksOf(text: string): Piece[] {
  const blocks: Piece[] = [];
  let kind: Kind = "preamble";
  let from = 0;
  let at = 0;
  let marked = 0;
  const close = (next: Kind, to: number): void => {
    const piece = text.slice(from, to);
    if (kind !== "other" && piece.trim() !== "") {
      const isMarked = isMarkedKind(kind) && !isOnlyEpilogue(piece);
      blocks.push({ text: piece.replace(/\n$/, ""), from, to, isMarked });
      if (isMarked) marked += 1;
    }
    from = to;
    kind = next;
  };
  for (const line of text.split("\n")) {
    const end = Math.min(text.length, at + line.length + 1);
    const begins = kindOfLine(line, kind);
    if (begins) close(begins, at);
    if (marked >= maxPieces) break;
    if (begins === "json" || terraformEnd.test(line)) close("other", end);
    else if (begins === "other" && isOneLine.test(line)) close("preamble", end);
    at = end;
  }
  close("other", at);
  return blocks;
}

const isOnlyEpilogue = (piece: string): boolean =>
  piece.split("\n").every((line) => line.trim() === "" || isEpilogue(line));

/** What begins with this line; undefined if the line continues the current block. */
function kindOfLine(line: string, current: Kind): Kind | undefined {
  const prefix = linePrefix.exec(line)?.[0] ?? "";
  const bare = line.slice(prefix.length);
  if (bare === "") return undefined;
  const level = klog.exec(bare)?.[1];
  if (level !== undefined) return level === "I" ? "other" : level === "W" ? "warning" : "error";
  const event = kubernetesEvent.exec(bare)?.[1];
  if (event !== undefined) return event === "Warning" ? "event" : "other";
  if (bare.startsWith("Traceback (most recent call last):")) return current === "error" ? undefined : "traceback";
  // The lines above lead up to the exception.
  if (current === "traceback" && exceptionLine.test(bare)) return undefined;
  if (errorStart.test(bare)) return "error";
  // The head of a response, whose body follows.
  if (current !== "error" && (failedStatusLine.test(bare) || goResponse.test(bare))) return "error";
  if (warningStart.test(bare)) return "other";
  if (/\d/.test(prefix)) {
    if (errorLevel.test(bare)) return "error";
    if (otherLevel.test(bare)) return "other";
  }
  // An error of several lines may hold JSON; it belongs to that error.
  const mayBeJson = current !== "error" && bare.startsWith("{") && bare.trimEnd().endsWith("}");
  return mayBeJson && parses(bare) ? "json" : undefined;
}

/** The documents of a text that is nothing but JSON: one, an array of several, or several in sequence. */
function jsonDocuments(text: string): Piece[] | undefined {
  const from = text.length - text.trimStart().length;
  const trimmed = text.trim();
  if (!/^[{[]/.test(trimmed)) return undefined;
  const whole = parse(trimmed);
  if (Array.isArray(whole) && whole.length > 0) {
    const items = documentsIn(trimmed.slice(1, -1), from + 1);
    return items.length === whole.length ? items : [{ text: trimmed, from, to: from + trimmed.length, isMarked: true }];
  }
  if (whole !== undefined) return [{ text: trimmed, from, to: from + trimmed.length, isMarked: true }];
  const documents = documentsIn(trimmed, from);
  return documents.length > 1 && documents.every((document) => parses(document.text)) ? documents : undefined;
}

/** Cuts where braces close, outside strings. */
function documentsIn(text: string, offset: number): Piece[] {
  const documents: Piece[] = [];
  let depth = 0;
  let start = 0;
  let isInString = false;
  const add = (to: number): void => {
    const raw = text.slice(start, to);
    const document = raw.replace(/^[\s,]+/, "");
    const from = offset + start + raw.length - document.length;
    if (document !== "") documents.push({ text: document, from, to: offset + to, isMarked: true });
    start = to;
  };
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (isInString) {
      if (char === "\\") at += 1;
      else if (char === '"') isInString = false;
    } else if (char === '"') isInString = true;
    else if (char === "{" || char === "[") depth += 1;
    else if (char === "}" || char === "]") {
      depth -= 1;
      if (depth === 0) add(at + 1);
    }
  }
  add(text.length);
  return documents;
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
