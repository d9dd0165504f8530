/**
 * The result of reading before it is judged: a tree of error nodes in the order in which the service nested them.
 * Structure and text both end here, so the rules about wrappers and roots (`chains.ts`) are written once.
 */
import { cut, maxMessageCharsInAll, maxNameChars, maxNodes } from "./read-limits.js";
import { presentableText } from "./secrets/presentable.js";

export interface RawNode {
  code: string | undefined;
  message: string;
  target: string | undefined;
  status: number | undefined;
  /** What the structure says besides code and message: an exit code, the policy that denied. By parameter name. */
  facts: Record<string, string> | undefined;
  /** The nodes one level further in, in order. */
  below: RawNode[] | undefined;
}

/** Shared while one input is read: the remaining limits, and what was found beside the nodes. */
export interface Reading {
  nodesLeft: number;
  /** Characters that may still be read in messages. */
  charsLeft: number;
  /** How deeply the reader is inside messages of text. */
  textDepth: number;
  /** `endTime` of Compute's throttling window, hidden as JSON in a message. */
  windowEnd: string | undefined;
  /** Finds error nodes in a message. Passed in, since text reads structures and structures contain text. */
  readonly readWords: ReadWords;
}

/** `code` is the code of the node to which the message belongs. */
export type ReadWords = (
  text: string,
  reading: Reading,
  depth: number,
  code: string | undefined,
) => RawNode | undefined;

export function startReading(readWords: ReadWords): Reading {
  return { nodesLeft: maxNodes, charsLeft: maxMessageCharsInAll, textDepth: 0, windowEnd: undefined, readWords };
}

export function rawNode(code: string | undefined, message: string): RawNode {
  return {
    code: code === undefined ? undefined : cleanCode(code),
    message,
    target: undefined,
    status: undefined,
    facts: undefined,
    below: undefined,
  };
}

export function addBelow(node: RawNode, child: RawNode): void {
  if (node.below) node.below.push(child);
  else node.below = [child];
}

/** What tools print if a service gave no code. */
const noCode = new Set(["", "undefined", "null", "nil", "<nil>", "none", "n/a", "unavailable", "''"]);

/**
 * The code without what tools put around it: blanks, line breaks inside a wrapped code, `ProvisioningState/failed/` of
 * an instance view, and the service's name in front (`Compute.AllocationFailed`).
 */
export function cleanCode(code: string): string | undefined {
  return code.length >= 12 && code.length <= 64 && !/[^A-Za-z]/.test(code) ? code : cleanOddCode(code);
}

function cleanOddCode(code: string): string | undefined {
  // A code is a name; what reads like a setting was never one. Its lines still show where the setting ends.
  let clean = presentableText(cut(code, maxNameChars));
  const first = clean.charCodeAt(0);
  if (first <= 32 || clean.charCodeAt(clean.length - 1) <= 32 || clean.includes("\n")) {
    clean = clean.replace(/\s*[\r\n]\s*/g, "").trim();
  }
  if (clean.length <= 11 && noCode.has(clean.toLowerCase())) return undefined;
  // A name space of XML: `wst:FailedAuthentication`.
  if (/^[a-z]\w{0,8}:[A-Z]\w/.test(clean)) clean = clean.slice(clean.indexOf(":") + 1);
  if (clean.includes("/") && /^ProvisioningState\/failed\//i.test(clean))
    clean = clean.slice(clean.lastIndexOf("/") + 1);
  const dot = clean.lastIndexOf(".");
  if (dot > 0 && dot < clean.length - 1 && /^[A-Z]\w*(?:\.[A-Z]\w*){0,5}$/.test(clean)) clean = clean.slice(dot + 1);
  return clean;
}

/** Whether the node or anything below it names a code. */
export function holdsCode(node: RawNode): boolean {
  return node.code !== undefined || (node.below?.some(holdsCode) ?? false);
}
