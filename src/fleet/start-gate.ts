/**
 * How many items run at once. An item whose first request waits for the throttle does nothing but take memory, and is
 * begun although the run may end before its turn; so only a few of a subscription may wait, and each that is let through
 * makes room for the next. What is under way after that is bounded by a number that no throttle of Azure lets a process
 * reach for long.
 */

/** Items of a subscription that may wait for their first request to be admitted. */
const mostWaiting = 32;
/** Items at a time if the caller sets no number. */
const mostRunning = 1_000;

export interface StartPass {
  /** Its first request has been admitted. */
  readonly admitted: () => void;
  /** Its function has ended. May be called twice. */
  readonly leave: () => void;
}

export class StartGate {
  readonly #mostRunning: number;
  readonly #mostWaiting: number;
  readonly #onRoom: () => void;
  readonly #waiting = new Map<string, number>();
  #running = 0;

  /** @param onRoom one more may be begun */
  constructor(concurrency: number | undefined, onRoom: () => void) {
    this.#mostRunning = concurrency ?? mostRunning;
    // The caller's own number is kept exactly, even if no request of ours reports its admission.
    this.#mostWaiting = concurrency ?? mostWaiting;
    this.#onRoom = onRoom;
  }

  get running(): number {
    return this.#running;
  }

  /** Whether one more of a subscription may be begun. */
  hasRoom(turn: string): boolean {
    return this.#running < this.#mostRunning && (this.#waiting.get(turn) ?? 0) < this.#mostWaiting;
  }

  enter(turn: string): StartPass {
    this.#running += 1;
    this.#waiting.set(turn, (this.#waiting.get(turn) ?? 0) + 1);
    let isWaiting = true;
    let isRunning = true;
    const admitted = (): void => {
      if (!isWaiting) return;
      isWaiting = false;
      const left = (this.#waiting.get(turn) ?? 1) - 1;
      if (left === 0) this.#waiting.delete(turn);
      else this.#waiting.set(turn, left);
      this.#onRoom();
    };
    return {
      admitted,
      leave: () => {
        if (!isRunning) return;
        isRunning = false;
        this.#running -= 1;
        admitted();
        this.#onRoom();
      },
    };
  }
}
