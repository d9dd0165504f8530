/**
 * Sending once: through the throttle, within the attempt's time, and with the caller's request left as it was. Everything
 * a clean call pays for is in this file.
 */
import type { PipelineRequest, PipelineResponse, SendRequest } from "@azure/core-rest-pipeline";
import { AttemptTimeouts, followSignals } from "../time/attempt-timeout.js";
import type { AbortSignalLike } from "../time/clock.js";
import type { AdmissionOptions, Permit } from "../throttle/throttle.js";
import { remainingMs, type Settings } from "./options.js";

/** What came of one send. The permit is still to be settled, with what the answer means. */
export type Outcome =
  | { readonly kind: "answer"; readonly response: PipelineResponse; readonly permit: Permit }
  | { readonly kind: "error"; readonly error: unknown; readonly permit: Permit };

export class Sender {
  readonly #settings: Settings;
  readonly #timeouts: AttemptTimeouts | undefined;
  readonly #foreground: AdmissionOptions;
  readonly #foregroundPoll: AdmissionOptions;

  constructor(settings: Settings) {
    this.#settings = settings;
    const { attemptTimeoutMs, clock, priority } = settings;
    this.#timeouts = attemptTimeoutMs === 0 ? undefined : new AttemptTimeouts(attemptTimeoutMs, clock);
    this.#foreground = { priority };
    this.#foregroundPoll = { priority, poll: true };
  }

  /**
   * Sends the request once.
   * @throws AbortError or ThrottleDeadlineError from the throttle; what `next` throws is an outcome
   */
  async send(request: PipelineRequest, next: SendRequest, isPoll: boolean): Promise<Outcome> {
    const admitted = this.#settings.throttle.admit(request, this.#admission(request, isPoll));
    const permit = admitted instanceof Promise ? await admitted : admitted;
    const { url, abortSignal } = request;
    const limit = this.#limit(request);
    try {
      return { kind: "answer", response: await next(request), permit };
    } catch (error) {
      return { kind: "error", error, permit };
    } finally {
      // The redirect policy leaves the last URL behind, and arm-compute 24 reads the operation's result from it.
      if (request.url !== url) request.url = url;
      if (request.abortSignal !== abortSignal) setSignal(request, abortSignal);
      limit?.release();
    }
  }

  #admission(request: PipelineRequest, isPoll: boolean): AdmissionOptions {
    const usual = isPoll ? this.#foregroundPoll : this.#foreground;
    const { deadline, clock } = this.#settings;
    if (request.abortSignal === undefined && deadline === undefined) return usual;
    const now = clock.now();
    const left = remainingMs(this.#settings, now);
    return { ...usual, signal: request.abortSignal, deadlineAt: left === undefined ? undefined : now + left };
  }

  /** Puts a signal on the request that ends the attempt in time. */
  #limit(request: PipelineRequest): { release(): void } | undefined {
    const timeout = this.#timeouts?.signal();
    const own = request.abortSignal as AbortSignalLike | undefined;
    const atDeadline = this.#deadlineSignal();
    if (own === undefined && atDeadline === undefined) {
      if (timeout) setSignal(request, timeout);
      return undefined;
    }
    const followed = followSignals(own, timeout, atDeadline?.signal);
    setSignal(request, followed.signal);
    return {
      release: () => {
        followed.release();
        atDeadline?.release();
      },
    };
  }

  /** An attempt that hangs must not outlive the deadline. One already past is left alone: the first send is the caller's. */
  #deadlineSignal(): { signal: AbortSignalLike; release(): void } | undefined {
    const left = remainingMs(this.#settings, this.#settings.clock.now());
    if (left === undefined || left <= 0) return undefined;
    const controller = new AbortController();
    const cancel = new AbortController();
    this.#settings.clock.sleep(left, cancel.signal, { background: true }).then(
      () => controller.abort(),
      () => undefined,
    );
    return { signal: controller.signal, release: () => cancel.abort() };
  }
}

function setSignal(request: PipelineRequest, signal: unknown): void {
  const target = request as { abortSignal?: unknown };
  if (signal === undefined) delete target.abortSignal;
  else target.abortSignal = signal;
}
