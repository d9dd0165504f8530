/**
 * Polls of long-running operations. A poll that brings a failure is where the operation is healed: its first request is
 * sent again, or the resource is read, or a remedy runs, and the poller is told that all is still in progress.
 *
 * Nothing is sent in a poll after a wait of its own: the poller is told to come back ("still running, again in 20 s"), and
 * one that was aborted does not. arm-compute 22 gives the signal of `pollUntilDone` no way into a poll that is under way.
 */
import type { PipelineRequest, PipelineResponse, SendRequest } from "@azure/core-rest-pipeline";
import type { Diagnosis } from "../catalog/diagnosis.js";
import { decide, type Decision } from "../decision/decide.js";
import { Errand, shortWaitMs } from "../supervisor/errand.js";
import type { Ending, Operation, Plan, Poll } from "../supervisor/operation.js";
import { sharedOperations, type Operations } from "../supervisor/operations.js";
import {
  isForeignFailure,
  looksLikeOperation,
  progressOf,
  runningAnswer,
  succeededAnswer,
  translate,
} from "../supervisor/poll.js";
import { readTargetOf, type ReadTarget } from "../supervisor/read-back.js";
import { resubmissionOf } from "../supervisor/resubmission.js";
import { resumeInfo, type ResumeInfo } from "../supervisor/resume.js";
import { ThrottleDeadlineError } from "../throttle/throttle.js";
import { AbortError } from "../time/clock.js";
import { eventRequest, newCall, noteFailure, type Call } from "./call.js";
import { isFine, type Asked, type Calls } from "./calls.js";
import { failureOf } from "./events.js";
import { remainingMs } from "./options.js";
import { isRemedyError, type RemedyError } from "./remedy-error.js";
import { fittingRemedies, letLearn } from "./remedy-runner.js";
import { isAbort, type Outcome } from "./sender.js";

/** What a poll may wait for a closed window of the throttle. Sent away once, it waits in line with the others. */
const patienceMs = 2_000;

/** What another poll of an operation is told while one works on it. */
const busyMs = 2_000;

