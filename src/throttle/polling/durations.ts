/** How long operations of one kind took, and from that, how likely one is to end next. All times are in seconds. */

/** The latest so many are remembered. */
const kept = 64;
/** A kind never seen, and the tail of every kind: as if this many operations had ended at all ages alike. */
const priorWeight = 2;
/** However unlikely an early end was so far, it stays at least this part as likely as for a kind never seen. */
const leastPart = 0.2;
/** The age that operations are taken to have reached before they began, which keeps the first hazard finite. */
const headStart = 10;

export class Durations {
  /** In the order of ending; the oldest is overwritten. */
  readonly #latest: number[] = [];
  #next = 0;

  note(seconds: number): void {
    this.#latest[this.#next] = seconds;
    this.#next = (this.#next + 1) % kept;
  }

  /** The part of the operations that still run at `age` that end in each second. */
  hazardAt(age: number): number {
    const span = Math.max(2, age * 0.2);
    const running = this.#count(age, Infinity);
    const ending = this.#count(age, age + span);
    const unknown = 1 / (age + headStart);
    return Math.max((ending / span + priorWeight * unknown) / (running + priorWeight), leastPart * unknown);
  }

  /** The part of the operations still running at `from` that have ended at `to`. */
  endedBetween(from: number, to: number): number {
    const running = this.#count(from, Infinity);
    return this.#count(from, to) / (running + priorWeight);
  }

  #count(from: number, to: number): number {
    let count = 0;
    for (const seconds of this.#latest) if (seconds >= from && seconds < to) count++;
    return count;
  }
}
