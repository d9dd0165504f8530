/**
 * One call from its first failure to its end: diagnose, decide, act, again.
 */
import type { PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import type { Diagnosis } from "../catalog/diagnosis.js";
import { RetryAllowance } from "../decision/allowance.js";
import { inWords, type Decision } from "../decision/decide.js";
import { isAsAsked } from "../lro/as-asked.js";
import { jsonOf } from "../lro/json.js";
import type { PollMode } from "../lro/operation.js";
import { progressOf } from "../lro/poll.js";
import { readTargetOf, type ReadTarget } from "../lro/read-back.js";
import { isRepeatable } from "../lro/resubmission.js";
import { ThrottleDeadlineError, type ThrottleReply } from "../throttle/throttle.js";
import { AbortError } from "../time/clock.js";
import { deletedAnswer, isFine, isPollTrouble, outcomeAnswer, signOf } from "./answers.js";
import { Breakers, hostOf } from "./breaker.js";
import { decideCall, eventRequest, fitsBudget, isFollowed, noteFailure, type Call } from "./call.js";
import type { Entry } from "./entry.js";
import { failureOf } from "./events.js";
import type { Settings } from "./options.js";
import { Readings } from "./readings.js";
import { isRemedyError } from "./remedy-error.js";
import { failedRequestOf, fittingRemedies, letLearn, RemedyRunner } from "./remedy-runner.js";
import { isAbort, Sender, type Outcome } from "./sender.js";
import { takeSteps } from "./steps.js";
import { Tokens } from "./tokens.js";
import { Verdicts } from "./verdicts.js";

/** How the loop goes on: once more after a while, or with this answer. A failure for good is thrown. */
type Step =
  { readonly again: true; readonly afterMs: number } | { readonly again: false; readonly response: PipelineResponse };

const atOnce = { again: true, afterMs: 0 } as const;
const done = (response: PipelineResponse): Step => ({ again: false, response });

/** What one send of a poll brings: its answer, or how long its poller is to wait before it asks again. */
export type Asked = { readonly response: PipelineResponse } | Later;

/** `unsent`: the throttle sent it away. */
export interface Later {
  readonly againInMs: number;
  readonly unsent: boolean;
}

export class Calls {
  readonly settings: Settings;
  /** Where requests come in, when the client was prepared by `withRemedy`. */
  readonly entry: Entry | undefined;
  readonly sender: Sender;
  readonly verdicts: Verdicts;
  readonly tokens: Tokens;
  readonly readings: Readings;
  readonly #allowance = new RetryAllowance();
  readonly #breakers: Breakers | undefined;
  readonly remedies: RemedyRunner;

  constructor(settings: Settings, entry?: Entry) {
    this.settings = settings;
    this.entry = entry;
    this.sender = new Sender(settings);
    this.verdicts = new Verdicts(settings);
    this.tokens = new Tokens(settings, entry);
    this.readings = new Readings(this);
    this.#breakers = settings.circuitBreaker && new Breakers(settings.circuitBreaker, settings.clock);
    this.remedies = new RemedyRunner(this);
  }

  /** Nothing has failed lately: a clean call need not be counted anywhere. */
  get quiet(): boolean {
    return this.#breakers?.quiet ?? true;
  }

  /** Sends a call and sees it through. @throws RemedyError, or AbortError when the caller aborts */
  async run(call: Call): Promise<PipelineResponse> {
    return this.recover(call, await this.attempt(call));
  }

  /** Sees a call through whose first send has been made. */
  async recover(call: Call, first: Outcome | undefined): Promise<PipelineResponse> {
    const clock = call.clock ?? this.settings.clock;
    const { response } = await takeSteps<Step>(async (taken) => {
      const step = await this.#judge(call, taken === 0 ? first : await this.#sendAgain(call));
      if (step.again && step.afterMs > 0) await clock.sleep(step.afterMs, call.request.abortSignal);
      return step;
    });
    return response;
  }

  async #sendAgain(call: Call): Promise<Outcome | undefined> {
    call.sends += 1;
    await this.tokens.renew(call);
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
      const refusal = this.verdicts.notAdmitted(call, error);
      if (isRemedyError(refusal)) await this.verdicts.finish(call.afterwards);
      throw refusal;
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

  async #judge(call: Call, outcome: Outcome | undefined): Promise<Step> {
    if (!outcome) return this.#waitForProbe(call);
    if (outcome.kind === "answer" && isFine(call.request, outcome.response))
      return done(this.#succeeded(call, outcome));
    if (outcome.kind === "error" && call.request.abortSignal?.aborted) {
      outcome.permit.settle();
      throw isAbort(outcome.error) ? outcome.error : new AbortError();
    }
    const diagnosis = this.verdicts.explain(outcome, call.request);
    if (outcome.kind === "answer" && this.tokens.isLeftToBearer(call, outcome.response)) return done(outcome.response);
    return this.#act(call, outcome, diagnosis);
  }

  async #act(call: Call, outcome: Outcome, diagnosis: Diagnosis): Promise<Step> {
    const now = this.settings.clock.now();
    const response = outcome.kind === "answer" ? outcome.response : undefined;
    if (response && this.#isDeleted(call, response)) return done(deletedAnswer(call.request));
    if (await this.tokens.getsFresh(call, diagnosis)) return atOnce;
    if (tellsEndByStatus(call) && response && !isPollTrouble(response.status)) {
      noteFailure(call.failures, diagnosis, operationFailed, now);
      throw this.verdicts.giveUp(call, outcome, diagnosis, operationFailed.reason);
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
    if (!target) throw this.verdicts.giveUp(call, outcome, diagnosis, decision.reason);
    this.settings.teller.tell({
      type: "readBack",
      at: this.settings.clock.now(),
      request: eventRequest(call.request),
      reason: decision.reason,
      failure: failureOf(diagnosis),
    });
    const end = await this.readings.untilKnown(call, target, decision.delayMs);
    if (end.kind === "succeeded" && target.kind === "provisioning" && !this.#isAsAsked(call, end.response)) {
      await this.verdicts.finish(call.afterwards);
      const reason = `outcome unknown: ${end.lastSeen}, but it does not show what was asked for`;
      throw this.verdicts.giveUp(call, outcome, diagnosis, reason, { outcome: "unknown" });
    }
    if (end.kind === "succeeded") {
      this.verdicts.tellRecovered(call, `read back: ${end.lastSeen}`);
      await this.verdicts.finish(call.afterwards);
      return done(outcomeAnswer(call.request, end.response));
    }
    await this.verdicts.finish(call.afterwards);
    if (end.kind === "failed") {
      const reason = `read back: ${end.lastSeen}`;
      throw this.verdicts.giveUp(call, outcome, end.diagnosis ?? diagnosis, reason, { outcome: "failed" });
    }
    const reason = `outcome unknown, last seen: ${end.lastSeen}`;
    throw this.verdicts.giveUp(call, outcome, diagnosis, reason, { outcome: "unknown" });
  }

  async #applyRemedy(
    call: Call,
    outcome: Outcome,
    diagnosis: Diagnosis,
    decision: Decision & { action: "apply" },
  ): Promise<Step> {
    call.carrier ??= { request: call.request, next: call.next, clock: this.settings.clock };
    const failure = await this.remedies.apply(decision.remedy, diagnosis, {
      request: call.request,
      carrier: call.carrier,
      runs: call.remedyRuns,
      notes: call.remedyNotes,
      startedAt: call.startedAt,
      afterwards: call.afterwards,
    });
    if (failure === undefined) return atOnce;
    await this.verdicts.finish(call.afterwards);
    throw this.verdicts.giveUp(call, outcome, diagnosis, `the remedy ${decision.remedy} failed: ${failure.message}`, {
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
    await this.verdicts.finish(call.afterwards);
    const { reason, retryAfterMs } = decision;
    const more = { retryAfterMs, ...(decision.outcome === "unknown" && { outcome: decision.outcome }) };
    const leave = outcome.kind === "answer" && !call.nested && !call.poll && this.entry?.deserializes;
    if (!leave) throw this.verdicts.giveUp(call, outcome, diagnosis, reason, more);
    // The deserializer lets statuses that the operation declares pass, and then nothing has failed.
    this.entry.leaveToDeserializer(call.request, () => this.verdicts.giveUp(call, outcome, diagnosis, reason, more));
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
    const { reading, response } = await this.readings.read(call, target);
    if (reading.kind === "failed" || response.status !== 200) return undefined;
    if (!this.#isAsAsked(call, response)) return undefined;
    this.verdicts.tellRecovered(call, `an earlier attempt had succeeded: ${reading.lastSeen}`);
    await this.verdicts.finish(call.afterwards);
    return outcomeAnswer(call.request, response);
  }

  /** Whether a resource is what the call asked for; one that was there before may be what it was before. */
  #isAsAsked(call: Call, response: PipelineResponse): boolean {
    const { body: asked } = failedRequestOf(call.request);
    const serviceNow = Date.parse(response.headers.get("date") ?? "");
    const aheadMs = Number.isNaN(serviceNow) ? 0 : serviceNow - this.settings.clock.now();
    return isAsAsked(asked, jsonOf(response), call.startedAt + aheadMs);
  }

  /** A DELETE that may have run, and whose repetition finds nothing, has done its work. */
  #isDeleted(call: Call, response: PipelineResponse): boolean {
    if (!call.mayHaveRun || call.request.method !== "DELETE" || response.status !== 404) return false;
    this.verdicts.tellRecovered(call, "an earlier attempt had deleted it");
    return true;
  }

  async #waitForProbe(call: Call): Promise<Step> {
    const delayMs = this.#breakers?.probeAfterMs ?? 0;
    const diagnosis = this.verdicts.diagnose({
      error: { code: "CircuitOpen", message: `Too many failures in a row at ${hostOf(call.request.url)}.` },
    });
    const decision = fitsBudget(call, delayMs, this.settings)
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
    await this.verdicts.finish(call.afterwards);
    throw this.verdicts.errorOfCall(call, diagnosis, decision.reason, { retryAfterMs: delayMs });
  }

  #succeeded(call: Call, outcome: Outcome & { kind: "answer" }): PipelineResponse {
    const { response } = outcome;
    outcome.permit.settle(isFollowed(call) ? pollReply(response, call.poll) : response);
    this.#allowance.succeeded();
    if (call.failures.length > 0)
      this.verdicts.tellRecovered(call, call.failures[call.failures.length - 1]?.reason ?? "");
    return response;
  }
}

const operationFailed = {
  action: "fail",
  outcome: "failed",
  reason: "the operation ended with this answer",
} as const;

function pollReply(response: PipelineResponse, mode: PollMode): ThrottleReply {
  const { status, headers } = response;
  return { status, headers, ended: progressOf(response, mode) !== "running" };
}

/** Polls by `Location` learn the operation's end from the status; those of an operation begun elsewhere may be such. */
const tellsEndByStatus = ({ poll }: Call): boolean => poll === "location" || poll === "foreign";
