/**
 * One call from its first failure to its end: diagnose, decide, act, again. cockatiel runs the loop; the waits are ours,
 * since its own do not end on abort.
 */
import {
  createHttpHeaders,
  createPipelineRequest,
  type PipelineRequest,
  type PipelineResponse,
} from "@azure/core-rest-pipeline";
import { ConstantBackoff, handleWhenResult, retry } from "cockatiel";
import type { Diagnosis } from "../catalog/diagnosis.js";
import { diagnoseFailure } from "../catalog/diagnose.js";
import { RetryAllowance } from "../decision/allowance.js";
import { inWords, type Decision } from "../decision/decide.js";
import { readFailure } from "../failure/read.js";
import { redact, redactBody } from "../failure/redact.js";
import { isAsAsked } from "../supervisor/as-asked.js";
import { jsonOf } from "../supervisor/json.js";
import type { PollMode } from "../supervisor/operation.js";
import { progressOf } from "../supervisor/poll.js";
import { interpret, readTargetOf, type ReadTarget, type Reading } from "../supervisor/read-back.js";
import { isRepeatable } from "../supervisor/resubmission.js";
import type { ResumeInfo } from "../supervisor/resume.js";
import { ThrottleDeadlineError, type ThrottleReply } from "../throttle/throttle.js";
import { AbortError } from "../time/clock.js";
import { Breakers, hostOf, type Sign } from "./breaker.js";
import { decideCall, eventRequest, newCall, noteFailure, type Call } from "./call.js";
import { entryOf, freshAuthorization, leaveToDeserializer } from "./entry.js";
import { failureOf } from "./events.js";
import { remainingMs, type Settings } from "./options.js";
import { RemedyError } from "./remedy-error.js";
import { fittingRemedies, letLearn, RemedyRunner } from "./remedy-runner.js";
import { isAbort, Sender, type Outcome } from "./sender.js";

/** A token that has lived through a longer wait may be dead: the SDK refreshes two minutes before the end, not later. */
const tokenMayBeDeadAfterMs = 120_000;

/** How the loop goes on: once more after a while, or with this answer. A failure for good is thrown. */
type Step =
  { readonly again: true; readonly afterMs: number } | { readonly again: false; readonly response: PipelineResponse };

const atOnce = { again: true, afterMs: 0 } as const;
const done = (response: PipelineResponse): Step => ({ again: false, response });

/** What one send of a poll brings: its answer, or how long its poller is to wait before it asks again. */
export type Asked = { readonly response: PipelineResponse } | Later;

/** `unsent`: the throttle sent it away. */
interface Later {
  readonly againInMs: number;
  readonly unsent: boolean;
}

/** What one look at a resource brings. */
export type Look = { readonly reading: Reading; readonly response: PipelineResponse } | Later;

/** How a reading ended: the resource says so, or the budget ended first. */
export type ReadingEnd =
  | { readonly kind: "succeeded"; readonly response: PipelineResponse; readonly lastSeen: string }
  | {
      readonly kind: "failed";
      readonly lastSeen: string;
      readonly diagnosis: Diagnosis | undefined;
      readonly response: PipelineResponse;
    }
  | { readonly kind: "unknown"; readonly lastSeen: string };

