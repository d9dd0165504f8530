/**
 * Words -> raw nodes. People paste what a command line, a log or a portal printed, and services put such text into
 * messages. Every tool writes the code in its own shape; the shapes stand below, one entry each. A text is walked once from
 * left to right: the shape that occurs first is read, and the walk goes on behind it. What stands later lies further in.
 */
import { cut, maxTextChars, maxTextDepth } from "./bounds.js";
import { isTellingCode } from "./chains.js";
import { withoutClutter } from "./clutter.js";
import { type Quote, quoteAt, readDamagedJson, slashesBefore, unescape } from "./damaged-json.js";
import { type RawNode, type Reading, addBelow, cleanCode, holdsCode, rawNode } from "./raw-node.js";
import { httpStatus, isFailedWord, looksLikeJson, readValue } from "./structure.js";
import { isTransportCode } from "./transport.js";

/** The nodes of a text that stands alone. Text without any code is one node whose message is the text. */
export function readText(text: string, reading: Reading): RawNode {
  const page = titleOfPage(text);
  if (page !== undefined) return rawNode(undefined, page);
  const clean = withoutClutter(text).trim();
  const group = rawNode(undefined, "");
  for (const part of partsOf(clean)) {
    const found = new Walk(part, reading, 0, true).run();
    if (found && holdsCode(found)) addBelow(group, found);
  }
  return group.below ? group : readBareWords(clean);
}

/** What a gateway's or proxy's HTML page says: its title, or its first heading. */
function titleOfPage(text: string): string | undefined {
  if (!/^\s{0,200}<(?:!doctype html|html)\b/i.test(text)) return undefined;
  const head = text.slice(0, 8_192);
  const title =
    /<title(?: [^>]{0,100})?>([^<]{1,300})/i.exec(head) ?? /<h[12](?: [^>]{0,100})?>([^<]{1,300})/i.exec(head);
  return oneLine(title?.[1] ?? "");
}

/** The nodes inside a message; under a node with a code only shapes that no sentence has by accident. */
export function readWords(
  text: string,
  reading: Reading,
  depth: number,
  code: string | undefined,
): RawNode | undefined {
  if (reading.textDepth >= maxTextDepth || (code !== undefined && holdsGuestOutput.test(code))) return undefined;
  const readable = cut(text, Math.min(maxTextChars, reading.charsLeft));
  reading.charsLeft -= readable.length;
  reading.textDepth += 1;
  const found = new Walk(readable, reading, depth, code === undefined).run();
  reading.textDepth -= 1;
  return found && holdsCode(found) ? found : undefined;
}

/** Terraform and PowerShell print several failures under each other; each begins a line in its own way. */
function partsOf(text: string): string[] {
  const begins = text.includes("error(s) occurred:")
    ? /^\* /gm
    : /^(?:Error: |[\w-]{3,60} ?: \d{1,2}:\d\d:\d\d(?: ?[AP]M)? - )/gm;
  const starts = [...text.matchAll(begins)].map(({ index }) => index);
  if (starts.length < 2) return [text];
  return [0, ...starts].map((start, i) => text.slice(start, starts[i] ?? text.length)).filter((part) => part !== "");
}

/** The output of a program that ran in the guest may hold any code; it is no failure of the service. */
const holdsGuestOutput = /^(?:VMExtension|VMAgent|OSProvisioning|DeploymentScript)/i;

/** One pass over one text: what was found so far, and what the next finding belongs to. */
class Walk {
  private readonly top = rawNode(undefined, "");
  private readonly seen = new Map<string, RawNode>();
  /** What stands before a code is its message when no label brings one. */
  private readonly proseBefore = new Map<RawNode, string>();
  /** The node that labels still to come belong to. */
  private current: RawNode | undefined;
  /** After "Exception Details:" the nodes to come stand beside each other, below this one. */
  private listed: RawNode | undefined;
  /** A code was passed over, and what is said about it is passed over too. */
  private muted = false;
  private knowsCause = false;
  /** Where a message without quotation marks began, and where unlabelled prose began and ended; -1 is nowhere. */
  private messageFrom = -1;
  private proseFrom = 0;
  private proseTo = -1;
  private nodeStatus: number | undefined;
  /** What may still be spent on braces that turn out not to be JSON, in characters. */
  private bracesLeft: number;

