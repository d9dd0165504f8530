/**
 * Sends a request once: through the throttle, within the attempt's time limit, and leaving the caller's request
 * unchanged. Everything that a clean call pays for is here and in `policy.ts`, so this file counts nanoseconds: no
 * promise and no object that a clean call does not need.
 */
import type { PipelineRequest, PipelineResponse, SendRequest } from "@azure/core-rest-pipeline";
import { readFailure } from "../failure/read.js";
import { AttemptTimeouts, followSignals, timeLimit } from "../time/attempt-timeout.js";
import { AbortError, type AbortSignalLike } from "../time/clock.js";
import { ThrottleDeadlineError, type AdmissionOptions, type Permit } from "../throttle/throttle.js";
import { callOf } from "./call-tracer.js";
import { remainingMs, type Settings } from "./settings.js";

/** A send that went out. Its permit must still be settled, according to the response. */
export type Sent =
  | { readonly kind: "response"; readonly response: PipelineResponse; readonly permit: Permit }
  | {
      readonly kind: "error";
      readonly error: unknown;
      /** It was ended from here: its time was up, or the caller aborted. */
      readonly cutOff: boolean;
      readonly permit: Permit;
    };

/** The outcome of an attempt to send. */
export type SendOutcome =
  | Sent
  /**
   * The throttling window stays closed for `waitMs` milliseconds: past the deadline or, if `isEarly`, past the allowed
   * queue time.
   */
  | {
      readonly kind: "notAdmitted";
      readonly waitMs: number;
      readonly isEarly: boolean;
      readonly error: ThrottleDeadlineError;
    }
  /** The circuit of its host is open. */
  | { readonly kind: "circuitOpen"; readonly waitMs: number };

/** Resource Manager's gateway gives up after a minute or two; anything that takes longer than this is lost. */
const armTimeoutMs = 300_000;

/**
 * Milliseconds after which we end an attempt at this request; 0 for never. The caller's own timeout, which the SDK
 * enforces, replaces ours; and only for Resource Manager do we know that no response will come.
 */
export function attemptLimitMs({ url, timeout }: PipelineRequest, { attemptTimeoutMs }: Settings): number {
  if (timeout > 0) return 0;
  return attemptTimeoutMs ?? (url.startsWith("https://management.") ? armTimeoutMs : 0);
}

/** The permit of a request that was sent without asking. */
const unasked: Permit = { settle: () => undefined };

export class Sender {
  readonly #settings: Settings;
  readonly #timeouts: AttemptTimeouts | undefined;
  readonly #usual: AdmissionOptions;
  readonly #usualPoll: AdmissionOptions;
  readonly #sharesClock: boolean;

  constructor(settings: Settings) {
    this.#settings = settings;
    const { attemptTimeoutMs, clock, priority, throttle } = settings;
    this.#sharesClock = throttle.clock === clock;
    this.#timeouts = attemptTimeoutMs === 0 ? undefined : new AttemptTimeouts(attemptTimeoutMs ?? armTimeoutMs, clock);
    this.#usual = { priority };
    this.#usualPoll = { priority, poll: true };
  }

  /**
   * Sends the request once.
   * @param maxQueueWaitMs milliseconds that it may wait to be admitted; default unlimited
   * @throws AbortError from the throttle, and errors of other policies; anything else that `next` throws is an outcome
   */
  async send(
    request: PipelineRequest,
    next: SendRequest,
    isPoll: boolean,
    maxQueueWaitMs?: number,
  ): Promise<Exclude<SendOutcome, { kind: "circuitOpen" }>> {
    const { clock } = this.#settings;
    const askedAt = clock.now();
    const admitted = this.admit(request, isPoll, askedAt, maxQueueWaitMs);
    const permit = isPermit(admitted) ? admitted : await this.admitted(admitted);
    // A poll comes to the throttle before it is due.
    if (permit !== admitted && !isPoll) callOf(next)?.waited(clock.now() - askedAt, "queue");
    if (permit instanceof ThrottleDeadlineError) return this.notAdmitted(permit, maxQueueWaitMs);
    const { url, abortSignal } = request;
    const limit = this.limit(request, permit === admitted ? askedAt : clock.now());
    let response: PipelineResponse | undefined;
    try {
      response = await next(request);
      return { kind: "response", response, permit };
    } catch (error) {
      return failedSend(request, error, permit);
    } finally {
      restore(request, url, abortSignal, limit, response);
    }
  }

  /** Permission from the throttle: at once, or a promise that {@link admitted} waits for. */
  admit(request: PipelineRequest, isPoll: boolean, now: number, maxQueueWaitMs = Infinity): Permit | Promise<Permit> {
    try {
      return this.#ask(request, isPoll, now, maxQueueWaitMs);
    } catch (error) {
      const thrown = error as Error;
      return Promise.reject(thrown);
    }
  }

  /** The permit, or why there is none. A throttle that fails itself delays no request. @throws AbortError */
  async admitted(waiting: Promise<Permit>): Promise<Permit | ThrottleDeadlineError> {
    try {
      const permit = await waiting;
      if (isPermit(permit)) return permit;
      throw new TypeError("It gave no permit.");
    } catch (error) {
      return this.#goAnyway(error);
    }
  }

