/** A request as the subject of recovery: the caller's own, a poll, or one made by a remedy or a read. */
import type { PipelineResponse } from "@azure/core-rest-pipeline";
import { isOwnRule } from "../catalog/catalog.js";
import type { Diagnosis } from "../catalog/diagnosis.js";
import type { RetryAllowance } from "../decision/allowance.js";
import { isRefusal, type Decision, type Situation } from "../decision/decide.js";
import { progressOf } from "../lro/poll.js";
import { isOfResourceManager, readTargetOf, type ReadTarget } from "../lro/read-back.js";
import { isRepeatable } from "../lro/resubmission.js";
import { followSignals, timeLimit } from "../time/attempt-timeout.js";
import { untilDue } from "../time/clock.js";
import { formatDuration } from "../time/format-duration.js";
import { diagnoseSend } from "./diagnosing.js";
import type { Engine } from "./engine.js";
import { begunElsewhere } from "./begun-elsewhere.js";
import { callOf, type TracedCall } from "./call-tracer.js";
import { readWatched } from "./conflict-reader.js";
import { conflictWatchOf, watchedUrlOf, type WatchedState } from "./conflict-watch.js";
import { asAnswered, type Evidence } from "./evidence.js";
import { aboutRequest, failureOf, type EventSubject } from "./events.js";
import { correlate, correlationIdOf } from "./own-request.js";
import {
  noteAttempt,
  pastBudget,
  recover,
  reportRecovered,
  reportRetry,
  windowClosed,
  type Diagnosed,
  type GivenUp,
  type Pending,
  type ReadStep,
  type Step,
  type Subject,
  type Wait,
} from "./recover.js";
import { type Deferred, type PollResult, type RequestEnd, type RequestState } from "./request-state.js";
import { isAsAskedIn, lookOf, readingOf, type Look } from "./resource-reader.js";
import { deletedResponse, isPollTrouble, jsonResponse, isSuccess, outcomeResponse, saysWhen } from "./responses.js";
import { discard, throwIfAborted, type SendOutcome } from "./sender.js";
import type { Settings } from "./settings.js";

const sendNow = { kind: "send", delayMs: 0 } as const;

/**
 * Sends a request and recovers it until it ends. @param first the outcome of an attempt already made @throws AbortError
 */
export async function runRequest(engine: Engine, state: RequestState, first?: SendOutcome): Promise<RequestEnd> {
  const subject = new RequestRecovery<never>(engine, state, undefined);
  state.uncorrelate = correlate(state.request, state.resultOf?.correlationId);
  try {
    return await recover<RequestEnd, SendOutcome>(first ? subject.judge(first) : await subject.send(), subject);
  } finally {
    state.uncorrelate?.();
  }
}

/** The same for a request made in a poll: every wait is left to the poller. @throws AbortError */
export async function pollRequest(engine: Engine, state: RequestState): Promise<PollResult> {
  const defer = (waitMs: number, unsent: boolean): Deferred => ({ kind: "deferred", waitMs, unsent });
  const subject = new RequestRecovery(engine, state, defer);
  return recover<PollResult, SendOutcome>(await subject.send(), subject);
}

type RequestStep<Deferral> = Step<RequestEnd | Deferral, SendOutcome>;
type Cause = Diagnosed<SendOutcome>;

class RequestRecovery<Deferral> implements Subject<RequestEnd | Deferral, SendOutcome> {
  readonly kind = "request";
  readonly settings: Settings;
  readonly allowance: RetryAllowance;
  /** The last response; its body may be a stream. */
  #failedResponse: PipelineResponse | undefined;

  /** @param defer makes the end that defers a poller; undefined if the request waits itself */
  constructor(
    readonly engine: Engine,
    readonly progress: RequestState,
    readonly defer: ((waitMs: number, unsent: boolean) => Deferral) | undefined,
  ) {
    this.settings = engine.settings;
    this.allowance = engine.allowance;
  }

  get about(): EventSubject {
    return aboutRequest(this.progress.request, this.progress.operation);
  }

