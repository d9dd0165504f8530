/**
 * Time for pipelines without sockets: nothing happens but what the test's transport does, so when all promises have come
 * to rest the next timer is due.
 */
import type { Clock } from "azure-remedy";
import { AbortError } from "../../src/time/clock.js";

export interface VirtualClock extends Clock {
  /** Sees a promise through, and lets time jump while it waits. */
  run<T>(promise: Promise<T>): Promise<T>;
  /** Milliseconds since the clock was made. */
  elapsedMs(): number;
}

/** Turns that what is under way may take, before its time-out is the only thing left to happen. */
const patientTurns = 3;
/** And after which, without a timer, a call will not end any more. */
const mostTurns = 300;

interface Timer {
  readonly at: number;
  /** It limits what is under way (an attempt's time): nobody waits for it. */
  readonly background: boolean;
  readonly fire: () => void;
}

export function virtualClock(start = Date.UTC(2026, 0, 5, 8)): VirtualClock {
  let now = start;
  const timers = new Set<Timer>();

  const sleep: Clock["sleep"] = (ms, signal, { background = false } = {}) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(new AbortError());
        return;
      }
      const timer = {
        at: now + ms,
        background,
        fire: () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      const onAbort = (): void => {
        timers.delete(timer);
        reject(new AbortError());
      };
      signal?.addEventListener("abort", onAbort);
      timers.add(timer);
    });

  const fireNext = (): void => {
    now = Math.max(now, Math.min(...[...timers].map(({ at }) => at)));
    for (const timer of timers) {
      if (timer.at > now) continue;
      timers.delete(timer);
      timer.fire();
    }
  };

  return {
    now: () => now,
    sleep,
    elapsedMs: () => now - start,
    async run(promise) {
      const end = { reached: false };
      const reach = (): void => {
        end.reached = true;
      };
      promise.then(reach, reach);
      for (let turn = 1; ; turn++) {
        // Not only promises: cockatiel takes a millisecond of the system's between two rounds of its loop.
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (end.reached) return promise;
        const isAwaited = [...timers].some(({ background }) => !background);
        if (isAwaited || (timers.size > 0 && turn > patientTurns)) {
          fireNext();
          turn = 0;
        }
        if (turn > mostTurns) throw new Error("Nothing is left to wait for, and yet the call has not ended.");
      }
    },
  };
}
