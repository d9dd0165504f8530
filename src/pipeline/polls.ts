/**
 * Polls of long-running operations. A poll that brings a failure is where the operation is healed: its first request is
 * sent again, or the resource is read, or a remedy runs, and the poller is told that all is still in progress.
 *
 * Waiting is left to the poller ("still running, come back in 20 s"): its wait ends on abort in both generations of the
 * SDK, while arm-compute 22 gives an abort signal of `pollUntilDone` no way into a poll that is under way.
 */
import {
  createHttpHeaders,
  createPipelineRequest,
  type PipelineRequest,
  type PipelineResponse,
  type SendRequest,
} from "@azure/core-rest-pipeline";
import type { Diagnosis } from "../catalog/diagnosis.js";
import { decide, type Decision } from "../decision/decide.js";
import type { Operation, Plan } from "../supervisor/operation.js";
import { sharedOperations, type Operations } from "../supervisor/operations.js";
import { isForeignFailure, progressOf, runningAnswer, succeededAnswer, translate } from "../supervisor/poll.js";
import { readTargetOf, type ReadTarget } from "../supervisor/read-back.js";
import { resumeInfo, type ResumeInfo } from "../supervisor/resume.js";
import { eventRequest, newCall, noteFailure, type Call } from "./call.js";
import { isFine, type Calls } from "./calls.js";
import { failureOf } from "./events.js";
import { remainingMs } from "./options.js";
import { isRemedyError, type RemedyError } from "./remedy-error.js";
import { fittingRemedies, letLearn } from "./remedy-runner.js";

/** A poller that comes a moment early is kept, not sent away for another second. */
const earlyMs = 1_000;

export class Polls {
  readonly #calls: Calls;
  readonly #operations: Operations;

  constructor(calls: Calls, operations: Operations = sharedOperations) {
    this.#calls = calls;
    this.#operations = operations;
  }

  /** The operation that a request polls. */
  operationOf(request: PipelineRequest): Operation | undefined {
    return request.method === "GET" ? this.#operations.find(request.url) : undefined;
  }

  /** Remembers the operation that an answer has begun. False when it began none. */
  track(request: PipelineRequest, response: PipelineResponse, call: Call | undefined): boolean {
    const operation = this.#operations.track(request, response, this.#now);
    if (!operation) return false;
    if (!call) return true;
    // What a remedy left for the end waits for the operation's end, and what it may do once it may do once in all.
    operation.afterwards.push(...call.afterwards);
    for (const [name, count] of call.remedyRuns) operation.remedyRuns.set(name, count);
    for (const [name, note] of call.remedyNotes) operation.remedyNotes.set(name, note);
    return true;
  }

