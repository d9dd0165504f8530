/** Listeners of a throttle's events. What a listener throws is ignored: it must never make a request fail. */
import type { ThrottleEvent, ThrottleListener } from "./events.js";

export class Listeners {
  readonly #own: ThrottleListener | undefined;
  /** Clients come and go while a throttle lives as long as the process: its listener must not keep a client alive. */
  readonly #guests = new Set<WeakRef<ThrottleListener>>();

  constructor(own: ThrottleListener | undefined) {
    this.#own = own;
  }

  add(listener: ThrottleListener): void {
    for (const guest of this.#guests) {
      const known = guest.deref();
      if (known === listener) return;
      if (known === undefined) this.#guests.delete(guest);
    }
    this.#guests.add(new WeakRef(listener));
  }

  emit(event: ThrottleEvent): void {
    call(this.#own, event);
    for (const guest of this.#guests) call(guest.deref(), event);
  }
}

function call(listener: ThrottleListener | undefined, event: ThrottleEvent): void {
  try {
    listener?.(event);
  } catch {
    // Ignored, see above.
  }
}
