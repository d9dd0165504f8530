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

type Prepare = (pipeline: Pipeline) => void;

const prepared: Readonly<Record<string, Prepare>> = {
  "no retry policy": () => undefined,
  "the SDK's default retry policy": (pipeline) => pipeline.addPolicy(defaultRetryPolicy(), { phase: "Retry" }),
  "remedyPolicy, throttle aside": (pipeline) =>
    pipeline.addPolicy(remedyPolicy({ throttle: noThrottle }), { phase: "Retry" }),
  remedyPolicy: (pipeline) => pipeline.addPolicy(remedyPolicy(), { phase: "Retry" }),
  "withRemedy, throttle aside": (pipeline) => withRemedy({ pipeline }, { throttle: noThrottle }),
  withRemedy: (pipeline) => withRemedy({ pipeline }),
};

const token = `Bearer ${"eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.".repeat(32)}`;

/** The same text in a place of its own, as each request of a client has it: the next one finds nothing by its address. */
const copyOf = (text: Buffer): string => text.toString("latin1");

/** Reads so many machines in turn, each time with strings of its own. */
function read(machines: number, prepare: Prepare): () => unknown {
  const pipeline = createEmptyPipeline();
  prepare(pipeline);
  const urls = Array.from({ length: machines }, (_, index) => Buffer.from(url.replace("web-01", `web-${index}`)));
  const authorization = Buffer.from(token);
  let call = 0;
  return () => {
    const request = createPipelineRequest({
      url: copyOf(urls[call++ % machines] ?? authorization),
      method: "GET",
      headers: createHttpHeaders({ authorization: copyOf(authorization) }),
    });
    return pipeline.sendRequest(service, request);
  };
}

for (const machines of [1, 64, 1_000, 10_000]) {
  await compare(`a clean request, with strings of its own: ${machines} machine${machines === 1 ? "" : "s in turn"}`, {
    rounds: 15,
    calls: 10_000,
    baseline: "no retry policy",
    reference: "the SDK's default retry policy",
    subjects: Object.fromEntries(Object.entries(prepared).map(([name, prepare]) => [name, read(machines, prepare)])),
  });
}
