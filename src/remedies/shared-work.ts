/**
 * Work that several calls need at the same time is done by one of them; the others wait for it. It runs on that caller's
 * behalf, with its token and in its time: when it gives up, one of those who wait begins the work anew instead of failing
 * with somebody else's abort. What the service refused it refused for all.
 */
import type { RemedyContext } from "./remedy.js";

interface Work {
  /** Told anew with each step: work whose caller has gone is not waited for. */
  aliveUntil: number;
  end: "done" | { readonly failure: unknown } | undefined;
}

/** How often those who wait look whether it has ended. Longer than a poll is held for: pollers are told to come back. */
export const lookMs = 2_000;
/** A step that takes longer than this, beyond its wait, is not coming. */
const stepMs = 120_000;

export class SharedWork {
  readonly #underWay = new Map<string, Work>();

  isUnderWay(key: string, now: number): boolean {
    return now < (this.#underWay.get(key)?.aliveUntil ?? -Infinity);
  }

  /**
   * Does the work, or waits for the call that is at it.
   * @param longestWaitMs a call that fails with less time left than this fails for lack of time: the others go on
   * @param work calls `alive` before each wait, with the milliseconds that it will take
   */
  async once(
    context: RemedyContext,
    key: string,
    longestWaitMs: number,
    work: (alive: (waitMs: number) => void) => Promise<void>,
  ): Promise<void> {
    const { clock } = context;
    for (let joined = this.#alive(key, clock.now()); joined; joined = this.#alive(key, clock.now())) {
      while (!joined.end && this.#alive(key, clock.now()) === joined) await clock.sleep(lookMs, context.signal);
      if (joined.end === "done") return;
      if (joined.end) throw joined.end.failure;
    }
    const own: Work = { aliveUntil: clock.now() + stepMs, end: undefined };
    this.#underWay.set(key, own);
    try {
      await work((waitMs) => (own.aliveUntil = clock.now() + waitMs + stepMs));
      own.end = "done";
    } catch (error) {
      const isOwnTrouble = context.signal?.aborted === true || context.remainingMs() <= longestWaitMs;
      if (!isOwnTrouble) own.end = { failure: error };
      throw error;
    } finally {
      if (this.#underWay.get(key) === own) this.#underWay.delete(key);
    }
  }

  #alive(key: string, now: number): Work | undefined {
    return this.isUnderWay(key, now) ? this.#underWay.get(key) : undefined;
  }
}
