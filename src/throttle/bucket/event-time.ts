/**
 * When something happened. The order of sends and responses is exact even if their milliseconds tie. Reading the clock
 * costs time, so it is read at most once, and only if something depends on it.
 */
import type { Clock } from "../../time/clock.js";

export class EventTime {
  /** Grows with every request and every response. */
  step = 0;
  #now = NaN;

  constructor(private readonly clock: Clock) {}

  /** Epoch milliseconds. */
  get now(): number {
    if (Number.isNaN(this.#now)) this.#now = this.clock.now();
    return this.#now;
  }

  /** The next event. */
  next(): void {
    this.step++;
    this.#now = NaN;
  }
}

export interface Sent {
  /** Epoch milliseconds. */
  readonly sentAt: number;
  /** {@link EventTime.step} when it was sent. */
  readonly sentIn: number;
}
