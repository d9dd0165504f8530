/** `remedyPolicy`: the pipeline policy. Stands in phase `Retry`, in place of the SDK's default retry policy. */
import type { PipelinePolicy } from "@azure/core-rest-pipeline";
import { newCall } from "./call.js";
import { Calls, isFine } from "./calls.js";
import { answerProbe, isProbe } from "./entry.js";
import { settle, type RemedyOptions } from "./options.js";
import { Polls } from "./polls.js";
import { prepare } from "./remedy-runner.js";

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
  return {
    name: remedyPolicyName,
    async sendRequest(request, next) {
      if (isProbe(request)) return answerProbe(request);
      const operation = polls.operationOf(request);
      if (operation) return polls.poll(operation, request, next);

      prepare(calls.settings, request);
      const call = newCall(request, next, calls.settings.clock.now());
      const first = await calls.attempt(call);
      let response;
      if (first?.kind === "answer" && isFine(request, first.response)) {
        first.permit.settle(first.response);
        response = first.response;
      } else {
        response = await calls.recover(call, first);
      }
      if (request.method === "GET") polls.explainForeign(request, response);
      else if (!polls.track(call, response) && call.afterwards.length > 0) await calls.finish(call.afterwards);
      return response;
    },
  };
}
