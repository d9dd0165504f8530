/** The first request of an operation once more: its own headers and body, with the token and connection of the poll at hand. */
import { createHttpHeaders, createPipelineRequest, type PipelineRequest } from "@azure/core-rest-pipeline";
import type { FirstRequest } from "./operation.js";

export function firstRequestOf(request: PipelineRequest): FirstRequest {
  const { method, url, body } = request;
  const headers = request.headers.toJSON();
  delete headers["authorization"];
  const repeatable = isRepeatable(request);
  return { method, url, headers, repeatable, ...(repeatable && body !== undefined && body !== null && { body }) };
}

/** A stream is empty the second time, and "succeeds": text, bytes and functions that make a stream can be sent twice. */
export function isRepeatable({ body, formData }: PipelineRequest): boolean {
  if (formData !== undefined) return false;
  if (body === undefined || body === null || typeof body === "string" || typeof body === "function") return true;
  return (
    ArrayBuffer.isView(body) || body instanceof ArrayBuffer || (typeof Blob !== "undefined" && body instanceof Blob)
  );
}

/** A request of its own each time, with a new client request id: ARM replays its earlier answer to a known one. */
export function resubmissionOf(first: FirstRequest, poll: PipelineRequest): PipelineRequest {
  const { abortSignal, tracingOptions, agent, proxySettings, allowInsecureConnection, timeout } = poll;
  const headers = createHttpHeaders(first.headers);
  const authorization = poll.headers.get("authorization");
  if (authorization !== undefined) headers.set("authorization", authorization);
  const request = createPipelineRequest({
    method: first.method as PipelineRequest["method"],
    url: first.url,
    headers,
    timeout,
    ...(first.body !== undefined && { body: first.body }),
    ...(abortSignal && { abortSignal }),
    ...(tracingOptions && { tracingOptions }),
    ...(agent && { agent }),
    ...(proxySettings && { proxySettings }),
    ...(allowInsecureConnection && { allowInsecureConnection }),
  });
  request.headers.set("x-ms-client-request-id", request.requestId);
  return request;
}
