/**
 * Machines that are stopped for calls of this process. If several calls need one stopped at the same time, it is
 * deallocated once and started again once: when the last of them has ended, not between two of them. Calls that need it
 * running wait for that.
 */
import type { RemedyContext } from "./remedy.js";
import { lookMs, SingleFlight } from "./single-flight.js";

/** The longest wait between two polls of something that a remedy has begun. */
const longestWaitMs = 60_000;
/**
 * How long a finished call waits for the others. One that takes longer has probably gone; if not, its change is in
 * progress, and Azure delays the start until it has ended.
 */
const maxWaitForOthersMs = 5 * 60_000;

/** A call for which the machine is stopped. */
interface Participant {
  hasEnded: boolean;
  /** Epoch milliseconds at which its time is used up. */
  readonly until: number;
}

const sessions = new Map<string, DeallocationSession>();
const deallocations = new SingleFlight();
const starts = new SingleFlight();

/**
 * Starts a machine for a call that needs it running: not while others need it stopped, and once for all waiting calls.
 */
export async function startOnce(context: RemedyContext, machine: string, start: () => Promise<void>): Promise<void> {
  const key = machine.toLowerCase();
  await sessions.get(key)?.waitForOthers(context);
  await starts.once(context, key, longestWaitMs, start);
}

/** A period in which a machine is stopped, for all calls that need it. */
export class DeallocationSession {
  /** Set when a call has found the machine running. */
  ran = false;
  /** What this process has done to it so far. */
  power: "as found" | "deallocating" | "deallocated" | "starting" = "as found";
  /** A call that has gone wanted it started again. */
  #owesStart = false;
  #isOver = false;
  readonly #key: string;
  readonly #participants = new Map<RemedyContext, Participant>();

  private constructor(key: string) {
    this.#key = key;
  }

  /** Joins the calls for which the machine is stopped. If it is being started for earlier ones, waits for that. */
  static async join(context: RemedyContext, machine: string): Promise<DeallocationSession> {
    const { clock } = context;
    const key = machine.toLowerCase();
    while (starts.isUnderWay(key, clock.now())) await clock.sleep(lookMs, context.signal);
    for (const session of [...sessions.values()]) session.#forgetWhoHasGone(clock.now());
    const session = sessions.get(key) ?? new DeallocationSession(key);
    sessions.set(key, session);
    session.#participants.set(context, { hasEnded: false, until: clock.now() + context.remainingMs() });
    return session;
  }

  /** Deallocates the machine, or waits for the call that is doing it. */
  deallocate(context: RemedyContext, deallocate: () => Promise<void>): Promise<void> {
    return deallocations.once(context, this.#key, longestWaitMs, deallocate);
  }

  /** The call has ended. One that wants the machine started again waits for the others, and does so or sees it done. */
  async leave(context: RemedyContext, startAgain: boolean, start: () => Promise<void>): Promise<void> {
    const participant = this.#participants.get(context);
    if (participant) participant.hasEnded = true;
    try {
      if ((startAgain || this.#owesStart) && this.ran) await this.#startAgain(context, start);
    } finally {
      this.#remove(context);
    }
  }

  /**
   * The call was aborted, and sends nothing more. Another that still needs the machine stopped starts it in its place.
   * Returns how the machine is left, in words; undefined if it is as it was found.
   */
  abandon(context: RemedyContext, startAgain: boolean): string | undefined {
    const { power } = this;
    this.#remove(context);
    if (!this.ran || power === "as found") return undefined;
    if (power === "starting") return "is being started again";
    if (!startAgain || !this.#isNeeded(context.clock.now())) return `was left ${power}; it ran before`;
    this.#owesStart = true;
    return "is started again by another call, which still needs it stopped";
  }

  /** Waits until no call needs the machine stopped any more, but not for ever. */
  async waitForOthers(context: RemedyContext): Promise<void> {
    const { clock } = context;
    const waitsUntil = clock.now() + maxWaitForOthersMs;
    while (!this.#isOver && this.#isNeeded(clock.now()) && clock.now() < waitsUntil) {
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
    return [...this.#participants.values()].some(({ hasEnded }) => !hasEnded);
  }

  #forgetWhoHasGone(now: number): void {
    for (const [context, { until }] of this.#participants) {
      if (now >= until || context.signal?.aborted) this.#remove(context);
    }
  }

  #remove(context: RemedyContext): void {
    this.#participants.delete(context);
    if (this.#participants.size === 0) this.#close();
  }

  #close(): void {
    if (sessions.get(this.#key) === this) sessions.delete(this.#key);
  }
}
