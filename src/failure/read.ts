/**
 * Anything -> a failure. This is the door of the room: it looks at what kind of thing came and hands it to the file that knows it.
 * It never throws, whatever comes: what cannot be read says so in the result.
 */
import { isResponse, readResponse, readBody } from "./response.js";
import { cut, maxErrors, maxItems, maxJsonChars, maxKeys, maxTextChars } from "./read-limits.js";
import { type Draft, finish } from "./draft.js";
import type { Failure } from "./failure.js";
import { startReading } from "./raw-node.js";
import { looksLikeJson } from "./structure.js";
import { readText, readWords } from "./text.js";
import { idsInText, retryAfterInText, statusInText } from "./text-facts.js";
import { isThrown, readThrown } from "./thrown.js";
import { executionFromWords, namesServiceCode } from "./transport.js";

export interface ReadOptions {
  /** Epoch milliseconds, for waits that are given as a date. Default: the `Date` header of the answer. */
  readonly now?: number | undefined;
}

/**
 * Reads an answer (`{ status, headers, bodyAsText }`), a body, the status document of an operation, an error or a text. Never throws.
 */
export function readFailure(input: unknown, options: ReadOptions = {}): Failure {
  try {
    return read(input, options.now, startingBudget());
  } catch {
    return readGuarded(input, options.now);
  }
}

/** Errors hold errors in `cause` and `errors`, and may hold themselves. */
interface Budget {
  errorsLeft: number;
}

const startingBudget = (): Budget => ({ errorsLeft: maxErrors });

function read(input: unknown, now: number | undefined, budget: Budget): Failure {
  if (typeof input === "string") return readWritten(input, now, budget);
  if (typeof input !== "object" || input === null) return nothing;
  if (isThrown(input)) {
    budget.errorsLeft -= 1;
    return readThrown(input, now, (inner) => (budget.errorsLeft > 0 ? read(inner, now, budget) : nothing));
  }
  if (isResponse(input)) return finish(readResponse(input), now);
  if (Array.isArray(input) && input.some((item) => item instanceof Error)) {
    return read({ name: "AggregateError", message: "", errors: input }, now, budget);
  }
  const draft = readBody(input, undefined, {});
  return draft.tree || draft.origin !== "response" ? finish(draft, now) : nothing;
}

const nothing: Failure = { origin: "none", chains: [[{ message: "" }]], execution: "unknown" };

/** A text: a complete body that was pasted, or words. */
function readWritten(text: string, now: number | undefined, budget: Budget): Failure {
  if (text.trim() === "") return nothing;
  const json = wholeJson(text);
  const copied = json ? read(json, now, budget) : nothing;
  return copied.origin === "none" ? finish(readProse(text), now) : copied;
}

function wholeJson(text: string): object | undefined {
  if (text.length > maxJsonChars || !looksLikeJson(text.trimStart())) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined; // damaged, or words that begin with a bracket
  }
}

function readProse(text: string): Draft {
  const reading = startReading(readWords);
  const tree = readText(text, reading);
  const readable = cut(text, maxTextChars);
  const { correlationId, requestId } = idsInText(readable);
  const retryAfter = retryAfterInText(readable);
  const execution = namesServiceCode(tree) ? undefined : executionFromWords(readable);
  return {
    origin: "text",
    tree,
    reading,
    status: undefined,
    namedStatus: statusInText(readable),
    headers: {
      ...(retryAfter !== undefined && { retryAfter }),
      ...(correlationId !== undefined && { correlationId }),
      ...(requestId !== undefined && { requestId }),
    },
    text: readable,
    ...(execution !== undefined && { execution }),
  };
}

/** A getter or a proxy threw: what can be read without it is copied, and the copy is read. */
function readGuarded(input: unknown, now: number | undefined): Failure {
  try {
    return read(copyReadable(input, { left: maxItems }, 0), now, startingBudget());
  } catch {
    return nothing;
  }
}

/** Errors keep these where a walk over keys does not come by. */
const hiddenKeys = ["name", "message", "stack", "cause", "errors", "status", "headers", "bodyAsText", "response"];

function copyReadable(value: unknown, budget: { left: number }, depth: number): unknown {
  if (typeof value !== "object" || value === null) return typeof value === "function" ? undefined : value;
  if (depth > 16 || (budget.left -= 1) < 0) return undefined;
  if (Array.isArray(value)) return value.slice(0, maxKeys).map((item) => copyReadable(item, budget, depth + 1));
  const keys = [...new Set([...attempt(() => Object.keys(value).slice(0, maxKeys), []), ...hiddenKeys])];
  return Object.fromEntries(
    keys.flatMap((key) => {
      const field = attempt(() => copyReadable(value[key as keyof typeof value], budget, depth + 1), undefined);
      return field === undefined ? [] : [[key, field]];
    }),
  );
}

function attempt<Value>(get: () => Value, otherwise: Value): Value {
  try {
    return get();
  } catch {
    return otherwise;
  }
}
