/**
 * Token buckets with step refill, as Resource Manager and Compute meter requests: tokens come in steps (each second,
 * each minute), not as a stream, so a client that paces itself exactly at the rate can still meet an empty bucket.
 * There is no timer: what time has added is computed on demand.
 */
import type { Clock } from "../time/clock.js";

export interface BucketSize {
  /** Tokens of a full bucket. */
  readonly capacity: number;
  /** Tokens that each step adds. */
  readonly refill: number;
  /** Milliseconds from step to step. Default 1000. */
  readonly everyMs?: number;
}

export class TokenBucket {
  #tokens: number;
  #lastStepAt: number;
  #lockedUntil = -Infinity;

  constructor(
    readonly size: BucketSize,
    private readonly clock: Clock,
    /** Milliseconds for which an empty bucket locks, renewed by every early request; undefined for no lock. */
    private readonly penaltyMs?: number,
  ) {
    this.#tokens = size.capacity;
    this.#lastStepAt = clock.now();
  }

  get remaining(): number {
    this.#refill();
    return this.#tokens;
  }

  get isFull(): boolean {
    return this.remaining >= this.size.capacity && this.clock.now() >= this.#lockedUntil;
  }

  /** Whether a request would be admitted. A refusal takes no token; with a penalty it locks, or renews the lock. */
  admits(): boolean {
    const now = this.clock.now();
    if (this.remaining >= 1 && now >= this.#lockedUntil) return true;
    if (this.penaltyMs !== undefined) this.#lockedUntil = now + this.penaltyMs;
    return false;
  }

  take(): void {
    this.#tokens -= 1;
  }

  /** Milliseconds until a request may come: the end of the lock, or the step that brings the next token. */
  get waitMs(): number {
    const now = this.clock.now();
    const { refill, everyMs = 1000 } = this.size;
    const steps = this.remaining >= 1 ? 0 : Math.max(1, Math.ceil((1 - this.#tokens) / refill));
    const tokenAt = steps === 0 ? now : this.#lastStepAt + steps * everyMs;
    return Math.max(0, tokenAt - now, this.#lockedUntil - now);
  }

  #refill(): void {
    const { capacity, refill, everyMs = 1000 } = this.size;
    const steps = Math.floor((this.clock.now() - this.#lastStepAt) / everyMs);
    if (steps <= 0) return;
    this.#lastStepAt += steps * everyMs;
    this.#tokens = Math.min(capacity, this.#tokens + steps * refill);
  }
}
