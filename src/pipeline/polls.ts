/**
 * Polls of long-running operations: whose they are, and what their answers say. One that brings a failure is where the
 * operation is healed.
 */
import type { PipelineRequest, PipelineResponse, SendRequest } from "@azure/core-rest-pipeline";
import type { Diagnosis } from "../catalog/diagnosis.js";
import { shortWaitMs } from "../lro/errand.js";
import type { Operation, Poll } from "../lro/operation.js";
import { sharedOperations, type Operations } from "../lro/operations.js";
import {
  askedWaitMs,
  boundWait,
  isForeignFailure,
  looksLikeOperation,
  progressOf,
  runningAnswer,
  translate,
} from "../lro/poll.js";
import { targetOf } from "../lro/read-back.js";
import { newCall, noteFailure, type Call } from "./call.js";
import type { Asked, Calls } from "./calls.js";
import { isRemedyError, type RemedyError } from "./remedy-error.js";
import { Healing } from "./healing.js";
import { patienceMs, busyMs, patienceOf, PollAnswers } from "./poll-answers.js";

export class Polls {
  readonly #calls: Calls;
  readonly #operations: Operations;
  readonly #answers: PollAnswers;
  readonly #healing: Healing;
  /** The URL of the last GET that was none of an operation. Whoever waits for a resource asks for the same one again and again. */
  #plainUrl = "";
  /** The call of a poll that failed and is made again; it knows what was tried. */
  readonly #troubled = new WeakMap<Operation, Call>();

  constructor(calls: Calls, operations: Operations = sharedOperations) {
    this.#calls = calls;
    this.#operations = operations;
    this.#answers = new PollAnswers(calls, operations);
    this.#healing = new Healing(calls, operations, this.#answers);
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
    operation.carrier = call.carrier;
    // Of a write the last one accepted decides; of an action any that ran.
    operation.mayHaveRun = call.mayHaveRun && request.method === "POST";
    for (const [name, count] of call.remedyRuns) operation.remedyRuns.set(name, count);
    for (const [name, note] of call.remedyNotes) operation.remedyNotes.set(name, note);
    return true;
  }

  /** How a GET that fails is to be judged: one that polls an operation which this process did not begin is a poll all the same. */
  kindOf(request: PipelineRequest): { poll?: "foreign" } {
    return request.method === "GET" && looksLikeOperation(request.url) ? { poll: "foreign" } : {};
  }

  /** A poll of an operation that this process did not begin: a failure is explained, never resubmitted. */
  explainForeign(request: PipelineRequest, response: PipelineResponse): void {
    const { url } = request;
    if (url === this.#plainUrl) return;
    if (!looksLikeOperation(url)) {
      this.#plainUrl = url;
      return;
    }
    boundWait(response, this.#now);
    if (!isForeignFailure(request, response)) return;
    const diagnosis = this.#calls.verdicts.diagnoseAnswer(response);
    const reason = "the operation was begun elsewhere; its first request is not known here and is not sent again";
    const now = this.#now;
    const attempts: RemedyError["attempts"][number][] = [];
    noteFailure(attempts, diagnosis, { action: "fail", outcome: "failed", reason }, now);
    throw this.#calls.verdicts.errorOf({ request, diagnosis, attempts, startedAt: now, reason, response });
  }

  /** Answers a poll of a known operation. @throws RemedyError when the operation has failed for good */
  async poll(operation: Operation, request: PipelineRequest, next: SendRequest): Promise<PipelineResponse> {
    if (operation.final) return { ...operation.final, request };
    this.#notePace(operation);
    // Two pollers may follow one operation: while one heals it the other is told to come back.
    if (operation.busy) return runningAnswer(operation, request, busyMs);
    operation.busy = true;
    try {
      return await this.#answer(operation, { request, next });
    } catch (error) {
      // A caller that aborts may come back with a poller restored from its state; half a remedy is not taken up again.
      const mayComeBack = request.abortSignal?.aborted && !isRemedyError(error) && operation.plan.kind !== "errand";
      if (!mayComeBack) this.#operations.end(operation);
      throw error;
    } finally {
      operation.busy = false;
    }
  }

  async #answer(operation: Operation, poll: Poll): Promise<PipelineResponse> {
    const { plan } = operation;
    if (plan.kind === "errand") return this.#answers.carry(operation, plan.errand, poll);
    const leftMs = plan.dueAt - this.#now;
    if (leftMs > shortWaitMs) return this.#answers.comeBackIn(operation, poll, leftMs);
    // A poller that comes a moment early is kept, not sent away for another second.
    if (leftMs > 0) await this.#calls.settings.clock.sleep(leftMs, poll.request.abortSignal);
    switch (plan.kind) {
      case "follow":
        return this.#follow(operation, poll);
      case "resubmit":
        return this.#healing.resubmit(operation, poll);
      case "read":
        return this.#healing.readBack(operation, plan, poll);
    }
  }

  async #follow(operation: Operation, poll: Poll): Promise<PipelineResponse> {
    let asked: Asked;
    try {
      asked = await this.#ask(operation, poll);
    } catch (error) {
      if (!isRemedyError(error)) throw error;
      return this.#pollFailed(operation, error, poll);
    }
    if ("againInMs" in asked) {
      operation.plan = { kind: "follow", dueAt: this.#now + asked.againInMs };
      return this.#answers.comeBackIn(operation, poll, asked.againInMs);
    }
    const { response } = asked;
    // A claims challenge: the bearer policy outside answers it, and sends the poll again.
    if (response.status === 401) return response;
    if (operation.pollMode === "body" && response.status === 200)
      operation.lastSeenResource = response.bodyAsText ?? undefined;
    const progress = progressOf(response, operation.mode);
    if (progress === "failed") {
      const diagnosis = await this.#whyFailed(operation, poll, response);
      return this.#healing.heal(operation, accepted(diagnosis), poll, response);
    }
    if (progress === "running") {
      this.#answers.checkDeadline(
        operation,
        poll,
        askedWaitMs(response) ?? operation.pollIntervalMs ?? 2_000,
        response,
      );
      return translate(operation, poll.request, response, progress);
    }
    return this.#answers.succeed(operation, poll, translate(operation, poll.request, response, progress));
  }

