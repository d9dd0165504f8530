/**
 * A bucket whose level no answer reports: no headers, only the occasional rejection. It is reckoned as the documented
 * bucket drained by our own requests and by those of others that go along with them. A rejection is the one moment of
 * truth: the bucket is empty, and since the rejection before, it gave out all that it had gained. What part of that was
 * ours is our share.
 *
 * Until the first rejection we may be alone or one of many, so what is sent at once stays small and the rate doubles in
 * seconds, not in round trips: many processes that do the same overshoot together by what is on the way at that
 * eventTime. After it, the share grows slowly and then faster, as long as no rejection says otherwise.
 */
import type { RateLimit } from "../limits.js";
import { shareForOneIn } from "./pace.js";

/** The part of a full bucket that is sent at once while nothing is known. */
const firstPart = 0.05;
/** After that: the rate, in refills, and the milliseconds in which it doubles. */
const firstRate = 0.7;
const doublingMs = 4_000;
const mostRefills = 16;
/** How the share grows: by this part each second, five seconds after a rejection; with the time since. */
const growth = 0.04;
const growthSpanMs = 5_000;
/** What earlier rejections still say about the share. */
const memory = 0.95;
const leastShare = 0.005;
/** A caller that sends one request at a time is turned away by chance so many times in a row before it is taken for a crowd. */
const chanceRejections = 3;
/** A shorter hint says that the service is busy, and not how much it takes. */
const leastHintMs = 1_000;

export class UnreportedLevel {
  #share = 1;
  #tokens: number;
  #tokensAt: number;
  readonly #startedAt: number;
  #sent: number;
  /** Own requests that went through since the last rejection, and what rejections have shown of the share. */
  #passed = 0;
  #own = 0;
  #total = 0;
  #rejectedAt: number | undefined;
  #grownAt = 0;
  #rejections = 0;

  /**
   * @param sent requests sent already, from a bucket that is taken to have been full
   * @param mostShare 1 for a documented limit; more where the limit itself is a guess that may be too low
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
        : shareForOneIn(Math.max(loneHintMs, leastHintMs), this.#rate);
    this.#share = Math.min(this.mostShare, Math.max(leastShare, hinted, this.#own / Math.max(this.#total, 1)));
    this.empty(now);
  }

  /** The bucket is empty, and nothing is known of how it came to be. */
  empty(now: number): void {
    this.#passed = 0;
    this.#rejectedAt = now;
    this.#grownAt = now;
    this.drain(now);
  }

  /** The bucket is still empty: one more rejection of the same eventTime. */
  drain(now: number): void {
    this.#tokens = 0;
    this.#tokensAt = now;
  }

  /** When the next request may go while no rejection has come yet. */
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
