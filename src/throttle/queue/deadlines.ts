/**
 * Waiters with a deadline. One that cannot be admitted in time is refused at once, with the time to come back; one that
 * might be waits until its deadline.
 */
import type { Bucket } from "../bucket/bucket.js";
import { ThrottleDeadlineError } from "../throttle.js";
import { LazyHeap } from "./lazy-heap.js";
import type { Waiter } from "./waiter.js";

/** How much of an expected wait counts as certain: others may give up or leave the bucket to us. */
const certainPart = 0.7;

export class Deadlines {
  readonly #waiters = new LazyHeap<Waiter>(
    (one, other) => one.arrival.deadlineAt < other.arrival.deadlineAt,
    ({ state }) => state !== "gone",
  );

  /** The next deadline of a waiter. */
  get next(): number {
    return this.#waiters.peek()?.arrival.deadlineAt ?? Infinity;
  }

  watch(waiter: Waiter): void {
    if (waiter.arrival.deadlineAt !== Infinity) this.#waiters.push(waiter);
  }

  /** A waiter has gone before its deadline. */
  left({ arrival }: Waiter): void {
    if (arrival.deadlineAt !== Infinity) this.#waiters.dropped();
  }

  /** Why a request that comes now is refused at once, if it is. */
  refusal(waiter: Waiter, buckets: readonly Bucket[], now: number): ThrottleDeadlineError | undefined {
    const { dueAt, deadlineAt } = waiter.arrival;
    if (deadlineAt === Infinity) return undefined;
    const expected = expectedAt(buckets, waiter.isInBackground, now);
    const certain = Math.max(dueAt, reopeningOf(buckets), now + (expected - now) * certainPart);
    return certain > deadlineAt ? new ThrottleDeadlineError(Math.ceil(Math.max(certain, expected))) : undefined;
  }

  /** The first waiter whose deadline has come. */
  firstLate(now: number): Waiter | undefined {
    return this.next <= now ? this.#waiters.peek() : undefined;
  }

  lateness(waiter: Waiter, buckets: readonly Bucket[], now: number): ThrottleDeadlineError {
    const expected = expectedAt(buckets, waiter.isInBackground, now);
    return new ThrottleDeadlineError(Math.ceil(Math.max(now + 1, waiter.arrival.dueAt, expected)));
  }

  /** Waiters whose deadline comes before the end of a window that has just closed. */
  hopeless(now: number): [Waiter, ThrottleDeadlineError][] {
    const found: [Waiter, ThrottleDeadlineError][] = [];
    for (const waiter of this.#waiters) {
      const reopens = Math.max(now, reopeningOf(waiter.arrival.scope.kind.buckets));
      if (reopens > waiter.arrival.deadlineAt) found.push([waiter, new ThrottleDeadlineError(Math.ceil(reopens))]);
    }
    return found;
  }
}

function reopeningOf(buckets: readonly Bucket[]): number {
  return buckets.reduce((latest, { window }) => Math.max(latest, window.reopensAt), 0);
}

function expectedAt(buckets: readonly Bucket[], isInBackground: boolean, now: number): number {
  return buckets.reduce((latest, bucket) => Math.max(latest, bucket.expectedAt(now, isInBackground)), now);
}
