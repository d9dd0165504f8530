/**
 * The language of polls: what a response says about its operation, and responses in the same language that keep a
 * poller going, end it successfully, or switch it to another URL.
 */
import { createHttpHeaders, type PipelineRequest, type PipelineResponse } from "@azure/core-rest-pipeline";
import { jsonOf } from "./json-body.js";
import type { Operation, PollMode } from "./operation.js";
import { provisioningStateOf } from "./operations.js";

/** What a response to a poll says. */
export type Progress = "running" | "succeeded" | "failed";

/** Reads a response to a poll; `mode` is how the operation reports its status. */
export function progressOf(response: PipelineResponse, mode: PollMode): Progress {
  if (response.status >= 400) return "failed";
  const body = jsonOf(response);
  if (mode === "location") return progressAtLocation(response.status, body);
  const state = mode === "body" ? provisioningStateOf(body) : statusOf(body);
  if (mode === "status" && inspectorFailed(body)) return "failed";
  if (state === undefined) return response.status === 202 ? "running" : "succeeded";
  if (isFailure(state)) return "failed";
  return state.includes("succeeded") ? "succeeded" : "running";
}

/**
 * A Location poll reports by its HTTP status. Its 200 carries the result, whose data may contain anything. Only a
 * status document in its place is read: every poller takes one that says Failed for a success.
 */
function progressAtLocation(status: number, body: unknown): Progress {
  if (status === 202) return "running";
  if (!isStatusDocument(body)) return "succeeded";
  const state = statusOf(body);
  if (inspectorFailed(body) || isFailure(state)) return "failed";
  return state === undefined || state.includes("succeeded") ? "succeeded" : "running";
}

/** The fields of status documents; results have others. The second line is VM Inspector's. */
const statusFields = new Set([
  ...[
    "id",
    "name",
    "status",
    "startTime",
    "endTime",
    "percentComplete",
    "error",
    "properties",
    "operations",
    "resourceId",
  ],
  ...["message", "responseFields", "resultStatus", "errorDetail", "createdUTC"],
]);

function isStatusDocument(body: unknown): boolean {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return false;
  return Object.keys(body).every((name) => statusFields.has(name));
}

/** Whether an operation says that it was canceled. */
export function isCanceled(response: PipelineResponse, mode: PollMode): boolean {
  const body = jsonOf(response);
  const state = mode === "body" ? provisioningStateOf(body) : statusOf(body);
  return state === "canceled" || state === "cancelled";
}

/** The states that both versions of core-lro take for the end; 24.x takes any that contains "fail". */
function isFailure(state: string | undefined): boolean {
  return state !== undefined && (state.includes("fail") || state === "canceled" || state === "cancelled");
}

/** `status` of a status document, lower case. A resource has none at its top level. */
function statusOf(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const { status } = body as { status?: unknown };
  return typeof status === "string" ? status.toLowerCase() : undefined;
}

/** VM Inspector answers a failed run with 200 and `resultStatus: "Failed"` (diagnostic.json, RunDiskInspection). */
function inspectorFailed(body: unknown): boolean {
  if (typeof body !== "object" || body === null) return false;
  return (body as { resultStatus?: unknown }).resultStatus === "Failed";
}

/**
 * Whether a GET of an operation that is not in memory (a poller restored in another process) ended in failure. Only
 * URLs that look like an operation's are considered: a resource in state Failed is no failed request.
 */
export function isForeignFailure(request: PipelineRequest, response: PipelineResponse): boolean {
  if (request.method !== "GET" || response.status !== 200 || !looksLikeOperation(request.url)) return false;
  const body = jsonOf(response);
  return isStatusDocument(body) && (inspectorFailed(body) || isFailure(statusOf(body)));
}

/** `/operations/ID`, `/operationStatuses/ID`, `/operationresults/ID`, `/azureAsyncOperation/ID`, `/diagnosticOperations/ID`. */
export function looksLikeOperation(url: string): boolean {
  return mayNameOperation(url) && /operation(?:s|status|statuses|results?)?\/[^/?]+(?:\?|$)/i.test(url);
}

/**
 * This runs for every GET, and nearly all name a resource: two letters at the end of the last segment but one decide,
 * at a tenth of the cost of the expression.
 */
function mayNameOperation(url: string): boolean {
  const query = url.indexOf("?");
  let at = query < 0 ? url.length : query;
  // Most names are short; `lastIndexOf` costs as much as all the rest of this.
  while (at >= 0 && url.charCodeAt(at) !== 0x2f) at--;
  const last = url.charCodeAt(at - 1) | 0x20;
  if (last === 110 /* …operation */ || last === 116 /* …result */) return true;
  const before = url.charCodeAt(at - 2) | 0x20;
  // …operations, …results, …status, …statuses
  return last === 115 && (before === 110 || before === 116 || before === 117 || isStatuses(url, at));
}

/** Not `virtualMachines`. */
const isStatuses = (url: string, end: number): boolean => (url.charCodeAt(end - 3) | 0x20) === 115;

