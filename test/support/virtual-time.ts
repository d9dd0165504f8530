/**
 * Virtual time over real sockets: timers are fake, the wire is real. Time stands still while a request is on its way, and
 * jumps to the next timer when nothing is left to do but wait. A story of an hour takes some milliseconds.
 */
import { install } from "@sinonjs/fake-timers";
import type { PipelinePolicy } from "@azure/core-rest-pipeline";

/** Where the stories begin. */
export const storyStart = Date.UTC(2026, 0, 5, 8, 0, 0);

export interface VirtualTime {
  /** Milliseconds since the story began. */
  elapsedMs(): number;
  /** For a client's `additionalPolicies`: tells when its requests are on their way. */
  readonly wire: { policy: PipelinePolicy; position: "perRetry" };
  sleep(ms: number): Promise<void>;
  /** Sets the system's time ahead, or back by a negative number of milliseconds; timers do not heed it. */
  shiftClock(ms: number): void;
  /** Work on the wire that passes no pipeline, such as a `fetch`: time stands still for it too. */
  track<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** Turns of the event loop in which nothing happens before time may jump: a socket's answer takes a few. */
const quietTurns = 12;
/**
 * A server that never answers lets the wire look busy for ever. Client and server live in this process, so what has not
 * happened in so many turns, and so long, does not happen by itself. Both count: on a busy machine a turn takes long, and
 * thousands of turns may pass before the kernel has carried a packet over.
 */
const stalledTurns = 4_000;
const stalledMs = 250;

export async function inVirtualTime<T>(story: (time: VirtualTime) => Promise<T>): Promise<T> {
  const real = { setImmediate: globalThis.setImmediate, now: performance.now.bind(performance) };
  const clock = install({
    now: storyStart,
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"],
  });
  const wire = new Wire(real.now);
  let shiftedMs = 0;
  const end = story({
    elapsedMs: () => Date.now() - storyStart - shiftedMs,
    shiftClock: (ms) => {
      shiftedMs += ms;
      clock.setSystemTime(Date.now() + ms);
    },
    wire: { policy: wire.policy, position: "perRetry" },
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    track: (work) => wire.track(work),
  });
  const progress = { settled: false };
  const settle = (): void => {
    progress.settled = true;
  };
  end.then(settle, settle);
  try {
    while (!progress.settled) await turn(clock, wire, real);
    return await end;
  } finally {
    clock.uninstall();
  }
}

async function turn(
  clock: ReturnType<typeof install>,
  wire: Wire,
  real: { setImmediate: typeof setImmediate },
): Promise<void> {
  for (let quiet = 0; quiet < quietTurns; quiet++) {
    const before = wire.activity;
    await new Promise((resolve) => real.setImmediate(resolve));
    wire.quietTurns += 1;
    if (wire.activity !== before || wire.isBusy) return;
  }
  // At once: nextAsync() would let other work in between, and then jump though a request had just set out.
  clock.next();
}

/** What is on its way between clients and server. */
class Wire {
  /** Grows with every request that leaves and every answer that arrives. */
  activity = 0;
  /** Turns of the event loop since then. */
  quietTurns = 0;
  #underWay = 0;
  #changedAt = 0;

  constructor(readonly now: () => number) {}

  get isBusy(): boolean {
    if (this.#underWay === 0) return false;
    return this.quietTurns < stalledTurns || this.now() - this.#changedAt < stalledMs;
  }

  readonly policy: PipelinePolicy = {
    name: "virtualTimeWire",
    sendRequest: (request, next) => this.track(() => next(request)),
  };

  async track<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#note(1);
    try {
      return await work();
    } finally {
      this.#note(-1);
    }
  }

  #note(change: 1 | -1): void {
    this.activity += 1;
    this.#underWay += change;
    this.quietTurns = 0;
    this.#changedAt = this.now();
  }
}
