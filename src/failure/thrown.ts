/**
 * Thrown values -> failures. A `RestError` of arm-compute 22 carries the whole body, one of 24 a narrow copy of it or
 * nothing, core-lro throws a sentence, and any layer above may have made the last error its `cause`. What is closest to
 * the wire wins.
 */
import { type ResponseFields, bodyOf, readBody } from "./response.js";
import { maxErrorsInList } from "./read-limits.js";
import { type Draft, finish } from "./draft.js";
import type { Execution, Failure, FailureChain, FailureNode, FailureOrigin } from "./failure.js";
import { readHeaders } from "./headers.js";
import { identityCodeIn, isIdentityError } from "./identity.js";
import { type RawNode, type Reading, addBelow, holdsCode, rawNode, startReading } from "./raw-node.js";
import { httpStatus, readValue } from "./structure.js";
import { readText, readWords } from "./text.js";
import {
  executionFromWords,
  executionOfTransport,
  isFetchFailure,
  isTransportCode,
  namesServiceCode,
} from "./transport.js";

/** The fields of errors from the SDK, fetch and Node. They may contain anything. */
interface ThrownFields {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly errorCode?: unknown;
  readonly syscall?: unknown;
  readonly statusCode?: unknown;
  readonly status?: unknown;
  readonly details?: unknown;
  readonly body?: unknown;
  readonly response?: unknown;
  readonly errorResponse?: unknown;
  readonly errors?: unknown;
  readonly cause?: unknown;
  readonly stack?: unknown;
}

/** By shape, since errors come from other copies of a package, from other realms, and from JSON. */
export function isThrown(value: object): value is ThrownFields {
  if (value instanceof Error) return true;
  const { name, message, stack } = value as ThrownFields;
  return (
    typeof message === "string" && (typeof stack === "string" || (typeof name === "string" && name.endsWith("Error")))
  );
}

/** Everything a thrown value may be, surest sign first. `readInner` reads `cause` and `errors`. */
export function readThrown(error: ThrownFields, now: number | undefined, readInner: ReadInner): Failure {
  if (isIdentityError(error.name)) return readIdentity(error, error.name, now, readInner);
  const answered = readThrownResponse(error);
  if (answered) return finish(answered, now);
  return (
    readTransport(error, now) ??
    readStopped(error, now) ??
    readOperation(error, now) ??
    readWrapped(error, now, readInner) ??
    finish(readOwnWords(error), now)
  );
}

export type ReadInner = (input: unknown) => Failure;

/** An error with a response: a status, or a body that names a code. */
function readThrownResponse(error: ThrownFields): Draft | undefined {
  const response = (
    typeof error.response === "object" && error.response !== null ? error.response : {}
  ) as ResponseFields;
  const status =
    httpStatus(error.statusCode) ??
    httpStatus(response.status) ??
    httpStatus(response.statusCode) ??
    httpStatus(error.status);
  const headers = readHeaders(response.headers);
  let words: Draft | undefined;
  for (const body of [bodyOf(response), ...ownBodies(error)]) {
    if (body === undefined || body === null || body === "") continue;
    const draft = readBody(body, status, headers);
    if (draft.tree && holdsCode(draft.tree)) return draft;
    words ??= draft;
  }
  if (status === undefined || isTransportCode(error.code)) return undefined;
  const reading = words?.reading ?? startReading(readWords);
  return { origin: "response", tree: ownNode(error, words?.tree, reading), reading, status, headers };
}

/** `details` is the body or, if it is an array, the details of the error itself. */
function ownBodies({ code, message, details, body }: ThrownFields): unknown[] {
  return Array.isArray(details) ? [{ code, message, details }, body] : [details, body];
}

/** What the error itself says, if its body says less. */
function ownNode(error: ThrownFields, fromBody: RawNode | undefined, reading: Reading): RawNode | undefined {
  const message = wordsOf(error) || (fromBody?.message ?? "");
  if (hasCode(error)) return readValue({ code: error.code, message }, reading, 0);
  return fromBody && fromBody.message !== "" ? fromBody : readText(message, reading);
}

function wordsOf({ message }: ThrownFields): string {
  return typeof message === "string" ? message : "";
}

/** No response came: the code of a socket, a resolver or TLS, or the message with which fetch hides it. */
function readTransport(error: ThrownFields, now: number | undefined): Failure | undefined {
  const message = wordsOf(error);
  const cause = (typeof error.cause === "object" && error.cause !== null ? error.cause : {}) as ThrownFields;
  const fetchFailed = isFetchFailure(message);
  const source = !isTransportCode(error.code) && fetchFailed && isTransportCode(cause.code) ? cause : error;
  const bare = fetchFailed ? "REQUEST_SEND_ERROR" : message === "socket hang up" ? "ECONNRESET" : undefined;
  const code = isTransportCode(source.code) ? source.code : bare;
  if (code === undefined) return undefined;
  const connecting = source.syscall === "connect" || source.syscall === "getaddrinfo";
  const root = rawNode(code, wordsOf(source) || firstWords(source.errors) || message);
  const tree = source === cause ? rawNode(undefined, message) : root;
  if (source === cause) addBelow(tree, root);
  const execution = connecting ? "none" : executionOfTransport(code, root.message);
  return finish(draftOf("transport", tree, execution, httpStatus(error.statusCode)), now);
}

/** Node tries several addresses and collects their errors; the collecting error itself says nothing. */
function firstWords(errors: unknown): string {
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  return typeof first === "object" && first !== null ? wordsOf(first) : "";
}

