/**
 * The due polls of one kind, the one most likely to find its operation ended first. Probabilities change over time, so
 * it is sorted again every second.
 */
import type { PollPace } from "../polling/poll-pace.js";
import type { RequestKind } from "../scope/request-kind.js";
import type { BlockableQueue, Blocker } from "./openings.js";
import type { Waiter } from "./waiter.js";

const orderedForMs = 1_000;
/** Buckets count no more than this: polls are paced separately and block no other request. */
const mostCounted = 8;

interface Place {
  readonly waiter: Waiter;
  likelihood: number;
}

export class PollQueue implements BlockableQueue {
  readonly #places = new Map<Waiter, Place>();
  /** The most likely last. */
  #order: Place[] = [];
  #orderedAt = -Infinity;
  #counted = 0;

  /** @param likelihood the probability that a poll of an operation's URL finds it ended */
  constructor(
    private readonly kind: RequestKind,
    private readonly pace: PollPace,
    private readonly likelihood: (url: string, now: number) => number,
  ) {}

  headAt(now: number): Waiter | undefined {
    if (now - this.#orderedAt >= orderedForMs) this.#putInOrder(now);
    for (let head = this.#order.at(-1); head !== undefined; head = this.#order.at(-1)) {
      if (this.#places.get(head.waiter) === head) return head.waiter;
      this.#order.pop();
    }
    return undefined;
  }

  blockerAt(now: number): Blocker | undefined {
    return this.kind.blockerAt(now) ?? (this.pace.opensAt(now) > now ? this.pace : undefined);
  }

  enter(waiter: Waiter, now: number): void {
    waiter.state = "queued";
    const place = { waiter, likelihood: this.#likelihoodOf(waiter, now) };
    this.#places.set(waiter, place);
    this.#order.splice(placeIn(this.#order, place), 0, place);
    this.#count();
  }

  /** Removes the head, which is `waiter`. */
  shift(waiter: Waiter): void {
    this.#order.pop();
    this.#places.delete(waiter);
    this.#count();
  }

  remove(waiter: Waiter): void {
    waiter.state = "gone";
    this.#places.delete(waiter);
    this.#count();
  }

  #putInOrder(now: number): void {
    this.#orderedAt = now;
    this.#order = [...this.#places.values()];
    for (const place of this.#order) place.likelihood = this.#likelihoodOf(place.waiter, now);
    this.#order.sort(compare);
  }

  #likelihoodOf({ arrival }: Waiter, now: number): number {
    return this.likelihood(arrival.poll ?? "", now);
  }

  #count(): void {
    const counted = Math.min(this.#places.size, mostCounted);
    for (; this.#counted < counted; this.#counted++) this.kind.countWaiting(1, false);
    for (; this.#counted > counted; this.#counted--) this.kind.countWaiting(-1, false);
  }
}

/** Of two equally likely, the one that came first sorts later. */
function compare(one: Place, other: Place): number {
  return one.likelihood - other.likelihood || (one.waiter.isBefore(other.waiter) ? 1 : -1);
}

function placeIn(order: readonly Place[], place: Place): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = order[middle];
    if (other !== undefined && compare(other, place) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}
