/** One timer: fires once, at the earliest time asked for. */
import type { AbortSignalLike, Clock } from "../../time/clock.js";

export class SingleTimer {
  #at = Infinity;
  #cancel: Cancel | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly fire: () => void,
  ) {}

  /** Fires at `at` (epoch milliseconds) instead of its previous time; Infinity for never. */
  set(at: number): void {
    if (at === this.#at) return;
    // A timer that fires too early costs one check; resetting it for every caller would cost far more.
    if (at !== Infinity && this.#at <= at) return;
    this.#cancel?.abort();
    this.#cancel = undefined;
    this.#at = at;
    if (at === Infinity) return;
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