  get call(): TracedCall | undefined {
    return callOf(this.progress.next);
  }

  get repairable(): RequestState | undefined {
    const { nested, poll } = this.progress;
    return nested || poll ? undefined : this.progress;
  }

  async send(): Promise<RequestStep<Deferral>> {
    if (this.#failedResponse) discard(this.#failedResponse);
    if (this.progress.sends > 0) await this.engine.tokens.renew(this.progress);
    return this.judge(await this.engine.attempt(this.progress));
  }

  /** Whether a send succeeded. @throws AbortError if the caller aborted it */
  judge(outcome: SendOutcome): RequestStep<never> {
    const { request, poll } = this.progress;
    throwIfAborted(outcome, request);
    if (outcome.kind === "response" || outcome.kind === "error") this.progress.sends += 1;
    this.#failedResponse = outcome.kind === "response" ? outcome.response : undefined;
    if (outcome.kind !== "response" || !isSuccess(request, outcome.response))
      return { kind: "failed", failure: outcome };
    const { response, permit } = outcome;
    const { status, headers } = response;
    const isFollowed = poll !== undefined && poll !== "foreign";
    permit.settle(isFollowed ? { status, headers, ended: progressOf(response, poll) !== "running" } : response);
    this.allowance.succeeded();
    return this.#succeed(response);
  }

  /** @param reason why it counts as a success without a successful response */
  #succeed(response: PipelineResponse, reason?: string): RequestStep<never> {
    reportRecovered(this, reason);
    return { kind: "end", end: { kind: "response", response } };
  }

  diagnose(outcome: SendOutcome): Diagnosis {
    if (outcome.kind === "response" && this.progress.poll === undefined) {
      this.progress.uncorrelate ??= correlate(this.progress.request, correlationIdOf(outcome.response));
    }
    const diagnosis = this.#diagnose(outcome);
    const wasSent = outcome.kind === "response" || outcome.kind === "error";
    this.progress.mayHaveRun ||= wasSent && diagnosis.execution === "unknown";
    const isConflict = diagnosis.category === "conflict" && !this.progress.watchesNoMore;
    this.progress.conflict = isConflict ? diagnosis : undefined;
    return diagnosis;
  }

