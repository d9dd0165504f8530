/** Counts requests of about the last half minute, in two spans of which the older is dropped. */

const spanMs = 15_000;

export class RecentSends {
  #startedAt = -Infinity;
  #count = 0;
  #before = 0;

  note(now: number, requests = 1): void {
    this.#turn(now);
    this.#count += requests;
  }

  count(now: number): number {
    this.#turn(now);
    return this.#count + this.#before;
  }

  /** Requests per second. */
  perSecond(now: number): number {
    const count = this.count(now);
    const watchedMs = now - this.#startedAt + (this.#before > 0 ? spanMs : 0);
    return (count * 1_000) / Math.max(1_000, watchedMs);
  }

  #turn(now: number): void {
    if (now - this.#startedAt < spanMs) return;
    const spans = Math.floor((now - this.#startedAt) / spanMs);
    this.#before = spans === 1 ? this.#count : 0;
    this.#count = 0;
    this.#startedAt = spans === 1 ? this.#startedAt + spanMs : now;
  }
}
