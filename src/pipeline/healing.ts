/**
 * Heals an operation that failed, within the poll that brings the failure: its first request is sent again, or the
 * resource is read, or a remedy runs, and the poller is told that all is still in progress.
 */
import type { PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import type { Diagnosis } from "../catalog/diagnosis.js";
import { decide, type Decision } from "../decision/decide.js";
import type { Operation, Plan, Poll } from "../lro/operation.js";
import type { Operations } from "../lro/operations.js";
import { runningAnswer, succeededAnswer } from "../lro/poll.js";
import { targetOf } from "../lro/read-back.js";
import { resubmissionOf } from "../lro/resubmission.js";
import { ThrottleDeadlineError } from "../throttle/throttle.js";
import { AbortError } from "../time/clock.js";
import { eventRequest, newCall, noteFailure } from "./call.js";
import type { Calls } from "./calls.js";
import { isFine } from "./answers.js";
import { failureOf } from "./events.js";
import { remainingMs } from "./options.js";
import { isRemedyError } from "./remedy-error.js";
import { fittingRemedies, letLearn } from "./remedy-runner.js";
import { isAbort, type Outcome } from "./sender.js";
import { busyMs, patienceOf, type PollAnswers } from "./poll-answers.js";

export class Healing {
  readonly #calls: Calls;
  readonly #operations: Operations;
  readonly #answers: PollAnswers;

  constructor(calls: Calls, operations: Operations, answers: PollAnswers) {
    this.#calls = calls;
    this.#operations = operations;
    this.#answers = answers;
  }

  /**
   * The operation failed: decides, and answers the poller accordingly.
   * @param isRefusal it was a resubmission that failed, before an operation came of it
   */
  async heal(
    operation: Operation,
    diagnosis: Diagnosis,
    poll: Poll,
    response: PipelineResponse | undefined,
    isRefusal = false,
  ): Promise<PipelineResponse> {
    const now = this.#now;
    operation.firstFailureAt ??= now;
    if (!operation.failedUrls.includes(operation.operationUrl)) operation.failedUrls.push(operation.operationUrl);
    letLearn(this.#calls.settings, diagnosis, operation.first);
    const decision = this.#decide(operation, diagnosis, now, isRefusal);
    noteFailure(operation.failures, diagnosis, decision, now);
    switch (decision.action) {
      case "retry":
        return this.#planResubmission(operation, diagnosis, decision, poll, isRefusal);
      case "readBack":
        return this.#planReading(operation, diagnosis, decision, poll, response);
      case "apply":
        return this.#applyRemedy(operation, diagnosis, decision.remedy, poll, response);
      case "fail":
        return this.#answers.fail(operation, poll, () =>
          this.#answers.giveUp(operation, diagnosis, decision.reason, poll, {
            response,
            retryAfterMs: decision.retryAfterMs,
            isUnknown: decision.outcome === "unknown" || operation.mayHaveRun,
          }),
        );
    }
  }

  #decide(operation: Operation, diagnosis: Diagnosis, now: number, isRefusal: boolean): Decision {
    const { settings } = this.#calls;
    const { first } = operation;
    const left = remainingMs(settings, now);
    const remedies = fittingRemedies(settings.remedies, diagnosis, first, operation.remedyRuns);
    const decision = decide(diagnosis, {
      method: first.method,
      url: first.url,
      attempt: isRefusal ? operation.refusals + 1 : operation.submissions,
      retries: isRefusal ? operation.refusals : operation.retries,
      elapsedMs: now - (operation.firstFailureAt ?? now),
      ...(left !== undefined && { remainingMs: left }),
      maxRetries: isRefusal ? settings.maxRetries : settings.maxResubmissions,
      maxElapsedMs: settings.maxElapsedMs,
      readable: targetOf(operation) !== undefined,
      remedies: remedies.map(({ name }) => name),
      repeatable: first.repeatable,
      allowance: this.#calls.hasAllowance(now),
      random: settings.random(),
    });
    // The conflict is with our own resubmission, whose reply was lost: what became of it, the resource tells.
    if (decision.action === "fail" && operation.mayHaveRun && diagnosis.status === 409 && targetOf(operation)) {
      return { action: "readBack", delayMs: 0, reason: "an earlier submission may be at work; the resource will tell" };
    }
    return decision;
  }

  #planResubmission(
    operation: Operation,
    diagnosis: Diagnosis,
    decision: Decision & { action: "retry" },
    poll: Poll,
    isRefusal: boolean,
  ): Promise<PipelineResponse> {
    const { delayMs, reason, counts } = decision;
    if (counts) {
      if (isRefusal) operation.refusals += 1;
      else operation.retries += 1;
      this.#calls.takeAllowance();
    }
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
    return this.#answers.sendAway(operation, poll, delayMs);
  }

  #planReading(
    operation: Operation,
    diagnosis: Diagnosis,
    decision: Decision & { action: "readBack" },
    poll: Poll,
    response: PipelineResponse | undefined,
  ): Promise<PipelineResponse> {
    const target = targetOf(operation);
    // decide() says readBack only where there is something to read.
    if (!target) throw this.#answers.giveUp(operation, diagnosis, decision.reason, poll, { response });
    const dueAt = this.#now + decision.delayMs;
    operation.plan = { kind: "read", target, dueAt, diagnosis, response, reads: 0, lastSeen: undefined };
    this.#tellReading(operation, diagnosis, decision.reason, undefined);
    return this.#answers.sendAway(operation, poll, decision.delayMs);
  }

  #applyRemedy(
    operation: Operation,
    diagnosis: Diagnosis,
    name: string,
    poll: Poll,
    response: PipelineResponse | undefined,
  ): Promise<PipelineResponse> {
    return this.#answers.begin(operation, poll, async (carrier) => {
      const draft = resubmissionOf(operation.first, poll.request);
      const { remedyRuns: runs, remedyNotes: notes, startedAt, afterwards, created } = operation;
      const patient = { request: draft, carrier, runs, notes, startedAt, afterwards, created };
      const failure = await this.#calls.remedies.apply(name, diagnosis, patient);
      if (failure) {
        const { message, cause } = failure;
        return (last) =>
          this.#answers.fail(operation, last, () =>
            this.#answers.giveUp(operation, diagnosis, `the remedy ${name} failed: ${message}`, last, {
              response,
              cause,
            }),
          );
      }
      const { url, body } = draft;
      operation.first = { ...operation.first, url, headers: withoutToken(draft), ...(body !== undefined && { body }) };
      return (last) => this.resubmit(operation, last);
    });
  }

  /** Sends the first request again, with the poll's fresh token. What it brings is judged like everything else. */
  async resubmit(operation: Operation, poll: Poll): Promise<PipelineResponse> {
    const { request, next } = poll;
    const resubmission = resubmissionOf(operation.first, request);
    const call = newCall(resubmission, next, this.#now, { nested: true, ...patienceOf(operation) });
    let outcome: Outcome | undefined;
    try {
      outcome = await this.#calls.attempt(call);
    } catch (error) {
      return this.#notSent(operation, poll, error);
    }
    // The circuit is open.
    if (!outcome) return this.#postpone(operation, poll, this.#calls.settings.circuitBreaker?.probeAfterMs ?? busyMs);
    operation.deferred = false;
    operation.submissions += 1;
    if (outcome.kind === "error" && request.abortSignal?.aborted) {
      outcome.permit.settle();
      throw isAbort(outcome.error) ? outcome.error : new AbortError();
    }
    const response = outcome.kind === "answer" ? outcome.response : undefined;
    const isGone = resubmission.method === "DELETE" && response?.status === 404;
    if (!response || !(isFine(resubmission, response) || isGone)) {
      const diagnosis = this.#calls.verdicts.explain(outcome, resubmission);
      operation.mayHaveRun ||= diagnosis.execution === "unknown";
      return this.heal(operation, diagnosis, poll, response, true);
    }
    outcome.permit.settle(response);
    if (this.#operations.follow(operation, resubmission, response, this.#now)) {
      return runningAnswer(operation, request, operation.pollIntervalMs ?? 2_000);
    }
    const target = targetOf(operation);
    return this.#answers.succeed(operation, poll, succeededAnswer(operation, request, target?.url, response));
  }

  /** The throttle did not let a resubmission through: it comes back later, or not in time. */
  #notSent(operation: Operation, poll: Poll, error: unknown): Promise<PipelineResponse> {
    if (error instanceof ThrottleDeadlineError) {
      operation.deferred = true;
      return this.#postpone(operation, poll, error.retryAt - this.#now);
    }
    if (!isRemedyError(error)) throw error;
    const { diagnosis, reason, retryAfterMs } = error;
    return this.#answers.fail(operation, poll, () =>
      this.#answers.giveUp(operation, diagnosis, reason, poll, {
        cause: error.cause,
        retryAfterMs,
        isUnknown: operation.mayHaveRun,
      }),
    );
  }

  #postpone(operation: Operation, poll: Poll, waitMs: number): Promise<PipelineResponse> {
    operation.plan = { kind: "resubmit", dueAt: this.#now + waitMs };
    return this.#answers.comeBackIn(operation, poll, waitMs);
  }

  async readBack(operation: Operation, plan: Plan & { kind: "read" }, poll: Poll): Promise<PipelineResponse> {
    const { request, next } = poll;
    const call = newCall(request, next, this.#now, { nested: true, ...patienceOf(operation) });
    const look = await this.#calls.readings.look(call, plan.target);
    if ("againInMs" in look) {
      operation.deferred = look.unsent;
      operation.plan = { ...plan, dueAt: this.#now + look.againInMs };
      return this.#answers.comeBackIn(operation, poll, look.againInMs);
    }
    operation.deferred = false;
    const { reading, response } = look;
    const { lastSeen } = reading;
    if (reading.kind === "succeeded") {
      const answer = succeededAnswer(operation, request, plan.target.url, response);
      return this.#answers.succeed(operation, poll, answer, `read back: ${lastSeen}`);
    }
    if (reading.kind === "failed") {
      const diagnosis = reading.error === undefined ? plan.diagnosis : this.#calls.verdicts.diagnose(reading.error);
      return this.#answers.fail(operation, poll, () =>
        this.#answers.giveUp(operation, diagnosis, `read back: ${lastSeen}`, poll, { response: plan.response }),
      );
    }
    const delayMs = Math.min(5_000 * 2 ** Math.min(plan.reads, 3), 30_000);
    const hopeless = this.#pastBudget(operation, delayMs);
    if (hopeless) {
      return this.#answers.fail(operation, poll, () =>
        this.#answers.giveUp(operation, plan.diagnosis, `outcome unknown, last seen: ${lastSeen}; ${hopeless}`, poll, {
          response: plan.response,
          stillRuns: true,
        }),
      );
    }
    operation.plan = { ...plan, dueAt: this.#now + delayMs, reads: plan.reads + 1, lastSeen };
    this.#tellReading(operation, plan.diagnosis, "not known yet", lastSeen);
    return this.#answers.sendAway(operation, poll, delayMs);
  }

  #pastBudget(operation: Operation, delayMs: number): string | undefined {
    const { settings } = this.#calls;
    const now = this.#now;
    const left = remainingMs(settings, now);
    if (left !== undefined && delayMs >= left) return "the deadline has come";
    const elapsedMs = now - (operation.firstFailureAt ?? now);
    return elapsedMs + delayMs > settings.maxElapsedMs ? "the budget is used up" : undefined;
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

  get #now(): number {
    return this.#calls.settings.clock.now();
  }
}

function withoutToken(request: PipelineRequest): Record<string, string> {
  const headers = request.headers.toJSON();
  delete headers["authorization"];
  return headers;
}
