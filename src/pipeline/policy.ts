/** `remedyPolicy`: the pipeline policy. Stands in phase `Retry`, in place of the SDK's default retry policy. */
import type { PipelinePolicy, PipelineRequest, PipelineResponse, SendRequest } from "@azure/core-rest-pipeline";
import { newCall, type Call } from "./call.js";
import { isFine } from "./answers.js";
import { Calls } from "./calls.js";
import { settle, type RemedyOptions } from "./options.js";
import { OuterRetries } from "./outer-retries.js";
import { Polls } from "./polls.js";
import { failedSend, isPermit, restore, type Outcome } from "./sender.js";
import type { Permit } from "../throttle/throttle.js";
import { currentWorkItem } from "./work-item.js";

/** The programmatic identifier of the remedyPolicy. */
export const remedyPolicyName = "remedyPolicy";

/**
 * A policy that knows what each failure means: retries what will pass, waits for what is busy, finds out what is unknown,
 * runs the remedies that the caller allows, and throws a `RemedyError` for the rest.
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
  return policyOf(new Calls(settle(options)));
}

/** The policy around a given engine; `withRemedy` shares the engine between its two policies. */
export function policyOf(calls: Calls): PipelinePolicy {
  const polls = new Polls(calls);
  const { settings, sender } = calls;
  const outerRetries = new OuterRetries(settings, calls.entry);

  /** The road of a call that does not go well at once. */
  async function recover(
    request: PipelineRequest,
    next: SendRequest,
    startedAt: number,
    first: Outcome | undefined,
  ): Promise<PipelineResponse> {
    outerRetries.lookAt(request);
    const call = newCall(request, next, startedAt, polls.kindOf(request));
    const response = await seeThrough(call, first);
    if (request.method === "GET") polls.explainForeign(request, response);
    if (!polls.track(request, response, call)) await calls.verdicts.finish(call.afterwards);
    return response;
  }

  async function seeThrough(call: Call, first: Outcome | undefined): Promise<PipelineResponse> {
    try {
      return await calls.recover(call, first ?? (await calls.attempt(call)));
    } catch (error) {
      outerRetries.noteEnd(call.request, error);
      throw error;
    }
  }

  // The clean road: `sender.send` and `calls.attempt` without the async functions and objects between them, which would
  // cost a clean call more than the SDK's default policy does.

  function start(request: PipelineRequest, next: SendRequest): Promise<PipelineResponse> {
    const startedAt = settings.clock.now();
    if (!calls.quiet) return recover(request, next, startedAt, undefined);
    const admitted = sender.admit(request, false, startedAt);
    if (!isPermit(admitted)) return sendLater(request, next, startedAt, admitted);
    return send(request, next, startedAt, startedAt, admitted);
  }

  async function sendLater(
    request: PipelineRequest,
    next: SendRequest,
    startedAt: number,
    admitted: Promise<Permit>,
  ): Promise<PipelineResponse> {
    let permit: Permit;
    try {
      permit = await sender.admitted(admitted);
    } catch (error) {
      throw calls.verdicts.notAdmitted(newCall(request, next, startedAt), error);
    }
    return send(request, next, startedAt, settings.clock.now(), permit);
  }

  function send(
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
        restore(request, url, abortSignal, limit);
        if (isFine(request, response)) return succeed(request, response, permit);
        return countAndRecover(request, next, startedAt, { kind: "answer", response, permit });
      },
      (error: unknown) => {
        const outcome = failedSend(request, error, permit);
        restore(request, url, abortSignal, limit);
        return countAndRecover(request, next, startedAt, outcome);
      },
    );
  }

  async function countAndRecover(
    request: PipelineRequest,
    next: SendRequest,
    startedAt: number,
    outcome: Outcome,
  ): Promise<PipelineResponse> {
    return recover(request, next, startedAt, await calls.count(request, outcome));
  }

  function succeed(request: PipelineRequest, response: PipelineResponse, permit: Permit): PipelineResponse {
    permit.settle(response);
    calls.countSuccess();
    if (request.method === "GET") polls.explainForeign(request, response);
    else polls.track(request, response, undefined);
    return response;
  }

  return {
    name: remedyPolicyName,
    sendRequest(request, send) {
      const next = currentWorkItem()?.around(request, send) ?? send;
      if (calls.entry?.isProbe(request)) return Promise.resolve(calls.entry.answerProbe(request));
      const operation = polls.operationOf(request);
      if (operation) return polls.poll(operation, request, next);
      const preparing = settings.remedies.length > 0 ? calls.remedies.prepare(request, next) : undefined;
      return preparing ? preparing.then(() => start(request, next)) : start(request, next);
    },
  };
}

/** Policies are to give promises, but nothing keeps one from throwing at once. */
function sendInside(request: PipelineRequest, next: SendRequest): Promise<PipelineResponse> {
  try {
    return next(request);
  } catch (error) {
    const thrown = error as Error;
    return Promise.reject(thrown);
  }
}
