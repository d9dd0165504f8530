/** Any async function as the subject of recovery. */
import type { Diagnosis } from "../catalog/diagnosis.js";
import type { Decision, Situation } from "../decision/decide.js";
import { AbortError, type AbortSignalLike } from "../time/clock.js";
import { ErrorFactory, type Failed } from "./error-factory.js";
import type { TracedCall } from "./call-tracer.js";
import { aboutRequest, type EventSubject } from "./events.js";
import {
  reportRecovered,
  type Diagnosed,
  type GivenUp,
  type Pending,
  type Progress,
  type ReadStep,
  type Step,
  type Subject,
  type Wait,
} from "./recover.js";
import { isRemedyError } from "./remedy-error.js";
import type { Settings } from "./settings.js";

/** The function to run, and what is known about it. */
export interface FunctionTask<Result> {
  /** @param attempt 1 for the first run. @param candidate the one to use now; undefined until one is needed */
  run(attempt: number, candidate: string | undefined): Promise<Result>;
  /** What an error means; undefined for one that is not ours and passes unchanged. */
  diagnose(error: unknown): Diagnosis | undefined;
  /** As events show it. */
  readonly about: EventSubject;
  /** As `options.telemetry` knows it. */
  readonly call: TracedCall | undefined;
  /** Whether running it again is harmless if it may already have run. */
  readonly idempotent: boolean;
  readonly candidates: readonly string[];
  /** Whether a run with an unknown outcome took effect; undefined while unclear. */
  readonly readBack: (() => Promise<boolean | undefined>) | undefined;
  readonly signal: AbortSignalLike | undefined;
  /** Becomes `error.request`. */
  readonly request?: Failed["request"];
}

const runAgain = { kind: "send", delayMs: 0 } as const;

export class FunctionRecovery<Result> implements Subject<Result, unknown> {
  readonly kind = "function";
  readonly progress: Progress;
  about: EventSubject;
  readonly call: TracedCall | undefined;
  readonly #task: FunctionTask<Result>;
  #candidate = -1;

  /** @param runs how often it has run before */
  constructor(
    readonly settings: Settings,
    task: FunctionTask<Result>,
    runs = 0,
  ) {
    this.#task = task;
    this.about = task.about;
    this.call = task.call;
    this.progress = { attempts: [], sends: runs, retries: 0, startedAt: settings.clock.now() };
  }

  async send(): Promise<Step<Result, unknown>> {
    const { signal, candidates } = this.#task;
    if (signal?.aborted) throw new AbortError();
    this.progress.sends += 1;
    try {
      const end = await this.#task.run(this.progress.sends, candidates[this.#candidate]);
      reportRecovered(this);
      return { kind: "end", end };
    } catch (failure) {
      if (signal?.aborted) throw failure;
      return { kind: "failed", failure };
    }
  }

  diagnose(error: unknown): Diagnosis {
    const diagnosis = this.#task.diagnose(error);
    if (!diagnosis) throw error;
    const resource = resourceOf(error);
    if (resource !== undefined) this.about = { ...this.#task.about, resource };
    return diagnosis;
  }

  situation({ diagnosis }: Diagnosed<unknown>): Situation {
    const { idempotent, candidates, readBack } = this.#task;
    const hasCandidate = diagnosis.category === "capacity" && this.#candidate + 1 < candidates.length;
    return {
      idempotent,
      method: "POST",
      readable: readBack !== undefined,
      remedies: hasCandidate ? ["nextCandidate"] : [],
    };
  }

  /** A RemedyError has been through recovery: only another candidate is tried on top of that. */
  reconsider(decision: Decision, { failure }: Diagnosed<unknown>): Decision {
    if (isRemedyError(failure) && decision.action !== "apply") throw failure;
    return decision;
  }

  async pause({ delayMs }: Wait<unknown>): Promise<undefined> {
    if (delayMs <= 0) return;
    await this.settings.clock.sleep(delayMs, this.#task.signal);
    this.call?.waited(delayMs, "backoff");
  }

  async read({ cause }: ReadStep<unknown>): Promise<Step<Result, unknown> | Pending> {
    switch (await this.#tookPlace()) {
      case true:
        return { kind: "end", end: undefined as Result };
      case false:
        return this.#didNotTakePlace(cause);
      default:
        return { kind: "pending", lastSeen: "not known" };
    }
  }

  /** A failed read says nothing about the run. */
  async #tookPlace(): Promise<boolean | undefined> {
    try {
      return await this.#task.readBack?.();
    } catch (error) {
      if (this.#task.signal?.aborted) throw error;
      this.settings.reporter.fault("options.readBack", error, this.settings.clock.now());
      return undefined;
    }
  }

  /** So it is a retry like any other. */
  #didNotTakePlace(cause: Diagnosed<unknown>): Promise<Step<Result, unknown>> | Step<Result, unknown> {
    const { maxRetries } = this.settings;
    if (this.progress.retries >= maxRetries) {
      return this.giveUp(cause, {
        reason: `it did not take place, and ${maxRetries} retries are used up`,
        outcome: "failed",
      });
    }
    this.progress.retries += 1;
    return runAgain;
  }

  apply(): Promise<Step<Result, unknown>> {
    this.#candidate += 1;
    return Promise.resolve(runAgain);
  }

  giveUp({ failure, diagnosis }: Diagnosed<unknown>, why: GivenUp): Promise<Step<Result, unknown>> {
    const { about, call } = this;
    const { attempts, startedAt } = this.progress;
    const { reason, outcome, retryAfterMs } = why;
    const end = { diagnosis, attempts, reason, outcome, retryAfterMs, cause: failure };
    const { request } = this.#task;
    return Promise.reject(new ErrorFactory(this.settings).make({ about, call, request, startedAt }, end));
  }
}

/** An error of the SDK carries the request that failed, and so says what it is about. */
function resourceOf(error: unknown): string | undefined {
  const url = (error as { request?: { url?: unknown } } | null | undefined)?.request?.url;
  return typeof url === "string" ? aboutRequest({ method: "", url }).resource : undefined;
}
