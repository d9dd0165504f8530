/**
 * Who waits, and in which order they are served: by the time of arrival, moved by what they are. A poll that is about to find
 * its operation finished is served as if it had come earlier, a background call as if it had come later. So the order is
 * clear at every moment, and nobody waits for ever: once it has waited as long as the move, nobody new passes it.
 */
import type { AbortSignalLike } from "../../time/clock.js";
import { Heap } from "./lazy-heap.js";
import type { Route } from "../scope/request-scope.js";
import type { Permit } from "../throttle.js";

/** What a waiter is, to the order of service. */
export type Standing = "finishing" | "foreground" | "background";

/** Milliseconds by which the standing moves the time of arrival. */
const moveMs: Readonly<Record<Standing, number>> = { finishing: -10_000, foreground: 0, background: 60_000 };

/** What is known of a request that may have to wait. */
export interface Arrival {
  readonly route: Route;
  readonly standing: Standing;
  /** Place in the order of service, in epoch milliseconds. */
  readonly arrivedAt: number;
  /** Not before this time. */
  readonly dueAt: number;
  /** Epoch milliseconds; Infinity for no deadline. */
  readonly deadlineAt: number;
  readonly signal: AbortSignalLike | undefined;
  /** The URL of the operation that it polls. */
  readonly poll: string | undefined;
}

export class Waiter {
  /** `line`: in its lane. `aside`: on the sidelines. `gone`: admitted, refused or aborted. */
  state: "line" | "aside" | "gone" = "aside";
  /** Its place on the sidelines that counts. */
  place: object | undefined;
  permit: Permit | undefined;
  resolve: ((permit: Permit) => void) | undefined;
  reject: ((error: Error) => void) | undefined;
  onAbort: (() => void) | undefined;
  readonly #rank: number;

  /** @param order of arrival, to tell apart those who came at the same time */
  constructor(
    readonly arrival: Arrival,
    private readonly order: number,
  ) {
    this.#rank = arrival.arrivedAt + moveMs[arrival.standing];
  }

  isBefore(other: Waiter): boolean {
    return this.#rank === other.#rank ? this.order < other.order : this.#rank < other.#rank;
  }
}

/** The waiters of one lane, in the order of service. Those who went away are skipped, and cleared out when they are many. */
export class WaitingLine {
  #heap = newHeap();
  /** Waiters that stand in line. */
  length = 0;

  enter(waiter: Waiter): void {
    waiter.state = "line";
    this.#heap.push(waiter);
    this.length++;
  }

  /** The next to be served. */
  get head(): Waiter | undefined {
    for (;;) {
      const head = this.#heap.peek();
      if (head === undefined || head.state === "line") return head;
      this.#heap.pop();
    }
  }

  /** Takes the head out of the line. */
  shift(): Waiter | undefined {
    const { head } = this;
    if (head === undefined) return undefined;
    this.#heap.pop();
    this.length--;
    return head;
  }

  /** One that stood in line has gone away. */
  lost(): void {
    this.length--;
    if (this.#heap.size < 2 * this.length + 64) return;
    const staying = [...this];
    this.#heap = newHeap();
    for (const waiter of staying) this.#heap.push(waiter);
  }

  *[Symbol.iterator](): Iterator<Waiter> {
    for (const waiter of this.#heap) if (waiter.state === "line") yield waiter;
  }
}

function newHeap(): Heap<Waiter> {
  return new Heap((one, other) => one.isBefore(other));
}
