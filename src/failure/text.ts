/**
 * Words -> raw nodes. People paste what a command line, a log or a portal printed, and services put such text into
 * messages. `error-formats.ts` knows how each tool writes, `text-scanner.ts` scans the text, and this file handles the
 * special cases: is it a page, is it several failures, and what if no format occurs?
 */
import { cut, maxChains, maxTextChars, maxTextDepth } from "./read-limits.js";
import { isTellingCode } from "./chains.js";
import { withoutEpilogues } from "./epilogues.js";
import { splitText } from "./split-text.js";
import { presentableText } from "./secrets/presentable.js";
import { headAndTail, oneLine, stripDecoration } from "./strip-decoration.js";
import { type RawNode, type Reading, addBelow, holdsCode, rawNode } from "./raw-node.js";
import { isFailureName, mayBeCode } from "./error-formats.js";
import { isTransportCode } from "./transport.js";
import { withoutHead } from "./text-facts.js";
import { holdsGuestOutput, TextScanner } from "./text-scanner.js";

/** The nodes of a whole text: one group of siblings where it holds several failures. Text without any code is one node. */
export function readText(given: string, reading: Reading): RawNode {
  const text = shown(given);
  const page = titleOfPage(text);
  if (page !== undefined) return rawNode(undefined, page);
  const group = rawNode(undefined, "");
  for (const piece of splitText(text).slice(0, maxChains)) {
    const found = readLabelled(stripDecoration(piece.text).trim(), reading);
    if (found) addBelow(group, found);
  }
  return group.below ? group : readUnlabelled(text);
}

/** Secrets are cut while the lines still show where each ends; and `?code=…` would be read as a code. */
const shown = (text: string): string => presentableText(headAndTail(text));

/** The nodes of one piece of a text; nothing where no code has a label and `mustHaveLabel`. */
export function readPiece(given: string, reading: Reading, mustHaveLabel = false): RawNode | undefined {
  const text = shown(given);
  const page = titleOfPage(text);
  if (page !== undefined) return rawNode(undefined, page);
  const labelled = readLabelled(stripDecoration(withoutEpilogues(text)).trim(), reading);
  return labelled ?? (mustHaveLabel ? undefined : readUnlabelled(text));
}

function readLabelled(clean: string, reading: Reading): RawNode | undefined {
  const group = rawNode(undefined, "");
  for (const part of partsOf(clean)) {
    const found = new TextScanner(part, reading, 0, true).run();
    if (found && holdsCode(found)) addBelow(group, found);
  }
  return group.below && group;
}

function readUnlabelled(text: string): RawNode {
  return readBareWords(stripDecoration(withoutHead(withoutEpilogues(text))).trim());
}

/** The message of a gateway's or proxy's HTML page: its title, or its first heading. */
function titleOfPage(text: string): string | undefined {
  if (!/^\s{0,200}<(?:!doctype html|html)\b/i.test(text)) return undefined;
  const head = text.slice(0, 8_192);
  const title =
    /<title(?: [^>]{0,100})?>([^<]{1,300})/i.exec(head) ?? /<h[12](?: [^>]{0,100})?>([^<]{1,300})/i.exec(head);
  return oneLine(title?.[1] ?? "");
}

/** The nodes inside a message; under a node with a code, only formats that no sentence has by accident. */
export function readWords(
  text: string,
  reading: Reading,
  depth: number,
  code: string | undefined,
): RawNode | undefined {
  if (reading.textDepth >= maxTextDepth || (code !== undefined && holdsGuestOutput.test(code))) return undefined;
  const part = cut(text, Math.min(maxTextChars, reading.charsLeft));
  const readable = /\n|code=/i.test(part) ? presentableText(part) : part;
  reading.charsLeft -= part.length;
  reading.textDepth += 1;
  const found = new TextScanner(readable, reading, depth, code === undefined).run();
  reading.textDepth -= 1;
  return found && holdsCode(found) ? found : undefined;
}

