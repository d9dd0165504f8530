/**
 * Time as an argument. Everything that waits or reads the time takes a {@link Clock}, so that a test can play an hour
 * in a millisecond and a replaying orchestrator can bring its own.
 */

/** The part of an abort signal that waiting needs; every `AbortSignal` and the SDK's `AbortSignalLike` have it. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** The source of time. Replace it with `options.clock`. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Resolves after `ms` milliseconds; rejects at once with an `AbortError` if the signal aborts. A background sleep
   * does not keep the process alive; a clock that cannot do so may ignore this.
   */
  sleep(ms: number, signal?: AbortSignalLike, options?: { readonly background?: boolean }): Promise<void>;
}

/** Returns a number in [0, 1), like `Math.random`. Randomness is an argument too. */
export type Random = () => number;

/** What the SDK throws on abort: recognized by name, since every copy of the package has its own class. */
export class AbortError extends Error {
  override readonly name = "AbortError";
  constructor(message = "The operation was aborted.") {
    super(message);
  }
}

/** Node and browsers turn a timer over 2^31-1 ms into one of 1 ms: a hot loop instead of a long wait. */
const longestTimerMs = 2 ** 31 - 1;

/** The process's clock. Looks up `setTimeout` and `Date.now` at each call, so that fake timers work. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal, options) => {
    // Timers do not heed the system's time, so one that is set back or ahead meanwhile changes no wait.
    for (let leftMs = ms; leftMs > 0; leftMs -= longestTimerMs) {
      await sleepOnce(Math.min(leftMs, longestTimerMs), signal, options?.background ?? false);
    }
    if (signal?.aborted) throw new AbortError();
  },
};

/**
 * Milliseconds until `dueAt`, for a wait that was begun at `begunAt`. A clock that has been set back to before that says
 * nothing about how long it still is: then it is over.
 */
export function untilDue({ begunAt, dueAt }: DueTime, now: number): number {
  return now < begunAt ? 0 : Math.max(0, dueAt - now);
}

/** When a wait began and when it ends, in epoch milliseconds. */
export interface DueTime {
  readonly begunAt: number;
  readonly dueAt: number;
}

function sleepOnce(ms: number, signal: AbortSignalLike | undefined, background: boolean): Promise<void> {
  if (signal?.aborted) return Promise.reject(new AbortError());
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      reject(new AbortError());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort);
    // Browsers return a number for a timer, and have no process to keep alive.
    if (background && typeof timer === "object") timer.unref();
  });
}
