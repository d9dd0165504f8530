/** What is kept of a request in order to send it again. */
import type { PipelineRequest } from "@azure/core-rest-pipeline";
import type { FirstRequest } from "./operation.js";

export function firstRequestOf(request: PipelineRequest): FirstRequest {
  const { method, url, body, timeout, tracingOptions } = request;
  const headers = withoutCredentials(request);
  const repeatable = isRepeatable(request);
  return {
    method,
    url,
    headers,
    timeout,
    repeatable,
    ...(tracingOptions && { tracingOptions }),
    ...(repeatable && body !== undefined && body !== null && { body }),
  };
}

export function withoutCredentials({ headers }: PipelineRequest): Record<string, string> {
  const kept = headers.toJSON();
  delete kept["authorization"];
  delete kept["x-ms-authorization-auxiliary"];
  return kept;
}

/**
 * A stream is empty the second time, and would "succeed". Text, bytes and functions that create a stream can be sent
 * twice.
 */
export function isRepeatable({ body, formData }: PipelineRequest): boolean {
  if (formData !== undefined) return false;
  if (body === undefined || body === null || typeof body === "string" || typeof body === "function") return true;
  return (
    ArrayBuffer.isView(body) || body instanceof ArrayBuffer || (typeof Blob !== "undefined" && body instanceof Blob)
  );
}
