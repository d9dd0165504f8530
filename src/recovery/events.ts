/** What a listener receives: the same words as in the log line and the thrown error. */
import type { Category, Disposition } from "../catalog/rule.js";
import type { Diagnosis } from "../catalog/diagnosis.js";
import type { Decision } from "../decision/decide.js";
import type { ThrottleEvent } from "../throttle/events.js";
import { redact } from "../failure/secrets/redact.js";
import type { Finding } from "./evidence.js";
import { resourceIdOf } from "../remedies/arm-url.js";

/** The request of an event. Secrets are removed from the URL. */
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

/** What a call is about. */
export interface EventSubject {
  /** Absent if `retryOperation` runs a function. */
  readonly request?: EventRequest;
  /** Name of the function that `retryOperation` runs. */
  readonly name?: string;
  /** ARM id of the resource of the request, or of the operation that it polls. */
  readonly resource?: string;
  /** For a poll: the request that began the operation. */
  readonly operation?: EventRequest;
}

/** What every event of a call contains. */
export interface CallEvent extends EventSubject {
  /** Epoch milliseconds. */
  readonly at: number;
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
  /** The outcome is unknown; the resource is read to find out. */
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
      /** What it changed, or why it failed, as text. */
      readonly change?: string;
    })
  /** Sources of evidence examined a failure. */
  | (CallEvent & {
      readonly type: "evidence";
      readonly findings: readonly Finding[];
      /** The failure as it is explained now. */
      readonly failure: EventFailure;
    })
  /** A call succeeded after a failure. */
  | (CallEvent & {
      readonly type: "recovered";
      readonly attempts: number;
      /** Requests sent besides the attempts: reads, resubmissions, remedies, evidence. */
      readonly addedRequests: number;
      readonly elapsedMs: number;
      readonly reason: string;
    })
  /** With `mode: "observe"`: an attempt failed, and this would have been done about it. */
  | (CallEvent & {
      readonly type: "observed";
      readonly attempt: number;
      readonly decision: Decision;
      readonly reason: string;
      readonly failure: EventFailure;
    })
  /** No further attempt is made; the caller gets a `RemedyError`. */
  | (CallEvent & {
      readonly type: "failed";
      readonly attempts: number;
      readonly addedRequests: number;
      readonly elapsedMs: number;
      readonly reason: string;
      readonly failure: EventFailure;
    })
  /** A host failed many times in a row, and single probes are sent until one succeeds; or one has. */
  | {
      readonly type: "circuit";
      /** Epoch milliseconds. */
      readonly at: number;
      readonly host: string;
      readonly state: "open" | "closed";
    }
  /** Requests have to wait, or no longer have to, because the service throttles. */
  | ThrottleEvent
  /** Something around the call (a listener, a store, a rule, another retry policy) went wrong; the call went on. */
  | { readonly type: "fault"; readonly at: number; readonly where: string; readonly message: string };

/** The policy's own events; the throttle emits its own. */
export type CallOrFaultEvent = Exclude<RemedyEvent, ThrottleEvent>;

export type RemedyEventListener = (event: RemedyEvent) => void;

interface RequestLike {
  readonly method: string;
  readonly url: string;
  readonly headers?: { get?(name: string): string | undefined };
}

/** What a request is about. @param first for a poll: the request that began the operation */
export function aboutRequest(request: RequestLike, first?: RequestLike): EventSubject {
  const resource = resourceIdOf((first ?? request).url);
  return {
    request: eventRequest(request),
    ...(resource !== undefined && { resource: redact(resource) }),
    ...(first && { operation: eventRequest(first) }),
  };
}

/** A request as events show it: the signature of a SAS URL is removed. */
function eventRequest(request: RequestLike): EventRequest {
  const clientRequestId = request.headers?.get?.("x-ms-client-request-id");
  return {
    method: request.method,
    url: redact(request.url),
    ...(clientRequestId !== undefined && { clientRequestId }),
  };
}

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
