/**
 * How a bucket fills. The documented numbers are where it starts; what is seen corrects them. A level that rises from one
 * answer to a later one has gained at least that much, so steps are learnt upwards at once, and downwards when none
 * of the old size has come for a while. Where steps are far apart (Compute: a minute) the time of the step matters more
 * than its size: it lies between the two answers that show the rise.
 */
import type { RateLimit } from "../limits.js";
import type { Movement } from "./level-estimate.js";
import { reserveOf } from "./pace.js";

/** Steps that come at least this often are a stream; rarer ones are waited for one by one. */
const streamMs = 2_000;
/** Periods that are watched closely before a refill is believed to have become smaller. */
const watchedPeriods = 8;
/** A level that stays where it was highest for so many periods is that of a full bucket, if it is at least this part of one. */
const fullPeriods = 3;
const fullPart = 0.25;
/** Own requests are counted a little early or late. */
const countedOff = 2;

export class Refill {
  /** Tokens a millisecond, on average. */
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

  /** The first step after `time` that a step seen before lets expect; undefined while none has been seen. */
  stepAfter(time: number): number | undefined {
    if (this.#stepSeenAt === undefined) return undefined;
    const { periodMs } = this.#limit;
    const periods = Math.max(0, Math.floor((time - this.#stepSeenAt) / periodMs) + 1);
    return this.#stepSeenAt + periods * periodMs;
  }

  /** When so many tokens more will have come. */
  timeOf(tokens: number, now: number): number {
    const { refill, periodMs } = this.#limit;
    if (this.isStream) return now + tokens / this.rate;
    const steps = Math.ceil(tokens / refill);
    return (this.stepAfter(now) ?? now) + (steps - 1) * periodMs;
  }

  /**
   * Learns from two answers.
   * @param eventTime of receiving the second; its time is read only where it says something
   * @returns whether a step of a refill with rare steps was seen
   */
  learn(level: number, { drop, own, elapsedMs, since, later }: Movement, eventTime: { readonly now: number }): boolean {
    if (level >= this.#limit.capacity) this.#setLimit({ ...this.#limit, capacity: level + 1 });
    if (!later) return false;
    this.#learnCapacity(level, own, elapsedMs);
    const { now } = eventTime;
    // Own requests are counted a little early or late while many are on their way. What the level rose by is certain.
    if (drop < 0) this.#learnRise(-drop, since, now);
    this.#watch(own - drop, now - since);
    return drop < 0 && !this.isStream;
  }

  /** A bucket that gains nothing where it was highest is smaller than it was taken for. */
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

  /** Rises between answers close to each other show whole steps; when all of many were smaller, so is the refill. */
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

  /** What every admission needs of a limit is reckoned once. */
  #setLimit(limit: RateLimit): void {
    this.#limit = limit;
    this.rate = limit.refill / limit.periodMs;
    this.reserve = reserveOf(limit);
    this.isStream = limit.periodMs <= streamMs;
  }
}
