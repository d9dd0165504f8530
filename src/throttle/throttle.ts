/**
 * Every call served, at the bucket's speed, with next to no 429.
 *
 * Resource Manager and the providers behind it meter requests in token buckets. A client that only reacts to rejections
 * wastes most of what it sends: of 600 writes at once against a bucket of 200 that gains 10 a second, the SDK's
 * default policy loses 370 after some 1,500 rejections. All that is needed to do better is in the headers, and nobody
 * reads them. So the throttle keeps a mirror of each bucket and lets requests through at the pace at which they will be taken.
 *
 * **What a request is counted by** is read from its URL and token (`target.ts`, `principal.ts`) and, for the policies
 * of resource providers, learned from the answers to requests like it (`scopes.ts`, `signals.ts`). A rejection closes
 * the bucket it names and no other (`settlement.ts`).
 *
 * **How full a bucket is** each answer tells, late and out of order; `mirror.ts` says which of them to believe. Its
 * refill starts from the documented numbers and is corrected by what is seen (`limits.ts`, `refill.ts`). Where no header
 * tells anything, rejections are the only truth (`blind-mirror.ts`).
 *
 * **How many others there are** nobody tells, but they need not be counted: the part of the flow that is our own can be
 * read off the headers (`share.ts`), and each process claims that part of what is left. Near the bottom requests trickle at
 * a rate in proportion to the level (`pace.ts`), so that all processes together settle at what the bucket gains, with a
 * little left in it that absorbs their ignorance of each other. That costs no time, since tokens in a bucket are not lost.
 * While nothing is known, what is on its way at once starts small and grows with each answer (`bucket.ts`).
 *
 * **Most reads are not counted at all** (`uncounted-permit.ts`). Where every bucket of a route is more than half full and
 * nobody waits, the next few go by with a glance at a counter, at most for a second; the one after them is counted, reads
 * what its answer tells, and counts them with it. To read all levels from each answer would cost a clean call more than all
 * the rest of the policy.
 *
 * **Who goes first** is decided in one place (`gate.ts`, `waiter.ts`). Polls of long-running operations go when it is worth
 * looking (`polls.ts`).
 *
 * **With a store** (`store.ts`, `shared-bucket.ts`, `redis.ts`) processes take permits from one bucket and need no
 * guesses; without it, or while it is away, each goes by its own mirror.
 *
 * Measured in virtual time, 600 writes at once, 200 + 10 a second in steps, latency 60 to 140 ms, medians of several seeds, as
 * rejections and time over the least possible for 1, 4 and 16 processes. `npm run bench:throttle` prints the first row; the
 * others are of designs that were given up, and nothing measures them any more:
 *
 * | design | 1 | 4 | 16 |
 * |---|---|---|---|
 * | this one | 0, 1.01 | 0, 1.03 | 15, 1.07 |
 * | mirror and one step held back, known limits | 0, 1.04 | 626, 1.04 | 1,533, 1.04 |
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
  /** Background calls give way to foreground calls. Default `foreground`. */
  readonly priority?: "foreground" | "background" | undefined;
  /** The request is a poll of a long-running operation: it is paced, and finishes work already begun. */
  readonly poll?: boolean | undefined;
  /** Epoch milliseconds from which the call has been under way: a call that is sent again keeps its place in line. Default now. */
  readonly since?: number | undefined;
}

/** What came back, as far as a throttle learns from it. */
export interface ThrottleReply {
  readonly status: number;
  readonly headers: HeaderReader;
  /** For a rejection: what the diagnosis says. A lock conflict that came as 429 is no throttling and closes nothing. */
  readonly throttled?: boolean;
  /** The wait that was read from headers or body, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Names of throttling scopes that the body gave (`HighCostGet30Min`). */
  readonly scopeHint?: string | undefined;
  /** For a poll: the operation has ended, well or not. Without it an operation counts as ended when nobody polls it any more. */
  readonly ended?: boolean | undefined;
}

/** Leave to send one request. Settle it exactly once, with the reply or, when none came, with nothing. */
export interface Permit {
  settle(reply?: ThrottleReply): void;
}

export interface Throttle {
  /**
   * Leave to send: at once (no promise, no microtask) when the scope is open, else when it opens.
   * Rejects with an `AbortError` when the signal aborts, with a {@link ThrottleDeadlineError} when the deadline is too near.
   * @param now epoch milliseconds by the throttle's {@link Throttle.clock}, for a caller that has just read it. Default: it is read
   */
  admit(request: ThrottledRequest, options?: AdmissionOptions, now?: number): Permit | Promise<Permit>;
  /** The clock it goes by, where it says. */
  readonly clock?: Clock;
  /**
   * Tells a listener of every event for as long as somebody else keeps it: a client that is thrown away takes its listener
   * along. One that is given twice is told once.
   */
  listen?(listener: ThrottleListener): void;
}

/** The scope stays closed past the caller's deadline. `retryAt` (epoch milliseconds) says when to come back. */
export class ThrottleDeadlineError extends Error {
  override readonly name = "ThrottleDeadlineError";
  constructor(readonly retryAt: number) {
    super(`The throttling window stays closed until ${new Date(retryAt).toISOString()}, past the caller's deadline.`);
  }

  /** By name: the throttle that the process shares may come from another copy of this package. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === "ThrottleDeadlineError";
  }
}