export class Calls {
  readonly settings: Settings;
  readonly sender: Sender;
  readonly #allowance = new RetryAllowance();
  readonly #breakers: Breakers | undefined;
  readonly #remedies: RemedyRunner;
  /** Requests whose claims challenge the bearer policy has seen. */
  readonly #challenged = new WeakSet<PipelineRequest>();
  readonly #loop = retry(
    handleWhenResult((step) => (step as Step).again),
    { maxAttempts: Number.MAX_SAFE_INTEGER, backoff: new ConstantBackoff(0) },
  );

  constructor(settings: Settings) {
    this.settings = settings;
    this.sender = new Sender(settings);
    this.#breakers = settings.circuitBreaker && new Breakers(settings.circuitBreaker, settings.clock);
    this.#remedies = new RemedyRunner(this);
  }

  get remedies(): RemedyRunner {
    return this.#remedies;
  }

  /** Nothing has failed lately: a clean call need not be counted anywhere. */
  get quiet(): boolean {
    return this.#breakers?.quiet ?? true;
  }

  diagnose(input: unknown): Diagnosis {
    const failure = readFailure(input, { now: this.settings.clock.now() });
    return diagnoseFailure(failure, this.settings.catalog);
  }

  /** Diagnoses a failed send, and settles its permit with what it means. */
  explain(outcome: Outcome, request: PipelineRequest): Diagnosis {
    const diagnosis = this.diagnose(
      outcome.kind === "answer" ? answerInput(outcome.response) : this.#errorInput(outcome, request),
    );
    settlePermit(outcome, diagnosis);
    return diagnosis;
  }

  /** Sends a call and sees it through. @throws RemedyError, or AbortError when the caller aborts */
  async run(call: Call): Promise<PipelineResponse> {
    return this.recover(call, await this.attempt(call));
  }

  /** Sees a call through whose first send has been made. */
  async recover(call: Call, first: Outcome | undefined): Promise<PipelineResponse> {
    const clock = call.clock ?? this.settings.clock;
    const end = (await this.#loop.execute(async ({ attempt }) => {
      const step = await this.#judge(call, attempt === 0 ? first : await this.#sendAgain(call));
      if (step.again && step.afterMs > 0) await clock.sleep(step.afterMs, call.request.abortSignal);
      return step;
    })) as { response: PipelineResponse };
    return end.response;
  }

  async #sendAgain(call: Call): Promise<Outcome | undefined> {
    call.sends += 1;
    await this.#renewToken(call);
    return this.attempt(call);
  }

  /**
   * One send of a poll, which leaves every wait to its poller.
   * @throws RemedyError when polling has failed for good
   */
  async ask(call: Call): Promise<Asked> {
    try {
      let step = await this.#judge(call, await this.attempt(call));
      while (step.again && step.afterMs === 0) step = await this.#judge(call, await this.#sendAgain(call));
      return step.again ? { againInMs: step.afterMs, unsent: false } : { response: step.response };
    } catch (error) {
      if (!(error instanceof ThrottleDeadlineError)) throw error;
      return { againInMs: error.retryAt - this.settings.clock.now(), unsent: true };
    }
  }

  /** One send, past the breaker; nothing when the circuit is open. */
  async attempt(call: Call): Promise<Outcome | undefined> {
    const { request, next, poll, patienceMs } = call;
    const send = (): Promise<Outcome> => this.sender.send(request, next, poll !== undefined, patienceMs);
    try {
      if (!this.#breakers) return await send();
      return await this.#breakers.run(hostOf(request.url), send, signOf);
    } catch (error) {
      throw this.notAdmitted(call, error);
    }
  }

  /** Counts what came of a send that went past the breaker. */
  async count(request: PipelineRequest, outcome: Outcome): Promise<Outcome> {
    if (this.#breakers) await this.#breakers.count(hostOf(request.url), signOf(outcome));
    return outcome;
  }

  /** A call that went well at once gives back to the allowance what others may need. */
  countSuccess(): void {
    this.#allowance.succeeded();
  }

  /** Whether the shared allowance lets a request that failed be sent again. */
  hasAllowance(now: number): boolean {
    return this.#allowance.isLeft(now);
  }

  takeAllowance(): void {
    this.#allowance.take(this.settings.clock.now());
  }

  /** What to throw when the throttle refused a call: it would have had to wait past its deadline, or its patience. */
  notAdmitted(call: Call, error: unknown): unknown {
    if (!(error instanceof ThrottleDeadlineError)) return error;
    const now = this.settings.clock.now();
    const comesBack =
      call.patienceMs !== undefined && error.retryAt - now < (remainingMs(this.settings, now) ?? Infinity);
    return comesBack ? error : this.#throttledPastDeadline(call, error);
  }

  async #judge(call: Call, outcome: Outcome | undefined): Promise<Step> {
    if (!outcome) return this.#waitForProbe(call);
    if (outcome.kind === "answer" && isFine(call.request, outcome.response))
      return done(this.#succeeded(call, outcome));
    if (outcome.kind === "error" && call.request.abortSignal?.aborted) {
      outcome.permit.settle();
      throw isAbort(outcome.error) ? outcome.error : new AbortError();
    }
    const diagnosis = this.explain(outcome, call.request);
    if (outcome.kind === "answer" && this.#isLeftToBearer(call, outcome.response)) return done(outcome.response);
    return this.#act(call, outcome, diagnosis);
  }

  async #act(call: Call, outcome: Outcome, diagnosis: Diagnosis): Promise<Step> {
    const now = this.settings.clock.now();
    const response = outcome.kind === "answer" ? outcome.response : undefined;
    if (response && this.#isDeleted(call, response)) return done(deletedAnswer(call.request));
    if (await this.#getsFreshToken(call, diagnosis)) return atOnce;
    if (tellsEndByStatus(call) && response && !isPollTrouble(response.status)) {
      noteFailure(call.failures, diagnosis, operationFailed, now);
      throw this.#giveUp(call, outcome, diagnosis, operationFailed.reason);
    }

    if (!call.nested) letLearn(this.settings, diagnosis, call.request);
    const target = call.nested || call.poll ? undefined : readTargetOf(call.request.method, call.request.url);
    const fitting =
      call.nested || call.poll ? [] : fittingRemedies(this.settings.remedies, diagnosis, call.request, call.remedyRuns);
    const decision = decideCall(call, diagnosis, this.settings, {
      readable: target !== undefined && !(target.kind === "provisioning" && diagnosis.execution !== "answered"),
      repeatable: isRepeatable(call.request),
      remedies: fitting.map((remedy) => remedy.name),
      allowance: this.hasAllowance(now),
    });
    call.mayHaveRun ||= diagnosis.execution === "unknown";
    noteFailure(call.failures, diagnosis, decision, now);

    switch (decision.action) {
      case "retry":
        return this.#planRetry(call, diagnosis, decision);
      case "readBack":
        return this.#readBack(call, outcome, diagnosis, decision, target);
      case "apply":
        return this.#applyRemedy(call, outcome, diagnosis, decision);
      case "fail":
        return this.#fail(call, outcome, diagnosis, decision, target);
    }
  }

  #planRetry(call: Call, diagnosis: Diagnosis, decision: Decision & { action: "retry" }): Step {
    const { clock, teller } = this.settings;
    if (decision.counts) {
      call.retries += 1;
      this.takeAllowance();
    }
    teller.tell({
      type: "retry",
      at: clock.now(),
      request: eventRequest(call.request),
      attempt: call.sends,
      delayMs: decision.delayMs,
      reason: decision.reason,
      failure: failureOf(diagnosis),
    });
    return { again: true, afterMs: decision.delayMs };
  }

  async #readBack(
    call: Call,
    outcome: Outcome,
    diagnosis: Diagnosis,
    decision: Decision & { action: "readBack" },
    target: ReadTarget | undefined,
  ): Promise<Step> {
    if (!target) throw this.#giveUp(call, outcome, diagnosis, decision.reason);
    this.settings.teller.tell({
      type: "readBack",
      at: this.settings.clock.now(),
      request: eventRequest(call.request),
      reason: decision.reason,
      failure: failureOf(diagnosis),
    });
    const end = await this.readUntilKnown(call, target, decision.delayMs);
    if (end.kind === "succeeded") {
      this.tellRecovered(call, `read back: ${end.lastSeen}`);
      await this.finish(call.afterwards);
      return done(outcomeAnswer(call.request, end.response));
    }
    await this.finish(call.afterwards);
    if (end.kind === "failed") {
      const reason = `read back: ${end.lastSeen}`;
      throw this.#giveUp(call, outcome, end.diagnosis ?? diagnosis, reason, { outcome: "failed" });
    }
    const reason = `outcome unknown, last seen: ${end.lastSeen}`;
    throw this.#giveUp(call, outcome, diagnosis, reason, { outcome: "unknown" });
  }

  /** Reads the resource until it says what became of the request, or the budget ends. */
  async readUntilKnown(call: Call, target: ReadTarget, firstDelayMs: number): Promise<ReadingEnd> {
    const { clock } = this.settings;
    let delayMs = firstDelayMs;
    let lastSeen = "nothing";
    for (;;) {
      if (!this.#fitsBudget(call, delayMs)) return { kind: "unknown", lastSeen };
      await clock.sleep(delayMs, call.request.abortSignal);
      await this.#renewToken(call);
      const { reading, response } = await this.read(call, target);
      lastSeen = reading.lastSeen;
      if (reading.kind === "succeeded") return { kind: "succeeded", response, lastSeen };
      if (reading.kind === "failed")
        return { kind: "failed", lastSeen, diagnosis: this.#diagnosisOf(reading), response };
      delayMs = Math.min(Math.max(delayMs * 2, 5_000), 30_000);
    }
  }

  /** Reads the resource. A reading that fails for good says nothing about the request: it counts as pending. */
  async read(call: Call, target: ReadTarget): Promise<{ reading: Reading; response: PipelineResponse }> {
    const { request, next } = this.#readingOf(call, target);
    try {
      const response = await this.run(newCall(request, next, this.settings.clock.now(), { nested: true }));
      return { reading: this.#interpret(target, response), response };
    } catch (error) {
      return unread(target, request, error);
    }
  }

  /** Looks at the resource once on behalf of a poll, and leaves every wait to its poller. */
  async look(call: Call, target: ReadTarget): Promise<Look> {
    const { request, next } = this.#readingOf(call, target);
    const { patienceMs } = call;
    try {
      const asked = await this.ask(newCall(request, next, this.settings.clock.now(), { nested: true, patienceMs }));
      if ("againInMs" in asked) return asked;
      return { reading: this.#interpret(target, asked.response), response: asked.response };
    } catch (error) {
      return unread(target, request, error);
    }
  }

  #readingOf({ request, next }: Call, target: ReadTarget): Pick<Call, "request" | "next"> {
    return { request: subRequest(request, { method: "GET", url: target.url }), next };
  }

  /** A resource that has failed for a reason that may still pass by itself (OSProvisioningTimedOut) has not failed for good. */
  #interpret(target: ReadTarget, response: PipelineResponse): Reading {
    const reading = interpret(target, response.status, jsonOf(response));
    if (reading.kind !== "failed") return reading;
    const why = this.#diagnosisOf(reading);
    return why?.disposition === "indeterminate" ? { ...reading, kind: "pending" } : reading;
  }

  #diagnosisOf(reading: Reading & { kind: "failed" }): Diagnosis | undefined {
    return reading.error === undefined ? undefined : this.diagnose(reading.error);
  }

  async #applyRemedy(
    call: Call,
    outcome: Outcome,
    diagnosis: Diagnosis,
    decision: Decision & { action: "apply" },
  ): Promise<Step> {
    call.carrier ??= { request: call.request, next: call.next, clock: this.settings.clock };
    const failure = await this.#remedies.apply(decision.remedy, diagnosis, {
      request: call.request,
      carrier: call.carrier,
      runs: call.remedyRuns,
      notes: call.remedyNotes,
      startedAt: call.startedAt,
      afterwards: call.afterwards,
    });
    if (failure === undefined) return atOnce;
    await this.finish(call.afterwards);
    throw this.#giveUp(call, outcome, diagnosis, `the remedy ${decision.remedy} failed: ${failure.message}`, {
      cause: failure.cause,
    });
  }

  async #fail(
    call: Call,
    outcome: Outcome,
    diagnosis: Diagnosis,
    decision: Decision & { action: "fail" },
    target: ReadTarget | undefined,
  ): Promise<Step> {
    const own = await this.#foundOwnWork(call, diagnosis, target);
    if (own) return done(own);
    await this.finish(call.afterwards);
    const { reason, retryAfterMs } = decision;
    const more = { retryAfterMs, ...(decision.outcome === "unknown" && { outcome: decision.outcome }) };
    const leave = outcome.kind === "answer" && !call.nested && !call.poll && entryOf(call.request)?.deserializes;
    if (!leave) throw this.#giveUp(call, outcome, diagnosis, reason, more);
    // The deserializer lets statuses that the operation declares pass, and then nothing has failed.
    leaveToDeserializer(call.request, () => this.#giveUp(call, outcome, diagnosis, reason, more));
    return done(outcome.response);
  }

  /**
   * A PUT whose answer was lost may have made the very resource that a later attempt collides with. Before such a
   * collision is reported, the resource is read: when it was made since, or is as it was asked to be, the caller has it.
   */
  async #foundOwnWork(
    call: Call,
    diagnosis: Diagnosis,
    target: ReadTarget | undefined,
  ): Promise<PipelineResponse | undefined> {
    if (!call.mayHaveRun || call.request.method !== "PUT" || diagnosis.status !== 409 || target === undefined)
      return undefined;
    const { reading, response } = await this.read(call, target);
    if (reading.kind === "failed" || response.status !== 200) return undefined;
    const asked = typeof call.request.body === "string" ? jsonOf({ bodyAsText: call.request.body }) : undefined;
    const now = this.settings.clock.now();
    const serviceNow = Date.parse(response.headers.get("date") ?? "");
    const aheadMs = Number.isNaN(serviceNow) ? 0 : serviceNow - now;
    if (!isAsAsked(asked, jsonOf(response), call.startedAt + aheadMs)) return undefined;
    this.tellRecovered(call, `an earlier attempt had succeeded: ${reading.lastSeen}`);
    await this.finish(call.afterwards);
    return outcomeAnswer(call.request, response);
  }

  /**
   * A claims challenge is answered by the bearer policy outside, which gets another token and sends the request again. It
   * does so once; and requests of our own never come by it.
   */
  #isLeftToBearer(call: Call, response: PipelineResponse): boolean {
    if (call.nested || !hasClaimsChallenge(response) || this.#challenged.has(call.request)) return false;
    this.#challenged.add(call.request);
    return true;
  }

  /** A DELETE that may have run, and whose repetition finds nothing, has done its work. */
  #isDeleted(call: Call, response: PipelineResponse): boolean {
    if (!call.mayHaveRun || call.request.method !== "DELETE" || response.status !== 404) return false;
    this.tellRecovered(call, "an earlier attempt had deleted it");
    return true;
  }

  /** One resend with fresh credentials for an expired token. */
  async #getsFreshToken(call: Call, diagnosis: Diagnosis): Promise<boolean> {
    if (diagnosis.remedy.automatic !== "refreshCredential" || (call.remedyRuns.get("refreshCredential") ?? 0) > 0)
      return false;
    if (!isRepeatable(call.request)) return false;
    const authorization = await freshAuthorization(call.request);
    // The SDK hands out a token until shortly before it believes it dead: the same one would be refused again.
    if (authorization === undefined || authorization === call.request.headers.get("authorization")) return false;
    call.remedyRuns.set("refreshCredential", 1);
    call.request.headers.set("authorization", authorization);
    call.authorizedAt = this.settings.clock.now();
    this.settings.teller.tell({
      type: "remedy",
      at: call.authorizedAt,
      request: eventRequest(call.request),
      remedy: "refreshCredential",
      phase: "done",
      change: "the token had expired; the request is sent again with a fresh one",
    });
    return true;
  }

  async #renewToken(call: Call): Promise<void> {
    const { clock, teller } = this.settings;
    if (clock.now() - call.authorizedAt < tokenMayBeDeadAfterMs) return;
    try {
      const authorization = await freshAuthorization(call.request);
      if (authorization !== undefined) call.request.headers.set("authorization", authorization);
    } catch (error) {
      if (call.request.abortSignal?.aborted) throw error;
      // The old one may still be good; if not, the service says so.
      teller.fault("renewing the token", error, clock.now());
    }
    call.authorizedAt = clock.now();
  }

  async #waitForProbe(call: Call): Promise<Step> {
    const delayMs = this.#breakers?.probeAfterMs ?? 0;
    const diagnosis = this.diagnose({
      error: { code: "CircuitOpen", message: `Too many failures in a row at ${hostOf(call.request.url)}.` },
    });
    const decision = this.#fitsBudget(call, delayMs)
      ? ({
          action: "retry",
          delayMs,
          counts: false,
          reason: `transient: the circuit is open, again in ${inWords(delayMs)}`,
        } as const)
      : ({
          action: "fail",
          outcome: "failed",
          retryAfterMs: delayMs,
          reason: "the circuit is open for longer than the call may wait",
        } as const);
    // Nothing was sent: it is no attempt.
    call.sends -= 1;
    if (decision.action === "retry") return this.#planRetry(call, diagnosis, decision);
    await this.finish(call.afterwards);
    throw this.#error(call, diagnosis, decision.reason, { retryAfterMs: delayMs });
  }

  #fitsBudget(call: Call, delayMs: number): boolean {
    const now = this.settings.clock.now();
    const left = remainingMs(this.settings, now);
    if (left !== undefined && delayMs >= left) return false;
    return now - call.startedAt + delayMs <= this.settings.maxElapsedMs;
  }

  #succeeded(call: Call, outcome: Outcome & { kind: "answer" }): PipelineResponse {
    const { response } = outcome;
    outcome.permit.settle(isFollowed(call) ? pollReply(response, call.poll) : response);
    this.#allowance.succeeded();
    if (call.failures.length > 0) this.tellRecovered(call, call.failures[call.failures.length - 1]?.reason ?? "");
    return response;
  }

  /** A call that had failed before has ended well. */
  tellRecovered(call: Call, reason: string): void {
    const { clock, teller } = this.settings;
    const now = clock.now();
    teller.tell({
      type: "recovered",
      at: now,
      request: eventRequest(call.request),
      attempts: call.sends,
      elapsedMs: now - call.startedAt,
      reason,
    });
  }

  /** Runs what remedies left to do after the end, last one first. What fails there is reported and hides nothing. */
  async finish(afterwards: (() => Promise<void>)[]): Promise<void> {
    for (const action of afterwards.splice(0).reverse()) {
      await action().catch((error: unknown) =>
        this.settings.teller.fault("a remedy's last step", error, this.settings.clock.now()),
      );
    }
  }

  #throttledPastDeadline(call: Call, error: ThrottleDeadlineError): RemedyError {
    const now = this.settings.clock.now();
    const diagnosis = this.diagnose({ error: { code: "ThrottleWindowClosed", message: error.message } });
    const reason = "the throttling window stays closed past the deadline";
    return this.#error(call, diagnosis, reason, { retryAfterMs: Math.max(0, error.retryAt - now), cause: error });
  }

  #giveUp(
    call: Call,
    outcome: Outcome,
    diagnosis: Diagnosis,
    reason: string,
    more: { retryAfterMs?: number | undefined; cause?: unknown; outcome?: RemedyError["outcome"] } = {},
  ): RemedyError {
    const response = outcome.kind === "answer" ? outcome.response : undefined;
    const cause = more.cause ?? (outcome.kind === "error" ? outcome.error : undefined);
    return this.#error(call, diagnosis, reason, { ...more, response, cause });
  }

  #error(
    call: Call,
    diagnosis: Diagnosis,
    reason: string,
    more: {
      retryAfterMs?: number | undefined;
      response?: PipelineResponse | undefined;
      cause?: unknown;
      outcome?: RemedyError["outcome"];
    },
  ): RemedyError {
    const isRead = call.request.method === "GET" || call.request.method === "HEAD";
    return this.errorOf({
      outcome: call.mayHaveRun && !isRead ? "unknown" : "failed",
      request: call.request,
      diagnosis,
      attempts: call.failures,
      startedAt: call.startedAt,
      reason,
      ...more,
      silent: call.nested || isFollowed(call),
    });
  }

  /** Makes the error of a call or an operation, and tells of it. */
  errorOf(end: {
    request: PipelineRequest | { method: string; url: string };
    liveRequest?: PipelineRequest;
    diagnosis: Diagnosis;
    attempts: RemedyError["attempts"];
    startedAt: number;
    reason: string;
    outcome?: RemedyError["outcome"];
    retryAfterMs?: number | undefined;
    response?: PipelineResponse | undefined;
    cause?: unknown;
    resume?: ResumeInfo | undefined;
    silent?: boolean;
  }): RemedyError {
    const { diagnosis, attempts, reason, outcome, retryAfterMs, cause, resume } = end;
    const now = this.settings.clock.now();
    const elapsedMs = now - end.startedAt;
    const request = end.liveRequest ?? ("headers" in end.request ? end.request : undefined);
    const response = end.response && withoutSecrets(end.response, request ?? end.response.request);
    if (!end.silent) {
      this.settings.teller.tell({
        type: "failed",
        at: now,
        request: eventRequest(end.request),
        attempts: attempts.length,
        elapsedMs,
        reason,
        failure: failureOf(diagnosis),
      });
    }
    return new RemedyError({
      diagnosis,
      attempts,
      elapsedMs,
      reason,
      outcome,
      retryAfterMs,
      retryAt: retryAfterMs === undefined ? undefined : now + retryAfterMs,
      request,
      response,
      details: response
        ? ((response as { parsedBody?: unknown }).parsedBody ?? response.bodyAsText ?? undefined)
        : undefined,
      cause,
      resume,
    });
  }

  /** What reading a failed send starts from. A request that ran into its time is no abort, though the SDK calls it one. */
  #errorInput({ error, cutOff }: Outcome & { kind: "error" }, request: PipelineRequest): unknown {
    if (!cutOff) return error;
    const { settings } = this;
    const isPast = (remainingMs(settings, settings.clock.now()) ?? 1) <= 0;
    // The SDK's own time-out is the request's; whichever is shorter has ended it.
    const limits = [request.timeout, settings.attemptTimeoutMs].filter((ms) => ms > 0);
    const within = isPast ? "before the deadline" : `within the attempt's ${inWords(Math.min(...limits))}`;
    return Object.assign(new Error(`No whole answer came ${within}.`), { code: "AttemptTimeout" });
  }
}

