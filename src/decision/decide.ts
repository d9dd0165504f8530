/**
 * Decides what to do now, from a diagnosis and the situation of the call, with the reason as a sentence. Pure, and
 * plain data on both sides, so that an orchestrator that replays (Durable Functions, Temporal) may call it too.
 */
import type { Diagnosis } from "../catalog/diagnosis.js";
import type { Execution } from "../failure/failure.js";
import { formatDuration } from "../time/format-duration.js";
import { backoffMs, knownBackoffMs } from "./backoff.js";
import { isIdempotent } from "./idempotency.js";

/** The budget of one call. */
export interface Budget {
  /** Retries after the first attempt; waits for throttling do not count. Default 8. */
  readonly maxRetries: number;
  /** Milliseconds after the first attempt at which sending and waiting end. Default 30 minutes. */
  readonly maxElapsedMs: number;
}

/**
 * Half an hour covers the longest window that Compute is known to close (Retry-After 1200 s), with time left to work
 * after it.
 */
export const defaultBudget: Budget = { maxRetries: 8, maxElapsedMs: 30 * 60_000 };

/** The situation of a call whose request failed. */
export interface Situation {
  /** HTTP method of the request. Default `GET`. */
  readonly method?: string;
  /** URL of the request, which shows what a POST does. */
  readonly url?: string;
  /** Whether repeating the request is harmless. Default: method and URL decide. */
  readonly idempotent?: boolean;
  /** How often the request has been sent, including this failure: 1 or more. Default 1. */
  readonly attempt?: number;
  /** Retries that count against `maxRetries` so far. Default `attempt - 1`. */
  readonly retries?: number;
  /** Milliseconds since the first attempt. Default 0. */
  readonly elapsedMs?: number;
  /** Milliseconds left until the caller's deadline. Default no deadline. */
  readonly remainingMs?: number;
  readonly maxRetries?: number;
  readonly maxElapsedMs?: number;
  /** Whether the resource can be read to find out the outcome. Default false. */
  readonly readable?: boolean;
  /** Names of the automatic remedies that the caller allows and that fit, in the order to try. */
  readonly remedies?: readonly string[];
  /** False if the request cannot be sent again: its body is a stream that has been read. Default true. */
  readonly repeatable?: boolean;
  /** False if the shared retry allowance is used up. Default true. */
  readonly allowance?: boolean;
  /**
   * Retries that the SDK's own policy would make of this failure, whatever its body says. No fewer are made, and none of them
   * later, as far as a repetition is harmless. Default 0.
   */
  readonly sdkRetries?: number;
  /**
   * Whether the host of the request is known to exist, since it answered before. False: a name that does not resolve is probably
   * misspelt, and is tried as often as the SDK tries it, three times more. Left out, nothing is known.
   */
  readonly hostAnswered?: boolean;
  /** Chance, in [0, 1). Default 0.5. */
  readonly random?: number;
}

export type Decision =
  | {
      readonly action: "retry";
      /** Milliseconds to wait before sending again. */
      readonly delayMs: number;
      /** False for legitimate throttling waits: they count against time, not against retries or the allowance. */
      readonly counts: boolean;
      readonly reason: string;
    }
  | {
      readonly action: "readBack";
      /** Milliseconds to wait before reading. */
      readonly delayMs: number;
      readonly reason: string;
    }
  | {
      readonly action: "apply";
      /** Name of the remedy to run before sending again. */
      readonly remedy: string;
      readonly reason: string;
    }
  | {
      readonly action: "fail";
      readonly reason: string;
      /** Whether the request is known to have failed, or its outcome could not be found out. */
      readonly outcome: "failed" | "unknown";
      /** Milliseconds after which another try makes sense; absent if none does. */
      readonly retryAfterMs?: number;
    };

/** Time for a resource to settle before it is read. */
const settleMs = 5_000;

/**
 * Decides what to do about a failure. The same input gives the same output; both survive JSON.
 */
export function decide(diagnosis: Diagnosis, situation: Situation = {}): Decision {
  const decision = weigh(diagnosis, situation);
  const sendsAgain = decision.action === "retry" || decision.action === "apply";
  if (!sendsAgain || (situation.repeatable ?? true)) return decision;
  return fail(`${diagnosis.disposition}, but the body is a stream and cannot be sent twice`);
}

