/**
 * Work that several calls of one principal need at the same time is done by one of them; the others wait for it. It runs on that
 * caller's behalf, with its token and in its time: when it gives up, one of those who wait starts the work again instead of failing
 * with another caller's abort. What the service refused, it refused for all.
 */
import type { RemedyContext } from "./remedy.js";

interface Work {
  /** Updated with each step: the others do not wait for work whose caller has gone. */
  aliveUntil: number;
  /** The caller who is at it. One who has aborted does nothing more. */
  readonly context: RemedyContext;
  end: "done" | { readonly failure: unknown } | undefined;
}

/** How often waiting callers check whether it has ended. Longer than a poll may take: pollers are deferred instead. */
export const lookMs = 2_000;
/** A step that takes longer than this, beyond its wait, will not come. */
const stepMs = 120_000;

export class SingleFlight {
  /** By what it is about, then by whose rights it is done with. */
  readonly #underWay = new Map<string, Map<string, Work>>();

  /** Whoever does it. */
  isUnderWay(key: string, now: number): boolean {
    return [...(this.#underWay.get(key)?.values() ?? [])].some((work) => isAlive(work, now));
  }

  /**
   * Does the work, or waits for the call that is doing it.
   * @param longestWaitMs a call that fails with less time left than this has failed for lack of time: the others
   * continue
   * @param work calls `alive` before each wait, with the milliseconds that it will take
   */
  async once(
    context: RemedyContext,
    key: string,
    longestWaitMs: number,
    work: (alive: (waitMs: number) => void) => Promise<void>,
  ): Promise<void> {
    const { clock, principal = "" } = context;
    const alive = (): Work | undefined => {
      const work = this.#underWay.get(key)?.get(principal);
      return work && isAlive(work, clock.now()) ? work : undefined;
    };
    for (let joined = alive(); joined; joined = alive()) {
      while (!joined.end && alive() === joined) await clock.sleep(lookMs, context.signal);
      if (joined.end === "done") return;
      if (joined.end) throw joined.end.failure;
    }
    const own: Work = { context, aliveUntil: clock.now() + stepMs, end: undefined };
    const works = this.#underWay.get(key) ?? new Map<string, Work>();
    this.#underWay.set(key, works.set(principal, own));
    try {
      await work((waitMs) => (own.aliveUntil = clock.now() + waitMs + stepMs));
      own.end = "done";
    } catch (error) {
      const isOwnTrouble = context.signal?.aborted === true || context.remainingMs() <= longestWaitMs;
      if (!isOwnTrouble) own.end = { failure: error };
      throw error;
    } finally {
      if (works.get(principal) === own) works.delete(principal);
      if (works.size === 0 && this.#underWay.get(key) === works) this.#underWay.delete(key);
    }
  }
}

const isAlive = ({ context, aliveUntil }: Work, now: number): boolean =>
  now < aliveUntil && context.signal?.aborted !== true;
