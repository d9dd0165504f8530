/**
 * What a telemetry library learns about calls: all that the core knows about spans and metrics. `azure-remedy/opentelemetry` is one
 * such library. What it throws is reported as a fault and breaks no call.
 */
import type { PipelinePolicy, PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import type { Diagnosis } from "../catalog/diagnosis.js";
import type { Decision } from "../decision/decide.js";
import type { Throttle } from "../throttle/throttle.js";
import type { EventSubject, RemedyEvent } from "./events.js";

export interface Telemetry {
  /**
   * A logical call begins: a request of the caller's with all its attempts, or a function of `retryOperation`.
   * @param request undefined for a function
   */
  begin(about: EventSubject, request?: PipelineRequest): CallTelemetry;
  /** Stands inside of the SDK's tracing policy: its `sendRequest` sees each attempt within the span of that attempt. */
  readonly attemptPolicy?: PipelinePolicy;
  /** With `mode: "observe"`: what would have been done about a failed attempt. */
  observed?(diagnosis: Diagnosis, decision: Decision): void;
  /** A client uses this throttle. Told by each client; must not keep the throttle alive. */
  watch?(throttle: Throttle): void;
}

/** One logical call. A long-running operation that it begins belongs to it, until the operation's end. */
export interface CallTelemetry {
  /**
   * Calls `work` once, at once, with the call as the parent of what is traced in it. `request` may be given
   * `tracingOptions` for the time of the attempt; they are put back afterwards.
   */
  inContext(work: () => void, request?: PipelineRequest): void;
  /** An attempt has ended: the caller's own request, a poll, or one that is sent on its behalf. */
  attempted(attempt: AttemptEnd): void;
  /** A failure was diagnosed and decided about. */
  decided(diagnosis: Diagnosis, decision: Decision): void;
  /** A wait is over, or is left to a poller. `queue`: for the throttle; `backoff`: before another send or reading. */
  waited(waitMs: number, cause: WaitCause): void;
  onEvent(event: RemedyEvent): void;
  /** The call has begun a long-running operation, or a poll of it has ended, and the operation goes on without the caller. */
  suspend(): void;
  /** A poll of the operation comes in; it may come after `end`, where a caller had aborted and is back. */
  resume(): void;
  /** The caller has a result. */
  end(end: CallEnd): void;
}

export type WaitCause = "queue" | "backoff";

export interface AttemptEnd {
  /** Absent for a function. */
  readonly request?: PipelineRequest;
  readonly response?: PipelineResponse;
  /** What was thrown. */
  readonly error?: unknown;
}

/** What the caller gets. */
export type CallEnd = { readonly response?: PipelineResponse } | { readonly error: unknown };
