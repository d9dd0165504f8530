/**
 * Machines that are stopped for calls of this process. If several calls need one stopped at the same time, it is
 * deallocated once and started again once: when the last of them has ended, not between two of them. Calls that need it
 * running wait for that.
 */
import type { RemedyContext } from "./remedy.js";
import { lookMs, SharedWork } from "./shared-work.js";

/** The longest wait between two polls of something that a remedy has begun. */
const longestWaitMs = 60_000;
/**
 * How long a finished call waits for the others. One that takes longer has probably gone; if not, its change is in
 * progress, and Azure delays the start until it has ended.
 */
const patienceMs = 5 * 60_000;

/** A call for which the machine is stopped. */
interface Stay {
  hasEnded: boolean;
  /** Epoch milliseconds at which its time is used up. */
  readonly until: number;
}

const stops = new Map<string, Stop>();
const deallocations = new SharedWork();
const starts = new SharedWork();

/**
 * Starts a machine for a call that needs it running: not while others need it stopped, and once for all waiting calls.
 */
export async function startOnce(context: RemedyContext, machine: string, start: () => Promise<void>): Promise<void> {
  const key = machine.toLowerCase();
  await stops.get(key)?.waitForOthers(context);
  await starts.once(context, key, longestWaitMs, start);
}

/** A period in which a machine is stopped, for all calls that need it. */
export class Stop {
  /** Set when a call has found the machine running. */
  ran = false;
  /** What this process has done to it so far. */
  power: "as found" | "deallocating" | "deallocated" | "starting" = "as found";
  /** A call that has gone wanted it started again. */
  #owesStart = false;
  #isOver = false;
  readonly #key: string;
  readonly #stays = new Map<RemedyContext, Stay>();

  private constructor(key: string) {
    this.#key = key;
  }

  /** Joins the calls for which the machine is stopped. If it is being started for earlier ones, waits for that. */
  static async join(context: RemedyContext, machine: string): Promise<Stop> {
    const { clock } = context;
    const key = machine.toLowerCase();
    while (starts.isUnderWay(key, clock.now())) await clock.sleep(lookMs, context.signal);
    for (const stop of [...stops.values()]) stop.#forgetWhoHasGone(clock.now());
    const stop = stops.get(key) ?? new Stop(key);
    stops.set(key, stop);
    stop.#stays.set(context, { hasEnded: false, until: clock.now() + context.remainingMs() });
    return stop;
  }

  /** Deallocates the machine, or waits for the call that is doing it. */
  deallocate(context: RemedyContext, deallocate: () => Promise<void>): Promise<void> {
    return deallocations.once(context, this.#key, longestWaitMs, deallocate);
  }

  /** The call has ended. One that wants the machine started again waits for the others, and does so or sees it done. */
  async leave(context: RemedyContext, startAgain: boolean, start: () => Promise<void>): Promise<void> {
    const stay = this.#stays.get(context);
    if (stay) stay.hasEnded = true;
    try {
      if ((startAgain || this.#owesStart) && this.ran) await this.#startAgain(context, start);
    } finally {
      this.#remove(context);
    }
  }

  /**
   * The call was aborted. The machine is started again if that can be had at once, by this call or later by one that still needs
   * it stopped. Gives what became of it, in words; nothing when it is as it was found.
   * @throws Error that says in which state it was left
   */
  async abandon(context: RemedyContext, startAgain: boolean, start: () => Promise<void>): Promise<string | undefined> {
    const { power } = this;
    this.#remove(context);
    if (!this.ran || power === "as found") return undefined;
    if (power === "starting") return "is being started again";
    if (!startAgain) return `was left ${power}; it ran before`;
    if (this.#isNeeded(context.clock.now())) {
      this.#owesStart = true;
      return "is started again by another call, which still needs it stopped";
    }
    this.#isOver = true;
    try {
      await start();
      return "is being started again";
    } catch (error) {
      const why = error instanceof Error ? (error.message.split("\n", 1)[0] ?? "") : "";
      throw new Error(`was left ${power}, and ran before: it could not be started again at once (${why})`, {
        cause: error,
      });
    }
  }

  /** Waits until no call needs the machine stopped any more, but not for ever. */
  async waitForOthers(context: RemedyContext): Promise<void> {
    const { clock } = context;
    const patientUntil = clock.now() + patienceMs;
    while (!this.#isOver && this.#isNeeded(clock.now()) && clock.now() < patientUntil) {
      await clock.sleep(lookMs, context.signal);
    }
  }

  async #startAgain(context: RemedyContext, start: () => Promise<void>): Promise<void> {
    await this.waitForOthers(context);
    await starts.once(context, this.#key, longestWaitMs, async () => {
      if (this.#isOver) return;
      // Later calls begin another period, after this start.
      this.#close();
      // Set at its start: if it outlasts those who wait for it, it is not started twice.
      this.#isOver = true;
      await start().catch((error: unknown) => {
        this.#isOver = false;
        throw error;
      });
    });
  }

  #isNeeded(now: number): boolean {
    this.#forgetWhoHasGone(now);
    return [...this.#stays.values()].some(({ hasEnded }) => !hasEnded);
  }

  #forgetWhoHasGone(now: number): void {
    for (const [context, { until }] of this.#stays) {
      if (now >= until || context.signal?.aborted) this.#remove(context);
    }
  }

  #remove(context: RemedyContext): void {
    this.#stays.delete(context);
    if (this.#stays.size === 0) this.#close();
  }

  #close(): void {
    if (stops.get(this.#key) === this) stops.delete(this.#key);
  }
}
