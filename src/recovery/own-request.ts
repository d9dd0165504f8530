/**
 * Every request that we send ourselves (a resubmission, a read, a remedy's call) is made here from the caller's own: it
 * uses the same connection, credentials, headers, time limit and trace.
 */
import {
  createHttpHeaders,
  createPipelineRequest,
  type PipelineRequest,
  type PipelineResponse,
} from "@azure/core-rest-pipeline";
import type { FirstRequest } from "../lro/operation.js";
import { isOfResourceManager } from "../lro/read-back.js";

/**
 * What `tlsPolicy`, `agentPolicy`, `proxyPolicy` and the caller have set. They run outside our policy and set it once.
 */
const connection = [
  "abortSignal",
  "agent",
  "allowInsecureConnection",
  "authSchemes",
  "disableKeepAlive",
  "proxySettings",
  "requestOverrides",
  "timeout",
  "tlsSettings",
  "tracingOptions",
  "withCredentials",
] as const;

/** A token lives for an hour, so these are taken from the newest request. */
export const credentialHeaders = ["authorization", "x-ms-authorization-auxiliary"] as const;

export const correlationHeader = "x-ms-correlation-request-id";

/**
 * Puts the id by which support finds a call on one of its requests, unless the caller has set its own. Resource Manager
 * makes one for each request that brings none, so a call takes the first that it is given; others may have signed their
 * headers. Returns what takes it off again.
 */
export function correlate({ headers, url }: PipelineRequest, id: string | undefined): (() => void) | undefined {
  if (id === undefined || !/^[\w-]{1,64}$/.test(id) || headers.has(correlationHeader) || !isOfResourceManager(url)) {
    return undefined;
  }
  headers.set(correlationHeader, id);
  return () => headers.delete(correlationHeader);
}

export const correlationIdOf = ({ headers }: Pick<PipelineResponse, "headers">): string | undefined =>
  headers.get(correlationHeader);

/** Headers that belong to a single request: its body, its conditions, the form of its response, its ids. */
const ofOneRequest =
  /^(?:accept|content-.*|expect|host|if-.*|prefer|range|transfer-encoding|x-ms-client-request-id|x-ms-range|x-ms-return-client-request-id)$/;

/** A request of our own on the caller's behalf. `body` is sent as JSON. */
export function ownRequest(
  caller: PipelineRequest,
  wanted: { method: string; url: string; body?: unknown; headers?: Readonly<Record<string, string>> },
): PipelineRequest {
  const headers = createHttpHeaders({ accept: "application/json" });
  for (const [name, value] of caller.headers) if (!ofOneRequest.test(name.toLowerCase())) headers.set(name, value);
  if (wanted.body !== undefined) headers.set("content-type", "application/json");
  for (const [name, value] of Object.entries(wanted.headers ?? {})) headers.set(name, value);
  return make(caller, wanted, headers, wanted.body === undefined ? undefined : JSON.stringify(wanted.body));
}

/**
 * The first request of an operation again: its own headers and body, over the connection and with the credentials of
 * the current poll.
 */
export function resubmissionOf(
  first: FirstRequest,
  poll: PipelineRequest,
  correlationId: string | undefined,
): PipelineRequest {
  const headers = createHttpHeaders(first.headers);
  // Support finds all submissions of a call under one id: the caller's own, else the one that Azure gave to the first.
  if (correlationId !== undefined && !headers.has(correlationHeader)) headers.set(correlationHeader, correlationId);
  for (const name of credentialHeaders) {
    const value = poll.headers.get(name);
    if (value !== undefined) headers.set(name, value);
  }
  const request = make(poll, first, headers, first.body);
  request.timeout = first.timeout;
  const { tracingOptions = first.tracingOptions } = request;
  if (tracingOptions) request.tracingOptions = tracingOptions;
  return request;
}

/** A new client request id each time: ARM replays its earlier response to a known one. */
function make(
  caller: PipelineRequest,
  { method, url }: { method: string; url: string },
  headers: PipelineRequest["headers"],
  body: PipelineRequest["body"],
): PipelineRequest {
  const request = createPipelineRequest({ url, method: method as PipelineRequest["method"], headers });
  const fields = caller as unknown as Record<string, unknown>;
  Object.assign(
    request,
    Object.fromEntries(connection.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]]]))),
    body !== undefined && { body },
  );
  request.headers.set("x-ms-client-request-id", request.requestId);
  return request;
}