/** "Still running, come back later", in a form that the operation's poller understands. */
export function runningResponse(operation: Operation, request: PipelineRequest, waitMs: number): PipelineResponse {
  operation.slowed = true;
  // Pollers ignore Retry-After 0, which would leave an earlier, longer wait in force.
  const headers = createHttpHeaders({
    "retry-after": String(Math.min(Math.max(1, Math.ceil(waitMs / 1_000)), longestWaitSeconds)),
  });
  switch (operation.pollMode) {
    case "status":
      // A poller uses the URL in a response from then on; this switches it to a resubmission's URL.
      if (operation.mode !== "body") headers.set("azure-asyncoperation", operation.operationUrl);
      return answer(request, 200, headers, { status: "InProgress" });
    case "location":
      headers.set("location", operation.operationUrl);
      return answer(request, 202, headers);
    case "body":
      return answer(request, 200, headers, stillUpdating(operation));
  }
}

/**
 * The resource as last seen, marked as updating. If the resource itself is polled, a caller's own GET of it looks like
 * a poll, and that caller must get the resource.
 */
function stillUpdating({ lastSeenResource }: Operation): object {
  const resource = jsonOf({ bodyAsText: lastSeenResource }) as { properties?: object } | undefined;
  return { ...resource, properties: { ...resource?.properties, provisioningState: "Updating" } };
}

/**
 * The response "Succeeded". A poller reads the result where the first response said, which was the failed submission's
 * own `Location`; `resourceLocation` in a status document directs it to the current result.
 */
export function succeededResponse(
  operation: Operation,
  request: PipelineRequest,
  resultUrl: string | undefined,
  result?: PipelineResponse,
): PipelineResponse {
  const headers = createHttpHeaders();
  if (operation.pollMode === "status") {
    return answer(request, 200, headers, { status: "Succeeded", ...leadTo(operation, resultUrl) });
  }
  const resource = result?.status === 200 ? result.bodyAsText : undefined;
  return { status: 200, headers, request, bodyAsText: resource ?? "" };
}

/** A poller reads no status in a text of another type, and takes the operation for ended. */
function sayItIsJson(response: PipelineResponse): void {
  const type = response.headers.get("content-type");
  if (type !== undefined && !type.includes("json") && jsonOf(response) !== undefined)
    response.headers.set("content-type", "application/json");
}

/** At the end, PUT reads its own URL and DELETE reads nothing. */
function leadTo({ first, resourceUrl }: Operation, resultUrl: string | undefined): object {
  return first.method !== "PUT" && resourceUrl !== undefined && resultUrl !== undefined
    ? { resourceLocation: resultUrl }
    : {};
}

/**
 * A real response, adapted to the poller: in the form it expects, if a resubmission was answered in another, and with
 * its old interval, if we had asked it to wait longer (pollers keep the last Retry-After until the end).
 */
export function translate(
  operation: Operation,
  request: PipelineRequest,
  response: PipelineResponse,
  progress: "running" | "succeeded",
): PipelineResponse {
  if (progress === "running") {
    // A status document instead of the result: a poller takes every 200 from a Location for the end.
    if (operation.pollMode === "location" && response.status === 200) {
      return runningResponse(operation, request, askedWaitMs(response) ?? operation.pollIntervalMs ?? 2_000);
    }
    boundWait(response, operation.lastPollAt ?? operation.startedAt);
    sayItIsJson(response);
  }
  if (operation.submissions === 1 && !operation.slowed) return response;
  if (progress === "succeeded") {
    if (operation.submissions === 1) return response;
    if (operation.pollMode !== operation.mode)
      return succeededResponse(operation, request, operation.resourceUrl, response);
    if (operation.mode !== "status") return response;
    const document = { ...(jsonOf(response) as object | undefined), ...leadTo(operation, operation.resourceUrl) };
    return { ...response, bodyAsText: JSON.stringify(document) };
  }
  const intervalMs = operation.pollIntervalMs ?? 2_000;
  if (operation.pollMode !== operation.mode) return runningResponse(operation, request, intervalMs);
  if (!response.headers.has("retry-after"))
    response.headers.set("retry-after", String(Math.max(1, Math.round(intervalMs / 1_000))));
  return response;
}

/** `Retry-After` in milliseconds. Pollers ignore zero. */
export function askedWaitMs({ headers }: PipelineResponse): number | undefined {
  const seconds = Number(headers.get("retry-after"));
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : undefined;
}

/** The longest timer that Node and browsers support, in seconds: a longer one fires at once. */
const longestWaitSeconds = Math.floor((2 ** 31 - 1) / 1_000);

/** Pollers use any Retry-After as a timer. One that overflows makes them poll every millisecond. */
export function boundWait({ headers }: PipelineResponse, now: number): void {
  const hint = headers.get("retry-after");
  if (hint === undefined) return;
  const seconds = Number.isNaN(Number(hint)) ? (Date.parse(hint) - now) / 1_000 : Number(hint);
  if (seconds > longestWaitSeconds) headers.set("retry-after", String(longestWaitSeconds));
}

function answer(
  request: PipelineRequest,
  status: number,
  headers: PipelineResponse["headers"],
  body?: object,
): PipelineResponse {
  if (!body) return { request, status, headers, bodyAsText: "" };
  headers.set("content-type", "application/json");
  return { request, status, headers, bodyAsText: JSON.stringify(body) };
}
