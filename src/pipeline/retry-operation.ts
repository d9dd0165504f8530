/** `retryOperation`: recovery for any async function, for scripts that shell out or use other SDKs. */
import type { Catalog } from "../catalog/catalog.js";
import { check } from "../option-check.js";
import { beginCall } from "../recovery/call-tracer.js";
import { diagnoseInput } from "../recovery/diagnosing.js";
import type { RemedyEventListener } from "../recovery/events.js";
import { FunctionRecovery, type FunctionTask } from "../recovery/function-recovery.js";
import { recover } from "../recovery/recover.js";
import { isAbort } from "../recovery/sender.js";
import { isRemedyError } from "../recovery/remedy-error.js";
import type { Deadline } from "../recovery/settings.js";
import type { Telemetry } from "../recovery/telemetry.js";
import { AbortError, type Clock, type Random } from "../time/clock.js";
import { settle } from "./options.js";

export interface OperationAttempt {
  /** 1 for the first. */
  readonly attempt: number;
  /** Aborts with the caller's signal. */
  readonly signal: AbortSignal;
  /** The candidate of `options.candidates` to use now; absent until one is needed. */
  readonly candidate?: string;
}

export interface RetryOperationOptions {
  /** A name for events and errors. Default `operation`. */
  name?: string;
  /** Whether running it again is harmless if it may already have run. Default false. */
  idempotent?: boolean;
  /** Sizes, zones or regions to try when there is no capacity, in order. */
  candidates?: readonly string[];
  /**
   * Finds out what happened when the outcome is unknown: true if it took effect, false if not, undefined while unclear.
   */
  readBack?: () => Promise<boolean | undefined>;
  signal?: AbortSignal;
  /** Retries after the first run. Default 8. */
  maxRetries?: number;
  /** Milliseconds after the first run at which retries end. Default 1800000. */
  maxElapsedMs?: number;
  deadline?: Deadline;
  onEvent?: RemedyEventListener;
  /** `openTelemetry()` of `azure-remedy/opentelemetry`: a span for it, and metrics. Default none. */
  telemetry?: Telemetry;
  catalog?: Catalog;
  clock?: Clock;
  random?: Random;
}

/**
 * Runs `fn`, and repeats it while the failure is transient.
 *
 * A `RemedyError` from a pipeline with `remedyPolicy` has already been through recovery and is rethrown unchanged, so
 * the two do not multiply. Only a capacity failure continues with the next candidate.
 * @returns what `fn` resolves to; `undefined` if `readBack` returns true after an unknown outcome
 * @throws RemedyError with the last error as its cause; `signal.reason` if `signal` aborts; an AbortError of `fn`
 * unchanged
 */
export async function retryOperation<T>(
  fn: (attempt: OperationAttempt) => Promise<T>,
  options: RetryOperationOptions = {},
): Promise<T> {
  check(typeof fn === "function", "fn", fn, "an async function");
  const { name = "operation", idempotent = false, candidates = [], readBack, signal, ...rest } = options;
  const settings = settle(rest);
  check(typeof name === "string", "name", name, "a string");
  check(typeof idempotent === "boolean", "idempotent", idempotent, "true or false");
  check(Array.isArray(candidates), "candidates", candidates, "an array of names");
  check(readBack === undefined || typeof readBack === "function", "readBack", readBack, "an async function");
  check(signal === undefined || typeof signal.addEventListener === "function", "signal", signal, "an AbortSignal");
  const call = beginCall(settings, { name });
  const runOnce = async (attempt: number, candidate: string | undefined): Promise<T> =>
    fn({ attempt, signal: signal ?? neverAborted, ...(candidate !== undefined && { candidate }) });
  const task: FunctionTask<T> = {
    run: (attempt, candidate) => (call ? call.run(() => runOnce(attempt, candidate)) : runOnce(attempt, candidate)),
    diagnose: (error) => {
      if (isAbort(error)) return undefined;
      return isRemedyError(error) ? error.diagnosis : diagnoseInput(error, settings);
    },
    about: { name },
    call,
    idempotent,
    candidates,
    readBack,
    signal,
  };
  const subject = new FunctionRecovery(settings, task);
  try {
    const result = await recover(await subject.send(), subject);
    call?.end({});
    return result;
  } catch (error) {
    call?.end({ error });
    if (signal?.aborted && error instanceof AbortError) throw signal.reason;
    throw error;
  }
}

const neverAborted = new AbortController().signal;
