/** `withRemedy(client)`: one line for any client that has a pipeline. */
import type { Pipeline, PipelineRequest, PipelineResponse, SendRequest } from "@azure/core-rest-pipeline";
import { diagnoseFailure } from "../catalog/diagnose-failure.js";
import { readFailure } from "../failure/read.js";
import { decideCall, eventRequest, newCall, noteFailure } from "./call.js";
import { Calls } from "./calls.js";
import { Entry, remedyEntryPolicyName, type RecoverToken } from "./entry.js";
import { failureOf } from "./events.js";
import { check } from "../option-check.js";
import { settle, type RemedyOptions } from "./options.js";
import { policyOf, remedyPolicyName } from "./policy.js";
import { isRemedyError } from "./remedy-error.js";

/** Anything with an Azure SDK pipeline: every `@azure/arm-*` client, core-client's ServiceClient, a REST client. */
export interface ClientWithPipeline {
  readonly pipeline: Pipeline;
}

/** The SDK's retry policies, of all its generations: two retry loops on top of each other multiply. */
const replacedPolicies = [
  "defaultRetryPolicy",
  "exponentialRetryPolicy",
  "throttlingRetryPolicy",
  "systemErrorRetryPolicy",
];

/**
 * Makes a client know what failures mean. Removes the SDK's default retry policy, adds `remedyPolicy` in its place, and
 * gives the same client back. Called again, the later options replace the earlier.
 *
 * ```ts
 * const compute = withRemedy(new ComputeManagementClient(credential, subscriptionId));
 * ```
 * @throws TypeError or RangeError that names a bad option and its value
 */
export function withRemedy<Client extends ClientWithPipeline>(client: Client, options: RemedyOptions = {}): Client {
  const pipeline = (client as Partial<ClientWithPipeline> | undefined)?.pipeline;
  check(typeof pipeline?.addPolicy === "function", "client", client, "an Azure SDK client with a pipeline");
  const entry = new Entry(pipeline);
  const calls = new Calls(settle(options), entry);
  for (const name of [...replacedPolicies, remedyPolicyName, remedyEntryPolicyName]) pipeline.removePolicy({ name });
  // Serialize is the outermost phase, and standing there shifts no other policy, as standing before the bearer policy would.
  const recover: RecoverToken = (error, request, next) => recoverToken(calls, error, request, next);
  pipeline.addPolicy(entry.policy(recover), { phase: "Serialize" });
  pipeline.addPolicy(policyOf(calls), { phase: "Retry" });
  return client;
}

/** There is nothing to read back, no remedy is known, and the allowance is for requests that were sent. */
const nothingSent = { readable: false, repeatable: true, remedies: [], allowance: true } as const;

/** No token, so nothing was sent: waits out what passes, and explains what does not. */
async function recoverToken(
  calls: Calls,
  first: unknown,
  request: PipelineRequest,
  next: SendRequest,
): Promise<PipelineResponse> {
  const { settings } = calls;
  const { clock, teller } = settings;
  const call = newCall(request, next, clock.now());
  for (let error = first; ; call.sends += 1) {
    if (isRemedyError(error) || request.abortSignal?.aborted) throw error;
    const now = clock.now();
    const failure = readFailure(error, { now });
    if (failure.origin !== "identity") throw error;
    const diagnosis = diagnoseFailure({ ...failure, execution: "none" }, settings.catalog);
    const decision = decideCall(call, diagnosis, settings, nothingSent);
    noteFailure(call.failures, diagnosis, decision, now);
    if (decision.action !== "retry") {
      const { reason } = decision;
      throw calls.verdicts.errorOf({
        request,
        diagnosis,
        attempts: call.failures,
        startedAt: call.startedAt,
        reason,
        retryAfterMs: decision.action === "fail" ? decision.retryAfterMs : undefined,
        cause: error,
      });
    }
    const { delayMs, reason, counts } = decision;
    if (counts) call.retries += 1;
    teller.tell({
      type: "retry",
      at: now,
      request: eventRequest(request),
      attempt: call.sends,
      delayMs,
      reason,
      failure: failureOf(diagnosis),
    });
    await clock.sleep(delayMs, request.abortSignal);
    try {
      const response = await next(request);
      call.sends += 1;
      calls.verdicts.tellRecovered(call, reason);
      return response;
    } catch (thrown) {
      error = thrown;
    }
  }
}