export class Polls {
  readonly #calls: Calls;
  readonly #operations: Operations;
  /** The call of a poll that failed and is made again; it knows what was tried. */
  readonly #troubled = new WeakMap<Operation, Call>();

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
    if (!isForeignFailure(request, response)) return;
    const diagnosis = this.#diagnose(response);
    const reason = "the operation was begun elsewhere; its first request is not known here and is not sent again";
    const now = this.#now;
    const attempts: RemedyError["attempts"][number][] = [];
    noteFailure(attempts, diagnosis, { action: "fail", outcome: "failed", reason }, now);
    throw this.#calls.errorOf({ request, diagnosis, attempts, startedAt: now, reason, response });
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
    if (plan.kind === "errand") return this.#carry(operation, plan.errand, poll);
    const leftMs = plan.dueAt - this.#now;
    if (leftMs > shortWaitMs) return this.#comeBackIn(operation, poll, leftMs);
    // A poller that comes a moment early is kept, not sent away for another second.
    if (leftMs > 0) await this.#calls.settings.clock.sleep(leftMs, poll.request.abortSignal);
    switch (plan.kind) {
      case "follow":
        return this.#follow(operation, poll);
      case "resubmit":
        return this.#resubmit(operation, poll);
      case "read":
        return this.#readBack(operation, plan, poll);
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
      return this.#comeBackIn(operation, poll, asked.againInMs);
    }
    const { response } = asked;
    // A claims challenge: the bearer policy outside answers it, and sends the poll again.
    if (response.status === 401) return response;
    if (operation.pollMode === "body" && response.status === 200)
      operation.lastSeenResource = response.bodyAsText ?? undefined;
    const progress = progressOf(response, operation.mode);
    if (progress === "failed") {
      const diagnosis = await this.#whyFailed(operation, poll, response);
      return this.#heal(operation, this.#accepted(diagnosis), poll, response);
    }
    if (progress === "running") {
      this.#checkDeadline(operation, poll, waitOf(response) ?? operation.pollIntervalMs ?? 2_000, response);
      return translate(operation, poll.request, response, progress);
    }
    return this.#succeed(operation, poll, translate(operation, poll.request, response, progress));
  }

  /** Asks where the current submission tells its status; the poller may still ask at the URL of an earlier one. */
  async #ask(operation: Operation, { request, next }: Poll): Promise<Asked> {
    const { url } = request;
    const before = this.#troubled.get(operation);
    const fresh = newCall(request, next, this.#now, { poll: operation.mode, ...this.#patienceOf(operation) });
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
    const target = operation.mode === "body" ? this.#targetOf(operation) : undefined;
    if (target === undefined) return this.#diagnose(response);
    const look = await this.#calls.look(newCall(request, next, this.#now, { nested: true, patienceMs }), target);
    const why = "reading" in look && "error" in look.reading ? look.reading.error : undefined;
    return why === undefined ? this.#diagnose(response) : this.#calls.diagnose(why);
  }

  #patienceOf({ deferred }: Operation): { patienceMs?: number } {
    return deferred ? {} : { patienceMs };
  }

  /**
   * A poll that failed for good. By `Location` that is how an operation fails; a 404 means that nobody knows the operation
   * any more, and the resource is asked instead. Otherwise the operation goes on, and the error says how to follow it.
   */
  #pollFailed(operation: Operation, error: RemedyError, poll: Poll): Promise<PipelineResponse> {
    const { statusCode: status = 0, diagnosis, response } = error;
    if (status === 404 && this.#targetOf(operation)) {
      return this.#heal(operation, { ...diagnosis, disposition: "indeterminate" }, poll, response);
    }
    if (operation.mode === "location" && status >= 400 && ![401, 403, 408, 429].includes(status)) {
      return this.#heal(operation, this.#accepted(diagnosis), poll, response);
    }
    operation.failures.push(...error.attempts);
    throw this.#giveUp(operation, diagnosis, `polling failed: ${error.reason}`, poll, {
      response,
      cause: error.cause,
      stillRuns: true,
      retryAfterMs: error.retryAfterMs,
    });
  }

  /** What an accepted request's operation failed of may have run in part, whatever the failure is. */
  #accepted(diagnosis: Diagnosis): Diagnosis {
    return { ...diagnosis, execution: "unknown" };
  }

  /** The operation failed: decides, and answers the poller accordingly. */
  async #heal(
    operation: Operation,
    diagnosis: Diagnosis,
    poll: Poll,
    response: PipelineResponse | undefined,
  ): Promise<PipelineResponse> {
    const now = this.#now;
    operation.firstFailureAt ??= now;
    if (!operation.failedUrls.includes(operation.operationUrl)) operation.failedUrls.push(operation.operationUrl);
    letLearn(this.#calls.settings, diagnosis, operation.first);
    const decision = this.#decide(operation, diagnosis, now);
    noteFailure(operation.failures, diagnosis, decision, now);
    switch (decision.action) {
      case "retry":
        return this.#planResubmission(operation, diagnosis, decision, poll);
      case "readBack":
        return this.#planReading(operation, diagnosis, decision, poll, response);
      case "apply":
        return this.#applyRemedy(operation, diagnosis, decision.remedy, poll, response);
      case "fail":
        return this.#fail(operation, poll, () =>
          this.#giveUp(operation, diagnosis, decision.reason, poll, {
            response,
            retryAfterMs: decision.retryAfterMs,
            isUnknown: decision.outcome === "unknown" || operation.mayHaveRun,
          }),
        );
    }
  }

  #decide(operation: Operation, diagnosis: Diagnosis, now: number): Decision {
    const { settings } = this.#calls;
    const { first } = operation;
    const left = remainingMs(settings, now);
    const remedies = fittingRemedies(settings.remedies, diagnosis, first, operation.remedyRuns);
    const decision = decide(diagnosis, {
      method: first.method,
      url: first.url,
      attempt: operation.submissions,
      retries: operation.retries,
      elapsedMs: now - (operation.firstFailureAt ?? now),
      ...(left !== undefined && { remainingMs: left }),
      maxRetries: settings.maxResubmissions,
      maxElapsedMs: settings.maxElapsedMs,
      readable: this.#targetOf(operation) !== undefined,
      remedies: remedies.map(({ name }) => name),
      allowance: this.#calls.hasAllowance(now),
      random: settings.random(),
    });
    if ((decision.action === "retry" || decision.action === "apply") && !first.repeatable) {
      const reason = `${diagnosis.disposition}, but the first request's body was a stream and cannot be sent twice`;
      return { action: "fail", outcome: "failed", reason };
    }
    // The conflict is with our own resubmission, whose reply was lost: what became of it, the resource tells.
    if (decision.action === "fail" && operation.mayHaveRun && diagnosis.status === 409 && this.#targetOf(operation)) {
      return { action: "readBack", delayMs: 0, reason: "an earlier submission may be at work; the resource will tell" };
    }
    return decision;
  }

  #planResubmission(
    operation: Operation,
    diagnosis: Diagnosis,
    decision: Decision & { action: "retry" },
    poll: Poll,
  ): Promise<PipelineResponse> {
    const { delayMs, reason, counts } = decision;
    if (counts) {
      operation.retries += 1;
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
    return this.#sendAway(operation, poll, delayMs);
  }

  #planReading(
    operation: Operation,
    diagnosis: Diagnosis,
    decision: Decision & { action: "readBack" },
    poll: Poll,
    response: PipelineResponse | undefined,
  ): Promise<PipelineResponse> {
    const target = this.#targetOf(operation);
    // decide() says readBack only where there is something to read.
    if (!target) throw this.#giveUp(operation, diagnosis, decision.reason, poll, { response });
    const dueAt = this.#now + decision.delayMs;
    operation.plan = { kind: "read", target, dueAt, diagnosis, response, reads: 0, lastSeen: undefined };
    this.#tellReading(operation, diagnosis, decision.reason, undefined);
    return this.#sendAway(operation, poll, decision.delayMs);
  }

  #applyRemedy(
    operation: Operation,
    diagnosis: Diagnosis,
    name: string,
    poll: Poll,
    response: PipelineResponse | undefined,
  ): Promise<PipelineResponse> {
    return this.#begin(operation, poll, async (carrier) => {
      const draft = resubmissionOf(operation.first, poll.request);
      const { remedyRuns: runs, remedyNotes: notes, startedAt, afterwards, created } = operation;
      const patient = { request: draft, carrier, runs, notes, startedAt, afterwards, created };
      const failure = await this.#calls.remedies.apply(name, diagnosis, patient);
      if (failure) {
        const { message, cause } = failure;
        return (last) =>
          this.#fail(operation, last, () =>
            this.#giveUp(operation, diagnosis, `the remedy ${name} failed: ${message}`, last, { response, cause }),
          );
      }
      const { url, body } = draft;
      operation.first = { ...operation.first, url, headers: withoutToken(draft), ...(body !== undefined && { body }) };
      return (last) => this.#resubmit(operation, last);
    });
  }

  /** Begins work that may take minutes, and carries it as far as this poll can. */
  #begin(
    operation: Operation,
    poll: Poll,
    work: (carrier: NonNullable<Operation["carrier"]>) => Promise<Ending>,
  ): Promise<PipelineResponse> {
    const { clock } = this.#calls.settings;
    const carrier = (operation.carrier ??= { ...poll, clock });
    const errand = new Errand(carrier, clock, () => work(carrier));
    operation.plan = { kind: "errand", errand };
    return this.#carry(operation, errand, poll);
  }

  async #carry(operation: Operation, errand: Errand<Ending>, poll: Poll): Promise<PipelineResponse> {
    const turn = await errand.carry(poll.request, poll.next);
    // Work that is short of time says so itself: no deadline is checked here.
    return "waitMs" in turn ? this.#sendAway(operation, poll, turn.waitMs) : turn.end(poll);
  }

  /** Sends the first request again, with the poll's fresh token. What it brings is judged like everything else. */
  async #resubmit(operation: Operation, poll: Poll): Promise<PipelineResponse> {
    const { request, next } = poll;
    const resubmission = resubmissionOf(operation.first, request);
    const call = newCall(resubmission, next, this.#now, { nested: true, ...this.#patienceOf(operation) });
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
      const diagnosis = this.#calls.explain(outcome, resubmission);
      operation.mayHaveRun ||= diagnosis.execution === "unknown";
      return this.#heal(operation, diagnosis, poll, response);
    }
    outcome.permit.settle(response);
    if (this.#operations.follow(operation, resubmission, response, this.#now)) {
      return runningAnswer(operation, request, operation.pollIntervalMs ?? 2_000);
    }
    const target = this.#targetOf(operation);
    return this.#succeed(operation, poll, succeededAnswer(operation, request, target?.url, response));
  }

  /** The throttle did not let a resubmission through: it comes back later, or not in time. */
  #notSent(operation: Operation, poll: Poll, error: unknown): Promise<PipelineResponse> {
    if (error instanceof ThrottleDeadlineError) {
      operation.deferred = true;
      return this.#postpone(operation, poll, error.retryAt - this.#now);
    }
    if (!isRemedyError(error)) throw error;
    const { diagnosis, reason, retryAfterMs } = error;
    return this.#fail(operation, poll, () =>
      this.#giveUp(operation, diagnosis, reason, poll, {
        cause: error.cause,
        retryAfterMs,
        isUnknown: operation.mayHaveRun,
      }),
    );
  }

  #postpone(operation: Operation, poll: Poll, waitMs: number): Promise<PipelineResponse> {
    operation.plan = { kind: "resubmit", dueAt: this.#now + waitMs };
    return this.#comeBackIn(operation, poll, waitMs);
  }

  async #readBack(operation: Operation, plan: Plan & { kind: "read" }, poll: Poll): Promise<PipelineResponse> {
    const { request, next } = poll;
    const call = newCall(request, next, this.#now, { nested: true, ...this.#patienceOf(operation) });
    const look = await this.#calls.look(call, plan.target);
    if ("againInMs" in look) {
      operation.deferred = look.unsent;
      operation.plan = { ...plan, dueAt: this.#now + look.againInMs };
      return this.#comeBackIn(operation, poll, look.againInMs);
    }
    operation.deferred = false;
    const { reading, response } = look;
    const { lastSeen } = reading;
    if (reading.kind === "succeeded") {
      const answer = succeededAnswer(operation, request, plan.target.url, response);
      return this.#succeed(operation, poll, answer, `read back: ${lastSeen}`);
    }
    if (reading.kind === "failed") {
      const diagnosis = reading.error === undefined ? plan.diagnosis : this.#calls.diagnose(reading.error);
      return this.#fail(operation, poll, () =>
        this.#giveUp(operation, diagnosis, `read back: ${lastSeen}`, poll, { response: plan.response }),
      );
    }
    const delayMs = Math.min(5_000 * 2 ** Math.min(plan.reads, 3), 30_000);
    const hopeless = this.#pastBudget(operation, delayMs);
    if (hopeless) {
      return this.#fail(operation, poll, () =>
        this.#giveUp(operation, plan.diagnosis, `outcome unknown, last seen: ${lastSeen}; ${hopeless}`, poll, {
          response: plan.response,
          stillRuns: true,
        }),
      );
    }
    operation.plan = { ...plan, dueAt: this.#now + delayMs, reads: plan.reads + 1, lastSeen };
    this.#tellReading(operation, plan.diagnosis, "not known yet", lastSeen);
    return this.#sendAway(operation, poll, delayMs);
  }

  #pastBudget(operation: Operation, delayMs: number): string | undefined {
    const { settings } = this.#calls;
    const now = this.#now;
    const left = remainingMs(settings, now);
    if (left !== undefined && delayMs >= left) return "the deadline has come";
    const elapsedMs = now - (operation.firstFailureAt ?? now);
    return elapsedMs + delayMs > settings.maxElapsedMs ? "the budget is used up" : undefined;
  }

  /** Sends the poller away for a while, unless that would pass the deadline. */
  #comeBackIn(operation: Operation, poll: Poll, waitMs: number): Promise<PipelineResponse> {
    this.#checkDeadline(operation, poll, waitMs, undefined);
    return this.#sendAway(operation, poll, waitMs);
  }

  /**
   * "Still running, come back." Where the caller's signal reaches the poll, most of the wait is spent here: a poller's own
   * does not end on the signal that its call was given. The last second is always the poller's, so that one whose
   * `pollUntilDone` was aborted does not come back for what is due then.
   */
  async #sendAway(operation: Operation, { request }: Poll, waitMs: number): Promise<PipelineResponse> {
    // Pollers wait in whole seconds.
    const wholeMs = Math.max(1, Math.ceil(waitMs / 1_000)) * 1_000;
    const heldMs = request.abortSignal ? wholeMs - shortWaitMs : 0;
    if (heldMs > 0) await this.#calls.settings.clock.sleep(heldMs, request.abortSignal);
    return runningAnswer(operation, request, wholeMs - heldMs);
  }

  /** A poller that would wait past the deadline of a healthy operation: its caller is told in time, with the means to go on elsewhere. */
  #checkDeadline(operation: Operation, poll: Poll, waitMs: number, response: PipelineResponse | undefined): void {
    const left = remainingMs(this.#calls.settings, this.#now);
    if (left === undefined || waitMs < left) return;
    const diagnosis = this.#calls.diagnose({
      error: { code: "DeadlineReached", message: "The deadline came while the operation was still running." },
    });
    const reason = "the deadline has come; the operation is still running";
    noteFailure(operation.failures, diagnosis, { action: "fail", outcome: "unknown", reason }, this.#now);
    throw this.#giveUp(operation, diagnosis, reason, poll, { response, stillRuns: true, retryAfterMs: waitMs });
  }

  #succeed(operation: Operation, poll: Poll, response: PipelineResponse, reason?: string): Promise<PipelineResponse> {
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

  #fail(operation: Operation, poll: Poll, error: () => RemedyError): Promise<PipelineResponse> {
    return this.#end(operation, poll, () => {
      throw error();
    });
  }

  /** Runs what remedies left to do after the end, then ends so. What fails there is reported and hides nothing. */
  async #end(operation: Operation, poll: Poll, ending: () => PipelineResponse): Promise<PipelineResponse> {
    const { afterwards } = operation;
    if (afterwards.length === 0) return ending();
    return this.#begin(operation, poll, async () => {
      await this.#calls.finish(afterwards);
      return ending;
    });
  }

  #giveUp(
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
    return this.#calls.errorOf({
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

  #notePace(operation: Operation): void {
    const now = this.#now;
    if (operation.lastPollAt !== undefined && !operation.slowed) {
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

/** What is new about a poll that is made again. */
function pick({ request, next, authorizedAt, patienceMs: patience }: Call): Partial<Call> {
  return { request, next, authorizedAt, patienceMs: patience };
}

/** `Retry-After` in milliseconds; pollers ignore nothing at all. */
function waitOf(response: PipelineResponse): number | undefined {
  const seconds = Number(response.headers.get("retry-after"));
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : undefined;
}

/** While a resource is read, its own state is what a poller in another process can follow. */
function resumeOf({ first, plan, mode, operationUrl, resourceUrl }: Operation): ResumeInfo {
  const { method, url } = first;
  if (plan.kind === "read" && plan.target.kind === "provisioning") {
    return resumeInfo({ method, url, mode: "body", operationUrl: url });
  }
  return resumeInfo({ method, url, mode, operationUrl, resourceUrl });
}

function withoutToken(request: PipelineRequest): Record<string, string> {
  const headers = request.headers.toJSON();
  delete headers["authorization"];
  return headers;
}
