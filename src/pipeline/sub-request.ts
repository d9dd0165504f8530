import { createHttpHeaders, createPipelineRequest, type PipelineRequest } from "@azure/core-rest-pipeline";

/** A request of our own through the caller's pipeline: same token, same connection settings, a client request id of its own. */
export function subRequest(
  request: PipelineRequest,
  call: { method: string; url: string; body?: unknown; headers?: Readonly<Record<string, string>> },
): PipelineRequest {
  const { abortSignal, tracingOptions, agent, proxySettings, allowInsecureConnection } = request;
  const headers = createHttpHeaders({ accept: "application/json", ...call.headers });
  for (const name of ["authorization", "user-agent", "x-ms-useragent"]) {
    const value = request.headers.get(name);
    if (value !== undefined && !headers.has(name)) headers.set(name, value);
  }
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  if (body !== undefined && !headers.has("content-type")) headers.set("content-type", "application/json");
  const sub = createPipelineRequest({
    method: call.method as PipelineRequest["method"],
    url: call.url,
    headers,
    ...(body !== undefined && { body }),
    ...(abortSignal && { abortSignal }),
    ...(tracingOptions && { tracingOptions }),
    ...(agent && { agent }),
    ...(proxySettings && { proxySettings }),
    ...(allowInsecureConnection && { allowInsecureConnection }),
  });
  sub.headers.set("x-ms-client-request-id", sub.requestId);
  return sub;
}
