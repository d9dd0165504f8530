/** The activity log: writes, deletes and actions, by whom, and how they ended. Minutes late. */
import { randomUUID } from "node:crypto";
import { STATUS_CODES } from "node:http";
import type { Clock } from "../time/clock.js";
import { dig, type JsonObject } from "./json.js";
import type { Operation } from "./operations.js";
import type { Reply } from "./wire.js";

/** An admitted request, as the log keeps it. */
interface Entry {
  readonly correlationId: string;
  readonly operationId: string;
  readonly action: string;
  readonly scope: string;
  readonly caller: string;
  readonly startedAt: number;
  readonly status: number;
  readonly body: unknown;
  readonly operation: Operation | undefined;
}

export interface LoggedRequest {
  readonly correlationId: string;
  readonly action: string;
  readonly scope: string;
  readonly caller: string;
  readonly reply: Reply;
  readonly operation: Operation | undefined;
}

/** Older entries are dropped, as after 90 days. */
const entriesKept = 10_000;

export class ActivityLog {
  readonly #entries: Entry[] = [];

  constructor(
    private readonly subscriptionId: string,
    private readonly lateMs: number,
    private readonly clock: Clock,
  ) {}

  note({ correlationId, action, scope, caller, reply, operation }: LoggedRequest): void {
    // Reads are not logged.
    if (action.endsWith("/read")) return;
    this.#entries.push({
      correlationId,
      operationId: randomUUID(),
      action,
      scope,
      caller,
      startedAt: this.clock.now(),
      status: reply.status,
      body: reply.body,
      operation,
    });
    if (this.#entries.length > entriesKept) this.#entries.shift();
  }

  /** The events that the log shows by now, newest first. */
  get events(): JsonObject[] {
    const now = this.clock.now();
    return this.#entries
      .flatMap((entry) => this.#eventsOf(entry))
      .filter(({ at }) => at + this.lateMs <= now)
      .sort((one, other) => other.at - one.at)
      .map(({ event }) => event);
  }

  #eventsOf(entry: Entry): { at: number; event: JsonObject }[] {
    const { startedAt, operation, status, body } = entry;
    const begin = this.#event(entry, { at: startedAt, name: "BeginRequest", state: "Started", subStatus: "" });
    if (status >= 400) {
      const subStatus = nameOfStatus(status);
      const end = { at: startedAt, name: "EndRequest", state: "Failed", subStatus, error: dig(body, "error") ?? body };
      return [begin, this.#event(entry, end)];
    }
    const accepted = {
      at: startedAt,
      name: "EndRequest",
      state: operation ? "Accepted" : "Succeeded",
      subStatus: nameOfStatus(status),
    };
    if (operation?.endedAt === undefined) return [begin, this.#event(entry, accepted)];
    const failed = operation.status !== "Succeeded";
    const error = failed
      ? {
          code: "ResourceOperationFailure",
          message: `The resource operation completed with terminal provisioning state '${operation.status}'.`,
          ...(operation.error && { details: [operation.error] }),
        }
      : undefined;
    const end = {
      at: operation.endedAt,
      name: "EndRequest",
      state: failed ? "Failed" : "Succeeded",
      subStatus: failed ? "Conflict" : "",
      error,
    };
    return [begin, this.#event(entry, accepted), this.#event(entry, end)];
  }

  #event(
    entry: Entry,
    part: { at: number; name: string; state: string; subStatus: string; error?: unknown },
  ): { at: number; event: JsonObject } {
    const { correlationId, operationId, action, scope, caller } = entry;
    const [, , , , group = ""] = scope.split("/");
    const isDenial = dig(part.error, "code") === "RequestDisallowedByPolicy";
    const named = (value: string): JsonObject => ({ value, localizedValue: value });
    const event = {
      authorization: { action, scope },
      caller,
      claims: { aud: "https://management.azure.com", oid: caller, ipaddr: "203.0.113.77" },
      correlationId,
      eventDataId: randomUUID(),
      eventName: named(part.name),
      category: named(isDenial ? "Policy" : "Administrative"),
      eventTimestamp: new Date(part.at).toISOString(),
      httpRequest: { clientRequestId: operationId, clientIpAddress: "203.0.113.77", method: "PUT" },
      id: `${scope}/events/${operationId}/ticks/${part.at}`,
      level: part.state === "Failed" ? "Error" : "Informational",
      operationId,
      operationName: named(action),
      properties: {
        ...(part.subStatus && { statusCode: part.subStatus }),
        serviceRequestId: operationId,
        eventCategory: isDenial ? "Policy" : "Administrative",
        entity: scope,
        // A JSON string.
        ...(part.error !== undefined && { statusMessage: JSON.stringify({ status: "Failed", error: part.error }) }),
      },
      resourceGroupName: group,
      resourceId: scope,
      resourceProviderName: named(action.split("/")[0] ?? ""),
      status: named(part.state),
      subStatus: named(part.subStatus),
      submissionTimestamp: new Date(part.at + this.lateMs).toISOString(),
      subscriptionId: this.subscriptionId,
    };
    return { at: part.at, event };
  }
}

function nameOfStatus(status: number): string {
  return (STATUS_CODES[status] ?? String(status)).replaceAll(/[^A-Za-z]/g, "");
}
