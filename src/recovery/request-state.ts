/** A request on its way: its failed attempts, what remedies did for it, and how it came to an end. */
import type { PipelineRequest, PipelineResponse, SendRequest } from "@azure/core-rest-pipeline";
import type { Diagnosis } from "../catalog/diagnosis.js";
import { noRemedies, type AddedRequests, type PollMode, type RemedyProgress } from "../lro/operation.js";
import type { ExpectedResult } from "../lro/operations.js";
import type { ResumeInfo } from "../lro/resume.js";
import type { Clock } from "../time/clock.js";
import type { Finding } from "./evidence.js";
import type { Progress } from "./recover.js";
import type { Attempt, RemedyError } from "./remedy-error.js";

export interface RequestState extends Progress {
  request: PipelineRequest;
  next: SendRequest;
  /** When the request got its token, in epoch milliseconds; a token may be dead two minutes later. */
  authorizedAt: number;
  /** An earlier attempt may have run: a conflict with our own success is possible. */
  mayHaveRun: boolean;
  /** Its last failure, where that was a conflict that may be waited out by looking. */
  conflict?: Diagnosis | undefined;
  /** It was refused by a resource that was free, or has waited for one: what holds it does not show. */
  watchesNoMore?: boolean;
  readonly remedies: RemedyProgress;
  /** Made by a remedy or a reading: it uses no remedies itself, and only its maker reports its end. */
  readonly nested: boolean;
  /** The request is a poll; `foreign`: of an operation that this process did not begin. */
  readonly poll: PollMode | "foreign" | undefined;
  /** For a poll: the request that began the operation. */
  readonly operation: { readonly method: string; readonly url: string } | undefined;
  /** The request reads the result of an operation that succeeded. */
  readonly resultOf: ExpectedResult | undefined;
  /** Milliseconds that it may wait to be admitted before its poller is deferred. Default as long as it takes. */
  maxQueueWaitMs: number | undefined;
  /** Where a nested request is counted. */
  readonly countedIn: AddedRequests | undefined;
  /** For its waits; default the clock of the settings. */
  readonly clock: Clock | undefined;
}

/** What a request is for, where it is not the caller's own. */
export type RequestKind = Partial<
  Pick<
    RequestState,
    "nested" | "countedIn" | "poll" | "operation" | "resultOf" | "maxQueueWaitMs" | "clock" | "startedAt"
  >
>;

export function newRequestState(
  request: PipelineRequest,
  next: SendRequest,
  now: number,
  kind: RequestKind = {},
): RequestState {
  return {
    request,
    next,
    startedAt: kind.startedAt ?? now,
    attempts: [],
    sends: 0,
    retries: 0,
    authorizedAt: now,
    mayHaveRun: false,
    remedies: noRemedies(),
    nested: kind.nested ?? false,
    countedIn: kind.countedIn,
    poll: kind.poll,
    operation: kind.operation,
    resultOf: kind.resultOf,
    maxQueueWaitMs: kind.maxQueueWaitMs,
    clock: kind.clock,
  };
}

/** How a request ended. */
export type RequestEnd = { readonly kind: "response"; readonly response: PipelineResponse } | FailedEnd;

export interface FailedEnd {
  readonly kind: "failed";
  readonly diagnosis: Diagnosis;
  readonly attempts: readonly Attempt[];
  /** Why nothing more is tried. */
  readonly reason: string;
  readonly outcome: RemedyError["outcome"];
  readonly retryAfterMs?: number | undefined;
  readonly response?: PipelineResponse | undefined;
  readonly cause?: unknown;
  readonly evidence?: readonly Finding[] | undefined;
  /** What another process needs to go on. */
  readonly resume?: ResumeInfo | undefined;
  /** A 401 that says how to get a token: the policy outside that answers challenges gets it first. */
  readonly isChallenge?: boolean;
}

/** What one send of a poll comes to. */
export type PollResult = RequestEnd | Deferred;

/** The poller is to come back in `waitMs` milliseconds. */
export interface Deferred {
  readonly kind: "deferred";
  readonly waitMs: number;
  /** The throttle did not admit it. */
  readonly unsent: boolean;
}
