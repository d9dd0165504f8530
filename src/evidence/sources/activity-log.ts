/**
 * What the activity log holds about the call: its failed steps, and operations of others that have begun and not ended. The log
 * is 3 to 20 minutes late, so it serves waits that are longer, and looks afterwards.
 */
import { defineEvidence } from "../define-evidence.js";
import { at, dateAt, itemsAt, shorten, textAt } from "../document.js";
import type { DefinedEvidence, Found } from "../source.js";
import { parseResourceId } from "../subject.js";

export interface ActivityLogOptions {
  /** How far back the log is read, in milliseconds. Default 6 hours. */
  readonly sinceMs?: number;
}

/** Claims, callers and their addresses are left out: nobody needs them to repair a machine. */
const fields = [
  "correlationId", "eventName", "eventTimestamp", "level", "operationId", "operationName",
  "properties", "resourceId", "status", "subStatus", "submissionTimestamp",
].join(","); // prettier-ignore

const mostReported = 4;

/** Events by the correlation id of the first request, else of the resource. One request; 3 to 20 minutes late; Reader on the subscription. */
export function activityLog({ sinceMs = 6 * 3_600_000 }: ActivityLogOptions = {}): DefinedEvidence {
  return defineEvidence({
    name: "activityLog",
    requests: 1,
    fits: (_, { url }) => parseResourceId(url).subscription !== undefined,
    async look({ get, call, now }) {
      const { subscription = "", id } = parseResourceId(call.url);
      const since = new Date(Math.min(now(), call.startedAt ?? now()) - sinceMs).toISOString();
      const what =
        call.correlationId === undefined ? `resourceUri eq '${id}'` : `correlationId eq '${call.correlationId}'`;
      const { body } = await get(
        `/subscriptions/${subscription}/providers/Microsoft.Insights/eventtypes/management/values`,
        {
          "api-version": "2015-04-01",
          $filter: `eventTimestamp ge '${since}' and ${what}`,
          $select: fields,
        },
      );
      const events = itemsAt(body, "value");
      const found = [...failures(events), ...unfinished(events)];
      return found.length > 0
        ? found
        : { says: "The activity log holds nothing about it yet; it is 3 to 20 minutes late.", confidence: "none" };
    },
  });
}

const nameOf = (event: unknown, key: string): string => textAt(event, key, "value") ?? textAt(event, key) ?? "";

function failures(events: readonly unknown[]): Found[] {
  const failed = events.filter((event) => /^Failed$/i.test(nameOf(event, "status")));
  return failed.slice(0, mostReported).map((event) => {
    const error = errorOf(textAt(event, "properties", "statusMessage"));
    const code = textAt(error, "code") ?? nameOf(event, "subStatus");
    const words = textAt(error, "message") ?? "";
    return {
      says: `${nameOf(event, "operationName")} failed: ${shorten([code, words].filter(Boolean).join(": ") || "no reason given")}`,
      at: dateAt(event, "eventTimestamp"),
      confidence: "medium",
      data: { resource: textAt(event, "resourceId"), operation: nameOf(event, "operationName"), error },
      ...(error !== undefined && { root: { error } }),
    };
  });
}

/** `{ error }`, `{ status, error }` or bare, written as a text. */
function errorOf(statusMessage: string | undefined): unknown {
  if (statusMessage === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(statusMessage);
    return at(parsed, "error") ?? parsed;
  } catch {
    return { message: statusMessage };
  }
}

/** Operations that have begun and whose end is not in the log. */
function unfinished(events: readonly unknown[]): Found[] {
  const ended = new Set(
    events
      .filter((event) => /^(?:Succeeded|Failed|Canceled)$/i.test(nameOf(event, "status")))
      .map((event) => textAt(event, "operationId")),
  );
  const begun = events.filter(
    (event) => /^(?:Started|Accepted)$/i.test(nameOf(event, "status")) && !ended.has(textAt(event, "operationId")),
  );
  const seen = new Set<string>();
  return begun.flatMap((event): Found[] => {
    const operation = nameOf(event, "operationName");
    if (seen.has(operation) || seen.size >= mostReported) return [];
    seen.add(operation);
    const since = dateAt(event, "eventTimestamp");
    return [
      {
        says: `${operation} has begun${since ? ` at ${since.toISOString()}` : ""}, and its end is not in the log.`,
        at: since,
        confidence: "low",
        data: { operation, resource: textAt(event, "resourceId") },
      },
    ];
  });
}
