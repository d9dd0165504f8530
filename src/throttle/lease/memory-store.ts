/** A store inside one process: for throttles that are separate but share the limits, and for tests. */
import { systemClock, type Clock } from "../../time/clock.js";
import { lease, newSharedBucket, type SharedBucket } from "./shared-bucket.js";
import type { Lease, LeaseAsk, ThrottleStore } from "./store.js";

/** @param clock default the clock of the process */
export function memoryThrottleStore(clock: Clock = systemClock): ThrottleStore {
  const buckets = new Map<string, SharedBucket>();
  const one = (member: string, ask: LeaseAsk): Lease => {
    const now = clock.now();
    let bucket = buckets.get(ask.key);
    if (bucket === undefined) {
      bucket = newSharedBucket(ask.limit.capacity, now);
      buckets.set(ask.key, bucket);
    }
    return lease(bucket, member, ask, now);
  };
  return { lease: (_slot, member, asks) => Promise.resolve(asks.map((ask) => one(member, ask))) };
}
