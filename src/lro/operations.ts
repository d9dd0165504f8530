/**
 * The operations in flight, found by the URL of a poll. Shared by all clients of the process, since polls may come from
 * another client instance than the first request. Bounded: an entry is dropped when its operation ends, when it has not
 * been polled for two hours, or when ten thousand younger ones exist.
 */
import type { PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import { jsonOf } from "./json-body.js";
import { noRemedies, type Operation, type OperationIds, type PollMode } from "./operation.js";
import { resumeInfo, type ResumeInfo } from "./resume.js";
import { firstRequestOf } from "./resubmission.js";

/** The longest wait that Compute is known to ask for is 20 minutes; a poller silent for two hours has gone. */
const forgottenAfterMs = 2 * 3_600_000;
const maxOperations = 10_000;
const maxRecovered = 100;

/** Pollers read the result at once; a poller driven by hand may take its time. */
const resultExpectedMs = 10 * 60_000;
const maxResults = 1_000;

/** An operation that succeeded, and whose result has not been read yet. */
export interface ExpectedResult {
  /** Epoch milliseconds. */
  readonly endedAt: number;
  /** Method of the request that began it. */
  readonly method: string;
  /** The result, if the status document contained it. */
  readonly output: string | undefined;
  /** Of the request that began it. */
  readonly correlationId: string | undefined;
  /** How to read the result elsewhere. */
  readonly resume: ResumeInfo;
}

export class Operations {
  readonly #byUrl = new Map<string, Operation>();
  readonly #urls = new Map<Operation, string[]>();
  /** Operations that succeeded after a failure, and their URLs. */
  readonly #recovered = new Map<Operation, readonly string[]>();

  /** Operations that succeeded, by the URL from which their poller reads the result next. */
  readonly #results = new Map<string, ExpectedResult>();

  /** Those that have not ended, oldest first. */
  get inFlight(): readonly Operation[] {
    return [...this.#urls.keys()];
  }

  isInFlight(operation: Operation): boolean {
    return this.#urls.has(operation);
  }

  /** The operation that a GET of this URL polls. */
  find(url: string): Operation | undefined {
    return this.#byUrl.size === 0 ? undefined : this.#byUrl.get(keyOf(url));
  }

  /** Remembers the operation that a response has begun; undefined if it began none. */
  track(request: PipelineRequest, response: PipelineResponse, now: number): Operation | undefined {
    const follow = followUpOf(request, response);
    if (!follow) return undefined;
    this.#forget(now);
    const operation: Operation = {
      first: firstRequestOf(request),
      pollMode: follow.mode,
      mode: follow.mode,
      operationUrl: follow.operationUrl,
      resourceUrl: follow.resourceUrl,
      submissions: 1,
      retries: 0,
      refusals: 0,
      mayHaveRun: false,
      earlierMayHaveRun: false,
      unreadable: 0,
      plan: { kind: "follow", begunAt: now, dueAt: now },
      firstFailureAt: undefined,
      startedAt: now,
      lastPollAt: undefined,
      lastAnswerAt: undefined,
      hadTrouble: false,
      pollIntervalMs: undefined,
      slowed: false,
      deferred: false,
      ids: idsOf(response),
      created: createdBy(response),
      lastSeenResource: undefined,
      failures: [],
      remedies: noRemedies(),
      failedUrls: [],
      final: undefined,
      busy: false,
    };
    this.#urls.set(operation, []);
    this.#point(operation, follow.pollUrls);
    return operation;
  }

  /** Follows a resubmission: polls of the new and the old URLs belong to the operation. False if it began none. */
  follow(operation: Operation, request: PipelineRequest, response: PipelineResponse, now: number): boolean {
    const follow = followUpOf(request, response);
    if (!follow) return false;
    operation.mode = follow.mode;
    operation.operationUrl = follow.operationUrl;
    operation.resourceUrl = follow.resourceUrl ?? operation.resourceUrl;
    operation.plan = { kind: "follow", begunAt: now, dueAt: now };
    operation.mayHaveRun = false;
    operation.refusals = 0;
    operation.ids = idsOf(response);
    operation.created = createdBy(response) ?? operation.created;
    this.#point(operation, follow.pollUrls);
    return true;
  }

  /** A poll was answered with another URL, which the poller uses from then on. */
  moveTo(operation: Operation, response: PipelineResponse): void {
    const url = operationUrlIn(response, operation.mode, operation.first.url);
    if (url === undefined || url === operation.operationUrl) return;
    operation.operationUrl = url;
    this.#point(operation, [url]);
  }

  /**
   * Forgets an ended operation. A recovered one still fails at the URLs of its earlier submissions: another poller that
   * still asks there gets the final result.
   */
  end(operation: Operation, final?: PipelineResponse): void {
    const keys = this.#urls.get(operation) ?? [];
    this.#urls.delete(operation);
    // If the resource itself is polled, anyone may read it.
    const kept =
      final && operation.pollMode !== "body" ? operation.failedUrls.map((url) => keyOf(url, operation.first.url)) : [];
    this.#release(
      operation,
      keys.filter((key) => !kept.includes(key)),
    );
    if (kept.length === 0) return;
    const { method, url } = operation.first;
    Object.assign(operation, {
      final,
      first: { method, url, headers: {}, timeout: 0, repeatable: false },
      remedies: noRemedies(),
    });
    this.#recovered.set(operation, kept);
    const [oldest] = this.#recovered;
    if (this.#recovered.size <= maxRecovered || !oldest) return;
    this.#recovered.delete(oldest[0]);
    this.#release(...oldest);
  }

  /** The poller of a succeeded operation reads its result next: that request is not a poll. */
  expectResult(url: string, expected: ExpectedResult): void {
    this.#results.set(url, expected);
    const [oldest] = this.#results.keys();
    if (this.#results.size > maxResults && oldest !== undefined) this.#results.delete(oldest);
  }

  /** The operation whose result a request reads, once. */
  takeResult({ method, url }: PipelineRequest, now: number): ExpectedResult | undefined {
    if (this.#results.size === 0 || method !== "GET") return undefined;
    const expected = this.#results.get(url);
    this.#results.delete(url);
    return expected && Math.abs(now - expected.endedAt) < resultExpectedMs ? expected : undefined;
  }

  #release(operation: Operation, keys: readonly string[]): void {
    for (const key of keys) {
      // A later write of the same resource may own the URL by now.
      if (this.#byUrl.get(key) === operation) this.#byUrl.delete(key);
    }
  }

  #point(operation: Operation, urls: readonly string[]): void {
    const keys = this.#urls.get(operation);
    for (const url of urls) {
      const key = keyOf(url, operation.first.url);
      this.#byUrl.set(key, operation);
      if (!keys?.includes(key)) keys?.push(key);
    }
  }

  #forget(now: number): void {
    for (const operation of this.#urls.keys()) {
      const lastSeenAt = operation.lastPollAt ?? operation.startedAt;
      if (this.#urls.size < maxOperations && now - lastSeenAt < forgottenAfterMs) return;
      this.end(operation);
    }
  }
}

/** The operations of this process. */
export const sharedOperations = new Operations();

/** How a response says that its operation is followed. */
export interface FollowUp {
  readonly mode: PollMode;
  readonly operationUrl: string;
  readonly resourceUrl: string | undefined;
  /** All URLs whose GET polls the operation. */
  readonly pollUrls: readonly string[];
}

/**
 * The URL at which a response says the operation is followed, in one of the two ways. A relative one is completed by that
 * of the request: we may send to it ourselves.
 */
function operationUrlIn({ headers }: PipelineResponse, mode: PollMode, base: string): string | undefined {
  if (mode === "body") return undefined;
  const url =
    mode === "location"
      ? headers.get("location")
      : (headers.get("operation-location") ?? headers.get("azure-asyncoperation"));
  if (url === undefined || url === "") return undefined;
  return !URL.canParse(url) && URL.canParse(url, base) ? new URL(url, base).href : url;
}

const firstMethods = new Set(["PUT", "PATCH", "DELETE", "POST"]);

/** How to follow the operation that a response began, in core-lro's order; undefined if it began none. */
export function followUpOf(request: PipelineRequest, response: PipelineResponse): FollowUp | undefined {
  const { method, url } = request;
  if (!firstMethods.has(method)) return undefined;
  const status = operationUrlIn(response, "status", url);
  const location = operationUrlIn(response, "location", url);
  if (status !== undefined) {
    const resourceUrl =
      method === "PUT" ? url : method === "DELETE" ? undefined : (location ?? (method === "PATCH" ? url : undefined));
    return { mode: "status", operationUrl: status, resourceUrl, pollUrls: [status] };
  }
  if (location !== undefined) {
    const resourceUrl = method === "POST" ? location : method === "DELETE" ? undefined : url;
    return { mode: "location", operationUrl: location, resourceUrl, pollUrls: [location] };
  }
  if (method === "PUT" && isStillProvisioning(response)) {
    return { mode: "body", operationUrl: url, resourceUrl: url, pollUrls: [url] };
  }
  return undefined;
}

function idsOf({ headers }: PipelineResponse): OperationIds {
  const [requestId, correlationId] = ["x-ms-request-id", "x-ms-correlation-request-id"].map((name) =>
    headers.get(name),
  );
  return { ...(requestId !== undefined && { requestId }), ...(correlationId !== undefined && { correlationId }) };
}

function createdBy({ status, bodyAsText }: PipelineResponse): string | undefined {
  return status === 201 ? (bodyAsText ?? undefined) : undefined;
}

function isStillProvisioning(response: PipelineResponse): boolean {
  if (response.bodyAsText?.includes("provisioningState") !== true) return false;
  const state = provisioningStateOf(jsonOf(response));
  return state !== undefined && !terminalStates.has(state);
}

const terminalStates = new Set(["succeeded", "failed", "canceled", "cancelled"]);

/** `properties.provisioningState` of a resource, lower case. */
export function provisioningStateOf(resource: unknown): string | undefined {
  if (typeof resource !== "object" || resource === null) return undefined;
  const { properties, provisioningState } = resource as { properties?: unknown; provisioningState?: unknown };
  const nested =
    typeof properties === "object" && properties !== null ? (properties as { provisioningState?: unknown }) : {};
  const state = nested.provisioningState ?? provisioningState;
  return typeof state === "string" ? state.toLowerCase() : undefined;
}

/**
 * Polls of one operation may differ from the announced URL in case, in a default port, and in their query (the
 * api-version is replaced, Location adds `monitor=true`); its id is in the path. An announced URL may be relative.
 */
function keyOf(url: string, base?: string): string {
  if (!URL.canParse(url, base)) return url.toLowerCase();
  const { host, pathname } = new URL(url, base);
  return `${host}${pathname}`.toLowerCase();
}

/** What is left to do for a succeeded operation: reading its result. Undefined for those without one. */
export function resultOf(
  { pollMode, first: { method, url }, resourceUrl, ids: { correlationId } }: Operation,
  end: PipelineResponse,
  endedAt: number,
): { readonly url: string; readonly expected: ExpectedResult } | undefined {
  if (pollMode !== "status") return undefined;
  const document = jsonOf(end) as { resourceLocation?: unknown; properties?: { output?: unknown } } | undefined;
  const { resourceLocation, properties } = document ?? {};
  const resultUrl = typeof resourceLocation === "string" ? resourceLocation : resourceUrl;
  if (resultUrl === undefined) return undefined;
  const output = properties?.output;
  const isObject = typeof output === "object" && output !== null;
  const mode = method === "POST" ? "location" : "body";
  const resume = resumeInfo({ method, url, mode, operationUrl: resultUrl });
  return {
    url: resultUrl,
    expected: { endedAt, method, resume, correlationId, output: isObject ? JSON.stringify(output) : undefined },
  };
}
