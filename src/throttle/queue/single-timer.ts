/** One timer: fires once, at the earliest time asked for. */
import type { AbortSignalLike, Clock } from "../../time/clock.js";

/** A timer that is so late will not fire any more. */
const lateMs = 1_000;

export class SingleTimer {
  #at = Infinity;
  #setAt = -Infinity;
  #cancel: Cancel | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly fire: () => void,
  ) {}

  /** Fake timers that are taken away take ours along, and a clock that is set back leaves it in the past. */
  get #isLost(): boolean {
    if (this.#at === Infinity) return false;
    const now = this.clock.now();
    return now < this.#setAt || now > this.#at + lateMs;
  }

  /** Fires at `at` (epoch milliseconds) instead of its previous time; Infinity for never. */
  set(at: number): void {
    // A timer that fires too early costs one check; resetting it for every caller would cost far more.
    if (at === Infinity ? at === this.#at : this.#at <= at && !this.#isLost) return;
    this.#cancel?.abort();
    this.#cancel = undefined;
    this.#at = at;
    if (at === Infinity) return;
    this.#setAt = this.clock.now();
    const cancel = new Cancel();
    this.#cancel = cancel;
    this.clock.sleep(Math.max(0, Math.ceil(at - this.clock.now())), cancel).then(
      () => {
        if (this.#cancel !== cancel) return;
        this.#at = Infinity;
        this.#cancel = undefined;
        this.fire();
      },
      () => undefined, // cancelled
    );
  }
}

/** The minimum that `Clock.sleep` needs in order to be woken early. */
class Cancel implements AbortSignalLike {
  aborted = false;
  #listener: (() => void) | undefined;

  abort(): void {
    this.aborted = true;
    this.#listener?.();
  }

  addEventListener(_type: "abort", listener: () => void): void {
    this.#listener = listener;
  }

  removeEventListener(): void {
    this.#listener = undefined;
  }
}
