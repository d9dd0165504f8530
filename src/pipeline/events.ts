/** What the policy tells a listener: the same words that reach the log line and the thrown error. */
import type { Category, Disposition } from "../catalog/rule.js";
import type { Diagnosis } from "../catalog/diagnosis.js";
import type { ThrottleEvent, ThrottleListener } from "../throttle/events.js";
import { redact } from "../failure/redact.js";
import { log } from "../log.js";
import { currentWorkItem } from "./work-item.js";

/** The request an event belongs to. Secrets are cut from the URL. */
export interface EventRequest {
  readonly method: string;
  readonly url: string;
  /** `x-ms-client-request-id`, to find the call in Azure's own logs. */
  readonly clientRequestId?: string;
}

/** The diagnosis in short. */
export interface EventFailure {
  readonly code?: string;
  readonly status?: number;
  readonly disposition: Disposition;
  readonly category: Category;
  /** Id of the rule that decided. */
  readonly rule?: string;
  readonly explanation: string;
}

/** What every event of a call holds. */
export interface CallEvent {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly request: EventRequest;
}

export type RemedyEvent =
  /** A failure will be waited out and the request sent again. */
  | (CallEvent & {
      readonly type: "retry";
      readonly attempt: number;
      readonly delayMs: number;
      readonly reason: string;
      readonly failure: EventFailure;
    })
  /** A long-running operation failed and its first request will be sent again within the poll. */
  | (CallEvent & {
      readonly type: "resubmit";
      readonly submission: number;
      readonly delayMs: number;
      readonly reason: string;
      readonly failure: EventFailure;
    })
  /** The outcome is unknown; the resource is read to learn it. */
  | (CallEvent & {
      readonly type: "readBack";
      readonly reason: string;
      readonly lastSeen?: string;
      readonly failure: EventFailure;
    })
  /** An allowed remedy runs. */
  | (CallEvent & {
      readonly type: "remedy";
      readonly remedy: string;
      readonly phase: "started" | "done" | "failed";
      /** What it changed, or why it failed, in words. */
      readonly change?: string;
    })
  /** A call that had failed before ended well. */
  | (CallEvent & {
      readonly type: "recovered";
      readonly attempts: number;
      readonly elapsedMs: number;
      readonly reason: string;
    })
  /** A call is given up; the caller gets a `RemedyError`. */
  | (CallEvent & {
      readonly type: "failed";
      readonly attempts: number;
      readonly elapsedMs: number;
      readonly reason: string;
      readonly failure: EventFailure;
    })
  /** Requests wait, or wait no more, since the service throttles. */
  | ThrottleEvent
  /** Something around the call (a listener, a store, a rule, a retry policy beside ours) went wrong; the call went on. */
  | { readonly type: "fault"; readonly at: number; readonly where: string; readonly message: string };

/** What the policy itself tells; the throttle tells of itself. */
type CallOrFaultEvent = Exclude<RemedyEvent, ThrottleEvent>;

export type RemedyEventListener = (event: RemedyEvent) => void;

/** The failure of an event, from its diagnosis. */
export function failureOf({ code, status, disposition, category, rule, explanation }: Diagnosis): EventFailure {
  return {
    ...(code !== undefined && { code }),
    ...(status !== undefined && { status }),
    disposition,
    category,
    ...(rule && { rule: rule.id }),
    explanation,
  };
}

/** Tells log and listener. A listener that throws, or rejects, is reported once each time and breaks nothing. */
export class Teller {
  constructor(readonly listener: ((event: RemedyEvent) => unknown) | undefined) {}

  tell(event: CallOrFaultEvent): void {
    const line = lineOf(event);
    if (event.type === "failed" || event.type === "fault") log.warning(line);
    else log.info(line);
    if (this.listener) hand(event, this.listener);
    currentWorkItem()?.onEvent(event);
  }

  /** Reports a fault that the call goes on without. */
  fault(where: string, error: unknown, at: number): void {
    this.tell({ type: "fault", at, where, message: messageOf(error) });
  }
}

function hand(event: RemedyEvent, listener: (event: RemedyEvent) => unknown): void {
  try {
    // A listener may well be async, whatever its type says.
    const returned = listener(event);
    if (isThenable(returned)) {
      Promise.resolve(returned).catch((error: unknown) => {
        log.warning(`onEvent rejected: ${messageOf(error)}`);
      });
    }
  } catch (error) {
    log.warning(`onEvent threw: ${messageOf(error)}`);
  }
}

const throttleListeners = new WeakMap<RemedyEventListener, ThrottleListener>();

/** The same for the same `onEvent`, so that a throttle tells a listener once, however many clients share both. */
export function throttleListenerOf(onEvent: RemedyEventListener): ThrottleListener {
  const known = throttleListeners.get(onEvent);
  if (known) return known;
  const listener: ThrottleListener = (event) => hand(event, onEvent);
  throttleListeners.set(onEvent, listener);
  return listener;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** What an error of somebody else's code says, its secrets cut. */
export function messageOf(error: unknown): string {
  try {
    return redact(error instanceof Error ? error.message : String(error));
  } catch {
    return "an error that cannot be printed";
  }
}

function lineOf(event: CallOrFaultEvent): string {
  switch (event.type) {
    case "fault":
      return `fault in ${event.where}: ${event.message}`;
    case "retry":
      return `${where(event.request)} attempt ${event.attempt} failed (${brief(event.failure)}); ${event.reason}`;
    case "resubmit":
      return `${where(event.request)} submission ${event.submission} failed (${brief(event.failure)}); ${event.reason}`;
    case "readBack":
      return `${where(event.request)} (${brief(event.failure)}); ${event.reason}${event.lastSeen ? `; last seen ${event.lastSeen}` : ""}`;
    case "remedy":
      return `${where(event.request)} remedy ${event.remedy} ${event.phase}${event.change ? `: ${event.change}` : ""}`;
    case "recovered":
      return `${where(event.request)} ended well after ${event.attempts} attempts; ${event.reason}`;
    case "failed":
      return `${where(event.request)} given up after ${event.attempts} attempt(s) (${brief(event.failure)}); ${event.reason}`;
  }
}

const where = ({ method, url }: EventRequest): string => `${method} ${url}`;

function brief({ code, status, disposition, category }: EventFailure): string {
  return [status, code, `${disposition} ${category}`].filter((part) => part !== undefined).join(" ");
}
