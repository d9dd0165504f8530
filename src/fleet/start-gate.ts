/**
 * How many items run at once. An item whose first request waits for the throttle does nothing but take memory, and is
 * begun although the run may end before its turn; so only a few may wait, and each that is let through makes room for the
 * next. What is under way after that is bounded by a number that no throttle of Azure lets a process reach for long.
 */

/** Items that may wait for their first request to be admitted. */
const mostWaiting = 32;
/** Items at a time when the caller sets no number. */
const mostRunning = 1_000;

/** An item's way through. */
export interface StartPass {
  /** Its first request has been admitted. */
  readonly admitted: () => void;
  /** Its function has ended. May be called twice. */
  readonly leave: () => void;
}

export class StartGate {
  readonly #mostRunning: number;
  readonly #mostWaiting: number;
  #running = 0;
  #waiting = 0;
  #wake: (() => void) | undefined;
  #isOpen = false;

  constructor(concurrency: number | undefined) {
    this.#mostRunning = concurrency ?? mostRunning;
    // The caller's own number is kept exactly, even where no request of ours reports its admission.
    this.#mostWaiting = concurrency ?? mostWaiting;
  }

  get running(): number {
    return this.#running;
  }

  /** Resolves when one more may be begun. */
  async pass(): Promise<void> {
    while (!this.#isOpen && (this.#running >= this.#mostRunning || this.#waiting >= this.#mostWaiting)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  enter(): StartPass {
    this.#running += 1;
    this.#waiting += 1;
    let isWaiting = true;
    let isRunning = true;
    const admitted = (): void => {
      if (!isWaiting) return;
      isWaiting = false;
      this.#waiting -= 1;
      this.#look();
    };
    return {
      admitted,
      leave: () => {
        if (!isRunning) return;
        isRunning = false;
        this.#running -= 1;
        admitted();
        this.#look();
      },
    };
  }

  /** Lets everybody through: the run is over, and who waits is to learn it. */
  open(): void {
    this.#isOpen = true;
    this.#look();
  }

  #look(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
