/**
 * Those who wait but do not stand in line, so that they keep nobody up: polls that are not due yet, and requests whose
 * resource has reached a limit of its own while their lane goes on.
 */
import { Heap } from "./lazy-heap.js";
import type { Waiter } from "./waiter.js";

interface Place {
  readonly waiter: Waiter;
  readonly dueAt: number;
}

export class Sidelines {
  readonly #places = new Heap<Place>((one, other) => one.dueAt < other.dueAt);
  readonly #byResource = new Map<string, Set<Waiter>>();

  /** When the first of them is due. */
  get nextDueAt(): number {
    this.#dropStale();
    return this.#places.peek()?.dueAt ?? Infinity;
  }

  untilDue(waiter: Waiter, dueAt: number): void {
    waiter.state = "aside";
    this.#place(waiter, dueAt);
  }

  /** Until a time, or until an answer for the same resource brings news. */
  untilResource(waiter: Waiter, dueAt: number): void {
    waiter.state = "aside";
    const { resource } = waiter.arrival.route.target;
    const waiters = this.#byResource.get(resource) ?? new Set();
    this.#byResource.set(resource, waiters.add(waiter));
    if (dueAt < Infinity) this.#place(waiter, dueAt);
  }

  takeDue(now: number): Waiter[] {
    const due: Waiter[] = [];
    for (;;) {
      this.#dropStale();
      const first = this.#places.peek();
      if (first === undefined || first.dueAt > now) return due;
      this.#places.pop();
      this.#forget(first.waiter);
      due.push(first.waiter);
    }
  }

  takeResource(resource: string): Waiter[] {
    const waiters = this.#byResource.get(resource);
    if (waiters === undefined) return [];
    this.#byResource.delete(resource);
    const back = [...waiters].filter(({ state }) => state === "aside");
    for (const waiter of back) waiter.place = undefined;
    return back;
  }

  #place(waiter: Waiter, dueAt: number): void {
    const place = { waiter, dueAt };
    waiter.place = place;
    this.#places.push(place);
  }

  /** Places of those who have gone, or have been called back, count no more. */
  #dropStale(): void {
    for (let first = this.#places.peek(); first !== undefined; first = this.#places.peek()) {
      if (first.waiter.place === first && first.waiter.state === "aside") return;
      this.#places.pop();
      this.#forget(first.waiter);
    }
  }

  #forget(waiter: Waiter): void {
    const { resource } = waiter.arrival.route.target;
    const waiters = this.#byResource.get(resource);
    if (!waiters?.delete(waiter) || waiters.size > 0) return;
    this.#byResource.delete(resource);
  }
}
