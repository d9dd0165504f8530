/** `retryOperation`: the same judgement around any async function, for scripts that shell out or use other SDKs. */
import type { Catalog } from "../catalog/catalog.js";
import type { Diagnosis } from "../catalog/diagnosis.js";
import { diagnoseFailure } from "../catalog/diagnose-failure.js";
import { decide, type Decision } from "../decision/decide.js";
import { readFailure } from "../failure/read.js";
import { check } from "../option-check.js";
import { AbortError, type Clock, type Random } from "../time/clock.js";
import { noteFailure } from "./call.js";
import { failureOf, type RemedyEventListener } from "./events.js";
import { remainingMs, settle, type Deadline, type Settings } from "./options.js";
import { isRemedyError, RemedyError, type Attempt } from "./remedy-error.js";
import { takeSteps } from "./steps.js";

export interface OperationAttempt {
  /** 1 for the first. */
  readonly attempt: number;
  /** Aborts with the caller's signal. */
  readonly signal: AbortSignal;
  /** The candidate of `options.candidates` to use now; absent before any was needed. */
  readonly candidate?: string;
}

export interface RetryOperationOptions {
  /** A name for events and errors. Default `operation`. */
  name?: string;
  /** Whether running it again is harmless when nobody knows if it ran. Default false. */
  idempotent?: boolean;
  /** Sizes, zones or regions to go on with when there is no capacity, in order. */
  candidates?: readonly string[];
  /** Learns what became of a run whose outcome is unknown: true when it took place, false when not, undefined while not known. */
  readBack?: () => Promise<boolean | undefined>;
  signal?: AbortSignal;
  /** Retries after the first run. Default 8. */
  maxRetries?: number;
  /** Milliseconds from the first run after which nothing more is tried. Default 1800000. */
  maxElapsedMs?: number;
  deadline?: Deadline;
  onEvent?: RemedyEventListener;
  catalog?: Catalog;
  clock?: Clock;
  random?: Random;
}

type Step<T> = { readonly again: true } | { readonly again: false; readonly value: T };

