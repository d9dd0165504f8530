/**
 * Scans a text from left to right: the first format found is read, and the scan continues after it. What follows is
 * nested further in, unless the tool marks the beginning of a list.
 */
import { maxDepth } from "./read-limits.js";
import { isTellingCode } from "./chains.js";
import { oneLine } from "./strip-decoration.js";
import { readLenientJson } from "./lenient-json.js";
import { type RawNode, type Reading, addBelow, cleanCode, holdsCode, rawNode } from "./raw-node.js";
import { type FormatSink, type ErrorFormat, errorFormats } from "./error-formats.js";
import { looksLikeJson, readValue } from "./structure.js";

/** The output of a program in the guest may contain any code; it is no failure of the service. */
export const holdsGuestOutput = /^(?:VMExtension|VMAgent|OSProvisioning|DeploymentScript)/i;

/** One pass over one text: what was found so far, and what the next finding belongs to. */
export class TextScanner implements FormatSink {
  private readonly top = rawNode(undefined, "");
  private readonly seen = new Map<string, RawNode>();
  /** Text before a code is its message if no label provides one. */
  private readonly proseBefore = new Map<RawNode, string>();
  /** The node that later labels belong to. */
  private current: RawNode | undefined;
  /** After "Exception Details:" the nodes that follow are siblings, below this one. */
  private listed: RawNode | undefined;
  /** A code was skipped, and so is what is said about it. */
  private muted = false;
  private knowsCause = false;
  /** Where a message without quotation marks began, and where unlabelled prose began and ended; -1 for nowhere. */
  private messageFrom = -1;
  private proseFrom = 0;
  private proseTo = -1;
  private nodeStatus: number | undefined;
  /** How many more characters may be spent on braces that turn out not to be JSON. */
  private bracesLeft: number;

  constructor(
    readonly text: string,
    private readonly reading: Reading,
    private readonly depth: number,
    /** The text is not inside a node, or in one without a code. */
    private readonly alone: boolean,
  ) {
    this.bracesLeft = 4 * text.length;
  }

  run(): RawNode | undefined {
    const searches = errorFormats
      .filter(({ anywhere }) => this.alone || anywhere === true)
      .map((format) => new Search(format, this.text));
    for (let at = 0; ;) {
      let first: Search | undefined;
      for (const search of searches) {
        search.moveTo(at);
        if (search.index < (first?.index ?? Infinity)) first = search;
      }
      if (!first?.match) break;
      at = Math.max(first.index + 1, first.format.read(this, first.match, first.index + first.match[0].length));
    }
    this.closeMessage(this.text.length);
    for (const [node, prose] of this.proseBefore) if (node.message === "" && !node.below) node.message = prose;
    return this.top.below?.length === 1 ? this.top.below[0] : this.top.below && this.top;
  }

  code(value: string, at: number, end: number): void {
    this.closeMessage(at);
    const prose = this.proseUpTo(at);
    this.proseFrom = end;
    const code = cleanCode(value);
    if (code !== undefined) this.enter(code, at, prose);
  }

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

  /** Tools repeat the envelope after the cause (`… (Code: Conflict)`), and guests print their own codes. */
  private passesOver(code: string, at: number): boolean {
    if (this.seen.size >= maxDepth || (this.knowsCause && !isTellingCode(code))) return true;
    const beginsLine = this.text[at] === "\n" || /\n[ \t]{0,16}$/.test(this.text.slice(Math.max(0, at - 17), at));
    return !beginsLine && holdsGuestOutput.test(this.current?.code ?? "");
  }

  private begin(node: RawNode, prose: string): void {
    addBelow(this.listed ?? this.current ?? this.top, node);
    this.current = node;
    this.proseBefore.set(node, prose);
  }

  message(value: string): void {
    if (this.muted || this.messageFrom >= 0 || (this.current && this.current.message !== "")) return;
    if (!this.current) this.begin(rawNode(undefined, ""), "");
    const node = this.current;
    if (!node) return;
    node.message = oneLine(value);
    const json = looksLikeJson(node.message);
    const below = json
      ? readValue(value, this.reading, this.depth + 1)
      : this.reading.readWords(value, this.reading, this.depth + 1, node.code ?? "");
    if (!below || !holdsCode(below)) return;
    if (json) node.message = "";
    this.attach(node, below);
  }

