/**
 * How a bucket refills. The documented numbers are the start; observation corrects them. A level that rises from one
 * response to a later one has gained at least that much. So larger steps are learned at once, and smaller ones after
 * none of the old size has come for a while. If steps are far apart (Compute: a minute), the time of the step matters
 * more than its size: it lies between the two responses that show the rise.
 */
import type { RateLimit } from "../limits.js";
import type { Movement } from "./level-estimate.js";
import { reserveOf } from "./pace.js";

/** Steps at least this frequent count as a stream; rarer ones are waited for one by one. */
const streamMs = 2_000;
/** How many periods to observe before a refill is taken to have shrunk. */
const watchedPeriods = 8;
/** A level that stays at its highest for this many periods means a full bucket, if it is at least `fullPart` of one. */
const fullPeriods = 3;
const fullPart = 0.25;
/** Our own requests are counted a little early or late. */
const countedOff = 2;

export class Refill {
  /** Tokens per millisecond, on average. */
  rate = 0;
  /** Tokens that are not claimed at once. */
  reserve = 0;
  isStream = true;
  #limit: RateLimit;
  #stepSeenAt: number | undefined;
  #watchedMs = 0;
  #largestRise = 0;
  #highest = 0;
  #highestForMs = 0;

  constructor(limit: RateLimit) {
    this.#limit = limit;
    this.#setLimit(limit);
  }

  get limit(): RateLimit {
    return this.#limit;
  }

  /** The first step expected after `time`; undefined until a step has been observed. */
  stepAfter(time: number): number | undefined {
    if (this.#stepSeenAt === undefined) return undefined;
    const { periodMs } = this.#limit;
    const periods = Math.max(0, Math.floor((time - this.#stepSeenAt) / periodMs) + 1);
    return this.#stepSeenAt + periods * periodMs;
  }

  /** When this many more tokens will have arrived. */
  timeOf(tokens: number, now: number): number {
    const { refill, periodMs } = this.#limit;
    if (this.isStream) return now + tokens / this.rate;
    const steps = Math.ceil(tokens / refill);
    return (this.stepAfter(now) ?? now) + (steps - 1) * periodMs;
  }

  /**
   * Learns from two responses.
   * @param eventTime when the second arrived; its time is read only if it matters
   * @returns whether it observed a step of a refill with rare steps
   */
  learn(level: number, { drop, own, elapsedMs, since, later }: Movement, eventTime: { readonly now: number }): boolean {
    if (level >= this.#limit.capacity) this.#setLimit({ ...this.#limit, capacity: level + 1 });
    if (!later) return false;
    this.#learnCapacity(level, own, elapsedMs);
    const { now } = eventTime;
    // Our own requests are counted a little early or late while many are in flight. A rise of the level is certain.
    if (drop < 0) this.#learnRise(-drop, since, now);
    this.#watch(own - drop, now - since);
    return drop < 0 && !this.isStream;
  }

  /** A bucket that gains nothing at its highest level is smaller than assumed. */
  #learnCapacity(level: number, own: number, elapsedMs: number): void {
    this.#highest = Math.max(this.#highest, level);
    const { capacity, periodMs } = this.#limit;
    const isHighest = level + own + countedOff >= this.#highest && level >= capacity * fullPart;
    this.#highestForMs = isHighest ? this.#highestForMs + elapsedMs : 0;
    if (this.#highestForMs < fullPeriods * periodMs) return;
    this.#highestForMs = 0;
    if (this.#highest + 1 < capacity) this.#setLimit({ ...this.#limit, capacity: this.#highest + 1 });
  }

  #learnRise(rise: number, since: number, now: number): void {
    const { periodMs, refill } = this.#limit;
    const steps = Math.floor((now - since) / periodMs) + 1;
    if (!this.isStream) this.#stepSeenAt = now;
    if (rise / steps > refill) this.#setRefill(rise / steps);
  }

  /** Rises between responses close together show whole steps; if all of many were smaller, so is the refill. */
  #watch(rise: number, gapMs: number): void {
    const { periodMs, refill } = this.#limit;
    if (gapMs > periodMs / 2) return;
    this.#largestRise = Math.max(this.#largestRise, rise);
    this.#watchedMs += gapMs;
    if (this.#watchedMs < watchedPeriods * periodMs) return;
    if (this.#largestRise >= 1 && this.#largestRise < refill * 0.6) this.#setRefill(this.#largestRise);
    this.#watchedMs = 0;
    this.#largestRise = 0;
  }

  #setRefill(refill: number): void {
    this.#setLimit({ ...this.#limit, refill: Math.max(refill, 0.01) });
    this.#watchedMs = 0;
    this.#largestRise = 0;
  }

  /** Computes once what every admission needs of a limit. */
  #setLimit(limit: RateLimit): void {
    this.#limit = limit;
    this.rate = limit.refill / limit.periodMs;
    this.reserve = reserveOf(limit);
    this.isStream = limit.periodMs <= streamMs;
  }
}
