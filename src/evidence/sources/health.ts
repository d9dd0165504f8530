/**
 * Whether Azure knows of an outage, or of trouble with this machine. Silence proves nothing: events are published late.
 */
import type { Diagnosis } from "../../catalog/diagnosis.js";
import type { FailedCall } from "../../recovery/evidence.js";
import { defineEvidence } from "../define-evidence.js";
import { dateAt, itemsAt, sameName, shorten, textAt } from "../document.js";
import { orRefusal } from "../look.js";
import { ReadCache } from "../read-cache.js";
import type { Answer, DefinedEvidence, Found, LookContext } from "../source.js";
import { locationOf, machineIdOf, parseResourceId } from "../subject.js";

/** Milliseconds for which the events of a subscription are used: they change within minutes. */
export const eventsCacheMs = 60_000;

/** During an outage, the request is sent at most twice a minute. */
const outageWaitMs = 30_000;

const dayMs = 24 * 3_600_000;

/**
 * Service events of the region and the health of the machine. Two requests; minutes to hours late; Reader is enough, and
 * `Microsoft.ResourceHealth` must be registered.
 */
export function health(): DefinedEvidence {
  const cache = new ReadCache<Answer>(eventsCacheMs);
  return defineEvidence({
    name: "health",
    requests: 2,
    fits: (diagnosis, call) => looksLikeOutage(diagnosis, call) && parseResourceId(call.url).subscription !== undefined,
    async look(context) {
      const [events, machine] = await Promise.all([
        orRefusal(eventsOf(context, cache)),
        orRefusal(stateOfMachine(context)),
      ]);
      const found = [...events, ...machine];
      return found.length > 0
        ? found
        : {
            says: "Azure has announced no outage for this service and region; events are often published late.",
            confidence: "none",
          };
    },
  });
}

/** A single 500 is no outage; a repeated platform error, or an operation that took too long, may be one. */
function looksLikeOutage({ category, status = 0 }: Diagnosis, { attempts = 1 }: FailedCall): boolean {
  if (category === "timeout") return true;
  return (category === "platform" || status >= 500) && attempts >= 2;
}

async function eventsOf({ get, call, diagnosis, now }: LookContext, cache: ReadCache<Answer>): Promise<Found[]> {
  const { subscription = "", namespace } = parseResourceId(call.url);
  const path = `/subscriptions/${subscription}/providers/Microsoft.ResourceHealth/events`;
  const since = new Date(now() - dayMs);
  const query = {
    "api-version": "2024-02-01",
    queryStartTime: `${since.getUTCMonth() + 1}/${since.getUTCDate()}/${since.getUTCFullYear()}`,
  };
  const { body } = await cache.get(path.toLowerCase(), now(), () => get(path, query));
  const location = locationOf(call, diagnosis.message);
  return itemsAt(body, "value")
    .filter((event) => isOpen(event) && concerns(event, namespace, location))
    .map(describeEvent);
}

function isOpen(event: unknown): boolean {
  const type = textAt(event, "properties", "eventType");
  return sameName(type, "ServiceIssue") && sameName(textAt(event, "properties", "status"), "Active");
}

/** Services as the events name them; Resource Manager affects all. */
const services: Readonly<Record<string, RegExp>> = {
  "microsoft.compute": /virtual machine|compute|resource manager/i,
  "microsoft.network": /network|load balancer|resource manager/i,
  "microsoft.storage": /storage|resource manager/i,
};

function concerns(event: unknown, namespace: string | undefined, location: string | undefined): boolean {
  const service = services[namespace?.toLowerCase() ?? ""];
  return itemsAt(event, "properties", "impact").some((impact) => {
    const named = textAt(impact, "impactedService") ?? "";
    const regions = itemsAt(impact, "impactedRegions").map((region) => textAt(region, "impactedRegion"));
    // If the failure names no region, an outage elsewhere would be a guess.
    const here = regions.some((region) => sameName(region, location) || sameName(region, "Global"));
    return here && (service === undefined || service.test(named));
  });
}

function describeEvent(event: unknown): Found {
  const title = textAt(event, "properties", "title") ?? "an outage";
  const since = dateAt(event, "properties", "impactStartTime");
  const id = textAt(event, "name") ?? "";
  return {
    says: `Azure reports an outage: ${shorten(title)} (${id}${since ? `, since ${since.toISOString()}` : ""}).`,
    at: dateAt(event, "properties", "lastUpdateTime") ?? since,
    confidence: "high",
    data: { trackingId: id, title, since: since?.toISOString(), level: textAt(event, "properties", "level") },
    means: {
      disposition: "transient",
      category: "platform",
      waitMs: outageWaitMs,
      outage: true,
      explanation: `Azure has an outage here: ${shorten(title, 160)}`,
      steps: [`Follow the event ${id} in Service Health; the request passes when it ends.`],
      docs: "https://learn.microsoft.com/azure/service-health/service-health-overview",
    },
  };
}

async function stateOfMachine({ get, call }: LookContext): Promise<Found[]> {
  const machine = machineIdOf(call.url);
  if (machine === undefined) return [];
  const path = `${machine}/providers/Microsoft.ResourceHealth/availabilityStatuses/current`;
  const { status, body } = await get(path, { "api-version": "2024-02-01" });
  const state = textAt(body, "properties", "availabilityState");
  // A machine that was never created has no health, and a healthy one explains nothing.
  if (status === 404 || !/^(?:Unavailable|Degraded)$/i.test(state ?? "")) return [];
  const title = textAt(body, "properties", "title") ?? "";
  const reason = textAt(body, "properties", "reasonType") ?? "";
  const since = dateAt(body, "properties", "occuredTime"); // as the service spells it
  const summary = textAt(body, "properties", "summary");
  return [
    {
      says: `The machine is ${(state ?? "").toLowerCase()}${since ? ` since ${since.toISOString()}` : ""}: ${shorten(title || (summary ?? "no reason given"))} (${reason || "no kind given"}).`,
      at: dateAt(body, "properties", "reportedTime") ?? since,
      confidence: "medium",
      data: { state, title, reasonType: reason, context: textAt(body, "properties", "context") },
    },
  ];
}
