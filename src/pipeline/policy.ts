/** `remedyPolicy`: the pipeline policy. In phase `Retry`, in place of the SDK's default retry policy. */
import {
  defaultRetryPolicy,
  type PipelinePolicy,
  type PipelineRequest,
  type PipelineResponse,
  type SendRequest,
} from "@azure/core-rest-pipeline";
import { callOf, callOfOperation } from "../recovery/call-tracer.js";
import { Engine } from "../recovery/engine.js";
import { aboutRequest } from "../recovery/events.js";
import { failedResult } from "../recovery/failed-result.js";
import { Polls } from "../recovery/polls.js";
import { runRequest } from "../recovery/request-recovery.js";
import { newRequestState, type FailedEnd, type RequestState } from "../recovery/request-state.js";
import type { RemedyError } from "../recovery/remedy-error.js";
import { currentWorkItem } from "../recovery/work-item.js";
import { isSuccess } from "../recovery/responses.js";
import { discard, failedSend, isPermit, restore, type SendOutcome, type Sent } from "../recovery/sender.js";
import { ThrottleDeadlineError, type Permit } from "../throttle/throttle.js";
import { isReturnedByHand } from "./failed-responses.js";
import { NestedRetryDetector } from "./nested-retry-detector.js";
import { observerPolicy } from "./observer.js";
import { modeOf, settle, type RemedyOptions } from "./options.js";
import type { Held, OuterPolicy } from "./outer-policy.js";

/** The programmatic identifier of the remedyPolicy. */
export const remedyPolicyName = "remedyPolicy";

/**
 * A policy that knows what each failure means: it retries transient failures, waits for busy resources, finds out
 * unknown outcomes, runs the remedies that the caller allows, and throws a `RemedyError` for the rest.
 *
 * ```ts
 * pipeline.removePolicy({ name: "defaultRetryPolicy" });
 * pipeline.addPolicy(remedyPolicy(), { phase: "Retry" });
 * ```
 *
 * For an SDK client use `withRemedy(client)`, which does the same and can also renew a token within a call.
 * @throws TypeError or RangeError that names a bad option and its value
 */
export function remedyPolicy(options: RemedyOptions = {}): PipelinePolicy {
  const settings = settle(options);
  const mode = modeOf(options);
  if (mode === "on") return policyOf(new Engine(settings, undefined, runRequest), undefined);
  // Callers who add this policy by hand have removed the SDK's own, which acts in these modes.
  const sdk = defaultRetryPolicy();
  const observer = mode === "observe" ? observerPolicy(settings) : undefined;
  return {
    name: remedyPolicyName,
    sendRequest: (request, next) =>
      sdk.sendRequest(request, observer ? (attempt) => observer.sendRequest(attempt, next) : next),
  };
}

