/**
 * What the activity log says about the call: its failed steps, and operations of others that have begun and not ended.
 * The log is 3 to 20 minutes late, so it helps only during longer waits and in later investigations.
 */
import {
  eventsPath,
  eventsQuery,
  failedEvents,
  openEvents,
  type FailedEvent,
  type OpenEvent,
} from "../activity-events.js";
import { defineEvidence } from "../define-evidence.js";
import { shorten, textAt } from "../document.js";
import type { DefinedEvidence, Found } from "../source.js";
import { parseResourceId } from "../subject.js";

export interface ActivityLogOptions {
  /** How far before the call to read the log, in milliseconds. Default 6 hours. */
  readonly sinceMs?: number;
}

const mostReported = 4;

/**
 * Events by the correlation id of the first request, otherwise by resource. One request; 3 to 20 minutes late; Reader
 * on the subscription.
 */
export function activityLog({ sinceMs = 6 * 3_600_000 }: ActivityLogOptions = {}): DefinedEvidence {
  return defineEvidence({
    name: "activityLog",
    requests: 1,
    fits: (_, { url }) => parseResourceId(url).subscription !== undefined,
    async look({ get, call, diagnosis, now }) {
      const { subscription = "", id } = parseResourceId(call.url);
      const since = new Date(Math.min(now(), call.startedAt ?? now()) - sinceMs);
      const { correlationId } = call;
      // What holds a resource belongs to somebody else's request.
      const isConflict = diagnosis.category === "conflict";
      const about = correlationId !== undefined && !isConflict ? { correlationId } : { resourceId: id };
      const { body } = await get(eventsPath(subscription), eventsQuery(since, about));
      const found = [
        // The refusals of a conflict are the caller's own.
        ...(isConflict ? [] : failedEvents(body).slice(0, mostReported).map(describeFailure)),
        ...openEvents(body).slice(0, mostReported).map(describeOpen),
      ];
      return found.length > 0
        ? found
        : { says: "The activity log has nothing about it yet; it is 3 to 20 minutes late.", confidence: "none" };
    },
  });
}

function describeFailure({ operation, at, resource, error, code }: FailedEvent): Found {
  const words = [code, textAt(error, "message")].filter(Boolean).join(": ");
  return {
    says: `${operation} failed: ${shorten(words || "no reason given")}`,
    at,
    confidence: "medium",
    data: { resource, operation, error },
    ...(error !== undefined && { root: { error } }),
  };
}

export function describeOpen({ operation, at, resource }: OpenEvent): Found {
  return {
    says: `${operation} has begun${at ? ` at ${at.toISOString()}` : ""}, and its end is not in the log.`,
    at,
    confidence: "low",
    data: { operation, resource },
  };
}