/** Terraform and PowerShell print several failures in sequence; each begins a line in its own way. */
function partsOf(text: string): string[] {
  const begins = text.includes("error(s) occurred:")
    ? /^\* /gm
    : /^(?:Error: |[\w-]{3,60} ?: \d{1,2}:\d\d:\d\d(?: ?[AP]M)? - )/gm;
  const starts = [...text.matchAll(begins)].slice(0, maxChains).map(({ index }) => index);
  if (starts.length < 2) return [text];
  return [0, ...starts].map((start, i) => text.slice(start, starts[i] ?? text.length)).filter((part) => part !== "");
}

/**
 * No labelled code. There may still be a code: alone, in front with a colon, or as the last word. Otherwise it is
 * prose.
 */
function readBareWords(text: string): RawNode {
  if (/^[A-Z][\w.]{2,127}$/.test(text)) return rawNode(text, "");
  const chain = readCodesInFront(text);
  if (chain) return chain;
  // core-lro prints the word undefined if it lost the code.
  const line = withoutUndefined(
    oneLine(text)
      .replace(/^.{0,80}long-running operation has failed\. undefined\. /i, "")
      .replace(/^[A-Z][a-z]{1,16}-Az[A-Za-z]{1,60} ?: /, ""),
  );
  // After a comma it is one of several fields: `Id: 1, OperationName: Create`.
  for (const match of line.matchAll(/(?<!,)[\s>:](?:[A-Z][A-Za-z]{1,32}\.)?([A-Z]\w{3,100})\s?: /g)) {
    const name = match[1] ?? "";
    if (mayBeCode(name)) return rawNode(name, line.slice(match.index + match[0].length));
  }
  const said = /(?:^|[:=] )([A-Z]\w{3,100}), (?=[A-Z'"])/.exec(line);
  if (said?.[1] !== undefined && isFailureName(said[1]))
    return rawNode(said[1], line.slice(said.index + said[0].length));
  const beside = codeBesideStatus(line);
  if (beside) return beside;
  const above = /^([A-Z]\w{4,100})[ \t]{0,16}\n/.exec(text)?.[1];
  if (above !== undefined && mayBeCode(above)) return rawNode(above, oneLine(text.slice(above.length)));
  const behind = /(?:[.'"]|(?:[Ff]ail\w{0,5}|[Ee]rror)\b[^:]{0,80}:)\s{1,4}([A-Z]\w{3,100})\.?$/.exec(line);
  if (behind?.[1] !== undefined && mayBeCode(behind[1]))
    return rawNode(behind[1], line.slice(0, line.lastIndexOf(behind[1])).trimEnd());
  const named = /\b(?:error|with) code:? ["']?([A-Z]\w{3,100})\b/i.exec(line)?.[1];
  if (named !== undefined && mayBeCode(named)) return rawNode(named, line);
  const words = line.match(/\b[A-Z][A-Z0-9_]{3,40}\b/g) ?? [];
  return rawNode(words.find(isTransportCode), line);
}

/** `… failed (409) X`, `X (404) - message`: the number shows that the word beside it is a code. */
function codeBesideStatus(line: string): RawNode | undefined {
  const match =
    /\(([45]\d\d)\)[ :-]{1,3}([A-Z]\w{3,100})\b[.: -]{0,3}|\b([A-Z]\w{3,100}|\d{4,6}) \(([45]\d\d)\)[.: -]{0,4}/.exec(
      line,
    );
  const name = match?.[2] ?? match?.[3] ?? "";
  if (!match || !(/^\d/.test(name) || (isTellingCode(name) && mayBeCode(name)))) return undefined;
  const behind = line.slice(match.index + match[0].length);
  const node = rawNode(name, behind === "" ? line.slice(0, match.index).trimEnd() : behind);
  node.status = Number(match[1] ?? match[4]);
  return node;
}

function withoutUndefined(line: string): string {
  let end = line.length;
  while (line.endsWith(" undefined", end)) end -= " undefined".length;
  return line.slice(0, end);
}

/** `X: message` at the beginning of lines, as azd prints it: outermost first. */
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
