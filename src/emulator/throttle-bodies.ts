/** The bodies of 429 responses, as Resource Manager and Compute write them. */
import type { JsonObject } from "./json.js";

/** How Resource Manager counts a request. */
export type OperationClass = "reads" | "writes" | "deletes";

export function operationClassOf(method: string): OperationClass {
  if (method === "GET" || method === "HEAD") return "reads";
  return method === "DELETE" ? "deletes" : "writes";
}

export interface SubscriptionThrottled {
  readonly method: string;
  readonly subscriptionId: string;
  readonly principal: string;
  /** The wait in the text, in seconds; undefined omits the sentence. */
  readonly seconds: number | undefined;
}

export function subscriptionThrottled({
  method,
  subscriptionId,
  principal,
  seconds,
}: SubscriptionThrottled): JsonObject {
  const kind = operationClassOf(method).slice(0, -1);
  const exceeded = `Number of '${kind}' requests for subscription '${subscriptionId}' actor '${principal}' exceeded.`;
  const wait = `Please try again after '${seconds ?? 0}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for additional information.`;
  const message = seconds === undefined ? exceeded : `${exceeded} ${wait}`;
  return { error: { code: "SubscriptionRequestsThrottled", message } };
}

/** No envelope, a code that also means quota, and the real one in `details`, with a message that is a JSON string. */
export function computeThrottled(now: number, seconds: number, operationGroup: string): JsonObject {
  const window = {
    operationGroup,
    startTime: new Date(now).toISOString(),
    endTime: new Date(now + seconds * 1000).toISOString(),
    allowedRequestCount: 300,
    measuredRequestCount: 301,
  };
  return {
    code: "OperationNotAllowed",
    message: "The server rejected the request because too many requests have been received for this subscription.",
    details: [{ code: "TooManyRequests", target: operationGroup, message: JSON.stringify(window) }],
  };
}
