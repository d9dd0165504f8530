/**
 * Objects -> raw nodes. Nearly every response is `{ error: { code, message, details } }` and is read by name, without
 * listing its keys. Services, proxies and tools also write `Code`, `ErrorCode`, `odata.error`, `ErrorEntity`,
 * `properties.statusMessage`, JSON in a string in JSON. Those are found by folding the keys, but only if the usual
 * names found nothing.
 */
import { cut, maxDepth, maxItems, maxJsonChars, maxKeys, maxNameChars, maxTextChars } from "./read-limits.js";
import { isTellingCode } from "./chains.js";
import { readLenientJson } from "./lenient-json.js";
import { factsOfPolicy } from "./facts.js";
import { type RawNode, type Reading, addBelow, cleanCode, rawNode } from "./raw-node.js";
import { readFastPath } from "./fast-path.js";

interface UsualFields {
  readonly error?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly target?: unknown;
  readonly details?: unknown;
  readonly innererror?: unknown;
  readonly innerError?: unknown;
  readonly additionalInfo?: unknown;
}

/**
 * The error nodes of a value; undefined if it has none. Siblings are returned below a node without code and message.
 */
export function readValue(value: unknown, reading: Reading, depth: number): RawNode | undefined {
  if (typeof value === "string") return readJson(value, reading, depth);
  if (typeof value !== "object" || value === null) return undefined;
  if (depth > maxDepth || reading.nodesLeft <= 0 || ArrayBuffer.isView(value)) return undefined;
  reading.nodesLeft -= 1;
  return Array.isArray(value) ? readList(value, reading, depth) : readObject(value, reading, depth);
}

function readObject(fields: UsualFields, reading: Reading, depth: number): RawNode | undefined {
  const { code, message, error } = fields;
  if (typeof code === "string" && typeof message === "string") {
    const node = rawNode(code, message);
    if (typeof fields.target === "string") node.target = fields.target;
    openMessage(node, reading, depth);
    if (typeof error === "object") addNested(node, error, reading, depth);
    if (fields.details !== undefined) addNested(node, fields.details, reading, depth);
    const inner = fields.innererror ?? fields.innerError;
    if (inner !== undefined) addInner(node, inner, reading, depth);
    if (fields.additionalInfo !== undefined) node.facts = factsOfPolicy(fields.additionalInfo, message);
    return node;
  }
  if (typeof error === "object" && code === undefined && message === undefined) {
    const enveloped = readValue(error, reading, depth + 1);
    if (enveloped) return enveloped;
  }
  return readFolded(fields, reading, depth);
}

function readList(items: readonly unknown[], reading: Reading, depth: number): RawNode | undefined {
  const group = rawNode(undefined, "");
  for (let i = 0; i < items.length && i < maxItems && reading.nodesLeft > 0; i++) {
    const node = readValue(items[i], reading, depth + 1);
    const last = group.below?.[group.below.length - 1];
    if (node && !(last && joins(last, node))) addBelow(group, node);
  }
  return group.below?.length === 1 ? group.below[0] : group.below && group;
}

/** One entry of an array has the code and its neighbour the message: `[{ Message }, { Code }, …]`. */
function joins(last: RawNode, next: RawNode): boolean {
  if (last.below || next.below) return false;
  const [code, words] = last.code === undefined ? [next, last] : [last, next];
  if (code.code === undefined || code.message !== "" || words.code !== undefined) return false;
  last.code = code.code;
  last.message = words.message;
  return true;
}

/** A string that is JSON as a whole. */
function readJson(text: string, reading: Reading, depth: number): RawNode | undefined {
  if (text.length > reading.charsLeft) return undefined;
  const json = text.trim();
  if (!looksLikeJson(json)) return undefined;
  reading.charsLeft -= text.length;
  const value = parseJson(json);
  return isWindow(value, reading) ? undefined : readValue(value, reading, depth + 1);
}

export function looksLikeJson(trimmed: string): boolean {
  const first = trimmed.charCodeAt(0);
  return first === 123 /* { */ || first === 91; /* [ */
}

/** Whatever can be read: exact JSON as it is, and the readable part of anything else. */
export function parseJson(json: string): unknown {
  const usual = readFastPath(json);
  if (usual) return usual;
  if (json.length <= maxJsonChars) {
    try {
      return JSON.parse(json);
    } catch {
      // Truncated, hard-wrapped, or JSON put into a string without escaping it.
    }
  }
  return readLenientJson(cut(json, maxTextChars), 0).value;
}

