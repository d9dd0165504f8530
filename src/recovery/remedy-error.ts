/**
 * The error that a caller gets: what happened, what was tried, what to do. Code that looks for the SDK's own
 * `RestError`, by name or by `instanceof`, accepts it.
 */
import { RestError, type PipelineRequest, type PipelineResponse } from "@azure/core-rest-pipeline";
import type { Diagnosis } from "../catalog/diagnosis.js";
import { presentable } from "../failure/secrets/presentable.js";
import { redactBody } from "../failure/secrets/redact-body.js";
import type { ResumeInfo } from "../lro/resume.js";
import { asAnswered, type Finding } from "./evidence.js";
import { processWideSymbol } from "../process-wide.js";
import { formatDuration } from "../time/format-duration.js";

/** One failed attempt: a send, a response of a long-running operation, or a token that could not be obtained. */
export interface Attempt {
  /** Epoch milliseconds at which the failure was known. */
  readonly at: number;
  readonly status?: number;
  readonly code?: string;
  /** Milliseconds waited after it; 0 for the last. */
  readonly waitMs: number;
  /** What was decided, as text. */
  readonly reason: string;
}

export interface RemedyErrorOptions {
  readonly diagnosis: Diagnosis;
  readonly attempts: readonly Attempt[];
  readonly elapsedMs: number;
  /** Why nothing more is tried. */
  readonly reason: string;
  /** Default `failed`. */
  readonly outcome?: "failed" | "unknown" | undefined;
  readonly retryAfterMs?: number | undefined;
  /** Epoch milliseconds. */
  readonly retryAt?: number | undefined;
  readonly request?: PipelineRequest | undefined;
  readonly response?: PipelineResponse | undefined;
  /** The full error body, parsed, secrets removed. */
  readonly details?: unknown;
  readonly cause?: unknown;
  readonly resume?: ResumeInfo | undefined;
  /** What evidence was found. Default none. */
  readonly evidence?: readonly Finding[] | undefined;
  /** ARM id. */
  readonly resource?: string | undefined;
  /** Default 0. */
  readonly addedRequests?: number | undefined;
}

/** What `toJSON()` returns: safe to log. */
export interface RemedyErrorJson {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly statusCode?: number;
  readonly diagnosis: Diagnosis;
  readonly attempts: readonly Attempt[];
  readonly elapsedMs: number;
  readonly addedRequests: number;
  readonly reason: string;
  readonly outcome: "failed" | "unknown";
  readonly retryAfterMs?: number;
  readonly retryAt?: string;
  readonly resource?: string;
  readonly evidence?: readonly Finding[];
}

/**
 * Thrown when a request, or the long-running operation it began, failed for good or did not succeed within its budget.
 *
 * `name` is `"RestError"`: the SDK's pollers, its retry policies and much user code know an error by that name.
 * Recognize it with {@link isRemedyError}.
 */
export class RemedyError extends Error {
  override readonly name = "RestError";
  /** The root failure's code: `AllocationFailed`, not the wrapper's. */
  declare readonly code?: string;
  declare readonly statusCode?: number;
  /** What it means and what to do. */
  readonly diagnosis: Diagnosis;
  /** Every failed attempt, in order, with the decision about it. */
  readonly attempts: readonly Attempt[];
  /** Milliseconds from the first attempt to the end. */
  readonly elapsedMs: number;
  /** Requests sent besides the attempts: reads, resubmissions, remedies, evidence. */
  readonly addedRequests: number;
  /** Why nothing more was tried. */
  readonly reason: string;
  /**
   * `failed`: what was asked for did not happen. `unknown`: it may have happened, or still may, since a reply was lost
   * or the wait ended; check before you repeat it.
   */
  readonly outcome: "failed" | "unknown";
  /** Milliseconds after which another try makes sense; absent if none does. */
  declare readonly retryAfterMs?: number;
  /** The same as a time. */
  declare readonly retryAt?: Date;
  /** ARM id of the affected resource: `/subscriptions/…/virtualMachines/web-01`. Absent outside Resource Manager. */
  declare readonly resource?: string;
  /**
   * What another process needs to go on with a long-running operation. Not enumerable, and not in `toJSON()`: its URL is signed, and
   * whoever has it may use it.
   */
  declare readonly resume?: ResumeInfo;
  /** What evidence was found, if `options.evidence` allows it; a refused look is a finding too. */
  readonly evidence: readonly Finding[];
  /** The request that failed. Not enumerable: it carries the token. */
  declare readonly request?: PipelineRequest;
  /** The response, if one came. Not enumerable. */
  declare readonly response?: PipelineResponse;
  /** The full error body as the service sent it, secrets removed, in the SDK's shape; text is in `response`. */
  declare readonly details?: unknown;