/** As if the request could always be sent again. */
function weigh(diagnosis: Diagnosis, situation: Situation): Decision {
  const isRetriedBySdk = sdkRetriesLeft(situation) && (mayRepeat(diagnosis, situation) || isTurnedAway(diagnosis));
  if (isRetriedBySdk && !situation.remedies?.length) return retry(diagnosis, situation);
  switch (diagnosis.disposition) {
    case "permanent":
      return fail("permanent: sending it again would fail again");
    case "adaptable":
      return adapt(diagnosis, situation);
    case "indeterminate":
      if (isRefused(diagnosis))
        return fail(`indeterminate, but refused with ${diagnosis.status ?? ""}: nothing was begun`);
      // If nothing can be read, repeating a harmless request reveals the outcome: a create that took effect answers its
      // repetition with itself, or with a conflict that is then examined.
      return isRead(situation) || (!situation.readable && mayRepeat(diagnosis, situation))
        ? retry(diagnosis, situation)
        : readBack(diagnosis, situation);
    case "transient":
      return mayRepeat(diagnosis, situation) ? retry(diagnosis, situation) : readBack(diagnosis, situation);
  }
}

function adapt(diagnosis: Diagnosis, situation: Situation): Decision {
  const remedy = situation.remedies?.[0];
  if (remedy === undefined) {
    const { automatic } = diagnosis.remedy;
    return fail(
      automatic
        ? `adaptable: the remedy ${automatic} would help, but it is not allowed or has already run`
        : "adaptable: a changed request would pass, but no remedy can change it automatically",
    );
  }
  // A remedy only prepares for sending again.
  if (diagnosis.execution === "unknown" && !mayRepeat(diagnosis, situation)) return readBack(diagnosis, situation);
  const { elapsedMs = -Infinity, remainingMs = Infinity } = situation;
  if (elapsedMs >= maxElapsedOf(situation) || remainingMs <= 0) {
    return fail(`adaptable: no time left for the remedy ${remedy}`);
  }
  return { action: "apply", remedy, reason: `adaptable: the remedy ${remedy} is allowed and fits` };
}

/** Repeating is harmless, or the service cannot have executed it. */
function mayRepeat(diagnosis: Diagnosis, situation: Situation): boolean {
  const { method = "GET", url = "" } = situation;
  return (situation.idempotent ?? isIdempotent(method, url)) || executionOf(diagnosis) === "none";
}

/** Whether the SDK alone would not have given up yet. */
function sdkRetriesLeft(situation: Situation): boolean {
  const { sdkRetries = 0, maxRetries = defaultBudget.maxRetries } = situation;
  return retriesOf(situation) < Math.min(sdkRetries, maxRetries);
}

const retriesOf = ({ retries, attempt = 1 }: Situation): number => retries ?? attempt - 1;

/** Not let in: told to come back, so it did not run, whatever else the body says. */
const isTurnedAway = ({ status, retryAfterMs, execution }: Diagnosis): boolean =>
  status === 429 || (status === 503 && retryAfterMs !== undefined && execution !== "unknown");

/** The service's own answer says that it did nothing, so there is no outcome to find out, whatever the text says. */
const isRefused = ({ status = 0, execution }: Diagnosis): boolean => execution === "none" && isRefusal(status);

/** A 4xx that is neither "too slow" nor "too many", nor a conflict, which may be one with an earlier send. */
export const isRefusal = (status: number): boolean =>
  status >= 400 && status < 499 && ![408, 409, 429].includes(status);

/** A refused request did not run: throttling and conflicts are answered at the door. */
function executionOf(diagnosis: Diagnosis): Execution {
  const refused = diagnosis.category === "throttling" || diagnosis.category === "conflict";
  return refused && diagnosis.execution === "answered" ? "none" : diagnosis.execution;
}

function isRead({ method = "GET" }: Situation): boolean {
  return method.toUpperCase() === "GET" || method.toUpperCase() === "HEAD";
}