/**
 * Runs `fn`, and again while what it throws will pass.
 *
 * A `RemedyError` from a pipeline with `remedyPolicy` has been judged already and is thrown on as it is: the two do not
 * multiply. Only a capacity failure goes on with the next candidate.
 * @returns what `fn` resolves to; with `readBack` true after an unknown outcome, `undefined`
 * @throws RemedyError with the last error as its cause; AbortError when `signal` aborts
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
  const run = new Run(name, settings, idempotent, candidates, readBack, signal);
  const { value } = await takeSteps<Step<T>>(() => run.step(fn));
  return value;
}

const neverAborted = new AbortController().signal;

class Run {
  readonly #startedAt: number;
  readonly #failures: Attempt[] = [];
  #attempt = 0;
  #retries = 0;
  #candidate = -1;

  constructor(
    readonly name: string,
    readonly settings: Settings,
    readonly idempotent: boolean,
    readonly candidates: readonly string[],
    readonly readBack: (() => Promise<boolean | undefined>) | undefined,
    readonly signal: AbortSignal | undefined,
  ) {
    this.#startedAt = settings.clock.now();
  }

  async step<T>(fn: (attempt: OperationAttempt) => Promise<T>): Promise<Step<T>> {
    if (this.signal?.aborted) throw new AbortError();
    this.#attempt += 1;
    const candidate = this.candidates[this.#candidate];
    try {
      const value = await fn({
        attempt: this.#attempt,
        signal: this.signal ?? neverAborted,
        ...(candidate !== undefined && { candidate }),
      });
      return { again: false, value };
    } catch (error) {
      if (this.signal?.aborted) throw error;
      return this.#judge(error);
    }
  }

  async #judge<T>(error: unknown): Promise<Step<T>> {
    const { clock, catalog } = this.settings;
    const judged = isRemedyError(error);
    const diagnosis = judged ? error.diagnosis : diagnoseFailure(readFailure(error, { now: clock.now() }), catalog);
    const decision = this.#decide(diagnosis);
    if (judged && decision.action !== "apply") throw error;
    noteFailure(this.#failures, diagnosis, decision, clock.now());
    switch (decision.action) {
      case "apply":
        this.#candidate += 1;
        return { again: true };
      case "retry":
        if (decision.counts) this.#retries += 1;
        await this.#wait(diagnosis, decision);
        return { again: true };
      case "readBack":
        return this.#readUntilKnown(diagnosis, decision.delayMs, error);
      case "fail":
        throw this.#error(diagnosis, decision.reason, error, decision.outcome, decision.retryAfterMs);
    }
  }

  #decide(diagnosis: Diagnosis): Decision {
    const { clock, maxRetries, maxElapsedMs, random } = this.settings;
    const now = clock.now();
    const left = remainingMs(this.settings, now);
    const hasCandidate = diagnosis.category === "capacity" && this.#candidate + 1 < this.candidates.length;
    return decide(diagnosis, {
      idempotent: this.idempotent,
      method: "POST",
      attempt: this.#attempt,
      retries: this.#retries,
      elapsedMs: now - this.#startedAt,
      ...(left !== undefined && { remainingMs: left }),
      maxRetries,
      maxElapsedMs,
      readable: this.readBack !== undefined,
      remedies: hasCandidate ? ["nextCandidate"] : [],
      random: random(),
    });
  }

  async #wait(diagnosis: Diagnosis, decision: Decision & { action: "retry" }): Promise<void> {
    const { clock, teller } = this.settings;
    const { delayMs, reason } = decision;
    teller.tell({
      type: "retry",
      at: clock.now(),
      request: { method: "RUN", url: this.name },
      attempt: this.#attempt,
      delayMs,
      reason,
      failure: failureOf(diagnosis),
    });
    await clock.sleep(delayMs, this.signal);
  }

  async #readUntilKnown<T>(diagnosis: Diagnosis, firstDelayMs: number, error: unknown): Promise<Step<T>> {
    const { clock, maxElapsedMs } = this.settings;
    for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, 30_000)) {
      const now = clock.now();
      const left = remainingMs(this.settings, now) ?? Infinity;
      if (delayMs >= left || now - this.#startedAt + delayMs > maxElapsedMs) {
        throw this.#error(
          diagnosis,
          "outcome unknown: reading back gave no answer within the budget",
          error,
          "unknown",
        );
      }
      await clock.sleep(delayMs, this.signal);
      const tookPlace = await this.#read();
      if (tookPlace === true) return { again: false, value: undefined as T };
      if (tookPlace === false) return this.#runAgain(diagnosis, error);
    }
  }

  /** A reading that fails says nothing about the run. */
  async #read(): Promise<boolean | undefined> {
    try {
      return await this.readBack?.();
    } catch (error) {
      if (this.signal?.aborted) throw error;
      this.settings.teller.fault("options.readBack", error, this.settings.clock.now());
      return undefined;
    }
  }

  /** It did not take place, so it is a retry like any other. */
  #runAgain<T>(diagnosis: Diagnosis, error: unknown): Step<T> {
    const { maxRetries } = this.settings;
    if (this.#retries >= maxRetries) {
      throw this.#error(diagnosis, `it did not take place, and ${maxRetries} retries are used up`, error, "failed");
    }
    this.#retries += 1;
    return { again: true };
  }

  #error(
    diagnosis: Diagnosis,
    reason: string,
    cause: unknown,
    outcome: RemedyError["outcome"],
    retryAfterMs?: number,
  ): RemedyError {
    const now = this.settings.clock.now();
    const elapsedMs = now - this.#startedAt;
    const request = { method: "RUN", url: this.name };
    this.settings.teller.tell({
      type: "failed",
      at: now,
      request,
      attempts: this.#failures.length,
      elapsedMs,
      reason,
      failure: failureOf(diagnosis),
    });
    return new RemedyError({
      diagnosis,
      attempts: this.#failures,
      elapsedMs,
      reason,
      outcome,
      retryAfterMs,
      retryAt: retryAfterMs === undefined ? undefined : now + retryAfterMs,
      cause,
    });
  }
}
