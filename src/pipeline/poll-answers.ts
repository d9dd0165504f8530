/**
 * What a poller is told: to come back, or how the operation ended.
 *
 * Nothing is sent in a poll after a wait of its own: the poller is told to come back ("still running, again in 20 s"), and
 * one that was aborted does not. arm-compute 22 gives the signal of `pollUntilDone` no way into a poll that is under way.
 */
import type { PipelineResponse } from "@azure/core-rest-pipeline";
import type { Diagnosis } from "../catalog/diagnosis.js";
import { Errand, shortWaitMs } from "../lro/errand.js";
import type { Ending, Operation, Poll } from "../lro/operation.js";
import type { Operations } from "../lro/operations.js";
import { runningAnswer } from "../lro/poll.js";
import { resumeInfo, type ResumeInfo } from "../lro/resume.js";
import { eventRequest, noteFailure } from "./call.js";
import type { Calls } from "./calls.js";
import { remainingMs } from "./options.js";
import type { RemedyError } from "./remedy-error.js";

/** What a poll may wait for a closed window of the throttle. Sent away once, it waits in line with the others. */
export const patienceMs = 2_000;

/** What another poll of an operation is told while one works on it. */
export const busyMs = 2_000;

export function patienceOf({ deferred }: Operation): { patienceMs?: number } {
  return deferred ? {} : { patienceMs };
}

export class PollAnswers {
  readonly #calls: Calls;
  readonly #operations: Operations;

  constructor(calls: Calls, operations: Operations) {
    this.#calls = calls;
    this.#operations = operations;
  }

  /** Sends the poller away for a while, unless that would pass the deadline. */
  comeBackIn(operation: Operation, poll: Poll, waitMs: number): Promise<PipelineResponse> {
    this.checkDeadline(operation, poll, waitMs, undefined);
    return this.sendAway(operation, poll, waitMs);
  }

  /**
   * "Still running, come back." Where the caller's signal reaches the poll, most of the wait is spent here: a poller's own
   * does not end on the signal that its call was given. The last second is always the poller's, so that one whose
   * `pollUntilDone` was aborted does not come back for what is due then.
   */
  async sendAway(operation: Operation, { request }: Poll, waitMs: number): Promise<PipelineResponse> {
    // Pollers wait in whole seconds.
    const wholeMs = Math.max(1, Math.ceil(waitMs / 1_000)) * 1_000;
    const heldMs = request.abortSignal ? wholeMs - shortWaitMs : 0;
    if (heldMs > 0) await this.#calls.settings.clock.sleep(heldMs, request.abortSignal);
    return runningAnswer(operation, request, wholeMs - heldMs);
  }

  /** A poller that would wait past the deadline of a healthy operation: its caller is told in time, with the means to go on elsewhere. */
  checkDeadline(operation: Operation, poll: Poll, waitMs: number, response: PipelineResponse | undefined): void {
    const left = remainingMs(this.#calls.settings, this.#now);
    if (left === undefined || waitMs < left) return;
    const diagnosis = this.#calls.verdicts.diagnose({
      error: { code: "DeadlineReached", message: "The deadline came while the operation was still running." },
    });
    const reason = "the deadline has come; the operation is still running";
    noteFailure(operation.failures, diagnosis, { action: "fail", outcome: "unknown", reason }, this.#now);
    throw this.giveUp(operation, diagnosis, reason, poll, { response, stillRuns: true, retryAfterMs: waitMs });
  }

  /** Begins work that may take minutes, and carries it as far as this poll can. */
  begin(
    operation: Operation,
    poll: Poll,
    work: (carrier: NonNullable<Operation["carrier"]>) => Promise<Ending>,
  ): Promise<PipelineResponse> {
    const { clock } = this.#calls.settings;
    const carrier = (operation.carrier ??= { ...poll, clock });
    const errand = new Errand(carrier, clock, () => work(carrier));
    operation.plan = { kind: "errand", errand };
    return this.carry(operation, errand, poll);
  }

  async carry(operation: Operation, errand: Errand<Ending>, poll: Poll): Promise<PipelineResponse> {
    const turn = await errand.carry(poll.request, poll.next);
    // Work that is short of time says so itself: no deadline is checked here.
    return "waitMs" in turn ? this.sendAway(operation, poll, turn.waitMs) : turn.end(poll);
  }

  succeed(operation: Operation, poll: Poll, response: PipelineResponse, reason?: string): Promise<PipelineResponse> {
    return this.#end(operation, poll, () => {
      this.#operations.end(operation, response);
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
    });
  }

  fail(operation: Operation, poll: Poll, error: () => RemedyError): Promise<PipelineResponse> {
    return this.#end(operation, poll, () => {
      throw error();
    });
  }

  /** Runs what remedies left to do after the end, then ends so. What fails there is reported and hides nothing. */
  async #end(operation: Operation, poll: Poll, ending: () => PipelineResponse): Promise<PipelineResponse> {
    const { afterwards } = operation;
    if (afterwards.length === 0) return ending();
    return this.begin(operation, poll, async () => {
      await this.#calls.verdicts.finish(afterwards);
      return ending;
    });
  }

  giveUp(
    operation: Operation,
    diagnosis: Diagnosis,
    reason: string,
    poll: Poll,
    more: {
      response?: PipelineResponse | undefined;
      retryAfterMs?: number | undefined;
      cause?: unknown;
      /** It may have taken effect. */
      isUnknown?: boolean;
      /** The operation has not ended, or may still: another process can go on with it. */
      stillRuns?: boolean;
    },
  ): RemedyError {
    if (operation.failures.length === 0)
      noteFailure(operation.failures, diagnosis, { action: "fail", outcome: "failed", reason }, this.#now);
    return this.#calls.verdicts.errorOf({
      request: operation.first,
      liveRequest: poll.request,
      diagnosis,
      attempts: operation.failures,
      startedAt: operation.startedAt,
      reason,
      outcome: more.isUnknown === true || more.stillRuns === true ? "unknown" : "failed",
      response: more.response,
      retryAfterMs: more.retryAfterMs,
      cause: more.cause,
      resume: more.stillRuns ? resumeOf(operation) : undefined,
    });
  }

  get #now(): number {
    return this.#calls.settings.clock.now();
  }
}

/** While a resource is read, its own state is what a poller in another process can follow. */
function resumeOf({ first, plan, mode, operationUrl, resourceUrl }: Operation): ResumeInfo {
  const { method, url } = first;
  if (plan.kind === "read" && plan.target.kind === "provisioning") {
    return resumeInfo({ method, url, mode: "body", operationUrl: url });
  }
  return resumeInfo({ method, url, mode, operationUrl, resourceUrl });
}