  openMessage(from: number): void {
    if (this.messageFrom < 0 && !this.muted && (this.current?.message ?? "") === "") this.messageFrom = from;
  }

  private closeMessage(to: number): void {
    const value = this.takeMessage(to);
    if (value === "") return;
    if (!this.current) this.begin(rawNode(undefined, value), "");
    else if (this.current.message === "") this.current.message = value;
  }

  /** The message without a closing mark that ends here. */
  private takeMessage(to: number): string {
    if (this.messageFrom < 0) return "";
    const value = oneLine(this.text.slice(this.messageFrom, to)).replace(/\s?[(`]$/, "");
    this.messageFrom = -1;
    this.proseFrom = to;
    return value;
  }

  braces(at: number): number {
    if (this.bracesLeft <= 0) return at + 1;
    const { value, end } = readLenientJson(this.text, at);
    this.bracesLeft -= end - at;
    const found = readValue(value, this.reading, this.depth + 1);
    if (!found || !holdsCode(found)) return at + 1;
    unwrapLines(found);
    this.closeMessage(at);
    if (this.alone && !this.current && !this.top.below) this.beginWithProse(at);
    if (!this.muted) this.attach(this.listed ?? this.current ?? this.top, found);
    this.proseFrom = end;
    return end;
  }

  /** What a tool says before the JSON of an error encloses it: `Deployment failed. {"error": …}`. */
  private beginWithProse(at: number): void {
    const prose = withoutSpeaker(oneLine(this.text.slice(this.proseFrom, at)));
    if (prose !== "") this.begin(rawNode(undefined, prose), "");
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
    if (!this.current) this.closeAnnouncement(at);
    this.border(at);
  }

  /**
   * `Message: x.Client#Delete: Failure responding to request: StatusCode=409 …`: text that a status interrupts in
   * mid-sentence says where the error was printed, and gives way to the message of the code that follows.
   */
  private closeAnnouncement(to: number): void {
    const value = this.takeMessage(to);
    if (value === "") return;
    if (/[.!?。)\]'"]$/.test(value)) this.begin(rawNode(undefined, value), "");
    else this.begin(rawNode(undefined, ""), value);
  }

  border(at: number): void {
    this.closeMessage(at);
    if (this.proseTo < 0) this.proseTo = at;
  }

  listBelow(at: number): void {
    this.border(at);
    this.listed = this.current;
  }

  awaitsCause(): boolean {
    return !this.knowsCause && this.current?.code !== undefined;
  }

  private proseUpTo(at: number): string {
    const to = this.proseTo < 0 ? at : Math.min(this.proseTo, at);
    this.proseTo = -1;
    return withoutSpeaker(oneLine(this.text.slice(this.proseFrom, Math.max(to, this.proseFrom))));
  }
}

/** In text, a line break inside a JSON string is usually the edge of a terminal. */
function unwrapLines(node: RawNode): void {
  node.message = oneLine(node.message);
  node.below?.forEach(unwrapLines);
}

/** A node still without its code: its message came first, or only a placeholder did. */
function takesCode({ code, message, below }: RawNode): boolean {
  return code === undefined || (message === "" && !below && /^(?:\d+|unspecified)$/i.test(code));
}

/** The next place where a format occurs. Moves only forward, so a scan is linear however many formats there are. */
class Search {
  match: RegExpExecArray | null;

  constructor(
    readonly format: ErrorFormat,
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
    this.format.pattern.lastIndex = at;
    return this.format.pattern.exec(this.text);
  }
}

/** The name of the program is not part of the message: `Azure.RequestFailedException: …`, `New-AzVM : …`. */
function withoutSpeaker(prose: string): string {
  return prose
    .replace(/^[\s,;)-]{1,16}/, "")
    .replace(/^(?:[\w.]{3,120}(?:Exception|Error)|[A-Z][a-z]{1,16}-[A-Za-z]{3,60}) ?: ['"]?/, "")
    .replace(/[\s({['"-]{1,16}$/, "");
}
