/** Polls of long-running operations: which operation they belong to, and who answers them. */
import type { PipelineRequest, PipelineResponse, SendRequest } from "@azure/core-rest-pipeline";
import type { Operation, Poll } from "../lro/operation.js";
import { sharedOperations, type ExpectedResult, type Operations } from "../lro/operations.js";
import { resumeInfo } from "../lro/resume.js";
import { boundWait, isForeignFailure, looksLikeOperation, runningResponse } from "../lro/poll.js";
import { begunElsewhere } from "./begun-elsewhere.js";
import { callOf, callOfOperation } from "./call-tracer.js";
import { diagnoseResponse } from "./diagnosing.js";
import type { Engine } from "./engine.js";
import { busyMs, OperationRecovery, queueWaitOf } from "./operation-recovery.js";
import { attemptOf } from "./recover.js";
import { correlate, correlationHeader } from "./own-request.js";
import { isRemedyError } from "./remedy-error.js";
import { pollRequest } from "./request-recovery.js";
import { isAbort } from "./sender.js";
import { newRequestState, type FailedEnd, type PollResult, type RequestState } from "./request-state.js";

export class Polls {
  readonly #engine: Engine;
  readonly #operations: Operations;
  /**
   * The URL of the last GET that was not a poll. Callers that wait for a resource read the same one again and again.
   */
  #plainUrl = "";
  /** The state of a poll that failed and is repeated, with what was tried. */
  readonly #troubled = new WeakMap<Operation, RequestState>();

  constructor(engine: Engine, operations: Operations = sharedOperations) {
    this.#engine = engine;
    this.#operations = operations;
  }

  /** The operation that a request polls. */
  operationOf(request: PipelineRequest): Operation | undefined {
    return request.method === "GET" ? this.#operations.find(request.url) : undefined;
  }

  /** The operation whose result a request reads. */
  resultOf(request: PipelineRequest): ExpectedResult | undefined {
    return this.#operations.takeResult(request, this.#now);
  }

  /** Remembers the operation that a response has begun. False if it began none. */
  track(
    request: PipelineRequest,
    next: SendRequest,
    response: PipelineResponse,
    state: RequestState | undefined,
  ): boolean {
    const operation = this.#operations.track(request, response, this.#now);
    if (!operation) {
      if (isDone(response)) this.#engine.recentWork.note(request, this.#now);
      return false;
    }
    callOf(next)?.suspend(operation);
    if (!state) return true;
    operation.hadTrouble = state.attempts.length > 0;
    operation.earlierMayHaveRun = state.mayHaveRun;
    // What a remedy left for the end waits for the operation's end, and what it may do once it may do once in all.
    operation.remedies = state.remedies;
    // For a write, the last accepted one decides; for an action, any that ran.
    operation.mayHaveRun = state.mayHaveRun && request.method === "POST";
    return true;
  }

  /** How to judge a failed GET: one that polls an operation of another process is a poll all the same. */
  kindOf(request: PipelineRequest): { poll?: "foreign" } {
    return request.method === "GET" && looksLikeOperation(request.url) ? { poll: "foreign" } : {};
  }

  /** How an operation of another process failed, if a poll of it says so. It is explained, never resubmitted. */
  foreignFailure(request: PipelineRequest, response: PipelineResponse): FailedEnd | undefined {
    const { url } = request;
    if (url === this.#plainUrl) return undefined;
    if (!looksLikeOperation(url)) {
      this.#plainUrl = url;
      return undefined;
    }
    boundWait(response, this.#now);
    if (!isForeignFailure(request, response)) return undefined;
    const diagnosis = diagnoseResponse(response, this.#engine.settings);
    const { reason, outcome, retryAfterMs } = begunElsewhere(diagnosis);
    const attempts = [attemptOf(diagnosis, reason, this.#now)];
    return { kind: "failed", diagnosis, attempts, reason, outcome, retryAfterMs, response };
  }

  /** Answers a poll of a known operation. @throws RemedyError if the operation has failed for good */
  async poll(operation: Operation, request: PipelineRequest, next: SendRequest): Promise<PipelineResponse> {
    if (operation.final) return { ...operation.final, request };
    this.#notePace(operation);
    // Two pollers may follow one operation: while one recovers it, the other is deferred.
    if (operation.busy) return runningResponse(operation, request, busyMs);
    operation.busy = true;
    const uncorrelate = correlate(request, operation.first.headers[correlationHeader] ?? operation.ids.correlationId);
    const call = callOfOperation(operation);
    call?.resume();
    try {
      const recovery = new OperationRecovery(this.#engine, this.#operations, operation, { request, next });
      const response = await recovery.answerPoll(() => this.#ask(operation, { request, next }));
      if (this.#operations.isInFlight(operation)) call?.suspend(operation);
      else call?.end({ response });
      return response;
    } catch (error) {
      call?.end({ error });
      // A caller that aborts may come back with a poller restored from its state, and a poller continues after an error
      // of the caller's own policies; half a remedy is not resumed.
      const mayComeBack = !isRemedyError(error) && operation.plan.kind !== "task";
      if (!mayComeBack) this.#operations.end(operation);
      if (isAbort(error)) giveResume(error, operation);
      throw error;
    } finally {
      uncorrelate?.();
      operation.busy = false;
      operation.lastAnswerAt = this.#now;
    }
  }

  /** Asks where the current submission reports its status; the poller may still use the URL of an earlier one. */
  async #ask(operation: Operation, { request, next }: Poll): Promise<PollResult> {
    const { url } = request;
    const fresh = newRequestState(request, next, this.#now, {
      poll: operation.mode,
      operation: operation.first,
      maxQueueWaitMs: queueWaitOf(operation),
    });
    const { authorizedAt, maxQueueWaitMs } = fresh;
    const before = this.#troubled.get(operation);
    const state = before ? Object.assign(before, { request, next, authorizedAt, maxQueueWaitMs }) : fresh;
    if (operation.submissions > 1 && operation.mode !== "body") request.url = operation.operationUrl;
    this.#troubled.delete(operation);
    try {
      const asked = await pollRequest(this.#engine, state);
      const isTrouble = asked.kind === "deferred" && (state.attempts.length > 0 || !asked.unsent);
      // A troubled poll has one budget, however many polls the trouble lasts: that of the first that failed, or that
      // met an open circuit.
      if (isTrouble) this.#troubled.set(operation, state);
      operation.hadTrouble ||= isTrouble;
      return asked;
    } finally {
      request.url = url;
    }
  }

  #notePace(operation: Operation): void {
    const now = this.#now;
    if (operation.lastAnswerAt !== undefined && !operation.slowed) {
      operation.pollIntervalMs = Math.max(1_000, now - operation.lastAnswerAt);
    }
    operation.lastPollAt = now;
  }

  get #now(): number {
    return this.#engine.settings.clock.now();
  }
}

/** The operation continues without its caller, who may follow it again from here or elsewhere. */
function giveResume(error: unknown, { first: { method, url }, mode, operationUrl, resourceUrl }: Operation): void {
  const resume = resumeInfo({ method, url, mode, operationUrl, resourceUrl });
  Object.defineProperty(error, "resume", { value: resume, enumerable: false, configurable: true, writable: true });
}

/** Not merely accepted. */
const isDone = ({ status }: PipelineResponse): boolean => status === 200 || status === 201 || status === 204;
