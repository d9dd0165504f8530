/**
 * Our share of a bucket's rate. Nothing says how many processes, pipelines and people use a subscription, but the
 * headers do: between two responses the level fell by all that was taken, and we know what we took. The quotient is the
 * share that this process claims of whatever is left. The shares of all processes add up to one by construction. So
 * nothing has to be agreed upon, a light load leaves the rest to a heavy one, and other clients are just another
 * process.
 */
import type { Movement } from "./level-estimate.js";

/** Old samples fade over this time, but only after enough of our own requests have been counted. */
const memoryMs = 3_000;
const enoughOwn = 8;
/** The first guess: one other process like ours. */
const priorOwn = 0.5;
const priorTotal = 1;
const leastShare = 0.002;

export class Share {
  /** From nearly 0 to 1. */
  value = priorOwn / priorTotal;
  #own = 0;
  #total = 0;

  /** @param refilled tokens that the bucket gained in between */
  learn({ own, drop, elapsedMs }: Movement, refilled: number): void {
    if (own <= 0) return;
    const fade = Math.exp((-elapsedMs / memoryMs) * Math.min(1, this.#own / enoughOwn));
    this.#own = this.#own * fade + own;
    this.#total = Math.max(0, this.#total * fade + drop + refilled);
    this.#set();
  }

  /**
   * The bucket was full for this long: what others took before says little now, so a small share grows to the first
   * guess.
   */
  rest(elapsedMs: number): void {
    if (this.value >= priorOwn / priorTotal) return;
    const fade = Math.exp(-elapsedMs / memoryMs);
    this.#own *= fade;
    this.#total *= fade;
    this.#set();
  }

  #set(): void {
    const share = (this.#own + priorOwn) / (Math.max(this.#total, this.#own) + priorTotal);
    this.value = Math.min(1, Math.max(leastShare, share));
  }
}
