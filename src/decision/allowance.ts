/**
 * The shared retry allowance. If each client retries a few times, an outage is multiplied by that number. Successes
 * refill this allowance, so single failures are retried as often as the budget allows, and during a general outage
 * hardly any are. Throttling waits are legitimate and not charged.
 */

/** A retry costs one. When full, this many calls can be retried at once. */
const capacity = 100;
/** What a success adds: in steady traffic, one retry per ten successes. */
const perSuccess = 0.1;
/** What each second adds, so that an old outage does not hold back a quiet client. */
const perSecond = 1;

export class RetryAllowance {
  #level = capacity;
  #at: number | undefined;

  /** Takes one retry from the allowance; false if it is used up. */
  take(now: number): boolean {
    this.#refill(now);
    if (this.#level < 1) return false;
    this.#level -= 1;
    return true;
  }

  /** Whether a retry could be taken. */
  isLeft(now: number): boolean {
    this.#refill(now);
    return this.#level >= 1;
  }

  succeeded(): void {
    if (this.#level < capacity) this.#level = Math.min(capacity, this.#level + perSuccess);
  }

  #refill(now: number): void {
    const elapsedMs = this.#at === undefined ? 0 : Math.max(0, now - this.#at);
    this.#level = Math.min(capacity, this.#level + (elapsedMs / 1_000) * perSecond);
    this.#at = now;
  }
}
