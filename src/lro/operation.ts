/**
 * A long-running operation in flight: the request that began it, how its poller asks for its status, and what is being
 * done about its failure.
 */
import type { PipelineRequest, PipelineResponse, SendRequest } from "@azure/core-rest-pipeline";
import type { DueTime } from "../time/clock.js";
import type { SendContext } from "./poll-driven-task.js";

/**
 * How a poller learns the status: a status document (`Azure-AsyncOperation`, `Operation-Location`), the HTTP status of
 * `Location`, or `provisioningState` in the resource itself.
 */
export type PollMode = "status" | "location" | "body";

/** The request that began an operation, kept to send it again. Its token is not kept: the poll brings a fresh one. */
export interface FirstRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent if there is none, or if it was a stream and cannot be sent twice. */
  readonly body?: PipelineRequest["body"];
  /** Milliseconds that the caller gave the request; 0 for no limit. */
  readonly timeout: number;
  /** The span that the caller gave it: the polls of some generations are sent without. */
  readonly tracingOptions?: PipelineRequest["tracingOptions"];
  readonly repeatable: boolean;
}

/** A poll in progress. */
export interface Poll {
  readonly request: PipelineRequest;
  readonly next: SendRequest;
}

/** What the next poll does, not before `dueAt`. Only recovery knows `Task` and `Read`. */
export type Plan<Task = unknown, Read = unknown> =
  /** Ask for the operation's status. */
  | ({ readonly kind: "follow" } & DueTime)
  /** Continue a remedy, or what one left for the end. */
  | { readonly kind: "task"; readonly task: Task }
  /** Send the first request again. */
  | ({ readonly kind: "send" } & DueTime)
  /** Look whether what refused a submission is still at work on the resource. */
  | ({ readonly kind: "watch" } & DueTime)
  /** Read the resource. */
  | ({ readonly kind: "read"; readonly read: Read } & DueTime);

/** What a remedy left to do when the call has ended. */
export interface Cleanup {
  readonly remedy: string;
  readonly run: () => Promise<void>;
  /** The caller has aborted, so it does not run: how things are left, in words; undefined if they are as they were found. */
  readonly abandon: () => string | undefined;
}

/** What the remedies of a call have done, which its operation goes on with. */
export interface RemedyProgress {
  /** How often each remedy has run. */
  readonly runs: Map<string, number>;
  readonly notes: Map<string, unknown>;
  readonly cleanups: Cleanup[];
  /** The signal whose abort is reported with what remedies left. */
  watched?: object | undefined;
  /** Set with the first remedy. */
  context: SendContext | undefined;
  /** Counts the requests that we sent ourselves: reads, resubmissions, remedies, evidence. */
  readonly added: AddedRequests;
}

export interface AddedRequests {
  count: number;
}

export const noRemedies = (): RemedyProgress => ({
  runs: new Map(),
  notes: new Map(),
  cleanups: [],
  context: undefined,
  added: { count: 0 },
});

export interface OperationIds {
  readonly requestId?: string;
  readonly correlationId?: string;
}

/** A failed submission of an operation, for the error's `attempts`. */
export interface FailedSubmission {
  readonly at: number;
  readonly status?: number;
  readonly code?: string;
  readonly waitMs: number;
  readonly reason: string;
}

export interface Operation {
  first: FirstRequest;
  /** How the poller asks. The first response decided that, and it does not change. */
  readonly pollMode: PollMode;
  /**
   * How the current submission reports its status; differs from `pollMode` if a resubmission was answered in another
   * style.
   */
  mode: PollMode;
  /** Where the current submission reports its status. */
  operationUrl: string;
  /** Where its result is read at the end. */
  resourceUrl: string | undefined;
  /** How often the first request was sent. */
  submissions: number;
  /** Resubmissions that count against `maxResubmissions`: not those after a remedy or a throttled one. */
  retries: number;
  /** How often the current resubmission was refused before execution; that counts against `maxRetries`. */
  refusals: number;
  /** A submission was refused by a resource that was free, or has waited for one: what holds it does not show. */
  watchesNoMore?: boolean;
  /** A resubmission's reply was lost: it may be running. */
  mayHaveRun: boolean;
  /** The reply to a send before the one that began it was lost: what was asked for may have come about by that. */
  earlierMayHaveRun: boolean;
  plan: Plan;
  /** Set by the first failure: the recovery budget counts from here, not from the start of a slow success. */
  firstFailureAt: number | undefined;
  readonly startedAt: number;
  lastPollAt: number | undefined;
  /** When the last poll was answered; what is between that and the next poll is the poller's own interval. */
  lastAnswerAt: number | undefined;
  /** Answers to polls that could not be read. */
  unreadable: number;
  /** Something failed that the SDK alone would have ended with: a success needs to show what was asked for. */
  hadTrouble: boolean;
  /** The interval at which the poller asked while all was well, to give back after a longer wait. */
  pollIntervalMs: number | undefined;
  /** The poller was once asked to wait. It keeps that interval until it gets another. */
  slowed: boolean;
  /** The throttle rejected the last poll; the next one waits in line. */
  deferred: boolean;
  /** The ids by which support finds the accepted submission. */
  ids: OperationIds;
  /** The response in which the service said that it created the resource (201), with its body. */
  created: string | undefined;
  /** If the resource itself is polled: its last state. */
  lastSeenResource: string | undefined;
  readonly failures: FailedSubmission[];
  remedies: RemedyProgress;
  /** Where a submission is known to have failed. */
  readonly failedUrls: string[];
  /** How it ended, for polls that come after the one that found out. */
  final: PipelineResponse | undefined;
  /** One poll at a time works on it; another that arrives meanwhile is deferred. */
  busy: boolean;
}
