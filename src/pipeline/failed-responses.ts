/**
 * Decides who gets a failed response: the caller, as an error or as the response itself. An SDK client's operation
 * throws for a status that it does not declare; a REST-level client, `sendRequest` and the clients of other services
 * return it.
 */
import type { Pipeline, PipelinePolicy, PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import { createHttpHeaders } from "@azure/core-rest-pipeline";
import type { FailedResponses } from "../recovery/settings.js";

/** Resource Manager of the public cloud, of China, of the US government, and formerly of Germany. */
const resourceManagerHosts =
  /^https?:\/\/(?:[^/?#]+\.)?management\.(?:azure\.com|chinacloudapi\.cn|usgovcloudapi\.net|microsoftazure\.(?:de|us)|azure\.(?:cn|us|eaglex\.ic\.gov|microsoft\.scloud))(?::\d+)?(?:[/?#]|$)/i;

/** Headers that only Resource Manager sets: an Azure Stack has its own host. */
const resourceManagerHeaders = ["x-ms-routing-request-id", "x-ms-ratelimit-remaining-subscription-reads"] as const;

function isOfResourceManager({ url }: PipelineRequest, { headers }: PipelineResponse): boolean {
  return resourceManagerHosts.test(url) || resourceManagerHeaders.some((name) => headers.has(name));
}

/** If the policy was added by hand: whether the caller gets the response itself. */
export function isReturnedByHand(mode: FailedResponses, request: PipelineRequest, response: PipelineResponse): boolean {
  return mode === "return" || (mode === "auto" && !isOfResourceManager(request, response));
}

/** How a client returns failed responses to its caller. */
export interface ResponseContract {
  /** Its own deserializer, inside our outer policy, throws for what an operation does not declare. */
  readonly deserializes: boolean;
  /**
   * Whether the request was made by an operation of the client, or by one of its pollers, which throws when it fails.
   */
  readonly throws: (request: PipelineRequest, status?: number) => boolean | Promise<boolean>;
}

/** The contract of a client, determined when first needed: policies may be added to its pipeline until then. */
export function contractOf(client: object, pipeline: Pipeline): () => ResponseContract {
  let contract: ResponseContract | undefined;
  return () => (contract ??= findContract(client, pipeline));
}

function findContract(client: object, pipeline: Pipeline): ResponseContract {
  const deserializer = pipeline.getOrderedPolicies().find(({ name }) => name === "deserializationPolicy");
  if (deserializer) return { deserializes: true, throws: (request, status) => throwsAt(deserializer, request, status) };
  // A REST-level client returns every response to its caller. Other clients are generated on top of one.
  const isRestLevel = typeof (client as { pathUnchecked?: unknown }).pathUnchecked === "function";
  return { deserializes: false, throws: (request) => !isRestLevel && isOfRestLevel(request) };
}

/** A request from REST-level code; one that the caller sends through the pipeline by hand lacks the mark. */
const isOfRestLevel = ({ enableBrowserStreams }: PipelineRequest): boolean => enableBrowserStreams === true;

/** A status that no operation declares shows whether the request belongs to an operation at all. */
const undeclaredStatus = 599;

async function throwsAt(
  deserializer: PipelinePolicy,
  request: PipelineRequest,
  status = undeclaredStatus,
): Promise<boolean> {
  const response = { request, status, headers: createHttpHeaders(), bodyAsText: "" };
  try {
    await deserializer.sendRequest(request, () => Promise.resolve(response));
    return false;
  } catch {
    return true;
  }
}
