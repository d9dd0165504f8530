/**
 * Callers that must be through by a time. Whoever cannot be hears of it at once, with the time at which to come back;
 * whoever only may be is let try until the deadline.
 */
import type { Bucket } from "../bucket/bucket.js";
import { Heap } from "./lazy-heap.js";
import { ThrottleDeadlineError } from "../throttle.js";
import type { Waiter } from "./waiter.js";

/** How much of an expected wait in line is taken as certain: others may leave the line, or the bucket to us. */
const certainPart = 0.7;

export class Deadlines {
  #heap = newHeap();
  #watched = 0;

  /** The next deadline of somebody who waits. */
  get next(): number {
    this.#dropGone();
    return this.#heap.peek()?.arrival.deadlineAt ?? Infinity;
  }

  watch(waiter: Waiter): void {
    if (waiter.arrival.deadlineAt === Infinity) return;
    this.#heap.push(waiter);
    this.#watched++;
  }

  /** A waiter has gone. Its place is cleared when it comes up, or when most places are empty. */
  left({ arrival }: Waiter): void {
    if (arrival.deadlineAt === Infinity) return;
    this.#watched--;
    if (this.#heap.size < 2 * this.#watched + 64) return;
    const staying = [...this.#heap].filter(({ state }) => state !== "gone");
    this.#heap = newHeap();
    for (const waiter of staying) this.#heap.push(waiter);
  }

  /** Why somebody who comes now is sent away at once, if so. */
  refusal({ arrival }: Waiter, buckets: readonly Bucket[], now: number): ThrottleDeadlineError | undefined {
    const { dueAt, deadlineAt, standing } = arrival;
    if (deadlineAt === Infinity) return undefined;
    const expected = expectedAt(buckets, standing === "background", now);
    const certain = Math.max(dueAt, reopeningOf(buckets), now + (expected - now) * certainPart);
    return certain > deadlineAt ? new ThrottleDeadlineError(Math.ceil(Math.max(certain, expected))) : undefined;
  }

  /** Those whose deadline has come. */
  takeLate(now: number): Waiter[] {
    const late: Waiter[] = [];
    while (this.next <= now) {
      const first = this.#heap.pop();
      if (first !== undefined) late.push(first);
    }
    return late;
  }

  lateness({ arrival: { standing, dueAt } }: Waiter, buckets: readonly Bucket[], now: number): ThrottleDeadlineError {
    const expected = expectedAt(buckets, standing === "background", now);
    return new ThrottleDeadlineError(Math.ceil(Math.max(now + 1, dueAt, expected)));
  }

  /** Those whose deadline lies before the end of a window that has just closed. */
  hopeless(now: number): [Waiter, ThrottleDeadlineError][] {
    const found: [Waiter, ThrottleDeadlineError][] = [];
    for (const waiter of this.#heap) {
      if (waiter.state === "gone") continue;
      const reopens = Math.max(now, reopeningOf(waiter.arrival.route.lane.buckets));
      if (reopens > waiter.arrival.deadlineAt) found.push([waiter, new ThrottleDeadlineError(Math.ceil(reopens))]);
    }
    return found;
  }

  #dropGone(): void {
    while (this.#heap.peek()?.state === "gone") this.#heap.pop();
  }
}

function newHeap(): Heap<Waiter> {
  return new Heap((one, other) => one.arrival.deadlineAt < other.arrival.deadlineAt);
}

function reopeningOf(buckets: readonly Bucket[]): number {
  return buckets.reduce((latest, { window }) => Math.max(latest, window.reopensAt), 0);
}

function expectedAt(buckets: readonly Bucket[], isBackground: boolean, now: number): number {
  return buckets.reduce((latest, bucket) => Math.max(latest, bucket.expectedAt(now, isBackground)), now);
}