  /** By `Location`, an operation that ran answers its poll with a 4xx. */
  #diagnose(outcome: SendOutcome): Diagnosis {
    const { request, poll } = this.progress;
    const diagnosis = diagnoseSend(outcome, request, this.settings);
    const isRefused = outcome.kind === "response" && poll === undefined && isRefusal(outcome.response.status);
    return isRefused && diagnosis.execution === "answered" ? { ...diagnosis, execution: "none" } : diagnosis;
  }

  async shortcut(cause: Cause): Promise<RequestStep<Deferral> | undefined> {
    const { failure: outcome, diagnosis } = cause;
    const { request, poll, mayHaveRun } = this.progress;
    const { tokens } = this.engine;
    if (outcome.kind === "circuitOpen") return this.#waitForProbe(cause, outcome.waitMs);
    if (outcome.kind === "notAdmitted") {
      const { waitMs, isEarly } = outcome;
      if (this.defer && isEarly) return { kind: "end", end: this.defer(waitMs, true) };
      return this.giveUp(cause, windowClosed(waitMs, this.#outcome));
    }
    const response = outcome.kind === "response" ? outcome.response : undefined;
    const challenge = response && tokens.challengeIn(this.progress, response);
    if (response && challenge === "claims") return this.#leaveChallenge(cause, response);
    if (this.#isGoneAtLast(response)) {
      const reason = mayHaveRun ? "an earlier attempt had deleted it" : "the deletion that it waited for is done";
      return this.#succeed(deletedResponse(request), reason);
    }
    // The active deployment may be the one that this request began.
    const own = diagnosis.code === "DeploymentActive" ? await this.#findOwnWork(diagnosis) : undefined;
    if (own) return own;
    if (this.#isNotThereYet(response)) return this.#readAgain(diagnosis);
    const notYet = response && (await this.#waitForOwnWork(diagnosis, response));
    if (notYet) return notYet;
    if (await tokens.refreshToken(this.progress, diagnosis)) return sendNow;
    if (response && challenge) return this.#leaveChallenge(cause, response);
    // Polls by `Location` learn the operation's end from the status; those of another process's operation may be such.
    const endsByStatus = poll === "location" || poll === "foreign";
    if (endsByStatus && response && !isPollTrouble(response.status)) {
      const why = poll === "foreign" ? begunElsewhere(diagnosis) : operationFailed;
      noteAttempt(this, diagnosis, why);
      return this.giveUp(cause, why);
    }
    return undefined;
  }

  /** It goes out to the policy that answers challenges; if none does, the request failed because of it. */
  #leaveChallenge(cause: Cause, response: PipelineResponse): RequestStep<never> | Promise<RequestStep<never>> {
    const { poll, attempts } = this.progress;
    if (poll !== undefined) return { kind: "end", end: { kind: "response", response } };
    const why = { action: "fail", outcome: this.#outcome, reason: "permanent: no other token was to be had" } as const;
    noteAttempt(this, cause.diagnosis, why);
    const { reason, outcome } = why;
    const { diagnosis } = cause;
    return {
      kind: "end",
      end: { kind: "failed", diagnosis, attempts, reason, outcome, response, isChallenge: true },
    };
  }

  situation({ failure, diagnosis }: Cause): Situation {
    const { request } = this.progress;
    const target = this.#target;
    return {
      sdkRetries: this.#isOwnRule(diagnosis) || !isRetriedBySdk(failure, diagnosis) ? 0 : sdkMaxRetries,
      method: request.method,
      url: request.url,
      readable: target !== undefined && !(target.kind === "provisioning" && diagnosis.execution !== "answered"),
      repeatable: isRepeatable(request),
      hostAnswered: this.engine.hosts.has(request.url),
    };
  }

  /** What the caller's own rules say is the caller's wish. */
  #isOwnRule({ rule }: Diagnosis): boolean {
    return rule !== undefined && isOwnRule(this.settings.catalog, rule.id);
  }

  /** A failure after a send that may have run leaves the outcome unknown. */
  reconsider(decision: Decision): Decision {
    return decision.action === "fail" && this.#outcome === "unknown" ? { ...decision, outcome: "unknown" } : decision;
  }

  async pause({ kind, delayMs }: Wait<SendOutcome>): Promise<RequestStep<Deferral> | undefined> {
    if (delayMs <= 0) return undefined;
    if (this.defer) return { kind: "end", end: this.defer(delayMs, false) };
    const { clock = this.settings.clock, request } = this.progress;
    const begunAt = clock.now();
    const isFree = kind === "send" && (await this.#waitOutConflict(begunAt, delayMs));
    // A look at a resource that was free, or cannot be read, is part of the wait.
    if (!isFree) await clock.sleep(untilDue({ begunAt, dueAt: begunAt + delayMs }, clock.now()), request.abortSignal);
    this.call?.waited(clock.now() - begunAt, "backoff");
    return undefined;
  }

  /** Whether the resource was seen at work, and has been watched until it was free. Once for a request. */
  async #waitOutConflict(begunAt: number, delayMs: number): Promise<boolean> {
    const { progress, settings } = this;
    const { request, clock = settings.clock, conflict } = progress;
    const url = conflict && this.repairable && watchedUrlOf(request.method, request.url);
    if (!conflict || url === undefined) return false;
    progress.conflict = undefined;
    const watch = conflictWatchOf(settings.throttle);
    const look = (): Promise<WatchedState> => watch.look(url, clock.now(), () => this.#readState(url));
    // The first look is part of the wait: one that takes longer is not waited for.
    const over = new AbortController();
    const pause = clock.sleep(delayMs, over.signal).then(
      () => "unreadable" as const,
      () => "unreadable" as const,
    );
    let state = await Promise.race([look(), pause]);
    over.abort();
    if (state !== "busy") {
      progress.watchesNoMore = true;
      return false;
    }
    const failure = failureOf(conflict);
    const reason = "another operation is at work on the resource; it is watched until it ends";
    settings.reporter.emit({ type: "readBack", at: clock.now(), ...this.about, reason, failure }, this.call);
    while (state === "busy") {
      const waitMs = Math.max(1_000, watch.nextLookMs(url, clock.now()));
      if (pastBudget(this, waitMs)) break;
      await clock.sleep(waitMs, request.abortSignal);
      state = await look();
    }
    progress.watchesNoMore = true;
    this.#noteWait(clock.now() - begunAt);
    return true;
  }

  /** The error reports the actual wait. */
  #noteWait(waitMs: number): void {
    const { attempts } = this.progress;
    const last = attempts.pop();
    if (last) attempts.push({ ...last, waitMs });
  }

  async #readState(url: string): Promise<WatchedState> {
    const { progress, engine } = this;
    await engine.tokens.renew(progress);
    const { request, next, remedies } = progress;
    return readWatched(engine, url, { request, next, countedIn: remedies.added });
  }

  async read({ cause, reads }: ReadStep<SendOutcome>): Promise<RequestStep<never> | Pending> {
    const target = this.#target;
    if (!target) return { kind: "pending", lastSeen: "nothing" };
    await this.engine.tokens.renew(this.progress);
    const { reading, diagnosis = cause.diagnosis, response } = await this.#look(target);
    const { lastSeen } = reading;
    if (reading.kind === "pending" && reading.isAtRest && reads >= mostReadsAtRest - 1) {
      const reason = `outcome unknown: ${lastSeen}, and nothing is at work on it`;
      return this.giveUp(cause, { reason, outcome: "unknown" });
    }
    if (reading.kind === "pending") return { kind: "pending", lastSeen };
    if (reading.kind === "failed" && response.status === 404 && reads < mostReadsOfMissing) {
      return { kind: "pending", lastSeen };
    }
    if (reading.kind === "failed") {
      return this.giveUp({ ...cause, diagnosis }, { reason: `read back: ${lastSeen}`, outcome: "failed" });
    }
    if (target.kind === "provisioning" && !this.#isAsAsked(response)) {
      const reason = `outcome unknown: ${lastSeen}, but it does not show what was asked for`;
      return this.giveUp(cause, { reason, outcome: "unknown" });
    }
    return this.#succeed(outcomeResponse(this.progress.request, response), `read back: ${lastSeen}`);
  }

  async apply(remedy: string, cause: Cause): Promise<RequestStep<Deferral>> {
    const { request, next, startedAt, remedies } = this.progress;
    const context = (remedies.context ??= { request, next, clock: this.settings.clock });
    const target = { ...remedies, request, context, startedAt };
    const failed = await this.engine.remedies.apply(remedy, cause.diagnosis, target);
    if (!failed) return sendNow;
    const reason = `the remedy ${remedy} failed: ${failed.message}`;
    return this.giveUp(cause, { reason, outcome: this.#outcome, cause: failed.cause });
  }

  async investigate({ failure, diagnosis }: Cause): Promise<Evidence | undefined> {
    const { repairable, engine, progress } = this;
    if (!repairable || !engine.investigates || failure.kind === "notAdmitted" || failure.kind === "circuitOpen") {
      return undefined;
    }
    const { request, next, startedAt, sends: attempts } = progress;
    await engine.tokens.renew(progress);
    const response = failure.kind === "response" ? failure.response : undefined;
    const { correlationId } = diagnosis;
    const { added } = progress.remedies;
    const target = {
      owner: progress,
      added,
      failed: request,
      request,
      next,
      startedAt,
      attempts,
      correlationId,
      response,
    };
    return engine.investigator.look(asAnswered(diagnosis), target);
  }

  async giveUp(given: Cause, end: GivenUp): Promise<RequestStep<never>> {
    const own = this.#broughtResult() ?? (await this.#findOwnWork(given.diagnosis));
    if (own) return own;
    const { failure } = given;
    const found = await this.investigate(given);
    const diagnosis = found?.diagnosis ?? given.diagnosis;
    const evidence = found?.findings;
    const { attempts, resultOf } = this.progress;
    const why = resultOf ? resultUnread(end) : end;
    const { reason, outcome, retryAfterMs } = why;
    const response = failure.kind === "response" ? failure.response : undefined;
    const cause = why.cause ?? ("error" in failure ? failure.error : undefined);
    return {
      kind: "end",
      end: {
        kind: "failed",
        diagnosis,
        attempts,
        reason,
        outcome,
        retryAfterMs,
        response,
        cause,
        evidence,
        resume: resultOf?.resume,
      },
    };
  }

  /** A DELETE that may have run before, or that waited while another deletion was in progress. */
  #isGoneAtLast(response: PipelineResponse | undefined): boolean {
    const { request, mayHaveRun, attempts } = this.progress;
    if (request.method !== "DELETE" || response?.status !== 404 || !isOfResourceManager(request.url)) return false;
    return mayHaveRun || attempts.some(({ status }) => status === 409);
  }

  /** A resource that has just been created may be missing from a replica for some seconds. */
  #isNotThereYet(response: PipelineResponse | undefined): boolean {
    const { resultOf, attempts } = this.progress;
    return resultOf?.method === "PUT" && response?.status === 404 && attempts.length < mostReadsOfNew;
  }

  #readAgain(diagnosis: Diagnosis): RequestStep<never> {
    const delayMs = 1_000 * 2 ** this.progress.attempts.length;
    const reason = `transient: the operation has succeeded, so it will be there; again in ${formatDuration(delayMs)}`;
    noteAttempt(this, diagnosis, { action: "retry", delayMs, counts: true, reason });
    reportRetry(this, diagnosis, { delayMs, reason });
    return { kind: "send", delayMs };
  }

  /** What was just done here is not known everywhere yet: the refusal that comes of it is waited out, as long as that takes. */
  async #waitForOwnWork(diagnosis: Diagnosis, response: PipelineResponse): Promise<RequestStep<Deferral> | undefined> {
    const { progress, engine, settings, repairable } = this;
    const { request, attempts } = progress;
    const now = settings.clock.now();
    const excuse = repairable && isRepeatable(request) && engine.recentWork.excuse(request, diagnosis, now);
    if (!excuse || settings.maxRetries === 0 || (await engine.declares(request, response))) return undefined;
    const delayMs = Math.min(excuse.baseMs * 2 ** Math.min(attempts.length, 2), excuse.until - now);
    if (pastBudget(this, delayMs)) return undefined;
    const reason = `transient: ${excuse.because}; again in ${formatDuration(delayMs)}`;
    noteAttempt(this, diagnosis, { action: "retry", delayMs, counts: false, reason });
    reportRetry(this, diagnosis, { delayMs, reason });
    return { kind: "send", delayMs };
  }

  /** The operation's last status document contained the result. */
  #broughtResult(): RequestStep<never> | undefined {
    const { request, resultOf } = this.progress;
    if (resultOf?.output === undefined) return undefined;
    return this.#succeed(
      jsonResponse(request, resultOf.output),
      "the operation's status document had brought the result",
    );
  }

  /**
   * A PUT whose reply was lost may have created the very resource that a later attempt collides with. Before such a
   * collision is reported, the resource is read: if it was created since, or is as requested, the caller gets it.
   */
  async #findOwnWork(diagnosis: Diagnosis): Promise<RequestStep<never> | undefined> {
    const { mayHaveRun, request } = this.progress;
    const target = this.#target;
    if (!mayHaveRun || !target || !collides(request.method, diagnosis.status)) return undefined;
    const look = await this.#lookBriefly(target);
    if (!look) return undefined;
    const { reading, response } = look;
    if (reading.kind === "failed" || response.status !== 200 || !this.#isAsAsked(response)) return undefined;
    return this.#succeed(outcomeResponse(request, response), `an earlier attempt had succeeded: ${reading.lastSeen}`);
  }

  /** A known failure is not held up for long. Undefined if the look took too long. @throws AbortError */
  async #lookBriefly(target: ReadTarget): Promise<Look | undefined> {
    const { abortSignal } = this.progress.request;
    const limit = timeLimit(this.settings.clock, longestLookMs);
    const followed = followSignals(abortSignal, limit.signal);
    try {
      return await this.#look(target, followed.signal);
    } catch (error) {
      if (!limit.signal.aborted || abortSignal?.aborted) throw error;
      return undefined;
    } finally {
      followed.release();
      limit.release();
    }
  }

  /** It uses what is left of the request's time, and has its own retries. */
  async #look(target: ReadTarget, abortSignal = this.progress.request.abortSignal): Promise<Look> {
    const reading = readingOf(target, this.progress, this.settings.clock.now(), {
      startedAt: this.progress.startedAt,
      countedIn: this.progress.remedies.added,
    });
    if (abortSignal) reading.request.abortSignal = abortSignal;
    return lookOf(target, reading, await runRequest(this.engine, reading), this.settings);
  }

  /** Whether a resource is what the request asked for; one that existed before may not have changed. */
  #isAsAsked(response: PipelineResponse): boolean {
    const { request, startedAt } = this.progress;
    return isAsAskedIn(response, request, startedAt, this.settings.clock.now());
  }

  async #waitForProbe(cause: Cause, delayMs: number): Promise<RequestStep<Deferral>> {
    if (pastBudget(this, delayMs)) {
      const reason = "the circuit is open for longer than the call may wait";
      return this.giveUp(cause, { reason, outcome: this.#outcome, retryAfterMs: delayMs });
    }
    const reason = `transient: the circuit is open, again in ${formatDuration(delayMs)}`;
    reportRetry(this, cause.diagnosis, { delayMs, reason });
    return { kind: "send", delayMs };
  }

  /** What shows the outcome of the caller's own request. */
  get #target(): ReadTarget | undefined {
    return this.repairable && readTargetOf(this.repairable.request.method, this.repairable.request.url);
  }

  get #outcome(): "failed" | "unknown" {
    const { mayHaveRun, request } = this.progress;
    return mayHaveRun && request.method !== "GET" && request.method !== "HEAD" ? "unknown" : "failed";
  }
}