/**
 * Messages hide further nodes: JSON in a string, `Code="…" Message="…"` of a Go client. Most messages have neither, as
 * three searches for a character show.
 */
function openMessage(node: RawNode, reading: Reading, depth: number): void {
  const { message } = node;
  if (message.length === 0) return;
  const first = message.charCodeAt(0);
  if (first === 123 || first === 91 || first <= 32) {
    const below = readJson(message, reading, depth + 1);
    if (below) {
      node.message = "";
      addBelow(node, below);
    }
    if (below || message.endsWith("}")) return;
  }
  if (node.code !== undefined && !message.includes("{") && !(message.includes("C") && /C(?:ode|ODE)/.test(message)))
    return;
  const words = reading.readWords(message, reading, depth + 1, node.code);
  if (words) addBelow(node, words);
}

function addNested(node: RawNode, value: unknown, reading: Reading, depth: number): void {
  if (value === null) return;
  const below = readValue(value, reading, depth + 1);
  if (below) addBelow(node, below);
  else if (node.message === "" && typeof value === "string") node.message = value;
}

/**
 * `innererror` is a node if it has a code and a message of its own, or only the name of a cause under the name of a
 * status (`Forbidden` > `ForbiddenByRbac`). Compute's `{ exceptiontype, errordetail }` is a trace of the service, not a
 * failure: it lends its words to a node that has none.
 */
function addInner(node: RawNode, value: unknown, reading: Reading, depth: number): void {
  const inner = readValue(value, reading, depth + 1);
  if (!inner) return;
  const tells = inner.code !== undefined && isTellingCode(inner.code) && !isTellingCode(node.code ?? "");
  if (inner.code !== undefined && (inner.message !== "" || inner.below)) addBelow(node, inner);
  else if (tells) addBelow(node, rawNode(inner.code, node.message));
  else if (node.message === "") node.message = inner.message;
}

/** What a key means, after folding case and punctuation. */
type Role = "code" | "message" | "target" | "status" | "inner" | "nested" | "words" | "list" | "statuses" | "state";

const roles = new Map<string, Role>([
  ["code", "code"],
  ["errorcode", "code"],
  ["azureerrorcode", "code"],
  ["message", "message"],
  ["errormessage", "message"],
  ["azureerrormessage", "message"],
  ["errordescription", "message"],
  ["exceptionmessage", "message"],
  ["msg", "message"],
  ["detail", "message"],
  ["summary", "message"],
  ["title", "message"],
  ["target", "target"],
  ["errortarget", "target"],
  ["statuscode", "status"],
  ["httpstatuscode", "status"],
  ["status", "status"],
  ["innererror", "inner"],
  ["error", "words"],
  ["err", "words"],
  ["statusmessage", "words"],
  ["errordetail", "words"],
  ["details", "words"],
  ["odataerror", "nested"],
  ["errorentity", "nested"],
  ["errordetails", "words"],
  ["errors", "nested"],
  ["resourceoperationerror", "nested"],
  ["innererrors", "nested"],
  ["properties", "nested"],
  ["provisioningerror", "nested"],
  ["output", "nested"],
  ["instanceview", "nested"],
  ["response", "nested"],
  ["responsebody", "nested"],
  ["body", "nested"],
  ["content", "nested"],
  ["data", "nested"],
  ["diagnostic", "nested"],
  ["value", "list"],
  ["responses", "list"],
  ["statuses", "statuses"],
  ["provisioningstate", "state"],
]);

/** Of several messages, these take precedence in this order; all others come after. */
const messageRanks = new Map([
  ["message", 0],
  ["errormessage", 1],
  ["errordescription", 1],
  ["exceptionmessage", 2],
  ["detail", 3],
]);
const lastMessageRank = 4;