const operationFailed = {
  action: "fail",
  outcome: "failed",
  reason: "the operation ended with this answer",
} as const;

/** A poll of an operation that this process began, whose end the throttle learns how long such operations take from. */
const isFollowed = (call: Call): call is Call & { poll: PollMode } =>
  call.poll !== undefined && call.poll !== "foreign";

function pollReply(response: PipelineResponse, mode: PollMode): ThrottleReply {
  const { status, headers } = response;
  return { status, headers, ended: progressOf(response, mode) !== "running" };
}

/** Polls by `Location` learn the operation's end from the status; those of an operation begun elsewhere may be such. */
const tellsEndByStatus = ({ poll }: Call): boolean => poll === "location" || poll === "foreign";

/**
 * 2xx and 3xx: the redirect policy inside has followed what there was to follow. A HEAD asks a question whose answer is
 * the status: 404 is "no".
 */
export function isFine(request: PipelineRequest, { status }: PipelineResponse): boolean {
  return status < 400 || (request.method === "HEAD" && status < 500 && status !== 408 && status !== 429);
}

/** Platform failures, for the breaker: throttling and everything the caller did wrong are signs of a live host. */
function signOf(outcome: Outcome): Sign {
  if (outcome.kind === "error") return outcome.cutOff ? "none" : "outage";
  const { status } = outcome.response;
  return status >= 500 && status !== 501 ? "outage" : "healthy";
}