  /** Asks where the current submission tells its status; the poller may still ask at the URL of an earlier one. */
  async #ask(operation: Operation, { request, next }: Poll): Promise<Asked> {
    const { url } = request;
    const before = this.#troubled.get(operation);
    const fresh = newCall(request, next, this.#now, { poll: operation.mode, ...patienceOf(operation) });
    const call = before ? { ...before, ...pick(fresh), sends: before.sends + 1 } : fresh;
    if (operation.submissions > 1 && operation.mode !== "body") request.url = operation.operationUrl;
    this.#troubled.delete(operation);
    try {
      const asked = await this.#calls.ask(call);
      // Trouble has one budget, however many polls it lasts: that of the first that failed, or that met an open circuit.
      if ("againInMs" in asked && (call.failures.length > 0 || !asked.unsent)) this.#troubled.set(operation, call);
      operation.deferred = "againInMs" in asked && asked.unsent;
      return asked;
    } finally {
      request.url = url;
    }
  }

  /** A resource in state Failed does not say why; its instance view may. */
  async #whyFailed(operation: Operation, { request, next }: Poll, response: PipelineResponse): Promise<Diagnosis> {
    const target = operation.mode === "body" ? targetOf(operation) : undefined;
    if (target === undefined) return this.#calls.verdicts.diagnoseAnswer(response);
    const look = await this.#calls.readings.look(
      newCall(request, next, this.#now, { nested: true, patienceMs }),
      target,
    );
    const why = "reading" in look && "error" in look.reading ? look.reading.error : undefined;
    return why === undefined ? this.#calls.verdicts.diagnoseAnswer(response) : this.#calls.verdicts.diagnose(why);
  }

  /**
   * A poll that failed for good. By `Location` that is how an operation fails; a 404 means that nobody knows the operation
   * any more, and the resource is asked instead. Otherwise the operation goes on, and the error says how to follow it.
   */
  #pollFailed(operation: Operation, error: RemedyError, poll: Poll): Promise<PipelineResponse> {
    const { statusCode: status = 0, diagnosis, response } = error;
    if (status === 404 && targetOf(operation)) {
      return this.#healing.heal(operation, { ...diagnosis, disposition: "indeterminate" }, poll, response);
    }
    if (operation.mode === "location" && status >= 400 && ![401, 403, 408, 429].includes(status)) {
      return this.#healing.heal(operation, accepted(diagnosis), poll, response);
    }
    operation.failures.push(...error.attempts);
    throw this.#answers.giveUp(operation, diagnosis, `polling failed: ${error.reason}`, poll, {
      response,
      cause: error.cause,
      stillRuns: true,
      retryAfterMs: error.retryAfterMs,
    });
  }

  #notePace(operation: Operation): void {
    const now = this.#now;
    if (operation.lastPollAt !== undefined && !operation.slowed) {
      operation.pollIntervalMs = Math.max(1_000, now - operation.lastPollAt);
    }
    operation.lastPollAt = now;
  }

  get #now(): number {
    return this.#calls.settings.clock.now();
  }
}

/** What an accepted request's operation failed of may have run in part, whatever the failure is. */
function accepted(diagnosis: Diagnosis): Diagnosis {
  return { ...diagnosis, execution: "unknown" };
}

/** What is new about a poll that is made again. */
function pick({ request, next, authorizedAt, patienceMs: patience }: Call): Partial<Call> {
  return { request, next, authorizedAt, patienceMs: patience };
}