function readFolded(fields: object, reading: Reading, depth: number): RawNode | undefined {
  const node = rawNode(undefined, "");
  const nested: [role: Role, value: unknown][] = [];
  let messageRank = lastMessageRank + 1;
  let running = false;
  const keys = Object.keys(fields);
  for (let i = 0; i < keys.length && i < maxKeys; i++) {
    const key = keys[i] as keyof typeof fields;
    if ((key as string).length > 32) continue;
    const name = (key as string).toLowerCase().replace(/[^a-z]/g, "");
    const role = roles.get(name);
    if (role === undefined) continue;
    const value: unknown = fields[key];
    switch (role) {
      case "code":
        if (typeof value === "string") node.code ??= cleanCode(value);
        else if (typeof value === "number") numericCode(node, value);
        break;
      case "message": {
        const rank = messageRanks.get(name) ?? lastMessageRank;
        if (typeof value === "object" && value !== null) nested.push(["message", value]);
        if (typeof value !== "string" || rank >= messageRank) break;
        messageRank = rank;
        node.message = value;
        break;
      }
      case "target":
        if (typeof value === "string" && value.length <= maxNameChars) node.target = value;
        break;
      case "status":
        node.status ??= httpStatus(value);
        break;
      case "state":
        running = typeof value === "string" && !isFailedWord(value);
        break;
      default:
        nested.push([role, value]);
    }
  }
  if (running && node.code === undefined) return undefined;
  if (node.message !== "") openMessage(node, reading, depth);
  for (const [role, value] of nested) addByRole(node, role, value, reading, depth);
  if (node.code === undefined && node.message === "") {
    if (!node.below) return undefined;
    if (node.below.length === 1 && node.status === undefined) return node.below[0];
  }
  return node;
}

function addByRole(node: RawNode, role: Role, value: unknown, reading: Reading, depth: number): void {
  switch (role) {
    case "message":
      addMessageObject(node, value as object, reading, depth);
      break;
    case "inner":
      addInner(node, value, reading, depth);
      break;
    case "list":
      if (Array.isArray(value)) addNested(node, value, reading, depth);
      break;
    case "statuses":
      if (Array.isArray(value)) addStatuses(node, value);
      break;
    case "words":
      addWords(node, value, reading, depth);
      break;
    default:
      if (typeof value !== "string" || looksLikeJson(value.trimStart())) addNested(node, value, reading, depth);
  }
}

/** It may be an object, JSON in a string, the name of an error (`error: "invalid_client"`) or plain words. */
function addWords(node: RawNode, value: unknown, reading: Reading, depth: number): void {
  if (typeof value !== "string" || looksLikeJson(value.trimStart())) addNested(node, value, reading, depth);
  else if (node.code === undefined && node.message !== "" && /^\w{3,64}$/.test(value)) node.code = cleanCode(value);
  else if (node.message === "") {
    node.message = value;
    openMessage(node, reading, depth);
  }
}

/** OData writes `message: { lang, value }`; some proxies put the whole error there as an object. */
function addMessageObject(node: RawNode, value: object, reading: Reading, depth: number): void {
  const text = (value as { value?: unknown }).value;
  if (typeof text === "string") {
    if (node.message === "") node.message = text;
    return;
  }
  if (!isWindow(value, reading)) addNested(node, value, reading, depth);
}

/** The instance view of a virtual machine: `{ code: "ProvisioningState/failed/AllocationFailed", level: "Error", message }`. */
function addStatuses(node: RawNode, statuses: readonly unknown[]): void {
  for (const status of statuses.slice(0, maxKeys)) {
    if (typeof status !== "object" || status === null) continue;
    const { code, message, displayStatus } = status as { code?: unknown; message?: unknown; displayStatus?: unknown };
    if (typeof code !== "string" || !/^ProvisioningState\/failed\b/i.test(code)) continue;
    const named = code.split("/", 4)[2];
    const words = typeof message === "string" ? message : displayStatus;
    addBelow(node, rawNode(named, typeof words === "string" ? words : ""));
  }
}

/** `code: 409` repeats the HTTP status; any other number is a code of the service. */
function numericCode(node: RawNode, value: number): void {
  const status = httpStatus(value);
  if (status !== undefined) node.status ??= status;
  else node.code ??= String(value);
}

export function httpStatus(value: unknown): number | undefined {
  const status = typeof value === "string" && /^\d{3}$/.test(value) ? Number(value) : value;
  return typeof status === "number" && status >= 100 && status < 600 && Number.isInteger(status) ? status : undefined;
}

/** The word with which a long-running operation or a resource reports a failure. */
export function isFailedWord(word: unknown): boolean {
  return word === "Failed" || (typeof word === "string" && /^(?:failed|failure|cancell?ed)$/i.test(word));
}

/** Compute reports the end of its throttling window in a JSON message without a code: not a node, but a wait hint. */
function isWindow(value: unknown, reading: Reading): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { endTime, endtime } = value as { endTime?: unknown; endtime?: unknown };
  const end = endTime ?? endtime;
  if (typeof end !== "string" || "error" in value || "code" in value) return false;
  reading.windowEnd = end;
  return true;
}
