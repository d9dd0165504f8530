/**
 * The shared retry allowance. Each client retrying a few times multiplies an outage by those few; an allowance that
 * successes refill lets single failures be retried as often as the budget says, and a general outage hardly at all.
 * Throttling waits are lawful and not charged.
 */

/** A retry costs one. Full, it lets this many calls be retried at once. */
const capacity = 100;
/** What a success gives back: in steady traffic one retry for ten successes. */
const perSuccess = 0.1;
/** What time gives back, so that a quiet client is not held to an old outage. */
const perSecond = 1;

export class RetryAllowance {
  #level = capacity;
  #at: number | undefined;

  /** Takes one retry from the allowance, or says that it is used up. */
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
