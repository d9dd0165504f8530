/** `withRemedy(client)`: one line for any client that has a pipeline. */
import {
  defaultRetryPolicy,
  tracingPolicyName,
  type HttpClient,
  type Pipeline,
  type PipelinePolicy,
  type PipelineRequest,
  type PipelineResponse,
  type SendRequest,
} from "@azure/core-rest-pipeline";
import { diagnoseFailure } from "../catalog/diagnose-failure.js";
import { readFailure } from "../failure/read.js";
import { check } from "../option-check.js";
import { attemptPolicyName, telemetryPolicyName } from "../recovery/call-tracer.js";
import { Engine } from "../recovery/engine.js";
import { aboutRequest } from "../recovery/events.js";
import { FunctionRecovery, type FunctionTask } from "../recovery/function-recovery.js";
import { recover } from "../recovery/recover.js";
import { isRemedyError } from "../recovery/remedy-error.js";
import { runRequest } from "../recovery/request-recovery.js";
import { observerPolicy, observerPolicyName } from "./observer.js";
import { modeOf, settle, type RemedyOptions } from "./options.js";
import { contractOf } from "./failed-responses.js";
import { OuterPolicy, outerPolicyName, type RecoverToken } from "./outer-policy.js";
import { policyOf, remedyPolicyName } from "./policy.js";

/** Anything with an Azure SDK pipeline: every `@azure/arm-*` client, core-client's ServiceClient, a REST client. */
export interface ClientWithPipeline {
  readonly pipeline: Pipeline;
}

/** The SDK's retry policies, of all versions: nested retry loops multiply. */
const replacedPolicies = [
  "defaultRetryPolicy",
  "exponentialRetryPolicy",
  "throttlingRetryPolicy",
  "systemErrorRetryPolicy",
];

/** `SecretClient` and `BlobServiceClient` wrap a generated client and keep its pipeline private. */
const wantedClient =
  "an Azure SDK client with a pipeline; a client that hides its pipeline, as SecretClient does, takes the policy when it is made: " +
  '{ additionalPolicies: [{ policy: remedyPolicy(), position: "perRetry" }], retryOptions: { maxRetries: 0 } }; ' +
  "for one that takes no policies, as BlobServiceClient, wrap calls in retryOperation()";

/**
 * Makes a client know what failures mean. Removes the SDK's default retry policy, adds `remedyPolicy` in its place, and
 * gives the same client back. Called again, the later options replace the earlier. With `mode: "observe"` or `"off"` the SDK's
 * own retry policy stays.
 *
 * ```ts
 * const compute = withRemedy(new ComputeManagementClient(credential, subscriptionId));
 * ```
 * @throws TypeError or RangeError that names a bad option and its value
 */
export function withRemedy<Client extends ClientWithPipeline>(client: Client, options: RemedyOptions = {}): Client {
  const pipeline = (client as Partial<ClientWithPipeline> | undefined)?.pipeline;
  check(typeof pipeline?.addPolicy === "function", "client", client, wantedClient);
  const settings = settle(options);
  const mode = modeOf(options);
  const isOurs = pipeline.removePolicy({ name: remedyPolicyName }).length > 0;
  for (const name of [telemetryPolicyName, outerPolicyName, observerPolicyName, attemptPolicyName]) {
    pipeline.removePolicy({ name });
  }
  if (mode !== "on") {
    if (isOurs) giveBack(pipeline);
    if (mode === "observe") pipeline.addPolicy(observerPolicy(settings), { afterPhase: "Retry" });
    return client;
  }
  const outer = new OuterPolicy(pipeline, contractOf(client, pipeline));
  const engine = new Engine(settings, outer, runRequest, httpClientOf(client));
  takeOut(pipeline);
  // Serialize is the outermost phase, and standing there moves no other policy, unlike standing before the bearer
  // policy.
  const recoverWithToken: RecoverToken = (error, request, next) => recoverToken(engine, error, request, next);
  if (engine.calls) pipeline.addPolicy(engine.calls.policy, { phase: "Serialize" });
  pipeline.addPolicy(outer.policy(recoverWithToken), { phase: "Serialize" });
  pipeline.addPolicy(policyOf(engine, outer), { phase: "Retry" });
  const { attemptPolicy } = settings.telemetry ?? {};
  if (attemptPolicy) addInsideOfTracing(pipeline, attemptPolicy);
  return client;
}

/** The retry policies that were taken out of a pipeline, with the settings that its client was made with. */
const takenOut = new WeakMap<Pipeline, readonly PipelinePolicy[]>();

function takeOut(pipeline: Pipeline): void {
  const taken = replacedPolicies.flatMap((name) => pipeline.removePolicy({ name }));
  if (taken.length > 0) takenOut.set(pipeline, taken);
}

function giveBack(pipeline: Pipeline): void {
  for (const policy of takenOut.get(pipeline) ?? [defaultRetryPolicy()]) pipeline.addPolicy(policy, { phase: "Retry" });
  takenOut.delete(pipeline);
}

/** Inside of the span that the SDK makes for each attempt; where it makes none, inside of the retries all the same. */
function addInsideOfTracing(pipeline: Pipeline, wanted: PipelinePolicy): void {
  const policy: PipelinePolicy = {
    name: attemptPolicyName,
    sendRequest: (request, next) => wanted.sendRequest(request, next),
  };
  pipeline.addPolicy(policy, { afterPhase: "Retry", afterPolicies: [tracingPolicyName] });
}

/** core-client keeps its HTTP client, given or default, in a field of its own. */
function httpClientOf(client: object): HttpClient | undefined {
  const { _httpClient: http } = client as { _httpClient?: Partial<HttpClient> };
  return typeof http?.sendRequest === "function" ? (http as HttpClient) : undefined;
}

/** No token, so nothing was sent: waits out transient failures, and explains the others. */
function recoverToken(
  { settings, calls }: Engine,
  error: unknown,
  request: PipelineRequest,
  next: SendRequest,
): Promise<PipelineResponse> {
  const task: FunctionTask<PipelineResponse> = {
    run: () => next(request),
    diagnose: (thrown) => {
      if (isRemedyError(thrown) || request.abortSignal?.aborted) return undefined;
      const failure = readFailure(thrown, { now: settings.clock.now() });
      if (failure.origin !== "identity") return undefined;
      return diagnoseFailure({ ...failure, execution: "none" }, settings.catalog);
    },
    about: aboutRequest(request),
    call: calls?.callOf(request),
    request,
    idempotent: true,
    candidates: [],
    readBack: undefined,
    signal: request.abortSignal,
  };
  return recover({ kind: "failed", failure: error }, new FunctionRecovery(settings, task, 1));
}