  constructor(
    readonly text: string,
    private readonly reading: Reading,
    private readonly depth: number,
    /** The text stands alone, or under a node without a code. */
    private readonly alone: boolean,
  ) {
    this.bracesLeft = 4 * text.length;
  }

  run(): RawNode | undefined {
    const searches = shapes
      .filter(({ anywhere }) => this.alone || anywhere === true)
      .map((shape) => new Search(shape, this.text));
    for (let at = 0; ;) {
      let first: Search | undefined;
      for (const search of searches) {
        search.moveTo(at);
        if (search.index < (first?.index ?? Infinity)) first = search;
      }
      if (!first?.match) break;
      at = Math.max(first.index + 1, first.shape.read(this, first.match, first.index + first.match[0].length));
    }
    this.closeMessage(this.text.length);
    for (const [node, prose] of this.proseBefore) if (node.message === "" && !node.below) node.message = prose;
    return this.top.below?.length === 1 ? this.top.below[0] : this.top.below && this.top;
  }

  /** A code that stands from `at` up to `end`. */
  code(value: string, at: number, end: number): void {
    this.closeMessage(at);
    const prose = this.proseUpTo(at);
    this.proseFrom = end;
    const code = cleanCode(value);
    if (code !== undefined) this.enter(code, at, prose);
  }

  /** A code that stands behind its message. */
  codeBehind(value: string, at: number, end: number): void {
    const labelled = this.messageFrom >= 0;
    const prose = labelled ? "" : this.proseUpTo(at);
    this.code(value, at, end);
    if (!this.muted && this.current?.message === "") this.current.message = prose;
  }

  private enter(code: string, at: number, prose: string): void {
    const known = this.seen.get(code.toLowerCase());
    this.muted = !known && this.passesOver(code, at);
    if (this.muted) return;
    if (known) this.current = known;
    else if (this.current && takesCode(this.current)) this.current.code = code;
    else this.begin(rawNode(code, ""), prose);
    if (!this.current) return;
    this.seen.set(code.toLowerCase(), this.current);
    this.current.status ??= this.nodeStatus;
    this.knowsCause ||= isTellingCode(code);
  }

  /** Tools repeat the envelope behind the cause (`… (Code: Conflict)`), and guests print codes of their own. */
  private passesOver(code: string, at: number): boolean {
    if (this.knowsCause && !isTellingCode(code)) return true;
    const beginsLine = /(?:^|\n)[ \t]*\n?$/.test(this.text.slice(Math.max(0, at - 16), at + 1));
    return !beginsLine && holdsGuestOutput.test(this.current?.code ?? "");
  }

  private begin(node: RawNode, prose: string): void {
    addBelow(this.listed ?? this.current ?? this.top, node);
    this.current = node;
    this.proseBefore.set(node, prose);
  }

  /** A message that stands in quotation marks, or between tags. */
  message(value: string): void {
    if (this.muted || this.messageFrom >= 0 || (this.current && this.current.message !== "")) return;
    if (!this.current) this.begin(rawNode(undefined, ""), "");
    const node = this.current;
    if (!node) return;
    node.message = oneLine(value);
    const json = looksLikeJson(node.message);
    const below = json
      ? readValue(value, this.reading, this.depth + 1)
      : readWords(value, this.reading, this.depth + 1, node.code ?? "");
    if (!below || !holdsCode(below)) return;
    if (json) node.message = "";
    this.attach(node, below);
  }

  /** A message without quotation marks lasts until something else begins. */
  openMessage(from: number): void {
    if (this.messageFrom < 0 && !this.muted && (this.current?.message ?? "") === "") this.messageFrom = from;
  }

