/**
 * What several processes share. A store keeps one bucket for each scope and gives out leases: so many permits, for so
 * long. A process asks for as many as it has callers waiting, reports at the same time what its answers said, and sends
 * without asking while it has permits in hand. What a process that died still held comes back when its lease ends.
 *
 * All times are durations, so the clocks of processes and store may differ.
 */
import type { RateLimit } from "../limits.js";

/** What a process asks of one bucket, and what it has learned since it asked last. */
export interface LeaseAsk {
  /** The bucket's name. */
  readonly key: string;
  /** The limit as this process knows it. */
  readonly limit: RateLimit;
  /** Permits wanted, 0 to report only. */
  readonly want: number;
  /** Permits whose requests were answered, and those that were not used. */
  readonly answered: number;
  readonly returned: number;
  /** Of the answers, those that reported no level, or never came. */
  readonly levelless: number;
  /** The level that the latest answer reported, and how long ago its request was sent and answered, in milliseconds. */
  readonly level?: { readonly tokens: number; readonly sentAgoMs: number; readonly receivedAgoMs: number };
  /** The service sent a request away: milliseconds for which it wants none. */
  readonly closedForMs?: number;
}

export interface Lease {
  /** Permits given. */
  readonly granted: number;
  /** Milliseconds for which they hold, from the moment the store was asked. */
  readonly ttlMs: number;
  /** Milliseconds after which asking for the rest makes sense. */
  readonly askAgainMs: number;
  /** An answer will show whether there is more: asking makes sense as soon as one has come. */
  readonly needsAnswer: boolean;
  /** Milliseconds for which the service wants no requests, as any process has learned. */
  readonly closedForMs: number;
  /** Tokens left, as far as the store knows. */
  readonly level: number;
}

export interface ThrottleStore {
  /**
   * One lease for each ask, in order, all in one round trip.
   * @param slot what the buckets have in common; asks of one slot may have to be kept together
   * @param member who asks: an id of the process
   */
  lease(slot: string, member: string, asks: readonly LeaseAsk[]): Promise<readonly Lease[]>;
}
