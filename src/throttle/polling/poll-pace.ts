/**
 * How many looks a second the polls of one bucket of reads may take, all operations together. They settle where the bucket
 * stays half full, so that other reads find it open; what a full bucket holds is there to be used.
 */
import type { Bucket } from "../bucket/bucket.js";

/** Polls a second while nothing is known of the bucket that they draw on. */
const unknownPerSecond = 10;
/** Polls use what a bucket gains when it is this full, more when it is fuller, less when others need it too. */
const restingLevel = 0.5;
/** But never less than this part of what it gains: an operation that is never looked at never ends for its caller. */
const leastPart = 0.2;
/**
 * And never less than would empty the bucket in so many seconds. A bucket that is smaller than documented stays at its own
 * top however little is taken, which reads as if others took all that it gains: the share sinks to nothing, and polls with it.
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
