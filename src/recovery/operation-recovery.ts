/**
 * A long-running operation as the subject of recovery, for the length of one poll: its first request is sent again, or
 * the resource is read, or a remedy runs, and the poller is told that everything is still in progress.
 *
 * Nothing is sent in a poll after a wait of its own: the poller is deferred ("still running, again in 20 s"), and an
 * aborted one does not come back. In arm-compute 22 the signal of `pollUntilDone` does not reach a poll in progress.
 */
import type { PipelineResponse } from "@azure/core-rest-pipeline";
import type { Diagnosis } from "../catalog/diagnosis.js";
import type { RetryAllowance } from "../decision/allowance.js";
import type { Decision, Situation } from "../decision/decide.js";
import { actionOf } from "../decision/idempotency.js";
import type { FirstRequest, Operation, Plan, Poll, RemedyProgress } from "../lro/operation.js";
import { contradicts } from "../lro/as-asked.js";
import { jsonOf } from "../lro/json-body.js";
import { resultOf, type Operations } from "../lro/operations.js";
import { askedWaitMs, isCanceled, progressOf, runningResponse, succeededResponse, translate } from "../lro/poll.js";
import { PollDrivenTask, shortWaitMs, type SendContext } from "../lro/poll-driven-task.js";
import { targetOf, type ReadTarget } from "../lro/read-back.js";
import { withoutCredentials } from "../lro/resubmission.js";
import { resumeInfo, type ResumeInfo } from "../lro/resume.js";
import { untilDue, type DueTime } from "../time/clock.js";
import { callOfOperation, type TracedCall } from "./call-tracer.js";
import { readWatched } from "./conflict-reader.js";
import { conflictWatchOf, watchedUrlOf, type WatchedState } from "./conflict-watch.js";
import { diagnoseInput, diagnoseResponse, diagnoseSend } from "./diagnosing.js";
import type { Engine } from "./engine.js";
import { asAnswered, type Evidence, type Finding } from "./evidence.js";
import { aboutRequest, failureOf, type EventSubject } from "./events.js";
import { resubmissionOf } from "./own-request.js";
import {
  noteAttempt,
  pastBudget,
  readOnce,
  recover,
  reportRecovered,
  windowClosed,
  type Diagnosed,
  type GivenUp,
  type Pending,
  type Progress,
  type ReadStep,
  type Step,
  type Subject,
  type Wait,
} from "./recover.js";
import type { RemedyError } from "./remedy-error.js";
import { pollRequest } from "./request-recovery.js";
import { newRequestState, type FailedEnd, type PollResult } from "./request-state.js";
import { isAsAskedIn, lookOf, readingOf } from "./resource-reader.js";
import { isPollTrouble, isSuccess } from "./responses.js";
import { throwIfAborted, type SendOutcome } from "./sender.js";
import { remainingMs, type Settings } from "./settings.js";

/** How long a poll may wait for a closed window of the throttle. Once deferred, it waits in line with the others. */
const maxQueueWaitMs = 2_000;

/** How long another poll of an operation is deferred while one works on it. */
export const busyMs = 2_000;

/** How an operation failed: by its poll, or by a resubmission that was not accepted. */
type Failure =
  | { readonly response: PipelineResponse | undefined; readonly diagnosis: Diagnosis; readonly refusal?: undefined }
  | { readonly response: PipelineResponse | undefined; readonly refusal: SendOutcome };

type OperationStep = Step<PipelineResponse, Failure>;
/** How a task ends, in the poll that finds it done. */
type TaskEnding = (recovery: OperationRecovery) => Promise<OperationStep>;
type Cause = Diagnosed<Failure>;

export class OperationRecovery implements Subject<PipelineResponse, Failure> {
  readonly kind = "operation";
  readonly settings: Settings;
  readonly allowance: RetryAllowance;
  readonly #engine: Engine;
  readonly #operations: Operations;
  readonly #operation: Operation;
  readonly #poll: Poll;
  /** What refused the last submission, where another operation did. */
  #conflict: Diagnosis | undefined;

  constructor(engine: Engine, operations: Operations, operation: Operation, poll: Poll) {
    this.settings = engine.settings;
    this.allowance = engine.allowance;
    this.#engine = engine;
    this.#operations = operations;
    this.#operation = operation;
    this.#poll = poll;
  }