  constructor(given: RemedyErrorOptions) {
    const options = presentableOptions(given);
    super(messageFor(options), options.cause === undefined ? undefined : { cause: redactBody(options.cause) });
    const { diagnosis, retryAfterMs, retryAt, resume } = options;
    // Programs compare the response's code; what evidence made of it is in the diagnosis.
    const { code, status } = asAnswered(diagnosis);
    if (code !== undefined) this.code = code;
    if (status !== undefined) this.statusCode = status;
    this.diagnosis = diagnosis;
    this.attempts = options.attempts;
    this.elapsedMs = options.elapsedMs;
    this.addedRequests = options.addedRequests ?? 0;
    this.reason = options.reason;
    this.outcome = options.outcome ?? "failed";
    this.evidence = options.evidence ?? [];
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
    if (retryAt !== undefined) this.retryAt = new Date(retryAt);
    if (options.resource !== undefined) this.resource = options.resource;
    if (resume !== undefined) Object.defineProperty(this, "resume", { value: resume, enumerable: false });
    Object.defineProperty(this, "request", { value: options.request, enumerable: false });
    Object.defineProperty(this, "response", { value: options.response, enumerable: false });
    // core-client's ServiceClient assigns `details` on any error that has a response: what it read from the body and
    // headers. A frozen or getter-only property would cause a TypeError; accepting the value unchanged would hide what
    // we know about the body.
    let { details } = options;
    Object.defineProperty(this, "details", {
      get: () => details,
      set: (value: unknown) => {
        details = isObject(details) && isObject(value) ? { ...value, ...details } : (details ?? value);
      },
      enumerable: true,
      configurable: true,
    });
    Object.defineProperty(this, nodeInspect, { value: () => this.stack ?? this.message, enumerable: false });
  }

  /** Everything a log needs, and nothing secret: no request, no response, no body. */
  toJSON(): RemedyErrorJson {
    return {
      name: "RemedyError",
      message: this.message,
      ...(this.code !== undefined && { code: this.code }),
      ...(this.statusCode !== undefined && { statusCode: this.statusCode }),
      diagnosis: this.diagnosis,
      attempts: this.attempts,
      elapsedMs: this.elapsedMs,
      addedRequests: this.addedRequests,
      reason: this.reason,
      outcome: this.outcome,
      ...(this.retryAfterMs !== undefined && { retryAfterMs: this.retryAfterMs }),
      ...(this.retryAt !== undefined && { retryAt: this.retryAt.toISOString() }),
      ...(this.resource !== undefined && { resource: this.resource }),
      ...(this.evidence.length > 0 && { evidence: this.evidence }),
    };
  }
}

// `console.log(error)` looks for this symbol; `node:util` itself is not imported, so that browsers can load the core.
const nodeInspect = Symbol.for("nodejs.util.inspect.custom");

// RestError's constructor pins the prototype, `response` and its inspection, so a subclass that calls it would not be
// an instance of itself and could not remove secrets. Inserting its prototype between this class and Error makes
// `instanceof` work without that.
Object.setPrototypeOf(RemedyError.prototype, RestError.prototype);

/**
 * Every copy of this package marks its errors with it. Raise the format when the fields of the error change their
 * meaning.
 */
const remedyErrorMark = processWideSymbol("error", 1);
Object.defineProperty(RemedyError.prototype, remedyErrorMark, { value: true });

/**
 * True for an error of this package, from any copy of it in the process: ES module or CommonJS, this version or
 * another.
 */
export function isRemedyError(error: unknown): error is RemedyError {
  return error instanceof Error && remedyErrorMark in error;
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** Words of a service, a script or another package come in from many sides; this is where they all go out. */
function presentableOptions(options: RemedyErrorOptions): RemedyErrorOptions {
  const { diagnosis, attempts, reason, evidence, resource } = options;
  return { ...options, ...presentable({ diagnosis, attempts, reason, evidence, resource }) };
}

/** First line short; then what the service said, what to do, what was tried, where to read on. */
function messageFor({ diagnosis, attempts, elapsedMs, reason, retryAt, evidence = [] }: RemedyErrorOptions): string {
  const { code, message, explanation, remedy, requestId, correlationId } = diagnosis;
  const answered = asAnswered(diagnosis);
  const lines = [`${code ?? "Failure"}: ${explanation}`];
  if (answered.code !== code) lines.push(`  Answered as: ${answered.code ?? "a failure without a code"}`);
  if (message !== "") lines.push(`  The service said: ${wordsOfService(diagnosis)}`);
  if (evidence.length > 0) lines.push("  Found:", ...evidence.map(({ source, says }) => `    ${source}: ${says}`));
  lines.push("  What to do:", ...remedy.steps.map((step, index) => `    ${index + 1}. ${step}`));
  lines.push(`  ${tried(attempts.length, elapsedMs)}; ${reason}.`);
  if (retryAt !== undefined) lines.push(`  Try again from ${new Date(retryAt).toISOString()}.`);
  lines.push(`  More: ${remedy.docs}`);
  const ids = [requestId && `request id ${requestId}`, correlationId && `correlation id ${correlationId}`].filter(
    Boolean,
  );
  if (ids.length > 0) lines.push(`  For support: ${ids.join(", ")}`);
  return lines.join("\n");
}

/** The outermost message is what the SDK shows; the root's says why. */
function wordsOfService({ message, chain }: Diagnosis): string {
  const outer = chain.find((node) => node.message !== "")?.message ?? message;
  if (message.includes(outer)) return shorten(message);
  return outer.includes(message) ? shorten(outer) : `${shorten(outer)} Because: ${shorten(message)}`;
}

function tried(times: number, elapsedMs: number): string {
  if (times === 0) return "Nothing was sent";
  return `Tried ${times === 1 ? "once" : `${times} times`} in ${formatDuration(elapsedMs)}`;
}

/** A pasted script output or HTML page would bury the rest; `diagnosis.message` has all of it. */
function shorten(message: string): string {
  const line = message.replaceAll(/\s+/g, " ").trim();
  return line.length <= 600 ? line : `${line.slice(0, 600)}…`;
}
