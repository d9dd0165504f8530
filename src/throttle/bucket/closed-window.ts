/**
 * The time in which a bucket takes no requests, after a rejection. Nothing is sent before it has passed. We reopen a
 * little later than the service said, by a random part of the time in which our share refills, so that processes
 * rejected with the same `Retry-After` do not return as a herd.
 *
 * Some services lock for longer if a request comes early, so that callers that do not know of each other can keep each
 * other locked out forever. The others learn of the window by a rejection of their own, which renews it. So we stay
 * away for a part of the wait longer, and for more and more of it if each window ends in a rejection.
 */
import type { Random } from "../../time/clock.js";

const mostVain = 8;
/** Unless we keep quiet, this many rejected reopenings in a row count as chance. */
const vainForOne = 3;
/**
 * How much longer than asked we stay away, as parts of the wait: once per window, and more for each rejected reopening.
 */
const quietPart = 0.25;
const vainPart = 0.5;

export class ClosedWindow {
  /** Epoch milliseconds until which the service asked to wait; 0 if it never did. */
  until = 0;
  /** Epoch milliseconds from which we send again. */
  reopensAt = 0;
  /** No request sent since it reopened has gone through. */
  isProbing = false;
  #vainReopenings = 0;

  constructor(private readonly random: Random) {}

  /**
   * Handles the rejection of a request sent at `sentAt`.
   * @param keepsQuiet whether we stay away longer than asked, so that we and others do not lock each other out
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

  /** Another process has learned of a window. The shared store also prevents a herd. */
  extend(until: number): void {
    this.until = Math.max(this.until, until);
    this.reopensAt = Math.max(this.reopensAt, until);
  }

  /** A request sent at `sentAt` went through. */
  pass(sentAt: number): void {
    if (sentAt < this.reopensAt) return;
    this.isProbing = false;
    this.#vainReopenings = 0;
  }
}
