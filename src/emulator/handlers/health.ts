/** Microsoft.ResourceHealth: the state of one machine, and the events of the subscription. */
import type { ArmExchange } from "../exchange.js";
import type { ResourceHealth, ServiceEvent } from "../health.js";
import type { JsonObject } from "../json.js";
import { isMachine, type Machine } from "../machine.js";
import { pageOf } from "../paging.js";
import type { Route } from "../router.js";
import { ArmError, type Reply } from "../wire.js";

const statuses = "/{+scope}/providers/Microsoft.ResourceHealth/availabilityStatuses";
const events = "/subscriptions/{subscription}/providers/Microsoft.ResourceHealth/events";

export const healthRoutes: readonly Route[] = [
  { method: "GET", path: `${statuses}/current`, name: "availabilityStatuses/current", handle: getCurrent },
  { method: "GET", path: statuses, name: "availabilityStatuses", handle: listStatuses },
  { method: "GET", path: events, name: "events", handle: listEvents },
  { method: "GET", path: `${events}/{event}`, name: "events/{event}", handle: getEvent },
];

function getCurrent(exchange: ArmExchange): Reply {
  return { status: 200, body: currentOf(exchange) };
}

function listStatuses(exchange: ArmExchange): Reply {
  return pageOf(exchange, [currentOf(exchange)]);
}

/** A machine that was never created has no health. */
function currentOf(exchange: ArmExchange): JsonObject {
  const { resources, health, clock } = exchange.cloud;
  const scope = exchange.param("scope");
  const machine = resources.find(scope);
  if (!isMachine(machine)) {
    throw new ArmError(
      404,
      "ResourceNotFound",
      `The resource '${scope}' could not be found, or has no health signals.`,
    );
  }
  const known = health.resources.get(machine.id.toLowerCase()) ?? healthOf(machine);
  const reported = new Date(clock.now()).toISOString();
  const expand = exchange.request.url.searchParams.get("$expand")?.toLowerCase() === "recommendedactions";
  return {
    id: `${machine.id}/providers/Microsoft.ResourceHealth/availabilityStatuses/current`,
    name: "current",
    type: "Microsoft.ResourceHealth/AvailabilityStatuses",
    location: machine.location,
    properties: {
      availabilityState: known.state,
      title: known.title ?? known.state,
      summary: known.summary ?? summaryOf(known),
      reasonType: known.state === "Available" ? "" : (known.reason ?? "Unplanned"),
      ...(known.state !== "Available" && {
        category: known.reason === "UserInitiated" ? "Not Applicable" : "Unplanned",
        context: known.reason === "UserInitiated" ? "Customer Initiated" : "Platform Initiated",
      }),
      // The service's spelling.
      occuredTime: new Date(known.since).toISOString(),
      reasonChronicity: "Persistent",
      reportedTime: reported,
      ...(expand && {
        recommendedActions: [
          {
            action: "To start the virtual machine, open the resource page and click Start",
            actionUrl: "<#ResourceBlade>",
          },
        ],
      }),
    },
  };
}

function healthOf(machine: Machine): ResourceHealth {
  const since = machine.provisionedAt;
  if (machine.powerState === "running") return { state: "Available", since };
  const title = machine.powerState === "deallocated" ? "Stopped and deallocated" : "Stopped";
  return { state: "Unavailable", title, reason: "UserInitiated", since };
}

function summaryOf({ state, reason }: ResourceHealth): string {
  if (state === "Available") return "There aren't any known Azure platform problems affecting this virtual machine.";
  if (reason === "UserInitiated") return "The virtual machine was stopped by a user or a process.";
  return "We're sorry, your virtual machine is unavailable because of a problem with the platform.";
}

/** `service eq '…'` and `region eq '…'`, one or both; `queryStartTime` as m/d/yyyy. */
function listEvents(exchange: ArmExchange): Reply {
  const { searchParams } = exchange.request.url;
  const filter = searchParams.get("$filter") ?? "";
  const wanted = (field: string): string | undefined =>
    new RegExp(`(?:^|\\s)(?:properties/)?${field} eq '([^']*)'`, "i").exec(filter)?.[1]?.toLowerCase();
  const start = Date.parse(searchParams.get("queryStartTime") ?? "");
  const found = exchange.cloud.health.events.filter(
    (event) =>
      (wanted("service") ?? event.service.toLowerCase()) === event.service.toLowerCase() &&
      (wanted("region") ?? event.region.toLowerCase()) === event.region.toLowerCase() &&
      (wanted("eventType") ?? event.type.toLowerCase()) === event.type.toLowerCase() &&
      !(event.startedAt < start),
  );
  return pageOf(
    exchange,
    found.map((event) => presentEvent(exchange, event)),
  );
}

function getEvent(exchange: ArmExchange): Reply {
  const id = exchange.param("event");
  const found = exchange.cloud.health.events.find(({ trackingId }) => trackingId === id);
  if (found) return { status: 200, body: presentEvent(exchange, found) };
  throw new ArmError(404, "EventNotFound", `The event '${id}' could not be found.`);
}

function presentEvent(exchange: ArmExchange, event: ServiceEvent): JsonObject {
  const { trackingId, type, service, region, title, summary, startedAt, visibleAt, resolvedAt } = event;
  const status = resolvedAt === undefined ? "Active" : "Resolved";
  return {
    id: `/subscriptions/${exchange.cloud.options.subscriptionId}/providers/Microsoft.ResourceHealth/events/${trackingId}`,
    name: trackingId,
    type: "/providers/Microsoft.ResourceHealth/events",
    properties: {
      eventType: type,
      eventSource: "ServiceHealth",
      status,
      title,
      summary,
      header: "Your service might have been impacted by an Azure service issue",
      level: "Warning",
      eventLevel: "Warning",
      isHIR: false,
      impactStartTime: new Date(startedAt).toISOString(),
      ...(resolvedAt !== undefined && { impactMitigationTime: new Date(resolvedAt).toISOString() }),
      lastUpdateTime: new Date(resolvedAt ?? visibleAt).toISOString(),
      impact: [
        {
          impactedService: service,
          impactedRegions: [
            {
              impactedRegion: region,
              status,
              impactedSubscriptions: [exchange.cloud.options.subscriptionId],
              updates: [],
            },
          ],
        },
      ],
    },
  };
}
