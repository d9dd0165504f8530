/**
 * `azure-remedy/functions`: what an Azure Function needs besides the policy: the HTTP status of an error, a deadline
 * from the app's own timeout, and a queue message that comes back when another try makes sense.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { diagnose } from "../diagnose.js";
import { checkMs, checkNames } from "../option-check.js";
import { isRemedyError } from "../recovery/remedy-error.js";
import { comesBackAt } from "./comes-back-at.js";
import type { ResumeInfo } from "../lro/resume.js";
import type { Category } from "../catalog/rule.js";

/** A response for an HTTP trigger; return it from the function unchanged. */
export interface FunctionResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly jsonBody: FunctionErrorBody;
}

/** Safe to send to a caller: no token, no signed address, no request body. */
export interface FunctionErrorBody {
  readonly error: {
    readonly code: string;
    /** One sentence: what happened. */
    readonly message: string;
    readonly outcome: "failed" | "unknown";
    /** What to do about it. */
    readonly steps: readonly string[];
    /** ISO 8601 time at which another try makes sense. */
    readonly retryAt?: string;
  };
}

/** Statuses for failures that no wait resolves. Everything else is a failure behind the function: 502. */
const statusOf: Partial<Record<Category, number>> = {
  "invalid-input": 400,
  unsupported: 400,
  "not-found": 404,
  conflict: 409,
  capacity: 409,
  quota: 409,
  precondition: 409,
};

/**
 * The response of an HTTP function whose call to Azure failed: 503 with `Retry-After` when a later try makes sense, 504
 * when the outcome is unknown, 400, 404 or 409 when the request cannot be met, otherwise 502.
 * @param now epoch milliseconds. Default `Date.now()`
 */
export function responseFor(error: unknown, now: number = Date.now()): FunctionResponse {
  const known = isRemedyError(error) ? error : undefined;
  const { code = "Failure", explanation, remedy, category } = known?.diagnosis ?? diagnose(error);
  const retryAt = known?.retryAt;
  const outcome = known?.outcome ?? "failed";
  const status = retryAt ? 503 : outcome === "unknown" ? 504 : (statusOf[category] ?? 502);
  const seconds = retryAt && Math.max(1, Math.ceil((retryAt.getTime() - now) / 1_000));
  return {
    status,
    headers: seconds === undefined ? {} : { "Retry-After": String(seconds) },
    jsonBody: {
      error: {
        code,
        message: explanation,
        outcome,
        steps: remedy.steps,
        ...(retryAt && { retryAt: retryAt.toISOString() }),
      },
    },
  };
}

export interface InvocationDeadlineOptions {
  /**
   * The function's timeout in milliseconds. Default `functionTimeout` of the app's settings or host.json, otherwise
   * 300000.
   */
  readonly timeoutMs?: number;
  /** Milliseconds kept for what the function does after its calls. Default 10000. */
  readonly marginMs?: number;
  /** An HTTP function: the load balancer drops its caller after 230 seconds. Default false. */
  readonly http?: boolean;
}

/** The load balancer in front of every Function App closes an idle request after this time. */
const httpLimitMs = 230_000;
/** The default of a Consumption plan. */
const usualTimeoutMs = 300_000;

/**
 * The milliseconds left in this invocation, for `withRemedy(client, { deadline })`. Call it first thing in the
 * function: time counts from there.
 * @throws RangeError or TypeError that names a bad option and its value
 */
export function invocationDeadline(options: InvocationDeadlineOptions = {}): () => number {
  checkNames("invocationDeadline", options, ["timeoutMs", "marginMs", "http"]);
  const { timeoutMs = functionTimeoutMs() ?? usualTimeoutMs, marginMs = 10_000, http = false } = options;
  checkMs("timeoutMs", timeoutMs);
  checkMs("marginMs", marginMs);
  const endsAt = Date.now() + Math.min(timeoutMs, http ? httpLimitMs : Infinity) - marginMs;
  return () => endsAt - Date.now();
}

/** `functionTimeout` of the app, from an app setting or host.json; `-1` there means none. */
function functionTimeoutMs(): number | undefined {
  const setting = process.env["AzureFunctionsJobHost__functionTimeout"] ?? hostTimeout();
  const [, days = "0", hours, minutes, seconds] = /^(?:(\d+)\.)?(\d+):(\d+):(\d+)/.exec(setting ?? "") ?? [];
  if (hours === undefined) return undefined;
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60_000 + Number(seconds) * 1_000;
}

function hostTimeout(): string | undefined {
  try {
    const folder = process.env["AzureWebJobsScriptRoot"] ?? process.cwd();
    const host = JSON.parse(readFileSync(join(folder, "host.json"), "utf8")) as { functionTimeout?: unknown };
    return typeof host.functionTimeout === "string" ? host.functionTimeout : undefined;
  } catch {
    return undefined;
  }
}

/** The part of `QueueClient` of `@azure/storage-queue` that is used. */
export interface MessageQueue {
  sendMessage(text: string, options: { visibilityTimeout: number; messageTimeToLive?: number }): Promise<unknown>;
}

export interface RescheduleOptions {
  /**
   * Epoch milliseconds after which the message is not put back. Default a week from now, which is how long a queue
   * keeps one.
   */
  readonly until?: number;
  /** Milliseconds until a message with a running operation comes back. Default 30000. */
  readonly followAfterMs?: number;
  /** Epoch milliseconds. Default `Date.now()`. */
  readonly now?: number;
}

/** The longest that a queue hides a message. */
const longestVisibilityMs = 7 * 86_400_000;

/**
 * Puts a queue message back, to become visible when another try makes sense, with what is needed to follow a running
 * operation. If it returns a time, let the function return: the current message is then done.
 * @param message the message as it came; must be an object, `resume` is added to it
 * @returns when the message becomes visible again; undefined if no later try helps, so throw the error
 */
export async function reschedule(
  queue: MessageQueue,
  message: object,
  error: unknown,
  { now = Date.now(), until = now + longestVisibilityMs, followAfterMs = 30_000 }: RescheduleOptions = {},
): Promise<Date | undefined> {
  if (!isRemedyError(error)) return undefined;
  const at = comesBackAt(error, now + followAfterMs);
  if (at === undefined || at > until) return undefined;
  const seconds = Math.ceil(Math.min(Math.max(0, at - now), longestVisibilityMs) / 1_000);
  const { resume: _earlier, ...asked } = message as { resume?: ResumeInfo };
  // Functions decode queue messages as base64 by default.
  const text = Buffer.from(JSON.stringify({ ...asked, ...(error.resume && { resume: error.resume }) })).toString(
    "base64",
  );
  await queue.sendMessage(text, { visibilityTimeout: seconds });
  return new Date(now + seconds * 1_000);
}

export { blobJournal, type AppendBlob, type BlobJournalOptions, type BlobLease } from "./blob-journal.js";