/** The policy around a given engine; `withRemedy` adds an outer policy to it. */
export function policyOf(engine: Engine, outer: OuterPolicy | undefined): PipelinePolicy {
  const polls = new Polls(engine);
  const { settings, sender, calls } = engine;
  engine.declares = (request, response) =>
    outer ? outer.declares(request, response) : isReturnedByHand(settings.failedResponses, request, response);
  const nestedRetries = new NestedRetryDetector(settings, outer);

  function sendRequest(request: PipelineRequest, send: SendRequest): Promise<PipelineResponse> {
    if (outer?.isHeld(request)) nestedRetries.check(request);
    outer?.release(request);
    let next = currentWorkItem()?.around(request, send) ?? send;
    const operation = polls.operationOf(request);
    if (operation) {
      next = callOfOperation(operation)?.around(next) ?? next;
      return polls.poll(operation, request, next).catch((error: unknown) => failPoll(request, error));
    }
    if (calls) next = calls.callOf(request)?.around(next) ?? next;
    const resultOf = polls.resultOf(request);
    if (resultOf) return recover(newRequestState(request, next, settings.clock.now(), { resultOf }));
    const preparing = settings.remedies.length > 0 ? engine.remedies.prepare(request, next) : undefined;
    return preparing ? preparing.then(() => start(request, next)) : start(request, next);
  }

  // The clean path: what `engine.attempt` does, without its async functions and objects, which would cost a clean
  // request more than the SDK's default policy does.

  function start(request: PipelineRequest, next: SendRequest): Promise<PipelineResponse> {
    const startedAt = settings.clock.now();
    if (!engine.quiet) return recover(newState(request, next, startedAt));
    const admitted = sender.admit(request, false, startedAt);
    if (!isPermit(admitted)) return sendLater(request, next, startedAt, admitted);
    return sendAdmitted(request, next, startedAt, startedAt, admitted);
  }

  async function sendLater(
    request: PipelineRequest,
    next: SendRequest,
    startedAt: number,
    admitted: Promise<Permit>,
  ): Promise<PipelineResponse> {
    const permit = await sender.admitted(admitted);
    callOf(next)?.waited(settings.clock.now() - startedAt, "queue");
    if (permit instanceof ThrottleDeadlineError) {
      return recover(newState(request, next, startedAt), sender.notAdmitted(permit));
    }
    return sendAdmitted(request, next, startedAt, settings.clock.now(), permit);
  }

  function sendAdmitted(
    request: PipelineRequest,
    next: SendRequest,
    startedAt: number,
    sentAt: number,
    permit: Permit,
  ): Promise<PipelineResponse> {
    const { url, abortSignal } = request;
    const limit = sender.limit(request, sentAt);
    return sendInside(request, next).then(
      (response) => {
        restore(request, url, abortSignal, limit, response);
        if (isSuccess(request, response)) return succeed(request, next, response, permit);
        return countAndRecover(request, next, startedAt, { kind: "response", response, permit });
      },
      (error: unknown) => {
        let sent: Sent;
        try {
          sent = failedSend(request, error, permit);
        } finally {
          restore(request, url, abortSignal, limit);
        }
        return countAndRecover(request, next, startedAt, sent);
      },
    );
  }

  function succeed(
    request: PipelineRequest,
    next: SendRequest,
    response: PipelineResponse,
    permit: Permit,
  ): PipelineResponse | Promise<PipelineResponse> {
    permit.settle(response);
    engine.allowance.succeeded();
    engine.hosts.note(request.url);
    if (request.method === "GET") {
      const failure = polls.foreignFailure(request, response);
      // By hand it is unknown whether a poller asks, or a caller who wants to read the document.
      if (failure && outer) return fail(newState(request, next, settings.clock.now()), failure);
    } else polls.track(request, next, response, undefined);
    return response;
  }

  // The path of a request that did not succeed at once.

  async function countAndRecover(
    request: PipelineRequest,
    next: SendRequest,
    startedAt: number,
    sent: Sent,
  ): Promise<PipelineResponse> {
    await engine.count(request, sent);
    return recover(newState(request, next, startedAt), sent);
  }

  /** @param first the outcome of an attempt already made */
  async function recover(state: RequestState, first?: SendOutcome): Promise<PipelineResponse> {
    const { request } = state;
    nestedRetries.check(request);
    const end = await runRequest(engine, state, first).catch((error: unknown) => {
      throw engine.remedies.abandoned(state.remedies, request, error);
    });
    if (end.kind === "failed") return fail(state, end);
    const { response } = end;
    const isPlainGet = request.method === "GET" && !state.resultOf;
    const failure = isPlainGet ? polls.foreignFailure(request, response) : undefined;
    if (failure && outer) return fail(state, failure);
    if (!polls.track(request, state.next, response, state)) await engine.remedies.runCleanups(state.remedies.cleanups);
    return response;
  }

  /** The final response to the caller: an error, unless the response itself may be returned. */
  async function fail(state: RequestState, end: FailedEnd): Promise<PipelineResponse> {
    const { request } = state;
    const { response } = end;
    await engine.remedies.runCleanups(state.remedies.cleanups);
    const makeError = (thrown?: unknown): RemedyError => engine.errors.ofRequest(state, end, thrown);
    if (response && letOut(request, response, makeError, end.isChallenge)) return response;
    nestedRetries.noteFailure(request);
    if (response) discard(response);
    throw makeError();
  }

  /** An operation that has failed for good is thrown too, unless the caller asked for responses. */
  function failPoll(request: PipelineRequest, error: unknown): PipelineResponse {
    const failed = engine.errors.responseOf(error);
    // The response that refused a resubmission is returned as the poll's own: the deserializer checks whose response it
    // is.
    const response = failed && { ...failed, request };
    if (response && letOut(request, response, () => error as RemedyError)) return response;
    throw error;
  }

  /**
   * Whether the response is passed on as it is: to the outer policy, which decides what the caller gets, or to the
   * caller.
   */
  function letOut(
    request: PipelineRequest,
    response: PipelineResponse,
    makeError: Held["makeError"],
    isChallenge = false,
  ): boolean {
    if (!outer) return isChallenge || isReturnedByHand(settings.failedResponses, request, response);
    outer.hold(request, { response, makeError });
    return true;
  }

  function newState(request: PipelineRequest, next: SendRequest, startedAt: number): RequestState {
    return newRequestState(request, next, startedAt, polls.kindOf(request));
  }

  const sendChecked = settings.failOn.size === 0 ? sendRequest : sendAndCheck;
  // With an outer policy, calls are traced from further out.
  const traced = outer ? undefined : calls;
  return {
    name: remedyPolicyName,
    sendRequest: traced ? (request, send) => traced.trace(request, (sent) => sendChecked(sent, send)) : sendChecked,
  };

  /**
   * For callers who want it: a result in which something failed is an error. It is not sent again, since the request
   * succeeded.
   */
  async function sendAndCheck(request: PipelineRequest, send: SendRequest): Promise<PipelineResponse> {
    const startedAt = settings.clock.now();
    const response = await sendRequest(request, send);
    const failure = failedResult(request, response, settings);
    const call = calls?.callOf(request);
    if (failure) throw engine.errors.make({ about: aboutRequest(request), call, request, startedAt }, failure);
    return response;
  }
}

/** Policies should return promises, but one may throw synchronously. */
function sendInside(request: PipelineRequest, next: SendRequest): Promise<PipelineResponse> {
  try {
    return next(request);
  } catch (error) {
    const thrown = error as Error;
    return Promise.reject(thrown);
  }
}
