/** What an answer tells by its status and headers alone, and the answers that stand for one that never came. */
import { createHttpHeaders, type PipelineRequest, type PipelineResponse } from "@azure/core-rest-pipeline";
import type { Sign } from "./breaker.js";
import type { Outcome } from "./sender.js";

/**
 * 2xx and 3xx: the redirect policy inside has followed what there was to follow. A HEAD asks a question whose answer is
 * the status: 404 is "no".
 */
export function isFine(request: PipelineRequest, { status }: PipelineResponse): boolean {
  return status < 400 || (request.method === "HEAD" && status < 500 && status !== 408 && status !== 429);
}

/** Platform failures, for the breaker: throttling and everything the caller did wrong are signs of a live host. */
export function signOf(outcome: Outcome): Sign {
  if (outcome.kind === "error") return outcome.cutOff ? "none" : "outage";
  const { status } = outcome.response;
  return status >= 500 && status !== 501 ? "outage" : "healthy";
}

/** Answers that are the poll's own trouble, not the end of the operation it asks for. */
export function isPollTrouble(status: number): boolean {
  return status >= 500 || status === 401 || status === 403 || status === 404 || status === 408 || status === 429;
}

export function hasClaimsChallenge(response: PipelineResponse): boolean {
  return response.status === 401 && (response.headers.get("www-authenticate")?.includes("claims=") ?? false);
}

export function deletedAnswer(request: PipelineRequest): PipelineResponse {
  return { request, status: 204, headers: createHttpHeaders(), bodyAsText: "" };
}

/** What a reading found, as the answer to the request that was never answered: the resource, or a plain 200. */
export function outcomeAnswer(request: PipelineRequest, found: PipelineResponse): PipelineResponse {
  if (request.method === "DELETE") return deletedAnswer(request);
  if (request.method !== "POST") return { ...found, request };
  return { request, status: 200, headers: createHttpHeaders(), bodyAsText: "" };
}
