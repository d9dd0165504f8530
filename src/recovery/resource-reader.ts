/** Reads a resource to find out what happened to a request whose reply was lost or said nothing. */
import {
  createHttpHeaders,
  type PipelineRequest,
  type PipelineResponse,
  type SendRequest,
} from "@azure/core-rest-pipeline";
import type { Diagnosis } from "../catalog/diagnosis.js";
import { isIdempotent } from "../decision/idempotency.js";
import { jsonOf } from "../lro/json-body.js";
import { isAsAsked, wasMadeSince } from "../lro/as-asked.js";
import { interpret, type Reading, type ReadTarget } from "../lro/read-back.js";
import { diagnoseInput } from "./diagnosing.js";
import { ownRequest } from "./own-request.js";
import { newRequestState, type RequestEnd, type RequestKind, type RequestState } from "./request-state.js";
import type { Settings } from "./settings.js";

/** What a look at a resource shows. */
export interface Look {
  readonly kind: "look";
  readonly reading: Reading;
  /** Why the resource failed, if it says so. */
  readonly diagnosis: Diagnosis | undefined;
  /** Status 0 if none came. */
  readonly response: PipelineResponse;
}

/** The request that reads the resource, on behalf of another. */
export function readingOf(
  target: ReadTarget,
  { request, next }: { readonly request: PipelineRequest; readonly next: SendRequest },
  now: number,
  kind: RequestKind,
): RequestState {
  const reading = ownRequest(request, { method: "GET", url: target.url });
  return newRequestState(reading, next, now, { ...kind, nested: true });
}

const isDeployment = (url: string): boolean =>
  /\/providers\/microsoft\.resources\/deployments\/[^/?]+(?:\?|$)/i.test(url);

/**
 * Whether a resource is what a request asked for; one that existed before may not have changed.
 * @param startedAt when the request was first sent; epoch milliseconds, as `now`
 */
export function isAsAskedIn(
  response: PipelineResponse,
  { method, url, body: sent }: { readonly method: string; readonly url: string; readonly body?: unknown },
  startedAt: number,
  now: number,
): boolean {
  const serviceNow = Date.parse(response.headers.get("date") ?? "");
  const aheadMs = Number.isNaN(serviceNow) ? 0 : serviceNow - now;
  const body = typeof sent === "string" ? jsonOf({ bodyAsText: sent }) : undefined;
  const [resource, since] = [jsonOf(response), startedAt + aheadMs];
  // A deployment and a managed run command act each time they are put: their state says nothing about this time.
  if (isDeployment(url) || !isIdempotent(method, url)) return wasMadeSince(resource, since);
  return isAsAsked(body, resource, since);
}

/** What the end of a read says about the resource. */
export function lookOf(target: ReadTarget, { request }: RequestState, end: RequestEnd, settings: Settings): Look {
  if (end.kind === "response") return lookAt(target, end.response, settings);
  const response = end.response ?? { request, status: 0, headers: createHttpHeaders() };
  const { code, status } = end.diagnosis;
  // A read that failed for good says nothing about the resource.
  const unread = { kind: "pending", lastSeen: `not readable (${code ?? status ?? "no answer"})` } as const;
  const reading = status === 404 ? interpret(target, 404, undefined) : unread;
  return { kind: "look", reading, diagnosis: undefined, response };
}

function lookAt(target: ReadTarget, response: PipelineResponse, settings: Settings): Look {
  const reading = interpret(target, response.status, jsonOf(response));
  const error = reading.kind === "failed" ? reading.error : undefined;
  const diagnosis = error === undefined ? undefined : diagnoseInput(error, settings);
  // A failure that may still resolve on its own (OSProvisioningTimedOut) is not final.
  const mayResolve = diagnosis?.disposition === "indeterminate";
  return { kind: "look", reading: mayResolve ? { ...reading, kind: "pending" } : reading, diagnosis, response };
}