  /** @param maxQueueWaitMs as for {@link send} */
  notAdmitted(error: ThrottleDeadlineError, maxQueueWaitMs?: number): SendOutcome & { kind: "notAdmitted" } {
    const now = this.#settings.clock.now();
    const waitMs = Math.max(0, error.retryAt - now);
    const isEarly = maxQueueWaitMs !== undefined && waitMs < (remainingMs(this.#settings, now) ?? Infinity);
    return { kind: "notAdmitted", waitMs, isEarly, error };
  }

  #goAnyway(error: unknown): Permit | ThrottleDeadlineError {
    if (isAbort(error)) throw error;
    if (error instanceof ThrottleDeadlineError) return error;
    this.#settings.reporter.fault("options.throttle", error, this.#settings.clock.now());
    return unasked;
  }

  #ask(request: PipelineRequest, isPoll: boolean, now: number, maxQueueWaitMs: number): Permit | Promise<Permit> {
    const usual = isPoll ? this.#usualPoll : this.#usual;
    const { deadline, throttle } = this.#settings;
    // Reading the clock is a good part of the cost of a clean call, so the time is passed on if the throttle uses the
    // same clock.
    const time = this.#sharesClock ? now : undefined;
    if (request.abortSignal === undefined && deadline === undefined && maxQueueWaitMs === Infinity) {
      return throttle.admit(request, usual, time);
    }
    const left = Math.min(maxQueueWaitMs, remainingMs(this.#settings, now) ?? Infinity);
    const deadlineAt = left === Infinity ? undefined : now + left;
    return throttle.admit(request, { ...usual, signal: request.abortSignal, deadlineAt }, time);
  }

  /** Puts a signal on the request that ends the attempt in time; returns what to release afterwards. */
  limit(request: PipelineRequest, now: number): Limit | undefined {
    const timeout = attemptLimitMs(request, this.#settings) > 0 ? this.#timeouts?.signal(now) : undefined;
    const own = request.abortSignal as AbortSignalLike | undefined;
    if (own === undefined && this.#settings.deadline === undefined && !mayStream(request)) {
      if (timeout) setSignal(request, timeout);
      return undefined;
    }
    const atDeadline = this.#deadlineSignal(now);
    const followed = followSignals(own, timeout, atDeadline?.signal);
    setSignal(request, followed.signal);
    return {
      release: (stream) => {
        atDeadline?.release();
        followed.release(stream && own);
        if (stream && own) atEndOf(stream, () => followed.release());
      },
    };
  }

  /**
   * An attempt that hangs must not outlive the deadline. A deadline already past is ignored: the first attempt is the
   * caller's.
   */
  #deadlineSignal(now: number): { signal: AbortSignalLike; release(): void } | undefined {
    const left = remainingMs(this.#settings, now);
    if (left === undefined || left <= 0) return undefined;
    return timeLimit(this.#settings.clock, left);
  }
}

/** Errors of the caller's policies are their own: we judge only what the wire and the credential say. */
function isOfOthers(error: unknown): boolean {
  if (isAbort(error) || (error as { name?: unknown } | undefined)?.name === "RestError") return false;
  const { origin } = readFailure(error, {});
  return origin !== "transport" && origin !== "identity";
}

const mayStream = ({ streamResponseStatusCodes }: PipelineRequest): boolean =>
  streamResponseStatusCodes !== undefined && streamResponseStatusCodes.size > 0;

type Stream = NonNullable<PipelineResponse["readableStreamBody"] | PipelineResponse["browserStreamBody"]>;

const streamOf = ({ readableStreamBody, browserStreamBody }: PipelineResponse): Stream | undefined =>
  readableStreamBody ?? browserStreamBody;

/** A browser's stream does not report its end; whatever follows the caller's signal for it ends with that signal. */
function atEndOf(stream: Stream, then: () => void): void {
  if ("once" in stream) stream.once("close", then);
}

/** An unread body would keep its connection. */
export function discard(response: PipelineResponse): void {
  const stream = streamOf(response) as { destroy?: () => void; cancel?: () => Promise<void> } | undefined;
  if (stream?.destroy) stream.destroy();
  else stream?.cancel?.().catch(() => undefined);
}

/**
 * The outcome of a send that threw. Call it before the request is restored: a body that an abort cut short arrives as a
 * parse error, and only the signal shows it.
 */
export function failedSend(request: PipelineRequest, error: unknown, permit: Permit): Sent {
  if (isOfOthers(error)) {
    permit.settle();
    throw error;
  }
  const cutOff = isAbort(error) || (request.abortSignal?.aborted ?? false);
  return { kind: "error", error, cutOff, permit };
}

export const isAbort = (error: unknown): boolean => error instanceof Error && error.name === "AbortError";

/** The caller's own abort is not a failure: nothing is sent after it. @throws AbortError */
export function throwIfAborted(outcome: SendOutcome, { abortSignal }: PipelineRequest): void {
  if (outcome.kind !== "error" || !abortSignal?.aborted) return;
  outcome.permit.settle();
  throw isAbort(outcome.error) ? outcome.error : new AbortError();
}

/** Permission to send at once. Cheaper to test than a promise; a caller's own throttle may return neither. */
export const isPermit = (admitted: Permit | Promise<Permit>): admitted is Permit =>
  (admitted as Partial<Permit> | undefined)?.settle !== undefined;

/** What an attempt holds while it is in progress. */
export interface Limit {
  /**
   * @param stream a body still to come: the attempt's time limit ends, but the caller's abort reaches the stream until
   * its end
   */
  release(stream?: Stream): void;
}

/** Leaves the caller's request as it was. */
export function restore(
  request: PipelineRequest,
  url: string,
  signal: PipelineRequest["abortSignal"],
  limit: Limit | undefined,
  response?: PipelineResponse,
): void {
  // The redirect policy leaves the last URL in the request, and arm-compute 24 reads the operation's result from it.
  if (request.url !== url) request.url = url;
  if (request.abortSignal !== signal) setSignal(request, signal);
  if (limit) limit.release(response && streamOf(response));
}

function setSignal(request: PipelineRequest, signal: unknown): void {
  (request as { abortSignal?: unknown }).abortSignal = signal;
}
