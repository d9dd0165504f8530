/**
 * An automatic remedy. It runs only if the caller named it, at most as often as it allows, and reports what it changed.
 * All its calls go through the caller's own pipeline, with the caller's permissions.
 */
import type { Diagnosis } from "../catalog/diagnosis.js";
import type { AbortSignalLike, Clock } from "../time/clock.js";

/** The part of the failed request that a remedy may read and change. */
export interface FailedRequest {
  readonly method: string;
  readonly url: string;
  /** The JSON body, parsed; absent if there is none or it is not JSON. */
  readonly body?: unknown;
}

/** The response to a remedy's call. */
export interface RemedyResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | undefined };
  /** The JSON body, parsed; absent if there is none or it is not JSON. */
  readonly body?: unknown;
}

/** A call that a remedy makes. `body` is sent as JSON. */
export interface RemedyCall {
  readonly method: string;
  readonly url: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RemedyContext {
  readonly diagnosis: Diagnosis;
  readonly request: FailedRequest;
  readonly clock: Clock;
  /** The caller's; read it again after each wait. */
  readonly signal?: AbortSignalLike | undefined;
  /** Epoch milliseconds of the call's first attempt. */
  readonly startedAt: number;
  /** For what the remedy remembers between its runs in one call. Starts empty. */
  readonly notes: Map<string, unknown>;
  /**
   * The resource in the response that said this request created it (201); absent if it existed before, or if that is
   * unknown.
   */
  readonly created?: unknown;
  /** Milliseconds left for the remedy: until the deadline, at most `maxElapsedMs`. Waits that would pass it reject. */
  readonly remainingMs: () => number;
  /**
   * Sends a call through the same pipeline, with a fresh token, and waits until its long-running operation ends.
   * Transient failures are retried; rejects with a `RemedyError` if the call fails for good.
   */
  readonly send: (call: RemedyCall) => Promise<RemedyResponse>;
  /** Who calls, as a short hash: what is done with the rights of one is not done for another. Default: all are one. */
  readonly principal?: string;
  /**
   * Runs `action` when the repaired request has ended, in success or failure, before the caller learns of it. After an
   * abort nothing more is sent: `onAbort` is called instead, and what it returns, how things are left, becomes an event and
   * part of the error.
   */
  readonly afterwards: (action: () => Promise<void>, onAbort?: () => string | undefined) => void;
}

/** What a remedy did. */
export interface RemedyOutcome {
  /** What it changed, as text for events and the log. */
  readonly change: string;
  /** Parts of the request to replace before it is sent again. */
  readonly request?: {
    readonly url?: string;
    readonly body?: unknown;
    readonly headers?: Readonly<Record<string, string>>;
  };
}

export interface OperationSuccess {
  /** Epoch milliseconds at which the request was first sent. */
  readonly startedAt: number;
  /** Epoch milliseconds. */
  readonly now: number;
  /** The service answered that this very request created the resource (201). */
  readonly created: boolean;
}

/** Looks at what a request has made. Gives what is wrong with it in words, or nothing. */
export type LookAfter = (send: RemedyContext["send"]) => Promise<string | undefined>;

export interface Remedy {
  /** The name in events and decisions, such as `registerProvider`. */
  readonly name: string;
  /** How often it may run for one call. Default 1. */
  readonly maxRuns?: number;
  /** Whether it helps with this failure of this request. Default: the rule's `automatic` remedy has this name. */
  fits?(diagnosis: Diagnosis, request: FailedRequest): boolean;
  /**
   * Whether it helps although this request will never pass, because it changes the request. Without this, a remedy is
   * not considered for permanent failures.
   */
  adapts?(diagnosis: Diagnosis, request: FailedRequest): boolean;
  /** Repairs. If it rejects, it could not: the caller gets the failure with this as its cause. */
  apply(context: RemedyContext): Promise<RemedyOutcome>;
  /** Called for every failure of a request, for remedies that remember. */
  learn?(diagnosis: Diagnosis, request: FailedRequest, now: number): void;
  /**
   * Called when the operation of a request has succeeded, for remedies that remember what works. Must be cheap. Gives a look at what
   * was made where one is worth its requests: what it finds, in words, becomes an event. The operation stays a success.
   */
  succeeded?(request: FailedRequest, how: OperationSuccess): LookAfter | undefined;
  /**
   * Asked before a request's first send whether what was learnt calls for a change. Must be cheap when it does not, and then
   * give nothing at all; the promise may use `send` to look before it changes anything.
   */
  prepare?(
    request: { readonly method: string; readonly url: string; body(): unknown },
    now: number,
    send: RemedyContext["send"],
  ): Promise<RemedyOutcome | undefined> | undefined;
}
