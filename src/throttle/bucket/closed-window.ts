/**
 * The time in which a bucket takes no requests, as a rejection said. Nothing is sent before it has passed. It opens for us
 * a little later than the service said: by a random part of the time in which our share of the refill comes in, so that
 * processes that were all sent away with the same `Retry-After` do not come back as a herd.
 *
 * Some services lock for longer when a request comes early, and then callers that do not know of each other can keep each
 * other locked out without end. So when window after window ends in a rejection, the spread doubles.
 */
import type { Random } from "../../time/clock.js";

const mostDoublings = 5;
/** So many vain reopenings in a row are taken as chance: of a request that no other waits for, and of many. */
const vainForOne = 3;
const vainForMany = 2;

export class ClosedWindow {
  /** Epoch milliseconds until which the service asked to wait; 0 when it never did. */
  until = 0;
  /** Epoch milliseconds from which we send again. */
  reopensAt = 0;
  #vainReopenings = 0;

  constructor(private readonly random: Random) {}

  /** A rejection of a request that was sent at `sentAt`. */
  close(sentAt: number, now: number, waitMs: number, spreadMs: number, isLone = false): void {
    if (sentAt >= this.reopensAt) this.#vainReopenings++;
    const doublings = Math.min(Math.max(0, this.#vainReopenings - (isLone ? vainForOne : vainForMany)), mostDoublings);
    const spread = doublings === 0 ? spreadMs : Math.max(spreadMs, waitMs * (2 ** doublings - 1));
    this.until = Math.max(this.until, now + waitMs);
    this.reopensAt = Math.max(this.reopensAt, now + waitMs + spread * this.random());
  }

  /** Another process has learned of a window; the store that shares it also prevents a herd. */
  extend(until: number): void {
    this.until = Math.max(this.until, until);
    this.reopensAt = Math.max(this.reopensAt, until);
  }

  /** A request went through. */
  pass(): void {
    this.#vainReopenings = 0;
  }
}