function retry(diagnosis: Diagnosis, situation: Situation): Decision {
  const { category, disposition, retryAfterMs } = diagnosis;
  const { attempt = 1, random = 0.5, maxRetries = defaultBudget.maxRetries, allowance = true } = situation;
  const retries = retriesOf(situation);
  // An outage that Azure has announced is waited for as long as the time allows.
  const counts = category !== "throttling" && diagnosis.outage !== true;
  const hintedMs = retryDelayMs(diagnosis, attempt, random);
  // The first wait for a full window is not shortened, where the service names none.
  const isFirstOfWindow = category === "throttling" && attempt === 1;
  const isQuick = diagnosis.usualWaitMs === undefined && !isFirstOfWindow && sdkRetriesLeft(situation);
  const quickMs = isQuick ? backoffMs("platform", attempt - 1, random) : Infinity;
  const delayMs = retryAfterMs === undefined ? Math.min(hintedMs, quickMs) : hintedMs;
  const later = retryAfterMs ?? delayMs;
  if (diagnosis.code === "ENOTFOUND" && situation.hostAnswered === false && retries >= retriesOfUnknownHost)
    return fail(`${disposition}, but no host of this name has ever answered: it is probably misspelt`);
  if (counts && retries >= maxRetries) {
    return fail(`${disposition}, but ${maxRetries} ${maxRetries === 1 ? "retry is" : "retries are"} used up`, later);
  }
  if (counts && !allowance) {
    return fail(`${disposition}, but too many calls are failing: the shared retry allowance is used up`, later);
  }
  const tooLong = pastBudget(delayMs, situation);
  if (tooLong) return fail(`${disposition}, but ${tooLong}`, later);
  const why = retryAfterMs === undefined ? `${category} backoff` : "as the service asked";
  return { action: "retry", delayMs, counts, reason: `${disposition}: again in ${formatDuration(delayMs)}, ${why}` };
}

/** As many as `@azure/core-rest-pipeline` makes by default. */
const retriesOfUnknownHost = 3;

/**
 * At least the wait hint; without one, the category's backoff. A hint of zero (`Retry-After: 0`) would be a hot loop,
 * so it grows from the second rejection on.
 */
function retryDelayMs(diagnosis: Diagnosis, attempt: number, random: number): number {
  const { category, retryAfterMs, usualWaitMs } = diagnosis;
  if (retryAfterMs === undefined) {
    return usualWaitMs === undefined
      ? backoffMs(category, attempt - 1, random)
      : knownBackoffMs(usualWaitMs, category, attempt - 1, random);
  }
  if (retryAfterMs >= shortestHintMs || attempt === 1) return Math.ceil(retryAfterMs);
  return Math.max(Math.ceil(retryAfterMs), knownBackoffMs(shortestHintMs / 2, category, attempt - 2, random));
}

/** Azure's hints are whole seconds. */
const shortestHintMs = 1_000;

function readBack(diagnosis: Diagnosis, situation: Situation): Decision {
  const { disposition } = diagnosis;
  if (!situation.readable) {
    return {
      action: "fail",
      outcome: "unknown",
      reason: `${disposition}: outcome unknown, it may have run; repeating it could run it twice, and its state cannot be read`,
    };
  }
  const delayMs = Math.ceil(Math.min(diagnosis.retryAfterMs ?? settleMs, settleMs));
  const tooLong = pastBudget(delayMs, situation);
  if (tooLong) return { action: "fail", outcome: "unknown", reason: `${disposition}: outcome unknown, and ${tooLong}` };
  return {
    action: "readBack",
    delayMs,
    reason: `${disposition}: it may have run or still finish; reading the resource`,
  };
}

/** Why a wait of `delayMs` does not fit the budget; undefined if it does. */
function pastBudget(delayMs: number, situation: Situation): string | undefined {
  const { elapsedMs = 0, remainingMs } = situation;
  if (remainingMs !== undefined && delayMs >= remainingMs) {
    return `the wait of ${formatDuration(delayMs)} would pass the deadline in ${formatDuration(Math.max(0, remainingMs))}`;
  }
  const maxElapsedMs = maxElapsedOf(situation);
  if (elapsedMs + delayMs > maxElapsedMs) {
    return `the wait of ${formatDuration(delayMs)} would pass the budget of ${formatDuration(maxElapsedMs)}`;
  }
  return undefined;
}

const maxElapsedOf = (situation: Situation): number => situation.maxElapsedMs ?? defaultBudget.maxElapsedMs;

function fail(reason: string, retryAfterMs?: number): Decision {
  return { action: "fail", outcome: "failed", reason, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}
