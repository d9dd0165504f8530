/**
 * Anything -> a failure. The entry point of this room: it finds out what kind of thing it got and passes it to the file
 * for that kind. It never throws: what cannot be read is reported in the result.
 */
import { distinctChains, isTellingCode, isWrapperCode } from "./chains.js";
import { cut, maxErrors, maxItems, maxJsonChars, maxKeys, maxTextChars } from "./read-limits.js";
import { type Draft, finish } from "./draft.js";
import type { Failure, FailureChain } from "./failure.js";
import { startReading } from "./raw-node.js";
import { isResponse, readBody, readResponse } from "./response.js";
import { looksLikeJson } from "./structure.js";
import { type Piece, splitText } from "./split-text.js";
import { headAndTail } from "./strip-decoration.js";
import { readPiece, readWords } from "./text.js";
import { headersInText, statusInText } from "./text-facts.js";
import { executionTogether, isThrown, readThrown } from "./thrown.js";
import { executionFromWords, namesServiceCode } from "./transport.js";

export interface ReadOptions {
  /** Epoch milliseconds, for waits given as a date. Default: the `Date` header of the response. */
  readonly now?: number | undefined;
}

/**
 * Reads a response (`{ status, headers, bodyAsText }`), a body, the status document of an operation, an error or a
 * text. Never throws.
 */
export function readFailure(input: unknown, options: ReadOptions = {}): Failure {
  try {
    return read(input, options.now, startingBudget());
  } catch {
    return readGuarded(input, options.now);
  }
}

/** Errors contain errors in `cause` and `errors`, and may contain themselves. */
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
  if (Array.isArray(input) && input.slice(0, maxItems).some((item) => item instanceof Error)) {
    return read({ name: "AggregateError", message: "", errors: input }, now, budget);
  }
  const draft = readBody(input, undefined, {});
  return draft.tree || draft.origin !== "response" ? finish(draft, now) : nothing;
}

const nothing: Failure = { origin: "none", chains: [[{ message: "" }]], execution: "unknown" };

/** A failure with the part of the text that it was read from. */
export interface LocatedFailure {
  readonly failure: Failure;
  /** Where the part begins and ends in the text. */
  readonly from: number;
  readonly to: number;
}

/**
 * The failures of a text in order, one for each error that a tool printed. An entry that only says that something else
 * failed is left out if the text contains that too. At least one entry. Never throws.
 *
 * @param text any length; of a very long error, the head and the tail are read
 */
export function readFailures(text: string, options: ReadOptions = {}): readonly LocatedFailure[] {
  const located = splitText(text).flatMap((piece): LocatedFailure[] => {
    const failure = readOne(piece, options.now);
    return failure ? [{ failure, from: piece.from, to: piece.to }] : [];
  });
  const telling = located.filter(({ failure }) => failure.origin !== "none" && failure.chains.some(saysMore));
  const kept = telling.length > 0 ? telling : located;
  if (kept.length > 0) return kept;
  return [
    {
      failure: readOne({ text, from: 0, to: text.length, isMarked: true }, options.now) ?? nothing,
      from: 0,
      to: text.length,
    },
  ];
}

/** Whether a chain says more than that something failed somewhere else. */
function saysMore(chain: FailureChain): boolean {
  const root = chain[chain.length - 1];
  if (!root) return false;
  return root.code === undefined ? root.message !== "" : !isWrapperCode(root.code);
}

/** An unmarked piece counts only as a code with a label: plans and progress mention codes too. */
function readOne({ text, from, isMarked }: Piece, now: number | undefined): Failure | undefined {
  if (text.trim() === "") return nothing;
  const json = isMarked ? wholeJson(text) : undefined;
  const copied = json ? read(json, now, startingBudget()) : nothing;
  if (copied.origin !== "none") return copied;
  const isLead = from === 0 && isSentence(text);
  const draft = readProse(text, !isMarked && !isLead);
  if (!draft) return undefined;
  const failure = finish(draft, now);
  return isMarked || isLead || failure.chains.some(namesCause) ? failure : undefined;
}

const namesCause = (chain: FailureChain): boolean =>
  chain.some(({ code }) => code !== undefined && isTellingCode(code));

/** Whole sentences before the first error say what it is about; more is a tool's progress. */
const isSentence = (text: string): boolean =>
  text.length <= 600 && /^\s*["'(]?[A-Z][^]*[.!)'"]\s*$/.test(text) && text.trim().split("\n").length <= 5;

/** A text: a complete pasted body, or words. Several failures become one with several roots. */
function readWritten(text: string, now: number | undefined, budget: Budget): Failure {
  if (text.trim() === "") return nothing;
  const json = wholeJson(text);
  const copied = json ? read(json, now, budget) : nothing;
  if (copied.origin !== "none") return copied;
  const [first, ...others] = readFailures(headAndTail(text), { now }).map(({ failure }) => failure);
  return first ? together([first, ...others]) : nothing;
}

function together(failures: readonly [Failure, ...Failure[]]): Failure {
  const [first] = failures;
  if (failures.length === 1) return first;
  const all = failures.flatMap(({ chains, status }) => chains.map((chain) => withStatus(chain, status)));
  const [deciding = first.chains[0], ...others] = distinctChains(all);
  const waits = failures.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
  const withIds = (key: "requestId" | "correlationId"): string | undefined =>
    failures.find((failure) => failure[key] !== undefined)?.[key];
  const requestId = withIds("requestId");
  const correlationId = withIds("correlationId");
  return {
    origin: "text",
    chains: [deciding, ...others],
    execution: executionTogether(failures.map(({ execution }) => execution)),
    ...(waits.length > 0 && { retryAfterMs: Math.max(...waits) }),
    ...(requestId !== undefined && { requestId }),
    ...(correlationId !== undefined && { correlationId }),
  };
}

/** With several failures, each root keeps the status from its own part of the text. */
function withStatus(chain: FailureChain, status: number | undefined): FailureChain {
  const root = chain[chain.length - 1];
  if (!root || status === undefined || root.status !== undefined) return chain;
  return [...chain.slice(0, -1), { ...root, status }];
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

function readProse(text: string, mustHaveLabel: boolean): Draft | undefined {
  const reading = startReading(readWords);
  const tree = readPiece(text, reading, mustHaveLabel);
  if (!tree) return undefined;
  const readable = cut(text, maxTextChars);
  const execution = namesServiceCode(tree) ? undefined : executionFromWords(readable);
  return {
    origin: "text",
    tree,
    reading,
    status: undefined,
    namedStatus: statusInText(readable),
    headers: headersInText(readable),
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

/** Errors keep these where iterating over keys does not find them. */
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
