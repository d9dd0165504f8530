/**
 * Responses and bodies -> drafts: `{ status, headers, bodyAsText }` of a pipeline, `{ status, headers, body }` of
 * fetch, a body alone, the status document of an operation, VM Inspector's `resultStatus`, a resource that ended in
 * `Failed`.
 */
import { maxTextChars } from "./read-limits.js";
import type { Draft } from "./draft.js";
import type { FailureOrigin } from "./failure.js";
import { type ResponseHeaders, readHeaders } from "./headers.js";
import { identityCodeIn, isTokenResponse } from "./identity.js";
import { type RawNode, holdsCode, rawNode, startReading, type Reading } from "./raw-node.js";
import { httpStatus, isFailedWord, looksLikeJson, parseJson, readValue } from "./structure.js";
import { readResult } from "./results.js";
import { readText, readWords } from "./text.js";

/** A response of a pipeline, of fetch or of another client. The fields may contain anything. */
export interface ResponseFields {
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly headers?: unknown;
  readonly bodyAsText?: unknown;
  readonly parsedBody?: unknown;
  readonly body?: unknown;
  readonly data?: unknown;
}

export function isResponse(value: object): value is ResponseFields {
  if ("bodyAsText" in value || "parsedBody" in value) return true;
  const { status, statusCode } = value as ResponseFields;
  if (typeof status === "number" || typeof statusCode === "number") return "headers" in value || "body" in value;
  return "headers" in value && "body" in value;
}

export function readResponse(answer: ResponseFields): Draft {
  const status = httpStatus(answer.status) ?? httpStatus(answer.statusCode);
  return readBody(bodyOf(answer), status, readHeaders(answer.headers));
}

/**
 * The fullest body: the text that came, otherwise what a client made of it. A stream has not been read and cannot be.
 */
export function bodyOf({ bodyAsText, parsedBody, body, data }: ResponseFields): unknown {
  if (typeof bodyAsText === "string" && bodyAsText !== "") return bodyAsText;
  for (const candidate of [parsedBody, body, data]) {
    if (ArrayBuffer.isView(candidate)) return decode(candidate);
    if (typeof candidate === "string" ? candidate !== "" : isContent(candidate)) return candidate;
  }
  return undefined;
}

function isContent(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { getReader, pipe } = value as { getReader?: unknown; pipe?: unknown };
  return typeof getReader !== "function" && typeof pipe !== "function";
}

function decode(bytes: ArrayBufferView): string {
  const length = Math.min(bytes.byteLength, maxTextChars);
  return new TextDecoder().decode(new Uint8Array(bytes.buffer, bytes.byteOffset, length));
}

/** A body with the status and headers it came with, if known. */
export function readBody(body: unknown, status: number | undefined, headers: ResponseHeaders): Draft {
  const reading = startReading(readWords);
  if (typeof body === "string") {
    const parsed = looksLikeJson(body) || looksLikeJson(body.trimStart()) ? parseJson(body.trim()) : undefined;
    if (typeof parsed !== "object" || parsed === null) return readTextBody(body, reading, status, headers);
    return readParsedBody(parsed, reading, status, headers) ?? readTextBody(body, reading, status, headers);
  }
  const parsed = typeof body === "object" && body !== null ? readParsedBody(body, reading, status, headers) : undefined;
  return parsed ?? { origin: "response", tree: undefined, reading, status, headers };
}

function readParsedBody(
  body: object,
  reading: Reading,
  status: number | undefined,
  headers: ResponseHeaders,
): Draft | undefined {
  if (isTokenResponse(body)) return readTokenResponse(body, reading, status, headers);
  const result = status === undefined || (status >= 200 && status < 300) ? readResult(body) : undefined;
  if (result && (result.tree ?? endedWord(body) === undefined))
    return {
      origin: endedWord(body) === undefined ? "result" : "operation",
      tree: result.tree,
      reading,
      status,
      headers,
      execution: "answered",
    };
  const tree = readValue(body, reading, 0) ?? ended(body);
  const origin = originOf(body, status);
  if (!tree && origin === "response") return undefined;
  const { status: said, statusCode } = body as ResponseFields;
  return { origin, tree, reading, status: status ?? httpStatus(said) ?? httpStatus(statusCode), headers };
}

/**
 * Anything that is not JSON: a gateway's page, a sentence, truncated JSON. A 2xx with an unreadable body was truncated.
 */
function readTextBody(text: string, reading: Reading, status: number | undefined, headers: ResponseHeaders): Draft {
  const tree = readText(text, reading);
  const cutShort = status !== undefined && status < 300 && !holdsCode(tree);
  return { origin: "response", tree, reading, status, headers, ...(cutShort && { execution: "unknown" }) };
}

interface EndedFields {
  readonly status?: unknown;
  readonly resultStatus?: unknown;
  readonly properties?: unknown;
}

function originOf(body: object, status: number | undefined): FailureOrigin {
  const { resultStatus } = body as EndedFields;
  if (isFailedWord(resultStatus)) return "inspector";
  const answered = status === undefined || status < 300;
  return answered && endedWord(body) !== undefined ? "operation" : "response";
}

/** The word with which the status document of an operation, or a resource, reports a failure. */
function endedWord(body: object): string | undefined {
  const { status, properties } = body as EndedFields;
  if (isFailedWord(status)) return status as string;
  if (typeof properties !== "object" || properties === null) return undefined;
  const { provisioningState } = properties as { provisioningState?: unknown };
  return isFailedWord(provisioningState) ? (provisioningState as string) : undefined;
}

/** Without an error beside it, the word itself is all that the service said. */
function ended(body: object): RawNode | undefined {
  const word = endedWord(body);
  return word === undefined ? undefined : rawNode(word, "");
}

function readTokenResponse(
  body: object,
  reading: Reading,
  status: number | undefined,
  headers: ResponseHeaders,
): Draft {
  const { error, error_description: description } = body as { error: string; error_description: string };
  const tree = rawNode(identityCodeIn(description) ?? error, description);
  return { origin: "identity", tree, reading, status, headers, execution: "none" };
}
