/**
 * What the pipeline asks of a throttle. All requests of a throttling scope pass one gate, so that callers do not learn
 * of the same closed window one by one.
 */
import type { AbortSignalLike } from "../time/clock.js";

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
   */
  admit(request: ThrottledRequest, options?: AdmissionOptions): Permit | Promise<Permit>;
}

/** The scope stays closed past the caller's deadline. `retryAt` (epoch milliseconds) says when to come back. */
export class ThrottleDeadlineError extends Error {
  override readonly name = "ThrottleDeadlineError";
  constructor(readonly retryAt: number) {
    super(`The throttling window stays closed until ${new Date(retryAt).toISOString()}, past the caller's deadline.`);
  }
}