  /** A poll of an operation that this process did not begin: a failure is explained, never resubmitted. */
  explainForeign(request: PipelineRequest, response: PipelineResponse): void {
    if (!isForeignFailure(request, response)) return;
    const diagnosis = this.#diagnose(response);
    const reason = "the operation was begun elsewhere; its first request is not known here and is not sent again";
    const now = this.#now;
    throw this.#calls.errorOf({
      request,
      diagnosis,
      attempts: [
        {
          at: now,
          ...(diagnosis.code !== undefined && { code: diagnosis.code }),
          status: response.status,
          waitMs: 0,
          reason,
        },
      ],
      startedAt: now,
      reason,
      response,
    });
  }

  /** Answers a poll of a known operation. @throws RemedyError when the operation has failed for good */
  async poll(operation: Operation, request: PipelineRequest, next: SendRequest): Promise<PipelineResponse> {
    const now = this.#now;
    this.#notePace(operation, now);
    // Two pollers may follow one operation: while one heals it the other is told to come back.
    if (operation.busy) return runningAnswer(operation, request, 2_000);
    operation.busy = true;
    try {
      return await this.#answer(operation, request, next);
    } catch (error) {
      if (isRemedyError(error) || !request.abortSignal?.aborted) this.#operations.end(operation);
      throw error;
    } finally {
      operation.busy = false;
    }
  }

  async #answer(operation: Operation, request: PipelineRequest, next: SendRequest): Promise<PipelineResponse> {
    const { plan } = operation;
    if (plan.kind === "follow") return this.#follow(operation, request, next);
    const leftMs = plan.dueAt - this.#now;
    if (leftMs > earlyMs) return runningAnswer(operation, request, leftMs);
    if (leftMs > 0) await this.#calls.settings.clock.sleep(leftMs, request.abortSignal);
    return plan.kind === "resubmit"
      ? this.#resubmit(operation, request, next)
      : this.#readBack(operation, plan, request, next);
  }

  async #follow(operation: Operation, request: PipelineRequest, next: SendRequest): Promise<PipelineResponse> {
    let response: PipelineResponse;
    try {
      response = await this.#ask(operation, request, next);
    } catch (error) {
      if (!isRemedyError(error)) throw error;
      return this.#pollFailed(operation, error, request, next);
    }
    const progress = progressOf(response, operation.mode);
    if (progress === "failed") return this.#heal(operation, this.#diagnose(response), request, next, response);
    if (progress === "running") {
      this.#checkDeadline(operation, request, response);
      return translate(operation, request, response, progress);
    }
    return this.#ended(operation, translate(operation, request, response, progress));
  }

  /** Asks where the current submission tells its status; the poller may still ask at the URL of an earlier one. */
  async #ask(operation: Operation, request: PipelineRequest, next: SendRequest): Promise<PipelineResponse> {
    const poll = operation.mode === "location" ? "location" : "status";
    const { url } = request;
    const follows = operation.submissions === 1 || operation.mode === "body";
    if (!follows) request.url = operation.operationUrl;
    try {
      return await this.#calls.run(newCall(request, next, this.#now, { poll }));
    } finally {
      request.url = url;
    }
  }

  /** A poll that failed for good itself: by `Location` that is the operation's end, and a 404 means that nobody knows it any more. */
  #pollFailed(
    operation: Operation,
    error: RemedyError,
    request: PipelineRequest,
    next: SendRequest,
  ): Promise<PipelineResponse> {
    const status = error.statusCode ?? 0;
    if (operation.mode === "location" && status >= 400 && status !== 401 && status !== 403) {
      return this.#heal(operation, { ...error.diagnosis, execution: "answered" }, request, next, error.response);
    }
    const target = this.#targetOf(operation);
    if (status !== 404 || !target)
      throw this.#giveUp(operation, error.diagnosis, `polling failed: ${error.reason}`, request, {
        response: error.response,
        cause: error,
      });
    const lost: Diagnosis = { ...error.diagnosis, disposition: "indeterminate" };
    return this.#heal(operation, lost, request, next, error.response);
  }

  /** The operation failed: decides, and answers the poller accordingly. */
  async #heal(
    operation: Operation,
    diagnosis: Diagnosis,
    request: PipelineRequest,
    next: SendRequest,
    response: PipelineResponse | undefined,
  ): Promise<PipelineResponse> {
    const now = this.#now;
    operation.firstFailureAt ??= now;
    letLearn(this.#calls.settings, diagnosis, operation.first);
    const decision = this.#decide(operation, diagnosis, now);
    noteFailure(operation.failures, diagnosis, decision, now);
    switch (decision.action) {
      case "retry":
        return this.#planResubmission(operation, diagnosis, decision, request);
      case "readBack":
        return this.#planReading(operation, diagnosis, decision, request, response);
      case "apply":
        return this.#applyRemedy(operation, diagnosis, decision.remedy, request, next, response);
      case "fail":
        await this.#finish(operation);
        throw this.#giveUp(operation, diagnosis, decision.reason, request, {
          response,
          retryAfterMs: decision.retryAfterMs,
        });
    }
  }

  #decide(operation: Operation, diagnosis: Diagnosis, now: number): Decision {
    const { settings } = this.#calls;
    const left = remainingMs(settings, now);
    const decision = decide(diagnosis, {
      method: operation.first.method,
      url: operation.first.url,
      attempt: operation.submissions,
      retries: operation.submissions - 1,
      elapsedMs: now - (operation.firstFailureAt ?? now),
      ...(left !== undefined && { remainingMs: left }),
      maxRetries: settings.maxResubmissions,
      maxElapsedMs: settings.maxElapsedMs,
      readable: this.#targetOf(operation) !== undefined,
      remedies: fittingRemedies(settings.remedies, diagnosis, operation.first, operation.remedyRuns).map(
        ({ name }) => name,
      ),
      random: settings.random(),
    });
    if ((decision.action === "retry" || decision.action === "apply") && !operation.first.repeatable) {
      return {
        action: "fail",
        outcome: "failed",
        reason: `${diagnosis.disposition}, but the first request's body was a stream and cannot be sent twice`,
      };
    }
    return decision;
  }

  #planResubmission(
    operation: Operation,
    diagnosis: Diagnosis,
    decision: Decision & { action: "retry" },
    request: PipelineRequest,
  ): PipelineResponse {
    const { delayMs, reason } = decision;
    operation.plan = { kind: "resubmit", dueAt: this.#now + delayMs };
    this.#calls.settings.teller.tell({
      type: "resubmit",
      at: this.#now,
      request: eventRequest(operation.first),
      submission: operation.submissions,
      delayMs,
      reason,
      failure: failureOf(diagnosis),
    });
    return runningAnswer(operation, request, delayMs);
  }

  #planReading(
    operation: Operation,
    diagnosis: Diagnosis,
    decision: Decision & { action: "readBack" },
    request: PipelineRequest,
    response: PipelineResponse | undefined,
  ): PipelineResponse {
    const target = this.#targetOf(operation);
    // decide() says readBack only where there is something to read.
    if (!target) throw this.#giveUp(operation, diagnosis, decision.reason, request, { response });
    this.#planNextReading(operation, { target, diagnosis, response, reads: 0, lastSeen: undefined }, decision.delayMs);
    this.#tellReading(operation, diagnosis, decision.reason, undefined);
    return runningAnswer(operation, request, decision.delayMs);
  }

  #planNextReading(
    operation: Operation,
    reading: Omit<Plan & { kind: "read" }, "kind" | "dueAt">,
    delayMs: number,
  ): void {
    operation.plan = { kind: "read", dueAt: this.#now + delayMs, ...reading };
  }

  async #applyRemedy(
    operation: Operation,
    diagnosis: Diagnosis,
    name: string,
    request: PipelineRequest,
    next: SendRequest,
    response: PipelineResponse | undefined,
  ): Promise<PipelineResponse> {
    const resubmission = resubmissionOf(operation, request);
    const failure = await this.#calls.remedies.apply(name, diagnosis, {
      request: resubmission,
      next,
      runs: operation.remedyRuns,
      notes: operation.remedyNotes,
      startedAt: operation.startedAt,
      afterwards: operation.afterwards,
    });
    if (failure) {
      await this.#finish(operation);
      throw this.#giveUp(operation, diagnosis, `the remedy ${name} failed: ${failure.message}`, request, {
        response,
        cause: failure.cause,
      });
    }
    operation.first = {
      ...operation.first,
      url: resubmission.url,
      headers: withoutToken(resubmission),
      ...(resubmission.body !== undefined && { body: resubmission.body }),
    };
    return this.#resubmit(operation, request, next);
  }

  /** Sends the first request again, with the poll's fresh token. What it brings is judged like everything else. */
  async #resubmit(operation: Operation, request: PipelineRequest, next: SendRequest): Promise<PipelineResponse> {
    const call = newCall(resubmissionOf(operation, request), next, this.#now, { nested: true });
    operation.submissions += 1;
    const outcome = await this.#calls.attempt(call);
    if (!outcome)
      return runningAnswer(operation, request, this.#calls.settings.circuitBreaker?.probeAfterMs ?? earlyMs);
    if (outcome.kind === "error" && request.abortSignal?.aborted) {
      outcome.permit.settle();
      throw outcome.error;
    }
    if (outcome.kind === "error" || !isFine(call.request, outcome.response)) {
      const diagnosis = this.#calls.explain(outcome);
      return this.#heal(operation, diagnosis, request, next, outcome.kind === "answer" ? outcome.response : undefined);
    }
    outcome.permit.settle(outcome.response);
    if (this.#operations.follow(operation, call.request, outcome.response)) {
      return runningAnswer(operation, request, operation.pollIntervalMs ?? 2_000);
    }
    return this.#ended(
      operation,
      succeededAnswer(operation, request, this.#targetOf(operation)?.url, outcome.response),
    );
  }

  async #readBack(
    operation: Operation,
    plan: Plan & { kind: "read" },
    request: PipelineRequest,
    next: SendRequest,
  ): Promise<PipelineResponse> {
    const call = newCall(request, next, this.#now, { nested: true });
    const { reading, response } = await this.#calls.read(call, plan.target);
    const { lastSeen } = reading;
    if (reading.kind === "succeeded") {
      return this.#ended(
        operation,
        succeededAnswer(operation, request, plan.target.url, response),
        `read back: ${lastSeen}`,
      );
    }
    if (reading.kind === "failed") {
      await this.#finish(operation);
      const diagnosis = reading.error === undefined ? plan.diagnosis : this.#calls.diagnose(reading.error);
      throw this.#giveUp(operation, diagnosis, `read back: ${lastSeen}`, request, { response: plan.response });
    }
    const delayMs = Math.min(5_000 * 2 ** Math.min(plan.reads, 3), 30_000);
    const hopeless = this.#pastBudget(operation, delayMs);
    if (hopeless) {
      await this.#finish(operation);
      throw this.#giveUp(operation, plan.diagnosis, `outcome unknown, last seen: ${lastSeen}; ${hopeless}`, request, {
        response: plan.response,
        unknown: true,
      });
    }
    this.#planNextReading(operation, { ...plan, reads: plan.reads + 1, lastSeen }, delayMs);
    this.#tellReading(operation, plan.diagnosis, "not known yet", lastSeen);
    return runningAnswer(operation, request, delayMs);
  }

  #pastBudget(operation: Operation, delayMs: number): string | undefined {
    const { settings } = this.#calls;
    const now = this.#now;
    const left = remainingMs(settings, now);
    if (left !== undefined && delayMs >= left) return "the deadline has come";
    const elapsedMs = now - (operation.firstFailureAt ?? now);
    return elapsedMs + delayMs > settings.maxElapsedMs ? "the budget is used up" : undefined;
  }

  /** A poller would wait past the deadline of a healthy operation: its caller is told in time, with the means to go on elsewhere. */
  #checkDeadline(operation: Operation, request: PipelineRequest, response: PipelineResponse): void {
    const left = remainingMs(this.#calls.settings, this.#now);
    if (left === undefined) return;
    const seconds = Number(response.headers.get("retry-after"));
    const waitMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : (operation.pollIntervalMs ?? 2_000);
    if (waitMs < left) return;
    const diagnosis = this.#calls.diagnose({
      error: { code: "DeadlineReached", message: "The deadline came while the operation was still running." },
    });
    const reason = "the deadline has come; the operation is still running";
    noteFailure(operation.failures, diagnosis, { action: "fail", outcome: "unknown", reason }, this.#now);
    throw this.#giveUp(operation, diagnosis, reason, request, { response, unknown: true, retryAfterMs: waitMs });
  }

  async #ended(operation: Operation, response: PipelineResponse, reason?: string): Promise<PipelineResponse> {
    await this.#finish(operation);
    this.#operations.end(operation);
    const last = operation.failures[operation.failures.length - 1];
    if (last) {
      this.#calls.settings.teller.tell({
        type: "recovered",
        at: this.#now,
        request: eventRequest(operation.first),
        attempts: operation.submissions,
        elapsedMs: this.#now - operation.startedAt,
        reason: reason ?? last.reason,
      });
    }
    return response;
  }

  /** Runs what remedies left to do after the end, last one first. What fails there is reported and hides nothing. */
  async #finish(operation: Operation): Promise<void> {
    await this.#calls.finish(operation.afterwards);
  }

  #giveUp(
    operation: Operation,
    diagnosis: Diagnosis,
    reason: string,
    request: PipelineRequest,
    more: {
      response?: PipelineResponse | undefined;
      retryAfterMs?: number | undefined;
      cause?: unknown;
      unknown?: boolean;
    },
  ): RemedyError {
    const mayStillEnd = more.unknown ?? diagnosis.disposition === "indeterminate";
    if (operation.failures.length === 0)
      noteFailure(operation.failures, diagnosis, { action: "fail", outcome: "failed", reason }, this.#now);
    return this.#calls.errorOf({
      request: operation.first,
      liveRequest: request,
      diagnosis,
      attempts: operation.failures,
      startedAt: operation.startedAt,
      reason,
      response: more.response,
      retryAfterMs: more.retryAfterMs,
      cause: more.cause,
      resume: mayStillEnd ? resumeOf(operation) : undefined,
    });
  }

  #targetOf({ first }: Operation): ReadTarget | undefined {
    return readTargetOf(first.method, first.url);
  }

  #tellReading(operation: Operation, diagnosis: Diagnosis, reason: string, lastSeen: string | undefined): void {
    this.#calls.settings.teller.tell({
      type: "readBack",
      at: this.#now,
      request: eventRequest(operation.first),
      reason,
      ...(lastSeen !== undefined && { lastSeen }),
      failure: failureOf(diagnosis),
    });
  }

  #notePace(operation: Operation, now: number): void {
    if (operation.plan.kind === "follow" && operation.lastPollAt !== undefined && operation.failures.length === 0) {
      operation.pollIntervalMs = Math.max(1_000, now - operation.lastPollAt);
    }
    operation.lastPollAt = now;
  }

  #diagnose({ status, headers, bodyAsText }: PipelineResponse): Diagnosis {
    return this.#calls.diagnose({ status, headers, bodyAsText });
  }

  get #now(): number {
    return this.#calls.settings.clock.now();
  }
}

