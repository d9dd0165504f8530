/**
 * A time limit for each attempt that costs next to nothing. A timer and an AbortController per request would cost
 * several times the SDK's whole retry policy, so attempts that start within the same span share one. It fires when the
 * last of them has had its time; each attempt gets between one and one and an eighth of the requested time.
 */
import { AbortError, type AbortSignalLike, type Clock } from "./clock.js";

interface Span {
  readonly signal: AbortSignal;
  readonly openedAt: number;
  /** Attempts that start later belong to another span. */
  readonly joinBefore: number;
}

export class AttemptTimeouts {
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  #span: Span | undefined;

  /** @param timeoutMs milliseconds that every attempt gets at least */
  constructor(timeoutMs: number, clock: Clock) {
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
  }

  /** A signal that aborts when an attempt started at `now` has had its time. */
  signal(now: number): AbortSignal {
    const span = this.#span;
    // A clock that was set back says nothing about how much of the span is left.
    if (span && now >= span.openedAt && now < span.joinBefore) return span.signal;
    this.#span = this.#open(now);
    return this.#span.signal;
  }

  #open(now: number): Span {
    const controller = new AbortController();
    const { signal } = controller;
    allowManyListeners(signal);
    const spanMs = this.#timeoutMs / 8;
    const span = { signal, openedAt: now, joinBefore: now + spanMs };
    void this.#clock.sleep(this.#timeoutMs + spanMs, undefined, { background: true }).then(() => {
      // The clock may have been set back: a new attempt must not join a span that is over.
      if (this.#span === span) this.#span = undefined;
      controller.abort();
    });
    return span;
  }
}

/**
 * All attempts of a span listen to one signal. Node takes the eleventh listener for a leak and warns on stderr, but
 * this is no leak. `process` provides the setting, since browsers have neither the warning nor `node:events`.
 */
function allowManyListeners(signal: AbortSignal): void {
  if (typeof process === "undefined" || typeof process.getBuiltinModule !== "function") return;
  process.getBuiltinModule("node:events").setMaxListeners(0, signal);
}

/** A signal that aborts after `ms` milliseconds, unless it is released before. It does not keep the process alive. */
export function timeLimit(clock: Clock, ms: number): { readonly signal: AbortSignal; readonly release: () => void } {
  const over = new AbortController();
  const released = new AbortController();
  clock.sleep(ms, released.signal, { background: true }).then(
    () => over.abort(),
    () => undefined,
  );
  return { signal: over.signal, release: () => released.abort() };
}

/**
 * A controller that follows several signals until it is released: `AbortSignal.any` leaks on long-lived signals in Node
 * 20.
 */
export function followSignals(...signals: (AbortSignalLike | undefined)[]): FollowedSignals {
  const controller = new AbortController();
  const abort = (): void => controller.abort(new AbortError());
  const followed = signals.filter((signal) => signal !== undefined);
  for (const signal of followed) {
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort);
  }
  return {
    signal: controller.signal,
    release: (kept) => {
      for (const signal of followed) if (signal !== kept) signal.removeEventListener("abort", abort);
    },
  };
}

export interface FollowedSignals {
  readonly signal: AbortSignal;
  /** Stops following all signals, except one that is kept. */
  release(kept?: AbortSignalLike): void;
}