/** Answers that are the poll's own trouble, not the end of the operation it asks for. */
function isPollTrouble(status: number): boolean {
  return status >= 500 || status === 401 || status === 403 || status === 404 || status === 408 || status === 429;
}

function hasClaimsChallenge(response: PipelineResponse): boolean {
  return response.status === 401 && (response.headers.get("www-authenticate")?.includes("claims=") ?? false);
}

/** The part of an answer that reading looks at. */
function answerInput({ status, headers, bodyAsText }: PipelineResponse): unknown {
  return { status, headers, bodyAsText };
}

function settlePermit(outcome: Outcome, diagnosis: Diagnosis): void {
  if (outcome.kind === "error") {
    outcome.permit.settle();
    return;
  }
  const { status, headers } = outcome.response;
  const target = diagnosis.chain[diagnosis.chain.length - 1]?.target;
  outcome.permit.settle({
    status,
    headers,
    throttled: diagnosis.category === "throttling",
    retryAfterMs: diagnosis.retryAfterMs,
    scopeHint: diagnosis.category === "throttling" ? target : undefined,
  });
}

/** A request of our own through the caller's pipeline: same token, same connection settings, a client request id of its own. */
export function subRequest(
  request: PipelineRequest,
  call: { method: string; url: string; body?: unknown; headers?: Readonly<Record<string, string>> },
): PipelineRequest {
  const { abortSignal, tracingOptions, agent, proxySettings, allowInsecureConnection } = request;
  const headers = createHttpHeaders({ accept: "application/json", ...call.headers });
  for (const name of ["authorization", "user-agent", "x-ms-useragent"]) {
    const value = request.headers.get(name);
    if (value !== undefined && !headers.has(name)) headers.set(name, value);
  }
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  if (body !== undefined && !headers.has("content-type")) headers.set("content-type", "application/json");
  const sub = createPipelineRequest({
    method: call.method as PipelineRequest["method"],
    url: call.url,
    headers,
    ...(body !== undefined && { body }),
    ...(abortSignal && { abortSignal }),
    ...(tracingOptions && { tracingOptions }),
    ...(agent && { agent }),
    ...(proxySettings && { proxySettings }),
    ...(allowInsecureConnection && { allowInsecureConnection }),
  });
  sub.headers.set("x-ms-client-request-id", sub.requestId);
  return sub;
}

