/** The waiters of one kind of request, in order of priority. The kind's buckets know how many there are. */
import type { RequestKind } from "../scope/request-kind.js";
import { LazyHeap } from "./lazy-heap.js";
import type { BlockableQueue, Blocker } from "./openings.js";
import type { Waiter } from "./waiter.js";

export class RequestKindQueue implements BlockableQueue {
  readonly #waiters = new LazyHeap<Waiter>(
    (one, other) => one.isBefore(other),
    ({ state }) => state === "queued",
  );

  constructor(private readonly kind: RequestKind) {}

  headAt(): Waiter | undefined {
    return this.#waiters.peek();
  }

  blockerAt(now: number): Blocker | undefined {
    return this.kind.blockerAt(now);
  }

  enter(waiter: Waiter): void {
    waiter.state = "queued";
    this.#waiters.push(waiter);
    this.kind.countWaiting(1, waiter.isInBackground);
  }

  /** Removes the head, which is `waiter`. */
  shift(waiter: Waiter): void {
    this.#waiters.pop();
    this.kind.countWaiting(-1, waiter.isInBackground);
  }

  remove(waiter: Waiter): void {
    waiter.state = "gone";
    this.#waiters.dropped();
    this.kind.countWaiting(-1, waiter.isInBackground);
  }
}
