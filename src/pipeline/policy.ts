/** `remedyPolicy`: the pipeline policy. Stands in phase `Retry`, in place of the SDK's default retry policy. */
import type { PipelinePolicy, PipelineRequest, PipelineResponse, SendRequest } from "@azure/core-rest-pipeline";
import { newCall } from "./call.js";
import { isFine } from "./answers.js";
import { Calls } from "./calls.js";
import { answerProbe, isProbe } from "./entry.js";
import { settle, type RemedyOptions } from "./options.js";
import { Polls } from "./polls.js";
import { failedSend, isPermit, restore, type Outcome } from "./sender.js";

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

  /** The road of a call that does not go well at once. */
  async function recover(
    request: PipelineRequest,
    next: SendRequest,
    startedAt: number,
    first: Outcome | undefined,
  ): Promise<PipelineResponse> {
    const call = newCall(request, next, startedAt, polls.kindOf(request));
    const response = await calls.recover(call, first ?? (await calls.attempt(call)));
    if (request.method === "GET") polls.explainForeign(request, response);
    else if (!polls.track(request, response, call)) await calls.verdicts.finish(call.afterwards);
    return response;
  }

  return {
    name: remedyPolicyName,
    async sendRequest(request, next) {
      if (isProbe(request)) return answerProbe(request);
      const operation = polls.operationOf(request);
      if (operation) return polls.poll(operation, request, next);
      if (settings.remedies.length > 0) {
        const preparing = calls.remedies.prepare(request, next);
        if (preparing) await preparing;
      }
      const startedAt = settings.clock.now();
      if (!calls.quiet) return recover(request, next, startedAt, undefined);

      // The clean road: what follows is `sender.send` and `calls.attempt` without the promises and objects between them,
      // which would cost a clean call more than the SDK's default policy does.
      let admitted;
      let sentAt = startedAt;
      try {
        admitted = sender.admit(request, false, startedAt);
        if (!isPermit(admitted)) {
          admitted = await admitted;
          sentAt = settings.clock.now();
        }
      } catch (error) {
        throw calls.verdicts.notAdmitted(newCall(request, next, startedAt), error);
      }
      const { url, abortSignal } = request;
      const limit = sender.limit(request, sentAt);
      let response;
      try {
        response = await next(request);
      } catch (error) {
        const outcome = failedSend(request, error, admitted);
        restore(request, url, abortSignal, limit);
        return recover(request, next, startedAt, await calls.count(request, outcome));
      }
      restore(request, url, abortSignal, limit);
      if (!isFine(request, response)) {
        return recover(
          request,
          next,
          startedAt,
          await calls.count(request, { kind: "answer", response, permit: admitted }),
        );
      }
      admitted.settle(response);
      calls.countSuccess();
      if (request.method === "GET") polls.explainForeign(request, response);
      else polls.track(request, response, undefined);
      return response;
    },
  };
}
