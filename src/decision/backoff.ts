/**
 * How long to wait if the service does not say. A busy resource (a conflict, a platform update) takes minutes to become
 * free; a platform error resolves in seconds; a full window reopens within one.
 */
import type { Category } from "../catalog/rule.js";

export interface Backoff {
  /** First wait in milliseconds. */
  readonly baseMs: number;
  /** Longest wait in milliseconds. */
  readonly maxMs: number;
}

/** Each wait doubles, up to `maxMs`. Sources: values measured in other controllers, see docs. */
export const backoffs: Readonly<Record<Category, Backoff>> = {
  throttling: { baseMs: 2_000, maxMs: 60_000 },
  conflict: { baseMs: 5_000, maxMs: 60_000 },
  platform: { baseMs: 1_000, maxMs: 60_000 },
  timeout: { baseMs: 5_000, maxMs: 60_000 },
  network: { baseMs: 800, maxMs: 30_000 },
  storage: { baseMs: 5_000, maxMs: 60_000 },
  capacity: { baseMs: 30_000, maxMs: 300_000 },
  image: { baseMs: 15_000, maxMs: 120_000 },
  extension: { baseMs: 15_000, maxMs: 120_000 },
  "guest-os": { baseMs: 15_000, maxMs: 120_000 },
  authentication: { baseMs: 2_000, maxMs: 30_000 },
  authorization: { baseMs: 10_000, maxMs: 60_000 },
  quota: { baseMs: 30_000, maxMs: 300_000 },
  "invalid-input": { baseMs: 2_000, maxMs: 60_000 },
  unsupported: { baseMs: 2_000, maxMs: 60_000 },
  "not-found": { baseMs: 2_000, maxMs: 60_000 },
  encryption: { baseMs: 5_000, maxMs: 60_000 },
  precondition: { baseMs: 5_000, maxMs: 60_000 },
  other: { baseMs: 2_000, maxMs: 60_000 },
};

/**
 * The wait before retry number `retry` (0 for the first), in milliseconds: doubling, and reduced by up to half at
 * random so that callers that failed together do not return together.
 * @param random a number in [0, 1)
 */
export function backoffMs(category: Category, retry: number, random: number): number {
  const { baseMs, maxMs } = backoffs[category];
  return Math.round(grow(baseMs, maxMs, retry) * (1 - random / 2));
}

/** The same from a first wait known to be needed: it is increased by up to a tenth at random. */
export function knownBackoffMs(baseMs: number, category: Category, retry: number, random: number): number {
  return Math.round(grow(baseMs, Math.max(baseMs, backoffs[category].maxMs), retry) * (1 + random / 10));
}

function grow(baseMs: number, maxMs: number, retry: number): number {
  // 2^30 is past every cap; a larger exponent would end in Infinity.
  return Math.min(baseMs * 2 ** Math.min(Math.max(retry, 0), 30), maxMs);
}
