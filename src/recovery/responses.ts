/** What a response says by its status and headers alone, and the responses that replace missing ones. */
import { createHttpHeaders, type PipelineRequest, type PipelineResponse } from "@azure/core-rest-pipeline";
import type { HostHealth } from "./circuit-breaker.js";
import type { SendOutcome } from "./sender.js";

/**
 * 2xx and 3xx: the inner redirect policy has followed all redirects. A HEAD is a query whose answer is the status: 404
 * is "no".
 */
export function isSuccess(request: PipelineRequest, { status }: PipelineResponse): boolean {
  return status < 400 || (request.method === "HEAD" && status < 500 && status !== 408 && status !== 429);
}

/** Platform failures, for the circuit breaker: throttling and all errors of the caller show a live host. */
export function healthOf(outcome: SendOutcome): HostHealth {
  if (outcome.kind === "response") return isOutage(outcome.response.status) ? "outage" : "healthy";
  return outcome.kind === "error" && !outcome.cutOff ? "outage" : "unknown";
}

const isOutage = (status: number): boolean => status >= 500 && status !== 501;

/** Statuses that are a problem of the poll, not the end of its operation. */
export function isPollTrouble(status: number): boolean {
  return status >= 500 || status === 401 || status === 403 || status === 404 || status === 408 || status === 429;
}

/** Whether a response says when to come back, be it in the past: the SDK then comes at once. */
export function saysWhen(headers: PipelineResponse["headers"]): boolean {
  return ["retry-after-ms", "x-ms-retry-after-ms", "retry-after"].some((name) => {
    const value = headers.get(name);
    return value !== undefined && value !== "" && !(Number.isNaN(Number(value)) && Number.isNaN(Date.parse(value)));
  });
}

/**
 * How to get a token that would be accepted: another one with claims, or any (the first response of every Key Vault).
 */
export function challengeOf({ status, headers }: PipelineResponse): "claims" | "token" | undefined {
  const challenge = status === 401 ? headers.get("www-authenticate") : undefined;
  if (challenge === undefined) return undefined;
  return challenge.includes("claims=") ? "claims" : "token";
}

export function jsonResponse(request: PipelineRequest, bodyAsText: string): PipelineResponse {
  return { request, status: 200, headers: createHttpHeaders({ "content-type": "application/json" }), bodyAsText };
}

export function deletedResponse(request: PipelineRequest): PipelineResponse {
  return { request, status: 204, headers: createHttpHeaders(), bodyAsText: "" };
}

/** What a read found, as the response to the request that never got one: the resource, or a plain 200. */
export function outcomeResponse(request: PipelineRequest, found: PipelineResponse): PipelineResponse {
  if (request.method === "DELETE") return deletedResponse(request);
  if (request.method !== "POST") return { ...found, request };
  return { request, status: 200, headers: createHttpHeaders(), bodyAsText: "" };
}