/** With what an earlier attempt created: it exists, or its ETag has changed. */
const collides = (method: string, status: number | undefined): boolean =>
  (method === "PUT" && status === 409) || ((method === "PUT" || method === "PATCH") && status === 412);

/** What the default retry policy of the SDK sends again, by status and code alone, and how often. */
function isRetriedBySdk(outcome: SendOutcome, { code = "" }: Diagnosis): boolean {
  if (outcome.kind === "error") return !outcome.cutOff && transportCodesOfSdk.has(code);
  if (outcome.kind !== "response") return false;
  const { status, headers } = outcome.response;
  if (status === 429) return saysWhen(headers);
  return status === 408 || (status >= 500 && status !== 501 && status !== 505);
}

const sdkMaxRetries = 3;
const transportCodesOfSdk = new Set([
  "ETIMEDOUT",
  "ESOCKETTIMEDOUT",
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOENT",
  "ENOTFOUND",
]);

/** Milliseconds for a look that may turn a failure into a success. */
const longestLookMs = 10_000;

/** What begins late begins within seconds. */
const mostReadsAtRest = 2;

/** What was there may be missing from a replica. */
const mostReadsOfMissing = 1;

/** Half a minute in all. */
const mostReadsOfNew = 5;

/** The operation itself has succeeded, even though its result could not be read. */
const resultUnread = (why: GivenUp): GivenUp => ({
  ...why,
  outcome: "unknown",
  reason: `the operation has succeeded, but its result could not be read: ${why.reason}`,
});

const operationFailed = {
  action: "fail",
  outcome: "failed",
  reason: "the operation ended with this answer",
} as const;
