/** The state of the throttle, for people and dashboards. Plain JSON, without secrets: principals are hashes. */
import type { Bucket } from "./bucket/bucket.js";
import { wordsFor, type ScopeName } from "./scope-name.js";

export interface ScopeSnapshot extends ScopeName {
  /** The scope in words. */
  readonly scope: string;
  /** Requests left, as far as is known. */
  readonly level?: number;
  /** Requests that a full bucket holds, and what it gains each second; documented or learned. */
  readonly capacity?: number;
  readonly refillPerSecond?: number;
  /** This process's share of the bucket's rate, 0 to 1. */
  readonly share?: number;
  readonly waiting: number;
  readonly inFlight: number;
  /** Epoch milliseconds until which the service wants no requests. */
  readonly closedUntil?: number;
  /** Epoch milliseconds at which the next request may go, if one is waiting. */
  readonly nextAt?: number;
}

export interface ThrottleSnapshot {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Waiting callers, including polls that are not due. */
  readonly waiting: number;
  /** Requests sent and not answered, except unmetered reads. */
  readonly inFlight: number;
  /** Long-running operations being followed. */
  readonly operations: number;
  /** The shared store, if there is one. */
  readonly store?: "connected" | "away";
  readonly scopes: readonly ScopeSnapshot[];
}

/** One scope; undefined if nothing is known of it and nothing is happening. */
export function scopeSnapshot(bucket: Bucket, now: number): ScopeSnapshot | undefined {
  const { limit, name, waiting, inFlight, window } = bucket;
  const level = bucket.level(now);
  const isClosed = window.until > now;
  if (limit === undefined && level === undefined && !isClosed) return undefined;
  const nextAt = waiting > 0 ? bucket.opensAt(now) : Infinity;
  return {
    scope: wordsFor(name),
    ...name,
    ...(level !== undefined && { level: round(level) }),
    ...(limit && { capacity: round(limit.capacity), refillPerSecond: round((limit.refill / limit.periodMs) * 1_000) }),
    ...(level !== undefined && { share: round(bucket.share) }),
    waiting,
    inFlight,
    ...(isClosed && { closedUntil: Math.round(window.until) }),
    ...(nextAt < Infinity && { nextAt: Math.round(nextAt) }),
  };
}

const round = (value: number): number => Math.round(value * 1_000) / 1_000;