/** The caller's signal, or a timer. Both end a request that may have arrived. */
function readStopped(error: ThrownFields, now: number | undefined): Failure | undefined {
  if (error.name !== "AbortError" && error.name !== "TimeoutError") return undefined;
  const origin = error.name === "TimeoutError" ? "transport" : "error";
  return finish(draftOf(origin, rawNode(error.name, wordsOf(error)), "unknown"), now);
}

/** core-lro throws plain errors: one sentence contains the operation's code and message, or only how it ended. */
function readOperation(error: ThrownFields, now: number | undefined): Failure | undefined {
  const message = wordsOf(error);
  const ended = /^Operation was cancell?ed\.?$/.test(message)
    ? "Canceled"
    : /^The long-running operation has failed\.?$/.test(message)
      ? "Failed"
      : undefined;
  if (ended !== undefined) return finish(draftOf("operation", rawNode(ended, message), "answered"), now);
  if (!message.startsWith("The long-running operation has failed")) return undefined;
  return finish(draftOf("operation", readText(message, startReading(readWords)), "answered"), now);
}

/** An error around another one: the inner one says what failed, the outer one where. */
function readWrapped(error: ThrownFields, now: number | undefined, readInner: ReadInner): Failure | undefined {
  const inner = sourcesOf(error)
    .map(readInner)
    .filter(({ origin }) => origin !== "none");
  const [first] = inner;
  if (!first) return undefined;
  const own = finish(readOwnWords(error), now);
  if (!inner.some(tells) && tells(own)) return own;
  const chains = inner.flatMap((failure) => failure.chains) as [FailureChain, ...FailureChain[]];
  return {
    ...first,
    chains: withOuter(own.chains[0][0], chains),
    execution: executionTogether(inner.map(({ execution }) => execution)),
  };
}

/** The errors that an error was made from. */
function sourcesOf({ errors, cause }: ThrownFields): unknown[] {
  if (Array.isArray(errors)) return errors.slice(0, maxErrorsInList);
  return cause === undefined || cause === null ? [] : [cause];
}

/** Whether an inner error has more than a sentence. */
function tells({ origin, chains }: Failure): boolean {
  return origin !== "error" || chains.some((chain) => chain.some(({ code }) => code !== undefined));
}

function withOuter(
  outer: FailureNode | undefined,
  [first, ...others]: readonly [FailureChain, ...FailureChain[]],
): [FailureChain, ...FailureChain[]] {
  const prefix = (chain: FailureChain): FailureChain =>
    !outer || outer.message === "" || repeats(outer, chain[0]) ? chain : [outer, ...chain];
  return [prefix(first), ...others.map(prefix)];
}

function repeats(outer: FailureNode, next: FailureNode | undefined): boolean {
  return outer.message === next?.message && (outer.code === undefined || outer.code === next.code);
}

/** Of several attempts, none was executed only if each was not. */
export function executionTogether(executions: readonly Execution[]): Execution {
  if (executions.every((execution) => execution === "none")) return "none";
  return executions.includes("unknown") ? "unknown" : "answered";
}

/**
 * No token. The code is in the message, in Entra ID's response, or in the cause; otherwise the error's type is the
 * code.
 */
function readIdentity(error: ThrownFields, name: string, now: number | undefined, readInner: ReadInner): Failure {
  const message = wordsOf(error);
  const response = (error.errorResponse ?? {}) as { error?: unknown; errorDescription?: unknown };
  const oauthCode = [response.error, error.errorCode].find(
    (code): code is string => typeof code === "string" && code !== "",
  );
  const named = identityCodeIn(message) ?? oauthCode;
  const own = finish(draftOf("identity", rawNode(named ?? name, message), "none", httpStatus(error.statusCode)), now);
  const inner = sourcesOf(error).map(readInner).filter(tells);
  if (inner.length === 0 || (named !== undefined && !Array.isArray(error.errors))) return own;
  const chains = inner.flatMap((failure) => failure.chains).sort((a, b) => silence(a) - silence(b));
  const [first, ...others] = chains;
  if (!first) return own;
  const status = own.status ?? inner.find((failure) => failure.status !== undefined)?.status;
  return {
    ...own,
    // The message of a credential chain repeats the codes of all of them: its own code is its name.
    chains: withOuter({ message: "", ...own.chains[0][0], code: name }, [first, ...others]),
    ...(status !== undefined && { status }),
  };
}

/** In a credential chain, most credentials were never set up; the one that Entra ID refused names the cause. */
function silence(chain: FailureChain): number {
  const code = chain[chain.length - 1]?.code;
  if (code?.startsWith("AADSTS")) return 0;
  return code === undefined || code === "CredentialUnavailableError" ? 2 : 1;
}

/** Only a name and a sentence, which may contain a code. */
function readOwnWords(error: ThrownFields): Draft {
  const message = wordsOf(error);
  const reading = startReading(readWords);
  const tree = hasCode(error) ? readValue({ code: error.code, message }, reading, 0) : readText(message, reading);
  const execution = tree && namesServiceCode(tree) ? "answered" : (executionFromWords(message) ?? "unknown");
  return { origin: "error", tree, reading, status: undefined, headers: {}, text: message, execution };
}

function hasCode({ code }: ThrownFields): boolean {
  return typeof code === "string" && code !== "";
}

function draftOf(origin: FailureOrigin, tree: RawNode, execution: Execution, status?: number): Draft {
  return { origin, tree, reading: startReading(readWords), status, headers: {}, execution };
}
