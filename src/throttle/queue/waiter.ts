/**
 * A waiting caller and its place in the order of priority: its time of arrival, moved back for a background call as if
 * it had come later. So the order is always clear and no caller starves: once it has waited that long, no new one
 * passes it.
 */
import type { AbortSignalLike } from "../../time/clock.js";
import type { RequestScope } from "../scope/request-scope.js";
import type { Permit } from "../throttle.js";

export type Priority = "foreground" | "background";

/** Milliseconds by which the priority moves the time of arrival. */
const moveMs: Readonly<Record<Priority, number>> = { foreground: 0, background: 60_000 };

/** What is known of a request that may have to wait. */
export interface Arrival {
  readonly scope: RequestScope;
  readonly priority: Priority;
  /** Place in the order of priority, in epoch milliseconds. */
  readonly arrivedAt: number;
  /** Epoch milliseconds before which it does not go. */
  readonly dueAt: number;
  /** Epoch milliseconds; Infinity for no deadline. */
  readonly deadlineAt: number;
  readonly signal: AbortSignalLike | undefined;
  /** The URL of the operation that it polls. */
  readonly poll: string | undefined;
}

export class Waiter {
  /** `queued`: in the queue of its kind. `deferred`: not due yet. `gone`: admitted, refused or aborted. */
  state: "queued" | "deferred" | "gone" = "deferred";
  /** Its current place among the deferred waiters. */
  place: object | undefined;
  permit: Permit | undefined;
  /** Why it was refused. */
  refusal: Error | undefined;
  resolve: ((permit: Permit) => void) | undefined;
  reject: ((error: Error) => void) | undefined;
  onAbort: (() => void) | undefined;
  readonly #rank: number;

  /** @param order of arrival, to distinguish those with the same time */
  constructor(
    readonly arrival: Arrival,
    private readonly order: number,
  ) {
    this.#rank = arrival.arrivedAt + moveMs[arrival.priority];
  }

  get isInBackground(): boolean {
    return this.arrival.priority === "background";
  }

  isBefore(other: Waiter): boolean {
    return this.#rank === other.#rank ? this.order < other.order : this.#rank < other.#rank;
  }
}
