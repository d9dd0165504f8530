/**
 * A bucket whose level no response reports: no headers, only an occasional rejection. It is modelled as the documented
 * bucket, drained by our own requests and by those that others send at the same time. Only a rejection is certain: the
 * bucket is empty, and since the previous rejection it gave out all that it gained. Our part of that is our share.
 *
 * Until the first rejection we may be alone or one of many. So the first burst stays small, and the rate doubles in
 * seconds, not in round trips: many processes doing the same overshoot together by what is in flight at that moment.
 * After it, the share grows slowly and then faster until the next rejection.
 */
import type { RateLimit } from "../limits.js";
import { shareForOneIn } from "./pace.js";

/** The part of a full bucket to send at once while nothing is known. */
const firstPart = 0.05;
/** After that: the rate, in refills, and the milliseconds in which it doubles. */
const firstRate = 0.7;
const doublingMs = 4_000;
const mostRefills = 16;
/**
 * How the share grows: by this part each second, five seconds after a rejection, and proportionally to the time since.
 */
const growth = 0.04;
const growthSpanMs = 5_000;
/** How much earlier rejections still count for the share. */
const memory = 0.95;
const leastShare = 0.005;
/** A caller that sends one request at a time is turned away by chance so many times in a row before it is taken for a crowd. */
const chanceRejections = 3;

export class UnreportedLevel {
  #share = 1;
  #tokens: number;
  #tokensAt: number;
  readonly #startedAt: number;
  #sent: number;
  /** Our own requests that went through since the last rejection, and what rejections have shown of the share. */
  #passed = 0;
  #own = 0;
  #total = 0;
  #rejectedAt: number | undefined;
  #grownAt = 0;
  #rejections = 0;

  /**
   * @param sent requests already sent, from a bucket assumed to have been full
   * @param mostShare 1 for a documented limit; more if the limit itself is a guess that may be too low
   */
  constructor(
    readonly limit: RateLimit,
    now: number,
    sent = 0,
    private readonly mostShare = 1,
  ) {
    this.#tokens = limit.capacity - sent;
    this.#tokensAt = now;
    this.#startedAt = now;
    this.#sent = sent;
  }

  get share(): number {
    return this.#share;
  }

  /** Whether a rejection has shown where the limit is. */
  get learned(): boolean {
    return this.#rejectedAt !== undefined;
  }

  /** Whether a request has gone through since the last rejection. */
  get hasPassed(): boolean {
    return this.#passed > 0;
  }

  level(now: number): number {
    this.#refill(now);
    return this.#tokens;
  }

  send(now: number): void {
    this.#refill(now);
    this.#tokens -= 1 / this.#share;
    this.#sent++;
  }

  pass(now: number): void {
    this.#passed++;
    this.#rejections = 0;
    if (this.#rejectedAt === undefined) return;
    const spans = Math.max(0, now - this.#rejectedAt) / growthSpanMs;
    this.#share = Math.min(
      this.mostShare,
      this.#share * (1 + (growth * spans * Math.max(0, now - this.#grownAt)) / 1_000),
    );
    this.#grownAt = now;
  }

  /**
   * The bucket is empty, and what was given out since it was last known to be so gives our share.
   * @param loneHintMs when the only request there is was told to come back
   */
  reject(now: number, loneHintMs?: number): void {
    const gained = (now - (this.#rejectedAt ?? this.#startedAt)) * this.#rate;
    const before = this.#rejectedAt === undefined ? this.limit.capacity : 0;
    this.#own = this.#own * memory + this.#passed;
    this.#total = this.#total * memory + before + gained;
    const hinted =
      loneHintMs === undefined || this.#rejections++ >= chanceRejections
        ? leastShare
        : shareForOneIn(loneHintMs, this.#rate);
    this.#share = Math.min(this.mostShare, Math.max(leastShare, hinted, this.#own / Math.max(this.#total, 1)));
    this.empty(now);
  }

  /** The bucket is empty for an unknown reason. */
  empty(now: number): void {
    this.#passed = 0;
    this.#rejectedAt = now;
    this.#grownAt = now;
    this.drain(now);
  }

  /** The bucket is still empty: another rejection of the same moment. */
  drain(now: number): void {
    this.#tokens = 0;
    this.#tokensAt = now;
  }

  /** When the next request may go before the first rejection. */
  firstSendAt(now: number, lastSentAt: number, reserve: number): number {
    if (this.#sent < this.limit.capacity * firstPart) return now;
    const rate = Math.min(firstRate * 2 ** ((now - this.#startedAt) / doublingMs), mostRefills) * this.#rate;
    const missing = Math.max(0, reserve - this.level(now));
    return Math.max(now + missing / this.#rate, lastSentAt + 1 / rate);
  }

  #refill(now: number): void {
    const gained = Math.max(0, now - this.#tokensAt) * this.#rate;
    this.#tokens = Math.min(this.limit.capacity, this.#tokens + gained);
    this.#tokensAt = now;
  }

  get #rate(): number {
    return this.limit.refill / this.limit.periodMs;
  }
}
