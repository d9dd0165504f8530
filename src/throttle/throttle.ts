/**
 * Every call served, at the bucket's speed, with next to no 429.
 *
 * Resource Manager and the providers behind it meter requests in token buckets. A client that only reacts to rejections
 * wastes most of what it sends: of 600 writes at once against a bucket of 200 that gains 10 a second, the SDK's
 * default policy loses 370 after some 1,500 rejections. All that is needed to do better is in the headers, which no other
 * client reads. The throttle estimates the level of each bucket and admits requests at the pace at which they will be taken.
 *
 * The rooms, each importing only those before it:
 *
 * **`lease/`: with a store** processes take permits from one bucket (`store.ts`, `shared-bucket.ts`, `redis.ts`) and need no
 * guesses; without it, or while it is away, each goes by its own estimate.
 *
 * **`bucket/`: what is left and when it opens.** Each answer reports how full a bucket is, late and out of order;
 * `level-estimate.ts` says which of them to believe. Its refill starts from the documented numbers (`limits.ts`) and is
 * corrected by what is seen (`refill.ts`). Where no header reports anything, rejections are the only evidence
 * (`unreported-level.ts`). How many other processes there are is not reported, but they need not be counted: the part of the
 * flow that is our own can be read off the headers (`share.ts`), and each process claims that part of what is left. Near the
 * bottom requests trickle at a rate in proportion to the level (`pace.ts`), so that all processes together settle at what
 * the bucket gains, with a little left in it that absorbs their ignorance of each other. That costs no time, since tokens in
 * a bucket are not lost. While nothing is known, what is on its way at once starts small and grows with each answer.
 *
 * **`scope/`: which buckets count a request** is read from its URL and token (`target.ts`, `principal.ts`) and, for the limit
 * groups of resource providers, learned from the answers to requests like it (`scopes.ts`, `rate-limit-headers.ts`). A
 * rejection closes the bucket it names and no other (`reply-accounting.ts`).
 *
 * **`polling/`: when to look** whether a long-running operation has ended (`poll-schedule.ts`).
 *
 * **`queue/`: who goes next** is decided in one place (`admission-queue.ts`, `waiter.ts`). Most reads are not counted at all
 * (`unmetered-permit.ts`): where every bucket of a request is more than half full and none waits, the next few pass at the
 * price of one counter, at most for a second; the one after them is counted, learns from its answer, and counts them with it.
 * To read all levels from each answer would cost a clean call more than all the rest of the policy.
 *
 * Measured in virtual time, 600 writes at once, 200 + 10 a second in steps, latency 60 to 140 ms, medians of several seeds, as
 * rejections and time over the least possible for 1, 4 and 16 processes. `npm run bench:throttle` prints the first row; the
 * others are of designs that were given up, and nothing measures them any more:
 *
 * | design | 1 | 4 | 16 |
 * |---|---|---|---|
 * | this one | 0, 1.01 | 0, 1.03 | 15, 1.07 |
 * | level estimate and one step held back, known limits | 0, 1.04 | 626, 1.04 | 1,533, 1.04 |
 * | rate by the level alone, r·(L/60)², no shares | 0, 1.17 | 0, 1.10 | 0, 1.11 (64 processes: stuck) |
 * | the same, cubed | 0, 1.16 | 0, 1.12 | stuck |
 * | additive increase, multiplicative decrease around a level | 0, 1.07 | 4, 1.13 | 55, 1.13 |
 * | shares over the last 8 own requests in order of sending | 0, 1.03 | 36, 1.04 | 80, 1.07 |
 * | this one, counting on the whole refill while no answer comes | 0, 1.01 | 0, 1.04 | 53, 1.06 |
 *
 * The rate by the level alone needs no memory and is the fairest, but its level falls with the number of processes and
 * cannot be used up at the end. Shares by order of sending count requests that are still on their way, which in a burst
 * are most: they add up to one and a half. A pace that counts on the whole expected refill keeps the bucket at the
 * bottom, where each collision is a rejection; counting on a part of it lets the level recover.
 */
import type { AbortSignalLike, Clock } from "../time/clock.js";
import type { ThrottleListener } from "./events.js";

/** The part of a pipeline request that decides its scopes. */
export interface ThrottledRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderReader;
}

/** Header names are looked up in lower case. */
export interface HeaderReader {
  get(name: string): string | undefined;
}

export interface AdmissionOptions {
  readonly signal?: AbortSignalLike | undefined;
  /** Epoch milliseconds; a request that cannot be admitted by then is refused at once. */
  readonly deadlineAt?: number | undefined;
  /** Background calls yield to foreground calls. Default `foreground`. */
  readonly priority?: "foreground" | "background" | undefined;
  /** The request polls a long-running operation: it is paced, and it finishes work already begun. */
  readonly poll?: boolean | undefined;
  /** Epoch milliseconds at which the call began: a call that is sent again keeps its place in line. Default now. */
  readonly since?: number | undefined;
}

/** The part of a response that a throttle learns from. */
export interface ThrottleReply {
  readonly status: number;
  readonly headers: HeaderReader;
  /** For a rejection: what the diagnosis says. A lock conflict that came as 429 is no throttling and closes nothing. */
  readonly throttled?: boolean;
  /** The wait read from headers or body, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Throttling scopes that the body names (`HighCostGet30Min`). */
  readonly scopeHint?: string | undefined;
  /**
   * For a poll: the operation has ended, in success or failure. Otherwise it counts as ended when it is no longer
   * polled.
   */
  readonly ended?: boolean | undefined;
}

/** Permission to send one request. Settle it exactly once, with the reply, or with nothing if none came. */
export interface Permit {
  settle(reply?: ThrottleReply): void;
}

export interface Throttle {
  /**
   * Resolves when the request may be sent: at once (no promise, no microtask) if the scope is open, otherwise when it
   * opens. Rejects with an `AbortError` if the signal aborts, or with a {@link ThrottleDeadlineError} if the deadline
   * is too close.
   * @param now epoch milliseconds by the throttle's {@link Throttle.clock}, if the caller has just read it. Default: it
   * is read
   */
  admit(request: ThrottledRequest, options?: AdmissionOptions, now?: number): Permit | Promise<Permit>;
  /** Its clock, if it has its own. */
  readonly clock?: Clock;
  /**
   * Calls a listener with every event for as long as something else references the listener, so that a dropped client
   * takes its listener along. A listener added twice is called once.
   */
  listen?(listener: ThrottleListener): void;
}

/** The scope stays closed past the caller's deadline. `retryAt` (epoch milliseconds) says when to come back. */
export class ThrottleDeadlineError extends Error {
  override readonly name = "ThrottleDeadlineError";
  constructor(readonly retryAt: number) {
    const reopensAt = new Date(retryAt);
    const until = Number.isNaN(reopensAt.getTime()) ? "" : ` until ${reopensAt.toISOString()}`;
    super(`The throttling window stays closed${until}, past the caller's deadline.`);
  }

  /** By name: the process's shared throttle may come from another copy of this package. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === "ThrottleDeadlineError";
  }
}