  get progress(): Progress {
    const { failures: attempts, submissions: sends, retries, startedAt } = this.#operation;
    return { attempts, sends, retries, startedAt };
  }

  get budgetStartedAt(): number {
    return this.#operation.firstFailureAt ?? this.#now;
  }

  get about(): EventSubject {
    return aboutRequest(this.#operation.first);
  }

  get call(): TracedCall | undefined {
    return callOfOperation(this.#operation);
  }

  get repairable(): { request: FirstRequest; remedies: RemedyProgress } {
    return { request: this.#operation.first, remedies: this.#operation.remedies };
  }

  /**
   * Does what is due, and recovers the operation if that shows its failure. @throws RemedyError if it has failed for
   * good
   */
  async answerPoll(ask: () => Promise<PollResult>): Promise<PipelineResponse> {
    const { first, remedies } = this.#operation;
    const { abortSignal } = this.#poll.request;
    try {
      return await recover(await this.#nextStep(ask), this);
    } catch (error) {
      if (!abortSignal?.aborted) throw error;
      throw this.#engine.remedies.abandoned(remedies, first, error);
    } finally {
      this.#reportAbort();
    }
  }

  /** Between two polls nobody asks us, and an abort ends the poller by itself. */
  #reportAbort(): void {
    const { first, remedies } = this.#operation;
    const { abortSignal } = this.#poll.request;
    if (remedies.cleanups.length === 0 || !abortSignal || remedies.watched === abortSignal) return;
    remedies.watched = abortSignal;
    abortSignal.addEventListener("abort", () => void this.#engine.remedies.abandon(remedies, first));
  }

  async #nextStep(ask: () => Promise<PollResult>): Promise<OperationStep> {
    const plan = this.#operation.plan as Plan<PollDrivenTask<TaskEnding>, ReadStep<Failure>>;
    if (plan.kind === "task") return this.#drive(plan.task);
    const leftMs = untilDue(plan, this.#now);
    if (leftMs > shortWaitMs) return this.#deferPoll(leftMs);
    // A poller that comes slightly early is kept, not deferred for another second.
    if (leftMs > 0) await this.settings.clock.sleep(leftMs, this.#poll.request.abortSignal);
    switch (plan.kind) {
      case "follow":
        return this.#follow(ask);
      case "send":
        return this.send();
      case "watch":
        return (await this.#watchConflict()) ?? this.send();
      case "read":
        return readOnce(plan.read, this);
    }
  }

  /** Asks for the operation's status. */
  async #follow(ask: () => Promise<PollResult>): Promise<OperationStep> {
    const operation = this.#operation;
    const asked = await ask();
    operation.deferred = asked.kind === "deferred" && asked.unsent;
    switch (asked.kind) {
      case "deferred":
        operation.plan = { kind: "follow", ...this.#dueIn(asked.waitMs) };
        return this.#deferPoll(asked.waitMs);
      case "failed":
        return this.#pollFailed(asked);
      case "response":
        return this.#judgeStatus(asked.response);
    }
  }

  async #judgeStatus(response: PipelineResponse): Promise<OperationStep> {
    const operation = this.#operation;
    const { request } = this.#poll;
    // A claims challenge: the outer bearer policy answers it and sends the poll again.
    if (response.status === 401) return { kind: "end", end: response };
    if (operation.pollMode === "body" && response.status === 200 && isDocument(response))
      operation.lastSeenResource = response.bodyAsText ?? undefined;
    const progress = progressOf(response, operation.mode);
    switch (progress) {
      case "failed":
        return this.#judgeFailure(response);
      case "running":
        this.#operations.moveTo(operation, response);
        this.#checkDeadline(askedWaitMs(response) ?? operation.pollIntervalMs ?? 2_000, response);
        return { kind: "end", end: translate(operation, request, response, progress) };
      case "succeeded":
        if (this.#saysNothing(response)) return this.#askAgain(response);
        if (this.#isUnproven(response)) return this.#doubt(response, notAsAsked);
        return this.#succeed(translate(operation, request, response, progress));
    }
  }

  /** A resource that was there before says Succeeded whatever became of the write, and here the SDK would have given up. */
  #isUnproven(response: PipelineResponse): boolean {
    const { mode, hadTrouble, first } = this.#operation;
    if (mode !== "body" || !hadTrouble || typeof first.body !== "string") return false;
    return contradicts(jsonOf({ bodyAsText: first.body }), jsonOf(response));
  }

  /** A poller takes a 200 that it cannot read for the end, but here the SDK would have given up before. */
  #saysNothing(response: PipelineResponse): boolean {
    const { mode, hadTrouble } = this.#operation;
    return hadTrouble && mode !== "location" && response.status === 200 && !isDocument(response);
  }

  #askAgain(response: PipelineResponse): Promise<OperationStep> | OperationStep {
    const operation = this.#operation;
    operation.unreadable += 1;
    if (operation.unreadable > mostUnreadable) return this.#doubt(response, unreadable);
    const waitMs = operation.pollIntervalMs ?? 2_000;
    operation.plan = { kind: "follow", ...this.#dueIn(waitMs) };
    return this.#deferPoll(waitMs);
  }

  #doubt(response: PipelineResponse, { code, message, reason }: Doubt): Promise<OperationStep> {
    const diagnosis = diagnoseInput({ error: { code, message } }, this.settings);
    noteAttempt(this, diagnosis, { action: "fail", outcome: "unknown", reason });
    return this.giveUp({ failure: { response, diagnosis }, diagnosis }, { reason, outcome: "unknown" });
  }

  /**
   * Canceled stays canceled: a caller wanted that. Only a write that a newer one replaced may still have taken effect,
   * which the resource shows. What-if answers a query, and a status of Failed is its answer.
   */
  async #judgeFailure(response: PipelineResponse): Promise<OperationStep> {
    const { mode, first } = this.#operation;
    if (mode === "location" && response.status < 400 && actionOf(first.url) === "whatif")
      return this.#succeed(response);
    if (!isCanceled(response, mode)) {
      return { kind: "failed", failure: { response, diagnosis: mayHaveRun(await this.#whyFailed(response)) } };
    }
    const diagnosis = mayHaveRun(diagnoseResponse(response, this.settings));
    const failure = { response, diagnosis };
    if (diagnosis.code === "OperationPreempted" && this.#target) return { kind: "failed", failure };
    const reason = "the operation was canceled";
    noteAttempt(this, diagnosis, { action: "fail", outcome: "failed", reason });
    return this.giveUp({ failure, diagnosis }, { reason, outcome: "failed" });
  }

  /**
   * A poll that failed for good. By `Location`, that is how an operation fails; a 404 means that the service no longer
   * knows the operation, so the resource is read instead. Otherwise the operation goes on, and the error says how to
   * follow it.
   */
  #pollFailed({ diagnosis, attempts, response, reason, cause, retryAfterMs }: FailedEnd): OperationStep {
    const { status = 0 } = diagnosis;
    if (status === 404 && this.#target) {
      return { kind: "failed", failure: { response, diagnosis: { ...diagnosis, disposition: "indeterminate" } } };
    }
    if (this.#operation.mode === "location" && status >= 400 && !isPollTrouble(status)) {
      return { kind: "failed", failure: { response, diagnosis: mayHaveRun(diagnosis) } };
    }
    this.#operation.failures.push(...attempts);
    const why = {
      reason: `polling failed: ${reason}`,
      outcome: "unknown",
      cause,
      retryAfterMs,
      stillRuns: true,
    } as const;
    throw this.#error({ diagnosis, response }, why);
  }

  diagnose(failure: Failure): Diagnosis {
    const operation = this.#operation;
    operation.firstFailureAt ??= this.#now;
    if (!operation.failedUrls.includes(operation.operationUrl)) operation.failedUrls.push(operation.operationUrl);
    this.#conflict = undefined;
    if (!failure.refusal) return failure.diagnosis;
    const diagnosis = diagnoseSend(failure.refusal, this.#poll.request, this.settings);
    if (diagnosis.category === "conflict") this.#conflict = diagnosis;
    operation.mayHaveRun ||= failure.refusal.kind !== "notAdmitted" && diagnosis.execution === "unknown";
    return diagnosis;
  }

  /** A resource in state Failed does not say why; its instance view may. */
  async #whyFailed(response: PipelineResponse): Promise<Diagnosis> {
    const target = this.#operation.mode === "body" ? this.#target : undefined;
    const look = target && (await this.#look(target, maxQueueWaitMs));
    const why = look?.kind === "look" ? look.diagnosis : undefined;
    return why ?? diagnoseResponse(response, this.settings);
  }

  shortcut(cause: Cause): Promise<OperationStep | undefined> {
    const { refusal } = cause.failure;
    if (refusal?.kind !== "notAdmitted") return Promise.resolve(undefined);
    const outcome = this.#operation.mayHaveRun ? "unknown" : "failed";
    return this.giveUp(cause, { ...windowClosed(refusal.waitMs, outcome), cause: refusal.error });
  }

  /** A submission that the service refused has its own retries; the operation's are resubmissions. */
  situation({ failure: { refusal } }: Cause): Situation {
    const { first, refusals } = this.#operation;
    const { maxRetries, maxResubmissions } = this.settings;
    return {
      ...(refusal ? { attempt: refusals + 1, retries: refusals, maxRetries } : { maxRetries: maxResubmissions }),
      method: first.method,
      url: first.url,
      readable: this.#target !== undefined,
      repeatable: first.repeatable,
    };
  }

  countRetry({ failure: { refusal } }: Cause): void {
    if (refusal) this.#operation.refusals += 1;
    else this.#operation.retries += 1;
  }

  reconsider(decision: Decision, { diagnosis }: Cause): Decision {
    if (decision.action !== "fail" || !this.#operation.mayHaveRun) return decision;
    if (diagnosis.status !== 409 || !this.#target) return { ...decision, outcome: "unknown" };
    // The conflict is with our own resubmission, whose reply was lost.
    return { action: "readBack", delayMs: 0, reason: "an earlier submission may be running; reading the resource" };
  }

  /** Every wait is the poller's. */
  async pause(step: Wait<Failure>): Promise<OperationStep> {
    const watched = step.kind === "send" && this.#conflict ? await this.#watchConflict(this.#conflict) : undefined;
    if (watched) return watched;
    const due = this.#dueIn(step.delayMs);
    this.#operation.plan = step.kind === "send" ? { kind: "send", ...due } : { kind: "read", ...due, read: step };
    this.call?.waited(step.delayMs, "backoff");
    return this.#deferPoll(step.delayMs);
  }

  /**
   * Defers the poller while the resource shows that another operation is at work on it; undefined when there is nothing (more)
   * to see.
   * @param conflict begins to watch; left out, goes on with it
   */
  async #watchConflict(conflict?: Diagnosis): Promise<OperationStep | undefined> {
    const operation = this.#operation;
    const { first, remedies } = operation;
    // What is at work may be our own, whose reply was lost: then the resource is read, and not written again.
    const isBlind = operation.mayHaveRun || operation.watchesNoMore === true;
    const url = isBlind ? undefined : watchedUrlOf(first.method, first.url);
    if (url === undefined) return undefined;
    const watch = conflictWatchOf(this.settings.throttle);
    const read = (): Promise<WatchedState> =>
      readWatched(this.#engine, url, { ...this.#poll, countedIn: remedies.added });
    const state = await watch.look(url, this.#now, read);
    const waitMs = Math.max(1_000, watch.nextLookMs(url, this.#now));
    if (state !== "busy" || pastBudget(this, waitMs)) {
      operation.watchesNoMore = true;
      return undefined;
    }
    if (conflict) {
      const reason = "another operation is at work on the resource; it is watched until it ends";
      const failure = failureOf(conflict);
      this.settings.reporter.emit({ type: "readBack", at: this.#now, ...this.about, reason, failure }, this.call);
    }
    operation.plan = { kind: "watch", ...this.#dueIn(waitMs) };
    this.call?.waited(waitMs, "backoff");
    return this.#deferPoll(waitMs);
  }

  /** Sends the first request again, with the poll's fresh token. */
  async send(): Promise<OperationStep> {
    const operation = this.#operation;
    const { request, next } = this.#poll;
    const resubmission = resubmissionOf(operation.first, request, operation.ids.correlationId);
    const kind = { nested: true, countedIn: operation.remedies.added, maxQueueWaitMs: this.#maxQueueWaitMs };
    const sent = await this.#engine.attempt(newRequestState(resubmission, next, this.#now, kind));
    operation.deferred = sent.kind === "notAdmitted" && sent.isEarly;
    if (sent.kind === "circuitOpen" || (sent.kind === "notAdmitted" && sent.isEarly))
      return { kind: "send", delayMs: sent.waitMs };
    if (sent.kind === "notAdmitted") return { kind: "failed", failure: { response: undefined, refusal: sent } };
    operation.submissions += 1;
    throwIfAborted(sent, request);
    const response = sent.kind === "response" ? sent.response : undefined;
    const isGone = resubmission.method === "DELETE" && response?.status === 404;
    if (!response || !(isSuccess(resubmission, response) || isGone)) {
      return { kind: "failed", failure: { response, refusal: sent } };
    }
    sent.permit.settle(response);
    if (this.#operations.follow(operation, resubmission, response, this.#now)) {
      return { kind: "end", end: runningResponse(operation, request, operation.pollIntervalMs ?? 2_000) };
    }
    return this.#succeed(succeededResponse(operation, request, this.#target?.url, response));
  }

  async read(step: ReadStep<Failure>): Promise<OperationStep | Pending> {
    const operation = this.#operation;
    const target = this.#target;
    if (!target) return { kind: "pending", lastSeen: "nothing" };
    const look = await this.#look(target, this.#maxQueueWaitMs);
    operation.deferred = look.kind === "deferred" && look.unsent;
    if (look.kind === "deferred") return { ...step, delayMs: look.waitMs };
    const { reading, diagnosis = step.cause.diagnosis, response } = look;
    const { lastSeen } = reading;
    switch (reading.kind) {
      case "succeeded": {
        if (target.kind === "provisioning" && !isAsAskedIn(response, operation.first, operation.startedAt, this.#now)) {
          const reason = `outcome unknown: ${lastSeen}, but it does not show what was asked for`;
          return this.giveUp(step.cause, { reason, outcome: "unknown" });
        }
        const end = succeededResponse(operation, this.#poll.request, target.url, response);
        return this.#succeed(end, `read back: ${lastSeen}`);
      }
      case "failed":
        if (response.status === 404) return this.#notThere(step, diagnosis, lastSeen);
        return this.giveUp({ ...step.cause, diagnosis }, { reason: `read back: ${lastSeen}`, outcome: "failed" });
      case "pending":
        return { kind: "pending", lastSeen };
    }
  }

  /** A replica may not know yet what another has; and what nobody finds may still come. */
  #notThere(
    { cause, reads }: ReadStep<Failure>,
    diagnosis: Diagnosis,
    lastSeen: string,
  ): Promise<OperationStep> | Pending {
    if (reads < mostReadsOfMissing) return { kind: "pending", lastSeen };
    return this.giveUp(
      { ...cause, diagnosis },
      { reason: `outcome unknown: read back: ${lastSeen}`, outcome: "unknown" },
    );
  }

  async #look(
    target: ReadTarget,
    queueWaitMs: number | undefined,
  ): Promise<ReturnType<typeof lookOf> | (PollResult & { kind: "deferred" })> {
    const reading = readingOf(target, this.#poll, this.#now, {
      maxQueueWaitMs: queueWaitMs,
      countedIn: this.#operation.remedies.added,
    });
    const end = await pollRequest(this.#engine, reading);
    return end.kind === "deferred" ? end : lookOf(target, reading, end, this.settings);
  }

  async apply(name: string, cause: Cause): Promise<OperationStep> {
    const operation = this.#operation;
    return this.#begin(async (context) => {
      const draft = resubmissionOf(operation.first, this.#poll.request, operation.ids.correlationId);
      const { remedies, startedAt, created } = operation;
      const target = { ...remedies, context, request: draft, startedAt, created };
      const failed = await this.#engine.remedies.apply(name, cause.diagnosis, target);
      if (failed) {
        const reason = `the remedy ${name} failed: ${failed.message}`;
        return (recovery) => recovery.giveUp(cause, { reason, outcome: "failed", cause: failed.cause });
      }
      const { url, body } = draft;
      const headers = withoutCredentials(draft);
      operation.first = { ...operation.first, url, headers, ...(body !== undefined && { body }) };
      return (recovery) => recovery.send();
    });
  }

  /** Begins work that may take minutes, and drives it as far as this poll can. */
  async #begin(work: (context: SendContext) => Promise<TaskEnding>): Promise<OperationStep> {
    const { clock } = this.settings;
    const operation = this.#operation;
    const context = (operation.remedies.context ??= { ...this.#poll, clock });
    const task = new PollDrivenTask(context, clock, () => work(context));
    operation.plan = { kind: "task", task };
    return this.#drive(task);
  }

  /** The poll that finds the task done continues with its ending. */
  async #drive(task: PollDrivenTask<TaskEnding>): Promise<OperationStep> {
    const turn = await task.drive(this.#poll.request, this.#poll.next);
    // Work that runs out of time reports it itself: no deadline is checked here.
    return "waitMs" in turn ? { kind: "end", end: await this.#sendAway(turn.waitMs) } : turn.end(this);
  }

  #succeed(response: PipelineResponse, reason?: string): Promise<OperationStep> {
    const { first, startedAt, created, remedies } = this.#operation;
    const how = { startedAt, created: created !== undefined };
    const lookAfter = this.#engine.remedies.succeeded(first, how, remedies.added);
    if (!lookAfter) return this.#endWell(response, reason);
    return this.#begin(async (context) => {
      await lookAfter(context);
      return (recovery) => recovery.#endWell({ ...response, request: recovery.#poll.request }, reason);
    });
  }

  #endWell(response: PipelineResponse, reason: string | undefined): Promise<OperationStep> {
    return this.#end(() => {
      if (this.#operation.failures.length > 0) reportRecovered(this, reason);
      this.#engine.recentWork.note(this.#operation.first, this.#now);
      this.#operations.end(this.#operation, response);
      const result = resultOf(this.#operation, response, this.#now);
      if (result) this.#operations.expectResult(result.url, result.expected);
      return response;
    });
  }

  async investigate({ failure, diagnosis }: Cause): Promise<Evidence | undefined> {
    if (!this.#engine.investigates || failure.refusal?.kind === "notAdmitted") return undefined;
    const operation = this.#operation;
    const { first, startedAt, submissions: attempts, ids } = operation;
    const refusal = failure.refusal?.kind === "response" ? failure.refusal.response : undefined;
    const response = failure.response ?? refusal;
    const { added } = operation.remedies;
    const target = {
      owner: operation,
      added,
      failed: first,
      ...this.#poll,
      startedAt,
      attempts,
      response,
      correlationId: ids.correlationId,
    };
    return this.#engine.investigator.look(asAnswered(diagnosis), target);
  }

  async giveUp(cause: Cause, why: GivenUp): Promise<OperationStep> {
    const { response } = cause.failure;
    const found = await this.investigate(cause);
    const diagnosis = found?.diagnosis ?? cause.diagnosis;
    return this.#end(() => {
      throw this.#error({ diagnosis, response }, why, found?.findings);
    });
  }

  /** Runs what remedies left to do at the end, then ends. */
  async #end(ending: () => PipelineResponse): Promise<OperationStep> {
    const { cleanups } = this.#operation.remedies;
    const end = (): OperationStep => ({ kind: "end", end: ending() });
    if (cleanups.length === 0) return end();
    return this.#begin(async () => {
      await this.#engine.remedies.runCleanups(cleanups);
      return () => Promise.resolve().then(end);
    });
  }

  #error(
    { diagnosis, response }: { diagnosis: Diagnosis; response: PipelineResponse | undefined },
    { stillRuns = false, outcome, reason, retryAfterMs, cause }: GivenUp,
    evidence?: readonly Finding[],
  ): RemedyError {
    const { failures, startedAt, ids, earlierMayHaveRun } = this.#operation;
    if (failures.length === 0) noteAttempt(this, diagnosis, { action: "fail", outcome: "failed", reason });
    return this.#engine.errors.make(
      {
        about: this.about,
        call: this.call,
        request: this.#poll.request,
        addedRequests: this.#operation.remedies.added.count,
        startedAt,
        resume: stillRuns ? this.#resume : undefined,
      },
      {
        diagnosis: { ...diagnosis, ...ids },
        attempts: failures,
        reason,
        outcome: stillRuns || earlierMayHaveRun ? "unknown" : outcome,
        response,
        retryAfterMs,
        cause,
        evidence,
      },
    );
  }

  /** Defers the poller, unless that would pass the deadline. */
  async #deferPoll(waitMs: number): Promise<OperationStep> {
    this.#checkDeadline(waitMs, undefined);
    return { kind: "end", end: await this.#sendAway(waitMs) };
  }

  /**
   * "Still running, come back later." If the caller's signal reaches the poll, most of the wait is spent here: a
   * poller's own wait does not end on the signal given to its call. The last second is always the poller's, so that one
   * whose `pollUntilDone` was aborted does not come back for what is due then.
   */
  async #sendAway(waitMs: number): Promise<PipelineResponse> {
    const { request } = this.#poll;
    // Pollers wait in whole seconds.
    const wholeMs = Math.max(1, Math.ceil(waitMs / 1_000)) * 1_000;
    const heldMs = request.abortSignal ? wholeMs - shortWaitMs : 0;
    if (heldMs > 0) await this.settings.clock.sleep(heldMs, request.abortSignal);
    return runningResponse(this.#operation, request, wholeMs - heldMs);
  }

  /**
   * If a poller would wait past the deadline of a healthy operation, it learns so in time, with the means to continue
   * elsewhere.
   */
  #checkDeadline(waitMs: number, response: PipelineResponse | undefined): void {
    const left = remainingMs(this.settings, this.#now);
    if (left === undefined || waitMs < left) return;
    const error = { code: "DeadlineReached", message: "The deadline came while the operation was still running." };
    const diagnosis = diagnoseInput({ error }, this.settings);
    const reason = "the deadline has passed; the operation is still running";
    noteAttempt(this, diagnosis, { action: "fail", outcome: "unknown", reason });
    throw this.#error({ diagnosis, response }, { reason, outcome: "unknown", retryAfterMs: waitMs, stillRuns: true });
  }

  /** While a resource is read, a poller in another process can follow the resource's own state. */
  get #resume(): ResumeInfo {
    const { first, plan, mode, operationUrl, resourceUrl } = this.#operation;
    const { method, url } = first;
    return plan.kind === "read" && this.#target?.kind === "provisioning"
      ? resumeInfo({ method, url, mode: "body", operationUrl: url })
      : resumeInfo({ method, url, mode, operationUrl, resourceUrl });
  }

  get #target(): ReadTarget | undefined {
    return targetOf(this.#operation);
  }

  get #maxQueueWaitMs(): number | undefined {
    return queueWaitOf(this.#operation);
  }

  get #now(): number {
    return this.settings.clock.now();
  }

  #dueIn(ms: number): DueTime {
    const begunAt = this.#now;
    return { begunAt, dueAt: begunAt + ms };
  }
}

interface Doubt {
  readonly code: string;
  readonly message: string;
  readonly reason: string;
}

const notAsAsked: Doubt = {
  code: "ResourceNotAsAsked",
  message: "The resource is in state Succeeded, but is not as requested.",
  reason: "outcome unknown: the resource has settled, but it does not show what was asked for",
};

const unreadable: Doubt = {
  code: "StatusNotReadable",
  message: "The status of the operation was answered with 200, but without anything that says how it goes.",
  reason: "outcome unknown: the operation's status cannot be read",
};

/** Unreadable answers for one operation. */
const mostUnreadable = 5;

function isDocument(response: PipelineResponse): boolean {
  const body = jsonOf(response);
  return typeof body === "object" && body !== null && !Array.isArray(body);
}

/** A minute in all. */
const mostReadsOfMissing = 4;

export const queueWaitOf = ({ deferred }: Operation): number | undefined => (deferred ? undefined : maxQueueWaitMs);

/** An accepted request may have run in part, whatever its operation failed of. */
function mayHaveRun(diagnosis: Diagnosis): Diagnosis {
  return { ...diagnosis, execution: "unknown" };
}
