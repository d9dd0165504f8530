/**
 * Waiters outside the queues, so that they block no others: polls that are not due yet, and requests whose resource has
 * reached its own limit while others of their kind go on.
 */
import { LazyHeap } from "./lazy-heap.js";
import type { Waiter } from "./waiter.js";

interface Place {
  readonly waiter: Waiter;
  readonly dueAt: number;
}

export class DeferredWaiters {
  readonly #places = new LazyHeap<Place>(
    (one, other) => one.dueAt < other.dueAt,
    (place) => place.waiter.place === place,
  );
  readonly #byResource = new Map<string, Set<Waiter>>();

  /** When the first of them is due. */
  get nextDueAt(): number {
    return this.#places.peek()?.dueAt ?? Infinity;
  }

  untilDue(waiter: Waiter, dueAt: number): void {
    waiter.state = "deferred";
    const place = { waiter, dueAt };
    waiter.place = place;
    this.#places.push(place);
  }

  /** Until a time, or until a response for the same resource brings news. */
  untilResource(waiter: Waiter, dueAt: number): void {
    const { resource } = waiter.arrival.scope.target;
    const waiters = this.#byResource.get(resource) ?? new Set();
    this.#byResource.set(resource, waiters.add(waiter));
    waiter.state = "deferred";
    if (dueAt < Infinity) this.untilDue(waiter, dueAt);
  }

  takeDue(now: number): Waiter[] {
    const due: Waiter[] = [];
    for (let first = this.#places.peek(); first && first.dueAt <= now; first = this.#places.peek()) {
      const { waiter } = first;
      this.#places.pop();
      waiter.place = undefined;
      this.#forgetResource(waiter);
      due.push(waiter);
    }
    return due;
  }

  takeResource(resource: string): readonly Waiter[] {
    const waiters = this.#byResource.get(resource);
    if (waiters === undefined) return none;
    this.#byResource.delete(resource);
    for (const waiter of waiters) this.#leavePlace(waiter);
    return [...waiters];
  }

  remove(waiter: Waiter): void {
    this.#leavePlace(waiter);
    this.#forgetResource(waiter);
  }

  #leavePlace(waiter: Waiter): void {
    if (waiter.place === undefined) return;
    waiter.place = undefined;
    this.#places.dropped();
  }

  #forgetResource(waiter: Waiter): void {
    const { resource } = waiter.arrival.scope.target;
    const waiters = this.#byResource.get(resource);
    if (waiters?.delete(waiter) && waiters.size === 0) this.#byResource.delete(resource);
  }
}

const none: readonly Waiter[] = [];
