/**
 * What several processes share. A store keeps one bucket for each scope and gives out leases: a number of permits for a
 * time. A process asks for as many as it has callers waiting, reports at the same time what its responses said, and
 * sends without asking while it has permits in hand. Permits of a dead process come back when its lease expires.
 *
 * All times are durations, so the clocks of processes and store may differ.
 */
import type { RateLimit } from "../limits.js";

/** What a process asks of one bucket, and what it has learned since it last asked. */
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
  /** How many of those responses reported no level or never came. */
  readonly levelless: number;
  /** The level that the latest response reported, and how many milliseconds ago its request was sent and answered. */
  readonly level?: { readonly tokens: number; readonly sentAgoMs: number; readonly receivedAgoMs: number };
  /** The service rejected a request: milliseconds for which it wants none. */
  readonly closedForMs?: number;
}

export interface Lease {
  /** Permits given. */
  readonly granted: number;
  /** Milliseconds for which they hold, from the time the store was asked. */
  readonly ttlMs: number;
  /** Milliseconds after which to ask for the rest. */
  readonly askAgainMs: number;
  /** Only a response will show whether there is more: ask as soon as one has come. */
  readonly needsAnswer: boolean;
  /** Milliseconds for which the service wants no requests, as learned by any process. */
  readonly closedForMs: number;
  /** Tokens left, as far as the store knows. */
  readonly level: number;
}

export interface ThrottleStore {
  /**
   * One lease for each ask, in order, in one round trip.
   * @param slot what the buckets have in common; asks of one slot may have to be kept together
   * @param member id of the asking process
   */
  lease(slot: string, member: string, asks: readonly LeaseAsk[]): Promise<readonly Lease[]>;
}
