/**
 * How many polls per second one bucket of reads may spend on all operations together. The rate settles where the bucket
 * stays half full, so that other reads find room; the contents of a full bucket are there to be used.
 */
import type { Bucket } from "../bucket/bucket.js";

/** Polls per second while nothing is known about their bucket. */
const unknownPerSecond = 10;
/** At this level polls use what the bucket gains: more when it is fuller, less when others need it too. */
const restingLevel = 0.5;
/** At least this part of what it gains: an operation that is never polled never ends for its caller. */
const leastPart = 0.2;
/**
 * At least the rate that would empty the bucket in this many seconds. A bucket smaller than documented stays at its own
 * maximum however little is taken, which looks as if others took all that it gains: the share would sink to nothing,
 * and polls with it.
 */
const emptiedSeconds = 60;

export class PollPace {
  #lastSentAt = -Infinity;

  constructor(private readonly reads: Bucket) {}

  /** When the next poll may be sent, in epoch milliseconds. */
  opensAt(now: number): number {
    return this.#lastSentAt + 1_000 / perSecond(this.reads, now);
  }

  sent(now: number): void {
    this.#lastSentAt = now;
  }
}

function perSecond(reads: Bucket, now: number): number {
  if (!reads.limit) return unknownPerSecond;
  const { capacity, refill, periodMs } = reads.limit;
  const level = reads.level(now) ?? capacity;
  const part = Math.max(level / capacity, leastPart * restingLevel) / restingLevel;
  return Math.max((refill / periodMs) * 1_000 * reads.share * part, level / emptiedSeconds);
}