/** What a reading that brought no resource tells: that there is none, or nothing. */
function unread(
  target: ReadTarget,
  request: PipelineRequest,
  error: unknown,
): { reading: Reading; response: PipelineResponse } {
  if (!(error instanceof RemedyError)) throw error;
  const response = error.response ?? { request, status: 0, headers: createHttpHeaders() };
  if (error.statusCode === 404) return { reading: interpret(target, 404, undefined), response };
  const lastSeen = `not readable (${error.code ?? error.statusCode ?? "no answer"})`;
  return { reading: { kind: "pending", lastSeen }, response };
}

function deletedAnswer(request: PipelineRequest): PipelineResponse {
  return { request, status: 204, headers: createHttpHeaders(), bodyAsText: "" };
}

/** What a reading found, as the answer to the request that was never answered: the resource, or a plain 200. */
function outcomeAnswer(request: PipelineRequest, found: PipelineResponse): PipelineResponse {
  if (request.method === "DELETE") return deletedAnswer(request);
  if (request.method !== "POST") return { ...found, request };
  return { request, status: 200, headers: createHttpHeaders(), bodyAsText: "" };
}

/** The answer as the error shows it, its secrets cut. */
function withoutSecrets(response: PipelineResponse, request: PipelineRequest): PipelineResponse {
  const { status, headers, bodyAsText } = response;
  const parsed = jsonOf(response);
  return Object.assign(
    { request, status, headers },
    typeof bodyAsText === "string" && { bodyAsText: redact(bodyAsText) },
    parsed !== undefined && { parsedBody: redactBody(parsed) },
  );
}
