/**
 * When something came about. Its place among all that was sent and answered is exact, where times in milliseconds tie;
 * the time costs a look at the clock, so it is looked at once at most, and not at all when nothing depends on it.
 */
import type { Clock } from "../../time/clock.js";

export class EventTime {
  /** Grows with every request and every answer. */
  step = 0;
  #now = NaN;

  constructor(private readonly clock: Clock) {}

  /** Epoch milliseconds. */
  get now(): number {
    if (Number.isNaN(this.#now)) this.#now = this.clock.now();
    return this.#now;
  }

  /** The next thing comes about. */
  next(): void {
    this.step++;
    this.#now = NaN;
  }
}

/** When a request was sent. */
export interface Sent {
  /** Epoch milliseconds. */
  readonly sentAt: number;
  /** {@link EventTime.step} of its sending. */
  readonly sentIn: number;
}
