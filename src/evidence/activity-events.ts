/** Reads the events of the activity log. */
import { at, dateAt, itemsAt, textAt } from "./document.js";
import type { Query } from "./source.js";

/** Claims, callers and their addresses are left out: they are not needed to repair a machine. */
const fields = [
  "correlationId",
  "eventName",
  "eventTimestamp",
  "level",
  "operationId",
  "operationName",
  "properties",
  "resourceId",
  "status",
  "subStatus",
  "submissionTimestamp",
];

export const eventsPath = (subscription: string): string =>
  `/subscriptions/${subscription}/providers/Microsoft.Insights/eventtypes/management/values`;

/** The filter takes a start time and exactly one other condition. */
export function eventsQuery(since: Date, about: { correlationId: string } | { resourceId: string }): Query {
  const condition =
    "correlationId" in about ? `correlationId eq '${about.correlationId}'` : `resourceUri eq '${about.resourceId}'`;
  return {
    "api-version": "2015-04-01",
    $filter: `eventTimestamp ge '${since.toISOString()}' and ${condition}`,
    $select: fields.join(","),
  };
}

export interface FailedEvent {
  readonly operation: string;
  readonly at: Date | undefined;
  readonly resource: string | undefined;
  readonly correlationId: string | undefined;
  /** `{ code, message, … }`, if the event contains one. */
  readonly error: unknown;
  readonly code: string;
}

export function failedEvents(body: unknown): FailedEvent[] {
  return itemsAt(body, "value")
    .filter((event) => /^Failed$/i.test(nameOf(event, "status")))
    .map((event) => {
      const error = errorOf(textAt(event, "properties", "statusMessage"));
      return {
        operation: nameOf(event, "operationName"),
        at: dateAt(event, "eventTimestamp"),
        resource: textAt(event, "resourceId"),
        correlationId: textAt(event, "correlationId"),
        error,
        code: textAt(error, "code") ?? nameOf(event, "subStatus"),
      };
    });
}

/** An operation that has begun and whose end is not in the log. */
export interface OpenEvent {
  readonly operation: string;
  readonly at: Date | undefined;
  readonly resource: string | undefined;
}

export function openEvents(body: unknown): OpenEvent[] {
  const events = itemsAt(body, "value");
  const withStatus = (status: RegExp): readonly unknown[] =>
    events.filter((event) => status.test(nameOf(event, "status")));
  const ended = new Set(withStatus(/^(?:Succeeded|Failed|Canceled)$/i).map((event) => textAt(event, "operationId")));
  const byOperation = new Map<string, OpenEvent>();
  for (const event of withStatus(/^(?:Started|Accepted)$/i)) {
    const operation = nameOf(event, "operationName");
    if (ended.has(textAt(event, "operationId")) || byOperation.has(operation)) continue;
    byOperation.set(operation, {
      operation,
      at: dateAt(event, "eventTimestamp"),
      resource: textAt(event, "resourceId"),
    });
  }
  return [...byOperation.values()];
}

/** `{ "value": "Failed" }`, or the bare text of some events. */
const nameOf = (event: unknown, key: string): string => textAt(event, key, "value") ?? textAt(event, key) ?? "";

/** `{ error }`, `{ status, error }` or a bare error, as a JSON string. */
function errorOf(statusMessage: string | undefined): unknown {
  if (statusMessage === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(statusMessage);
    return at(parsed, "error") ?? parsed;
  } catch {
    return { message: statusMessage };
  }
}