function resumeOf(operation: Operation): ResumeInfo {
  const { first, mode, operationUrl, resourceUrl } = operation;
  return resumeInfo({ method: first.method, url: first.url, mode, operationUrl, resourceUrl });
}

/** The first request once more: its own headers and body, the poll's token and connection. */
function resubmissionOf({ first }: Operation, poll: PipelineRequest): PipelineRequest {
  const { abortSignal, tracingOptions, agent, proxySettings, allowInsecureConnection, timeout } = poll;
  const headers = createHttpHeaders(first.headers);
  const authorization = poll.headers.get("authorization");
  if (authorization !== undefined) headers.set("authorization", authorization);
  const request = createPipelineRequest({
    method: first.method as PipelineRequest["method"],
    url: first.url,
    headers,
    timeout,
    ...(first.body !== undefined && { body: first.body }),
    ...(abortSignal && { abortSignal }),
    ...(tracingOptions && { tracingOptions }),
    ...(agent && { agent }),
    ...(proxySettings && { proxySettings }),
    ...(allowInsecureConnection && { allowInsecureConnection }),
  });
  // A new id: ARM replays its earlier answer to a known one.
  request.headers.set("x-ms-client-request-id", request.requestId);
  return request;
}

function withoutToken(request: PipelineRequest): Record<string, string> {
  const headers = request.headers.toJSON();
  delete headers["authorization"];
  return headers;
}
