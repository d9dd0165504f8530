/**
 * Time that jumps from event to event, so that an hour of 16 processes takes a eventTime. It is a `Clock` for what takes one, and
 * stands in for the timers, the clock and the dice of the process while libraries run that take none.
 */
import { AbortError, type AbortSignalLike, type Clock, type Random } from "../../src/time/clock.js";
import { LazyHeap } from "../../src/throttle/queue/lazy-heap.js";

interface Event {
  readonly at: number;
  readonly order: number;
  readonly happen: () => void;
  cancelled: boolean;
}

export class VirtualTime implements Clock {
  #now = 1_700_000_000_000;
  #order = 0;
  readonly #events = new LazyHeap<Event>((one, other) =>
    one.at === other.at ? one.order < other.order : one.at < other.at,
  );
  readonly startedAt = this.#now;

  now(): number {
    return this.#now;
  }

  /** Milliseconds since the start. */
  get elapsed(): number {
    return this.#now - this.startedAt;
  }

  after(ms: number, happen: () => void): { cancel(): void } {
    const event: Event = { at: this.#now + Math.max(0, ms), order: this.#order++, happen, cancelled: false };
    this.#events.push(event);
    return { cancel: () => (event.cancelled = true) };
  }

  sleep(ms: number, signal?: AbortSignalLike): Promise<void> {
    if (signal?.aborted) return Promise.reject(new AbortError());
    return new Promise((resolve, reject) => {
      const timer = this.after(ms, () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      });
      const onAbort = (): void => {
        timer.cancel();
        signal?.removeEventListener("abort", onAbort);
        reject(new AbortError());
      };
      signal?.addEventListener("abort", onAbort);
    });
  }

  /** Lets events happen until `done`, until none is left, or until `horizonMs` after the start. */
  async run(done: () => boolean, horizonMs = Infinity): Promise<void> {
    for (;;) {
      await settled();
      if (done()) return;
      const event = this.#events.pop();
      if (event === undefined || event.at > this.startedAt + horizonMs) return;
      if (event.cancelled) continue;
      this.#now = event.at;
      event.happen();
    }
  }

  /** Runs with this time and these dice in place of the process's. */
  async inPlaceOfReal<Result>(random: Random, body: () => Promise<Result>): Promise<Result> {
    const { setTimeout, clearTimeout, Date: RealDate } = globalThis;
    const { now } = RealDate;
    const { random: dice } = Math;
    // Like Node's: whole milliseconds, at least one. A library that waits for the last 1e-13 of a token would wait for ever
    // if time did not move while it does.
    const fake = (happen: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): unknown =>
      this.after(Math.max(1, Math.trunc(ms)), () => happen(...args));
    globalThis.setTimeout = fake as typeof setTimeout;
    globalThis.clearTimeout = ((timer?: { cancel(): void }) => timer?.cancel()) as typeof clearTimeout;
    Date.now = () => this.#now;
    Math.random = random;
    try {
      return await body();
    } finally {
      globalThis.setTimeout = setTimeout;
      globalThis.clearTimeout = clearTimeout;
      Date.now = now;
      Math.random = dice;
    }
  }
}

const { setImmediate } = globalThis;

/** All promises that can go on have gone on. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Dice that fall the same way for the same seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
