/**
 * The law of admission: from the level of a bucket and our share of it, when the next request may go. Pure arithmetic.
 *
 * Above the reserve our share of what is left goes at once. In the reserve requests trickle at a rate in proportion to
 * the level, so that the level itself settles where all processes together send what the bucket gains: a level that
 * falls slows all of them down, a level that rises speeds them up, and no process needs to know how many there are.
 * The reserve costs nothing while there is work (a token in the bucket is not lost, only a full bucket loses tokens), and
 * the last calls of a queue may use it up.
 */
import type { RateLimit } from "../limits.js";

/** The reserve holds what the bucket gains in this time, at most a tenth of the bucket, at least one token. */
const reserveMs = 2_000;
const reservePart = 0.1;
/** In the reserve our share of it is spread over this time. */
const spreadMs = 1_500;
/** Shares are evened out by this exponent: a process with a small one sends a little more than its share, and so grows. */
const evening = 0.9;
/** The part of the refill that is counted on while no answer comes, as an exponent of the share: the others take theirs. */
const caution = 0.4;
/** The last calls of a queue may go when our share covers this part of them. */
const lastCallsPart = 0.5;
/** And this part where no answer reports a level: there only rejections teach, and fewer of them make up for a slow end. */
export const lastCallsPartUnreported = 0.25;

/** Tokens that are not claimed at once. */
export function reserveOf({ capacity, refill, periodMs }: RateLimit): number {
  return Math.min(Math.max(1, (refill / periodMs) * reserveMs), capacity * reservePart);
}

/** Whether our share of the level lets the next request go at once. */
export function mayClaim(
  level: number,
  share: number,
  reserve: number,
  waiting: number,
  lastPart = lastCallsPart,
): boolean {
  if ((level - reserve) * share >= 1) return true;
  return level >= 1 && level * share >= waiting * lastPart;
}

/** The share that lets one request go every `ms` milliseconds out of an empty bucket that gains `rate` tokens in each. */
export function shareForOneIn(ms: number, rate: number): number {
  // The wait of `trickleMs` from level 0, solved for the share.
  return ((2 * spreadMs) / (rate * ms * ms)) ** (1 / (evening + caution));
}

/** What the trickle needs of a refill: tokens a millisecond, tokens in reserve, and whether they come all the time. */
export interface Flow {
  readonly rate: number;
  readonly reserve: number;
  readonly isStream: boolean;
}

/** Milliseconds from one request to the next in the reserve; Infinity when the level lets none go before a step. */
export function trickleMs(level: number, share: number, { reserve, rate, isStream }: Flow): number {
  const start = Math.max(0, Math.min(level, reserve));
  const part = share ** evening / spreadMs;
  if (!isStream) return level >= 1 ? 1 / (part * start) : Infinity;
  // The level grows while we wait, so the wait is where part * (start * t + gain * t² / 2) reaches one request.
  const gain = rate * share ** caution;
  return (Math.sqrt(start * start + (2 * gain) / part) - start) / gain;
}
