/**
 * When the next request may go, given the level of a bucket and our share of it. Pure arithmetic.
 *
 * Above the reserve, our share of the level goes at once. In the reserve, requests trickle at a rate proportional to
 * the level, so that the level settles where all processes together send what the bucket gains: a falling level slows
 * them all down, a rising level speeds them up, and no process needs to know how many there are. The reserve costs
 * nothing while there is work (only a full bucket loses tokens), and the last calls of a queue may use it up.
 */
import type { RateLimit } from "../limits.js";

/** The reserve holds what the bucket gains in this time; at most a tenth of the bucket, at least one token. */
const reserveMs = 2_000;
const reservePart = 0.1;
/** In the reserve, our share is spread over this time. */
const spreadMs = 1_500;
/** This exponent evens out shares: a process with a small share sends a little more than that, and so grows. */
const evening = 0.9;
/** How much of the refill to count on until the next response, as an exponent of the share: the others take theirs. */
const caution = 0.4;
/** The last calls of a queue may go if our share covers this part of them. */
const lastCallsPart = 0.5;
/**
 * The same if no response reports a level: there only rejections teach, and a slow end would cost more than a few of
 * them.
 */
export const lastCallsPartUnreported = 0.25;

/** Tokens that are not claimed at once. */
export function reserveOf({ capacity, refill, periodMs }: RateLimit): number {
  return Math.min(Math.max(1, (refill / periodMs) * reserveMs), capacity * reservePart);
}

/** Whether our share of the level allows the next request at once. */
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

/** Milliseconds between requests in the reserve; Infinity if the level allows none before a step. */
export function trickleMs(level: number, share: number, { reserve, rate, isStream }: Flow): number {
  const start = Math.max(0, Math.min(level, reserve));
  const part = share ** evening / spreadMs;
  if (!isStream) return level >= 1 ? 1 / (part * start) : Infinity;
  // The level grows during the wait, so the wait ends when part * (start * t + gain * t² / 2) reaches one request.
  const gain = rate * share ** caution;
  return (Math.sqrt(start * start + (2 * gain) / part) - start) / gain;
}
