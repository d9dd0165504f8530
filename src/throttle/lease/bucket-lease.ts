/** The permits of one bucket that this process holds on lease, and what to report to the store next time. */
import type { RateLimit } from "../limits.js";
import type { Lease, LeaseAsk } from "./store.js";

/** What a lease needs from its bucket. */
export interface LeasedBucket {
  readonly limit: RateLimit | undefined;
  readonly waiting: number;
  recentRate(now: number): RateLimit;
  /** Another process has learned that the service wants no requests for this long. */
  closeFor(ms: number, now: number): void;
}

/** If there is plenty, permits for this time are taken ahead, so that a steady caller need not ask for each one. */
const aheadMs = 100;
const mostAhead = 16;
/** Plenty means this part of the bucket. */
const plentyPart = 0.25;
/** Permits are not used at the very end of a lease: the store counts from when it was asked, by its own clock. */
const marginMs = 250;
/** Unused permits are for callers that come soon; after this time the store may count them as used. */
const inHandMs = 750;
/** Window ends closer together than this are the same. */
const sameMomentMs = 100;
/** A caller without a permit asks again after this, at the earliest. */
const soonestMs = 5;

export class BucketLease {
  #permits = 0;
  #endsAt = 0;
  #leaseEndsAt = 0;
  #askAt = 0;
  #isAsking = false;
  #plenty = false;
  #answered = 0;
  #levelless = 0;
  #level: { readonly tokens: number; readonly sentAt: number; readonly receivedAt: number } | undefined;
  #closedUntil = 0;
  #reportedClosedUntil = 0;
  #needsAnswer = false;

  constructor(
    readonly key: string,
    readonly slot: string,
    private readonly bucket: LeasedBucket,
    private readonly client: { readonly isConnected: boolean },
  ) {}

  /** Whether there is something to tell other processes that no request in progress will report soon. */
  get hasNews(): boolean {
    if (this.#isAsking) return false;
    if (this.#closedUntil > this.#reportedClosedUntil) return true;
    return this.bucket.waiting === 0 && (this.#answered > 0 || this.#permits > 0);
  }

  /**
   * When the next request may go: now with a permit in hand, otherwise after the store's reply; undefined while it is
   * away.
   */
  opensAt(now: number): number | undefined {
    if (!this.client.isConnected) return undefined;
    if (this.#permits > 0 && now < this.#endsAt) return now;
    return this.#isAsking || this.#askAt <= now ? Infinity : this.#askAt;
  }

  /** Whether a request waits and the store can be asked. */
  wants(now: number): boolean {
    if (this.#isAsking || now < this.#askAt || this.bucket.waiting === 0 || this.bucket.limit === undefined)
      return false;
    return this.#permits < this.bucket.waiting || now >= this.#endsAt;
  }

  take(): void {
    this.#permits = Math.max(0, this.#permits - 1);
  }

  answered(sentAt: number, now: number, level: number | undefined): void {
    this.#answered++;
    if (this.#needsAnswer) this.#askAt = 0;
    if (level === undefined) this.#levelless++;
    else this.#note(level, sentAt, now);
  }

  /** A permit whose request was not counted can be used again. */
  giveBack(): void {
    this.#permits++;
  }

  /** The service closed the bucket. Rejections of the same moment are reported once. */
  closed(until: number): void {
    if (until > this.#reportedClosedUntil + sameMomentMs) this.#closedUntil = until;
  }

  /** What to send to the store. Unused permits that no request waits for go back. */
  ask(now: number): LeaseAsk {
    const { waiting, limit = { capacity: 1, refill: 1, periodMs: 1_000 } } = this.bucket;
    const ahead = this.#plenty ? Math.min(mostAhead, (this.bucket.recentRate(now).refill * aheadMs) / 1_000) : 0;
    const isOver = now >= this.#endsAt;
    const returned = (waiting === 0 || isOver) && now < this.#leaseEndsAt ? this.#permits : 0;
    if (returned > 0 || isOver) this.#permits = 0;
    const want = waiting === 0 ? 0 : Math.max(0, Math.ceil(waiting + ahead) - this.#permits);
    const level = this.#level;
    const ask: LeaseAsk = {
      key: this.key,
      limit,
      want,
      answered: this.#answered,
      returned,
      levelless: this.#levelless,
      ...(level && {
        level: { tokens: level.tokens, sentAgoMs: now - level.sentAt, receivedAgoMs: now - level.receivedAt },
      }),
      ...(this.#closedUntil > Math.max(now, this.#reportedClosedUntil) && { closedForMs: this.#closedUntil - now }),
    };
    this.#answered = 0;
    this.#levelless = 0;
    this.#level = undefined;
    this.#reportedClosedUntil = Math.max(this.#reportedClosedUntil, this.#closedUntil);
    this.#isAsking = true;
    return ask;
  }

  /** @param askedAt when the store was asked, by our clock */
  granted({ granted, ttlMs, askAgainMs, needsAnswer, closedForMs, level }: Lease, askedAt: number, now: number): void {
    this.#isAsking = false;
    this.#needsAnswer = needsAnswer;
    this.#plenty = level > (this.bucket.limit?.capacity ?? Infinity) * plentyPart;
    if (granted > 0) {
      this.#permits += granted;
      this.#leaseEndsAt = askedAt + Math.max(0, ttlMs - marginMs);
      this.#endsAt = Math.min(this.#leaseEndsAt, askedAt + inHandMs);
    }
    this.#askAt = now + Math.max(askAgainMs, soonestMs);
    if (closedForMs > 0) this.bucket.closeFor(closedForMs, now);
  }

  /**
   * The store did not reply. Permits in hand hold until they expire; unreported news would be stale later, so it is
   * dropped.
   */
  failed(): void {
    this.#isAsking = false;
    this.#askAt = 0;
  }

  #note(tokens: number, sentAt: number, receivedAt: number): void {
    const before = this.#level;
    if (before && sentAt < before.receivedAt && tokens > before.tokens) return;
    this.#level = { tokens, sentAt, receivedAt };
  }
}
