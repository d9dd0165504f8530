/**
 * Time as an argument. Everything that waits or looks at the time takes a {@link Clock}, so that a test can replay an
 * hour in a millisecond and a replaying orchestrator can bring its own.
 */

/** The part of an abort signal that waiting needs; every `AbortSignal` and `AbortSignalLike` of the SDK has it. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Where time comes from. Replace it by `options.clock`. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Resolves after `ms` milliseconds; rejects at once with an `AbortError` when the signal aborts.
   * A background sleep does not keep the process alive; a clock that cannot do so may ignore it.
   */
  sleep(ms: number, signal?: AbortSignalLike, options?: { readonly background?: boolean }): Promise<void>;
}

/** A number in [0, 1), as `Math.random` gives it. Chance is an argument too. */
export type Random = () => number;

/** What the SDK throws on abort: recognised by name, since every package copy has a class of its own. */
export class AbortError extends Error {
  override readonly name = "AbortError";
  constructor(message = "The operation was aborted.") {
    super(message);
  }
}

/** Node and browsers turn a timer over 2^31-1 ms into one of 1 ms: a hot loop where a long wait was asked for. */
const longestTimerMs = 2 ** 31 - 1;

/** The clock of the process. Looks `setTimeout` and `Date.now` up when called, so that fake timers work. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal, options) => {
    const endsAt = Date.now() + ms;
    for (let leftMs = ms; leftMs > 0; leftMs = endsAt - Date.now()) {
      await sleepOnce(Math.min(leftMs, longestTimerMs), signal, options?.background ?? false);
    }
    if (signal?.aborted) throw new AbortError();
  },
};

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
    // Browsers give a number for a timer, and no process to keep alive.
    if (background && typeof timer === "object") timer.unref();
  });
}
