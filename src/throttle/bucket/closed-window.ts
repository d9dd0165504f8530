/**
 * The time in which a bucket takes no requests, as a rejection said. Nothing is sent before it has passed. It opens for us
 * a little later than the service said: by a random part of the time in which our share of the refill comes in, so that
 * processes that were all sent away with the same `Retry-After` do not come back as a herd.
 *
 * Some services lock for longer when a request comes early, and then callers that do not know of each other can keep each
 * other locked out without end. The others learn of the window by a rejection of their own, which renews it: so we stay away
 * for a part of the wait longer, and when window after window ends in a rejection, for more and more of it.
 */
import type { Random } from "../../time/clock.js";

const mostVain = 8;
/** Without quiet, so many reopenings in a row that were in vain are taken as chance. */
const vainForOne = 3;
/** How much longer than asked we stay away, as parts of the wait: after a window, and more for each reopening in vain. */
const quietPart = 0.25;
const vainPart = 0.5;

export class ClosedWindow {
  /** Epoch milliseconds until which the service asked to wait; 0 when it never did. */
  until = 0;
  /** Epoch milliseconds from which we send again. */
  reopensAt = 0;
  /** No request that was sent since it reopened has gone through. */
  isProbing = false;
  #vainReopenings = 0;

  constructor(private readonly random: Random) {}

  /**
   * A rejection of a request that was sent at `sentAt`.
   * @param keepsQuiet whether we stay away longer than asked, so that others do not keep us and we do not keep others locked out
   */
  close(sentAt: number, now: number, waitMs: number, spreadMs: number, keepsQuiet = true): void {
    if (sentAt >= this.reopensAt) this.#vainReopenings++;
    this.isProbing = true;
    const vain = Math.min(Math.max(0, this.#vainReopenings - (keepsQuiet ? 1 : vainForOne)), mostVain);
    const quietMs = waitMs * ((keepsQuiet ? quietPart : 0) + vain * vainPart);
    const spread = Math.max(spreadMs, waitMs * vain * quietPart);
    this.until = Math.max(this.until, now + waitMs);
    this.reopensAt = Math.max(this.reopensAt, now + waitMs + quietMs + spread * this.random());
  }

  /** Another process has learned of a window; the store that shares it also prevents a herd. */
  extend(until: number): void {
    this.until = Math.max(this.until, until);
    this.reopensAt = Math.max(this.reopensAt, until);
  }

  /** A request that was sent at `sentAt` went through. */
  pass(sentAt: number): void {
    if (sentAt < this.reopensAt) return;
    this.isProbing = false;
    this.#vainReopenings = 0;
  }
}
