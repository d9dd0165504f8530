/** A request in progress: its failed attempts, what remedies did for it, and how it ended. */
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
  /** When the request got its token, in epoch milliseconds; a token may be expired two minutes later. */
  authorizedAt: number;
  /** An earlier attempt may have run: a conflict with our own success is possible. */
  mayHaveRun: boolean;
  /** Its last failure, if that was a conflict that may be waited out by watching. */
  conflict?: Diagnosis | undefined;
  /** A free resource refused it, or it has already waited for one: what blocks it does not show. */
  watchesNoMore?: boolean;
  /** Takes our correlation id off the caller's request. */
  uncorrelate?: (() => void) | undefined;
  readonly remedies: RemedyProgress;
  /** Made by a remedy or a read: it uses no remedies itself, and only its maker reports its end. */
  readonly nested: boolean;
  /** The request is a poll; `foreign`: of an operation that this process did not begin. */
  readonly poll: PollMode | "foreign" | undefined;
  /** For a poll: the request that began the operation. */
  readonly operation: { readonly method: string; readonly url: string } | undefined;
  /** The request reads the result of a succeeded operation. */
  readonly resultOf: ExpectedResult | undefined;
  /** Milliseconds that it may wait to be admitted before its poller is deferred. Default unlimited. */
  maxQueueWaitMs: number | undefined;
  /** Where a nested request is counted. */
  readonly countedIn: AddedRequests | undefined;
  /** For its waits; default the clock of the settings. */
  readonly clock: Clock | undefined;
}

/** The purpose of a request that is not the caller's own. */
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
  /** What another process needs to continue. */
  readonly resume?: ResumeInfo | undefined;
  /** A 401 that says how to get a token: the outer policy that answers challenges gets it first. */
  readonly isChallenge?: boolean;
}

/** The result of one send of a poll. */
export type PollResult = RequestEnd | Deferred;

/** The poller should come back in `waitMs` milliseconds. */
export interface Deferred {
  readonly kind: "deferred";
  readonly waitMs: number;
  /** The throttle did not admit it. */
  readonly unsent: boolean;
}
