/**
 * What a clean request pays: the SDK's default retry policy and ours, side by side in one run, around a pipeline that
 * answers at once. Read the ratio: the nanoseconds are the machine's.
 */
import {
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  defaultRetryPolicy,
  type HttpClient,
  type Pipeline,
} from "@azure/core-rest-pipeline";
import { remedyPolicy, withRemedy, type Throttle } from "azure-remedy";
import { compare } from "./compare.js";

const url =
  "https://management.azure.com/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-01?api-version=2024-11-01";
const headers = createHttpHeaders({
  "content-type": "application/json; charset=utf-8",
  "x-ms-ratelimit-remaining-subscription-reads": "249",
  "x-ms-ratelimit-remaining-resource":
    "Microsoft.Compute/LowCostGetSubscriptionMaximum;23999,Microsoft.Compute/LowCostGetResource;34",
  "x-ms-request-id": "5a0f0a5e-58b5-4a1f-9fe1-6b1a1c7a3f10",
});
const service: HttpClient = {
  sendRequest: (request) => Promise.resolve({ request, status: 200, headers, bodyAsText: '{"name":"web-01"}' }),
};

/** Lets everything through: what is left is what the policy itself costs. */
const permit = { settle: (): void => undefined };
const noThrottle: Throttle = { admit: () => permit };

function callThrough(prepare: (pipeline: Pipeline) => void): () => Promise<unknown> {
  const pipeline = createEmptyPipeline();
  prepare(pipeline);
  const request = createPipelineRequest({ url, method: "GET" });
  return () => pipeline.sendRequest(service, request);
}

await compare("a clean request", {
  rounds: 25,
  calls: 20_000,
  baseline: "no retry policy",
  reference: "the SDK's default retry policy",
  subjects: {
    "no retry policy": callThrough(() => undefined),
    "the SDK's default retry policy": callThrough((pipeline) =>
      pipeline.addPolicy(defaultRetryPolicy(), { phase: "Retry" }),
    ),
    "remedyPolicy, throttle aside": callThrough((pipeline) =>
      pipeline.addPolicy(remedyPolicy({ throttle: noThrottle }), { phase: "Retry" }),
    ),
    remedyPolicy: callThrough((pipeline) => pipeline.addPolicy(remedyPolicy(), { phase: "Retry" })),
    "withRemedy, throttle aside": callThrough((pipeline) => withRemedy({ pipeline }, { throttle: noThrottle })),
    withRemedy: callThrough((pipeline) => withRemedy({ pipeline })),
  },
});