  private closeMessage(to: number): void {
    if (this.messageFrom < 0) return;
    const value = oneLine(this.text.slice(this.messageFrom, to)).replace(/\s?[(`]$/, "");
    this.messageFrom = -1;
    this.proseFrom = to;
    if (value === "") return;
    if (!this.current) this.begin(rawNode(undefined, value), "");
    else if (this.current.message === "") this.current.message = value;
  }

  /** A brace that may begin JSON. */
  braces(at: number): number {
    if (this.bracesLeft <= 0) return at + 1;
    const { value, end } = readDamagedJson(this.text, at);
    this.bracesLeft -= end - at;
    const found = readValue(value, this.reading, this.depth + 1);
    if (!found || !holdsCode(found)) return at + 1;
    unwrapLines(found);
    this.closeMessage(at);
    if (!this.muted) this.attach(this.listed ?? this.current ?? this.top, found);
    this.proseFrom = end;
    return end;
  }

  private attach(parent: RawNode, found: RawNode): void {
    addBelow(parent, found);
    this.remember(found);
  }

  private remember(node: RawNode): void {
    if (node.code !== undefined) {
      this.seen.set(node.code.toLowerCase(), node);
      this.knowsCause ||= isTellingCode(node.code);
    }
    node.below?.forEach((below) => this.remember(below));
  }

  status(status: number | undefined, at: number): void {
    this.nodeStatus = status;
    this.border(at);
  }

  /** Something that is no part of a message and of no prose. */
  border(at: number): void {
    this.closeMessage(at);
    if (this.proseTo < 0) this.proseTo = at;
  }

  listBelow(at: number): void {
    this.border(at);
    this.listed = this.current;
  }

  private proseUpTo(at: number): string {
    const to = this.proseTo < 0 ? at : Math.min(this.proseTo, at);
    this.proseTo = -1;
    return withoutSpeaker(oneLine(this.text.slice(this.proseFrom, Math.max(to, this.proseFrom))));
  }
}

/** In text a line break inside a JSON string is most often the edge of a terminal. */
function unwrapLines(node: RawNode): void {
  node.message = oneLine(node.message);
  node.below?.forEach(unwrapLines);
}

/** A node that still waits for its code: its message came first, or only a placeholder did. */
function takesCode({ code, message, below }: RawNode): boolean {
  return code === undefined || (message === "" && !below && /^(?:\d+|unspecified)$/i.test(code));
}

/** The next place at which a shape occurs. Moves forward only, so that a walk is linear however many shapes there are. */
class Search {
  match: RegExpExecArray | null;

  constructor(
    readonly shape: Shape,
    private readonly text: string,
  ) {
    this.match = this.from(0);
  }

  get index(): number {
    return this.match?.index ?? Infinity;
  }

  moveTo(at: number): void {
    if (this.index < at) this.match = this.from(at);
  }

  private from(at: number): RegExpExecArray | null {
    this.shape.pattern.lastIndex = at;
    return this.shape.pattern.exec(this.text);
  }
}

/** How one tool writes a code, a message or a border between them. */
interface Shape {
  /** Global; matches where the shape begins. Every repetition is bounded. */
  readonly pattern: RegExp;
  /** No sentence looks like this by accident: it is looked for inside messages too. */
  readonly anywhere?: boolean;
  /** Reads the shape, tells the walk, and returns the index behind what was read. */
  read(walk: Walk, match: RegExpExecArray, end: number): number;
}

const shapes: readonly Shape[] = [
  {
    // JSON, a dump of JavaScript or Python, an array of Go: `{ "error": …`, `{ code: 'X'`, `Details=[{"code":…`
    pattern:
      /(?:\[\s{0,64})?\{\s{0,256}(?:\\{0,63}["'][^"'\\\n]{1,64}\\{0,63}["']|(?:code|message|error|name|status|statusCode|details|body|response)\b|\[(?:stack|message|cause)\])\s{0,16}(?::|=>)/gi,
    anywhere: true,
    read: (walk, match) => walk.braces(match.index),
  },
  {
    // Service management and storage: `<Error><Code>X</Code><Message>…</Message></Error>`
    pattern: /<(?:\w{1,8}:)?code>([^<]{1,128})</gi,
    read: (walk, match, end) => (walk.code(match[1] ?? "", match.index, end), end),
  },
  {
    pattern: /<(?:\w{1,8}:)?message(?: [^<>]{0,64})?>([^<]{0,16384})/gi,
    read: (walk, match, end) => (walk.message(match[1] ?? ""), end),
  },
  {
    // `Status=409`, `StatusCode: 409`, `Status: 409 (Conflict)`, `RESPONSE 409:`, `HTTP/1.1 409`
    pattern:
      /\b(?:Status(?: ?code)?|RESPONSE|HTTP(?:\/\d(?:\.\d)?)?)["'\\]{0,16}[ \t]{0,4}[:=]?[ \t]{0,4}["'\\]{0,16}([1-5]\d\d)\b/gi,
    anywhere: true,
    read: (walk, match, end) => (walk.status(httpStatus(match[1]), match.index), end),
  },
  {
    // `Code="X"`, `Code: X`, `ErrorCode: X`, `ERROR CODE: X`, `SubCode: X;`, `"code": "X"`, `(Code: X, Target: …)`
    pattern:
      /(?:(?<![A-Za-z0-9_$])|(?<=\\[nrt]))(?:([A-Za-z]{1,16})[ _-]?)?Code["'\\]{0,16}[ \t]{0,8}[:=][ \t]{0,16}/gi,
    anywhere: true,
    read: readCodeLabel,
  },
  {
    // `Message="…"`, `Message: …`, `ErrorMessage: …`, `Status Message: …`, `"message": "…"`
    pattern:
      /(?:(?<![A-Za-z0-9_$])|(?<=\\[nrt]))(?:Error[_-]?|Status[ _-]?)?Message["'\\]{0,16}[ \t]{0,8}[:=][ \t]{0,16}/gi,
    anywhere: true,
    read: readMessageLabel,
  },
  {
    // azurerm puts the code where the status belongs: `Status: "X"`, `Code: ""`
    pattern: /(?<![\w"'])Status: "([A-Z]\w{2,100})"/g,
    read: (walk, match, end) => {
      if (!isFailedWord(match[1]) && match[1] !== "Succeeded") walk.code(match[1] ?? "", match.index, end);
      else walk.border(match.index);
      return end;
    },
  },
  {
    // az and Python: `(X) message`
    pattern: /(?:^|\n|:)[ \t]{0,16}\(([A-Z]\w{2,100})\)[ \t]{1,4}/g,
    read: (walk, match, end) => {
      if (!isCodeLike(match[1] ?? "")) return end;
      walk.code(match[1] ?? "", match.index, end);
      walk.openMessage(end);
      return end;
    },
  },
  {
    // azurerm: `unexpected status 409 (409 Conflict) with error: X: message`
    pattern: /\bwith error: ([A-Z][\w.]{2,100}): /g,
    read: (walk, match, end) => {
      walk.code(match[1] ?? "", match.index, end);
      walk.openMessage(end);
      return end;
    },
  },
  {
    // msrestazure: `Azure Error: X`
    pattern: /\bAzure Error: ([A-Z]\w{2,100})\b/g,
    anywhere: true,
    read: (walk, match, end) => (walk.code(match[1] ?? "", match.index, end), end),
  },
  {
    // core-lro: `The long-running operation has failed. X. message`, with the word undefined where the code was lost
    pattern: /long-running operation has failed(?:\. (\S{1,128})\. )/gi,
    read: (walk, match, end) => {
      walk.code(match[1] ?? "", match.index, end);
      walk.openMessage(end);
      return end;
    },
  },
  {
    // the instance view of a machine
    pattern: /\bProvisioningState\/failed\/([A-Za-z]\w{2,100})/gi,
    read: (walk, match, end) => (walk.code(match[1] ?? "", match.index, end), end),
  },
  {
    pattern: /\bAADSTS\d{2,9}\b/g,
    read: (walk, match, end) => {
      walk.code(match[0], match.index, end);
      walk.openMessage(match.index);
      return end;
    },
  },
  {
    // the portal, copied: each label and each value on a line of its own
    pattern: /(?:^|\n)[ \t]{0,16}Error code[ \t]{0,16}\n\s{0,16}([A-Z]\w{2,100})[ \t]{0,16}(?=\n|$)/gi,
    read: (walk, match, end) => (walk.code(match[1] ?? "", match.index, end), end),
  },
  {
    pattern: /\n[ \t]{0,16}Message[ \t]{0,16}\n/gi,
    read: (walk, _, end) => (walk.openMessage(end), end),
  },
  {
    // Python: what follows are the details
    pattern: /\b(?:Exception Details|Inner Errors?)[ \t]{0,4}:/gi,
    anywhere: true,
    read: (walk, match, end) => (walk.listBelow(match.index), end),
  },
  {
    // What ends a message that has no closing mark
    pattern:
      /\n[ \t]*\n|\n-{4,}|\n\s{0,16}At [^\n]{1,260}:\d{1,7} char:|\n\s{0,16}\+ |\n\s{0,16}(?:Error)?(?:Target|ReasonPhrase|OperationID|Content|Headers|Correlation ?ID|Additional ?Info\w{0,32}|Activity ?Id|Details ?:|Traceback)\b|;\s{0,8}[A-Z][A-Za-z]{2,24}:|\s(?:Target|Details|InnerError|AdditionalInfo)=|\sCorrelation ?ID:/gi,
    anywhere: true,
    read: (walk, match) => (walk.border(match.index), match.index + 1),
  },
];

/** Labels that end in "code" and name something else. */
const otherCodes =
  /^(?:exit|return|status|http|httpstatus|response|country|zip|area|source|extended|internalerror|native|win32|result|qr|vs|language)$/i;

function readCodeLabel(walk: Walk, match: RegExpExecArray, end: number): number {
  if (otherCodes.test(match[1] ?? "")) return end;
  const quote = quoteAt(walk.text, end);
  const value = quote ? readName(walk.text, quote) : readBareName(walk.text, end, match[0]);
  if (!value) return end;
  if (walk.text[match.index - 1] !== "(") {
    walk.code(value.name, match.index, value.end);
    return value.end;
  }
  // In brackets behind its message: `Allocation failed. (Code: AllocationFailed, Target: …)`
  const bracket = /[^()\n]{0,400}\)/y;
  bracket.lastIndex = value.end;
  const after = bracket.test(walk.text) ? bracket.lastIndex : value.end;
  walk.codeBehind(value.name, match.index - 1, after);
  return after;
}

/** A short quoted value. It may be broken by a line, as everything may. */
function readName(text: string, quote: Quote): { name: string; end: number } | undefined {
  const close = text.indexOf(quote.mark, quote.end);
  if (close < 0 || close - quote.end > 200) return undefined;
  return { name: text.slice(quote.end, close - slashesBefore(text, close, quote.end)), end: close + 1 };
}

/** A value without quotation marks: the label must look like one (`Code`, not "exit code"), or the value like a code. */
function readBareName(text: string, at: number, label: string): { name: string; end: number } | undefined {
  const pattern = /[A-Za-z_][\w-]{0,127}(?:\.[A-Z]\w{1,127})?|\d{1,9}\b/y;
  pattern.lastIndex = at;
  const name = pattern.exec(text)?.[0];
  if (name === undefined) return undefined;
  const isLabel = /(?:^|[a-z ])C(?:ode|ODE)/.test(label);
  return isCodeLike(name) || (isLabel && /^(?:\d|[A-Z])/.test(name)) ? { name, end: pattern.lastIndex } : undefined;
}

function readMessageLabel(walk: Walk, match: RegExpExecArray, end: number): number {
  // "… failed validation with message: '…'" and "Error message: …" are sentences.
  const inSentence = /[A-Za-z] $/.test(walk.text.slice(Math.max(0, match.index - 2), match.index));
  if (inSentence && /^m[^=]*$/.test(match[0])) return end;
  const quote = quoteAt(walk.text, end);
  if (!quote) {
    walk.openMessage(end);
    return end;
  }
  const { content, end: after } = readQuotedMessage(walk.text, quote);
  walk.message(content);
  return after;
}

/** A quoted message may hold the same marks unescaped: the one that closes it has something behind it that begins anew. */
function readQuotedMessage(text: string, open: Quote): { content: string; end: number } {
  const isClosing = /\s{0,64}(?:$|[)\]};,]|\\{0,63}["']|[A-Z]\w{2,24}=|\n\s{0,64}(?![a-z]))/y;
  let last = -1;
  for (let at = text.indexOf(open.mark, open.end); at >= 0; at = text.indexOf(open.mark, at + 1)) {
    const slashes = slashesBefore(text, at, open.end);
    if (slashes > open.slashes) continue;
    last = at - slashes;
    isClosing.lastIndex = at + 1;
    if (slashes < open.slashes || isClosing.test(text)) break;
  }
  const close = last < 0 ? text.length : last;
  return {
    content: unescape(text.slice(open.end, close), open.slashes),
    end: last < 0 ? close : close + open.slashes + 1,
  };
}

/** More than one word written as one, or the name of an HTTP status: what a code looks like where no label says so. */
function isCodeLike(name: string): boolean {
  if (/^(?:Conflict|Forbidden|Unauthorized)$/.test(name)) return true;
  return name.length > 4 && /^[A-Z]\w*[A-Z]/.test(name) && /[a-z]/.test(name);
}

/** Names that stand before a colon and are no codes: types of exceptions, and the labels of tools. */
const speakers =
  /(?:Exception|CloudError|RestError|ResponseError|ExistsError|NotFoundError|AuthenticationError|TypeError|ValueError|RuntimeError|KeyError)$|^(?:CategoryInfo|FullyQualifiedErrorId|[A-Z]\w*Id|[A-Z]\w*ID|TimeStamp|ResourceType|ResourceName|ResourceGroup|StatusCode|ReasonPhrase|ErrorTarget|OperationName|Inner\w+|Server\w+|Request\w+)$/;

/** No labelled code. A code may still stand alone, in front with a colon, or behind as the last word; else it is prose. */
function readBareWords(text: string): RawNode {
  if (/^[A-Z][\w.]{2,127}$/.test(text)) return rawNode(text, "");
  const chain = readCodesInFront(text);
  if (chain) return chain;
  // core-lro prints the word undefined where it lost the code.
  const line = withoutUndefined(oneLine(text).replace(/^.{0,80}long-running operation has failed\. undefined\. /i, ""));
  for (const match of line.matchAll(/[\s>:](?:[A-Z][A-Za-z]{1,32}\.)?([A-Z]\w{3,100})\s?: /g)) {
    const name = match[1] ?? "";
    if (mayBeCode(name)) return rawNode(name, line.slice(match.index + match[0].length));
  }
  const behind = /[.'"]\s{1,4}([A-Z]\w{3,100})$/.exec(line);
  if (behind?.[1] !== undefined && mayBeCode(behind[1])) return rawNode(behind[1], line.slice(0, behind.index + 1));
  const named = /\b(?:error|with) code:? ["']?([A-Z]\w{3,100})\b/i.exec(line)?.[1];
  if (named !== undefined && mayBeCode(named)) return rawNode(named, line);
  const words = line.match(/\b[A-Z][A-Z0-9_]{3,40}\b/g) ?? [];
  return rawNode(words.find(isTransportCode), line);
}

function withoutUndefined(line: string): string {
  let end = line.length;
  while (line.endsWith(" undefined", end)) end -= " undefined".length;
  return line.slice(0, end);
}

/** `X: message` at the beginning of lines, as azd prints it: the outermost first. */
function readCodesInFront(text: string): RawNode | undefined {
  const matches = [...text.matchAll(/^[ \t]{0,16}(?:[A-Z][A-Za-z]{1,32}\.)?([A-Z]\w{3,100})\s?: /gm)].filter(
    ([, name = ""]) => mayBeCode(name),
  );
  let chain: RawNode | undefined;
  for (let i = Math.min(matches.length, maxTextDepth) - 1; i >= 0; i--) {
    const match = matches[i];
    if (!match) continue;
    const node = rawNode(
      match[1],
      oneLine(text.slice(match.index + match[0].length, matches[i + 1]?.index ?? text.length)),
    );
    if (chain) addBelow(node, chain);
    chain = node;
  }
  return chain;
}

function mayBeCode(name: string): boolean {
  return isCodeLike(name) && !speakers.test(name);
}

/** Who speaks is no part of the message: `Azure.RequestFailedException: …`, `New-AzVM : …`. */
function withoutSpeaker(prose: string): string {
  return prose
    .replace(/^[\s,;)-]{1,16}/, "")
    .replace(/^(?:[\w.]{3,120}(?:Exception|Error)|[A-Z][a-z]{1,16}-[A-Za-z]{3,60}) ?: ['"]?/, "")
    .replace(/[\s({['"-]{1,16}$/, "");
}

/** A message on one line. Line by line, since a pattern for blanks around breaks goes back over long runs of blanks. */
function oneLine(text: string): string {
  if (!text.includes("\n")) return text.trim();
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join(" ");
}

const statusNames: Record<string, number> = {
  "bad request": 400,
  unauthorized: 401,
  forbidden: 403,
  "not found": 404,
  "request timeout": 408,
  conflict: 409,
  "precondition failed": 412,
  "too many requests": 429,
  "internal server error": 500,
  "bad gateway": 502,
  "service unavailable": 503,
  "gateway timeout": 504,
};

/** The HTTP status a text names. Of several the last that is an error: a proxy's 500 stands around an Azure 409. */
export function statusInText(text: string): number | undefined {
  const numbers =
    /\b(?:Status(?: ?code)?|RESPONSE|HTTP(?:\/\d(?:\.\d)?)?)["'\\]{0,16}[ \t]{0,4}[:=]?[ \t]{0,4}["'\\]{0,16}([1-5]\d\d)\b/gi;
  let status: number | undefined;
  for (const match of text.matchAll(numbers)) {
    const named = Number(match[1]);
    if (status === undefined || named >= 300) status = named;
  }
  if (status !== undefined) return status;
  const name = /\bstatus:? ["']([A-Za-z ]{6,24})["']/i.exec(text)?.[1];
  return name === undefined ? undefined : statusNames[name.toLowerCase()];
}

const idPattern = "[\"'\\\\]{0,16}\\s{0,4}[:=]\\s{0,4}[\"'\\\\]{0,16}([0-9a-f][0-9a-f-]{7,63})\\b";
const correlationId = new RegExp(`correlation[- _]?(?:request[- _]?)?id${idPattern}`, "i");
const requestId = new RegExp(`(?<!correlation-)(?<!client-)request[- _]?id${idPattern}`, "i");

/** The ids a text names, as a person would have to tell them to support. */
export function idsInText(text: string): { correlationId: string | undefined; requestId: string | undefined } {
  return { correlationId: correlationId.exec(text)?.[1], requestId: requestId.exec(text)?.[1] };
}

/** A `Retry-After` header that was printed with the answer. */
export function retryAfterInText(text: string): string | undefined {
  return /\bretry-after["'\\]{0,16}\s{0,4}[:=]\s{0,4}["'\\]{0,16}(\d{1,12})\b/i.exec(text)?.[1];
}
