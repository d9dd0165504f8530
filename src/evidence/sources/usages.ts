/** How much of which quota is used, and how much more the request needs. */
import type { FailedCall } from "../../recovery/evidence.js";
import { defineEvidence } from "../define-evidence.js";
import { foldName, itemsAt, numberAt, sameName, textAt } from "../document.js";
import { couldNotLook } from "../look.js";
import { ReadCache } from "../read-cache.js";
import { SkuReader } from "../sku-list.js";
import type { Answer, DefinedEvidence, Found, LookContext } from "../source.js";
import { isSpot, locationOf, parseResourceId, sizeOf } from "../subject.js";

/** Milliseconds for which the usages of a region are kept. */
export const usageCacheMs = 60_000;

interface Counter {
  readonly name: string;
  readonly words: string;
  readonly used: number;
  readonly limit: number;
}

/** What a request takes from a counter; `needed` is absent if it is unknown. */
interface Demand {
  readonly counter: Counter;
  readonly needed: number | undefined;
}

const mostReported = 3;

/**
 * Usages of Compute or Network in the region. One request, and one more for the size's family if the message names no
 * pool; kept for a minute; Reader is enough.
 */
export function usages(): DefinedEvidence {
  const cache = new ReadCache<Answer>(usageCacheMs);
  const skuReader = new SkuReader();
  return defineEvidence({
    name: "usages",
    requests: 3,
    fits: ({ category, code = "" }) => category === "quota" && !/^(?:Deployment|ResourceGroup)Quota/i.test(code),
    async look(context) {
      const { get, call, diagnosis, now } = context;
      const { subscription } = parseResourceId(call.url);
      const location = locationOf(call, diagnosis.message);
      if (location === undefined || subscription === undefined) return couldNotLook("the failure names no region");
      const provider = isOfNetwork(call, diagnosis.code) ? "Microsoft.Network" : "Microsoft.Compute";
      const path = `/subscriptions/${subscription}/providers/${provider}/locations/${location}/usages`;
      const version = provider === "Microsoft.Network" ? "2024-05-01" : "2024-07-01";
      const { body } = await cache.get(path.toLowerCase(), now(), () => get(path, { "api-version": version }));
      const counters = itemsAt(body, "value").flatMap(counterOf);
      const demands = await demandsOf(context, counters, skuReader, subscription, location);
      if (demands.length === 0)
        return { says: `No quota of ${provider} in ${location} is used up.`, confidence: "none" };
      return demands.map((demand) => describe(demand, { call, subscription, location, provider }));
    },
  });
}

function isOfNetwork({ url }: FailedCall, code = ""): boolean {
  return sameName(parseResourceId(url).namespace, "Microsoft.Network") || /IP(?:Address)?Count|PublicIp/i.test(code);
}

function counterOf(item: unknown): Counter[] {
  const name = textAt(item, "name", "value");
  const used = numberAt(item, "currentValue");
  const limit = numberAt(item, "limit");
  if (name === undefined || used === undefined || limit === undefined) return [];
  return [{ name, words: textAt(item, "name", "localizedValue") ?? name, used, limit }];
}

/**
 * The counters that the failure is about: the one that the message names, those of the size, or all that are used up.
 */
async function demandsOf(
  context: LookContext,
  counters: readonly Counter[],
  reader: SkuReader,
  subscription: string,
  location: string,
): Promise<Demand[]> {
  const { diagnosis, call } = context;
  const { message } = diagnosis;
  const named = namedCounter(message, counters);
  const needed = numberIn(message, /Additional (?:Required|requested):\s*(\d+)/i);
  if (named) return [{ counter: named, needed }];
  const size = sizeOf(call, message);
  const list = size === undefined ? undefined : await reader.read(context, subscription, location);
  const offer = size === undefined ? undefined : list?.offers.get(foldName(size));
  if (offer && offer.vCPUs > 0) {
    // Spot machines use one pool of the region; regular ones use the region's cores and the family's.
    const pools = isSpot(call) ? ["lowPriorityCores"] : ["cores", offer.family];
    const cores = offer.vCPUs * (numberIn(JSON.stringify(call.body ?? ""), /"capacity":(\d+)/) ?? 1);
    const short = counters
      .filter(({ name }) => pools.some((pool) => sameName(pool, name)))
      .filter((counter) => counter.used + cores > counter.limit);
    if (short.length > 0) return short.map((counter) => ({ counter, needed: cores }));
  }
  const usedUp = counters.filter(({ used, limit }) => limit > 0 && used >= limit);
  return usedUp.slice(0, mostReported).map((counter) => ({ counter, needed: undefined }));
}

/** "approved standardDSv5Family Cores quota", "quota limits of LowPriorityCores": the pool that a message names. */
function namedCounter(message: string, counters: readonly Counter[]): Counter | undefined {
  const words = /(?:exceeding approved|quota limits? of)\s+(.+?)(?:\s+quota\b|[.:]|$)/i.exec(message)?.[1];
  if (words === undefined) return undefined;
  const plain = foldName(words.replace(/\s+(?:v?cpus|cores)$/i, ""));
  const pool = /^total\s*regional$/.test(plain)
    ? "cores"
    : /low-?priority|spot/.test(plain)
      ? "lowprioritycores"
      : plain;
  return counters.find(
    ({ name, words: local }) =>
      foldName(name) === pool || foldName(name) === foldName(words) || foldName(local) === foldName(words),
  );
}

function numberIn(text: string, pattern: RegExp): number | undefined {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

function describe(
  { counter, needed }: Demand,
  where: { call: FailedCall; subscription: string; location: string; provider: string },
): Found {
  const { name, words, used, limit } = counter;
  const missing = needed === undefined ? undefined : used + needed - limit;
  const fits = missing !== undefined && missing <= 0;
  const demand = needed === undefined ? "" : `, ${needed} more needed`;
  const verdict = fits ? "; it fits now" : missing === undefined ? "" : `: ${missing} too few`;
  const says = `${words} in ${where.location}: ${used} of ${limit} used${demand}${verdict}.`;
  const link = quotaLink(where, name, Math.max(limit + (missing ?? 1), limit + 1));
  return {
    says,
    confidence: fits ? "low" : "high",
    data: { counter: name, used, limit, needed, missing, link },
    ...(!fits && { means: meaning(counter, says, link, where.call) }),
  };
}

function meaning({ name }: Counter, explanation: string, link: string, { remedies = [] }: FailedCall): Found["means"] {
  // Another family or priority uses another pool; a shortage of regional cores affects all of them.
  const isRegional = sameName(name, "cores");
  const hasFallback = !isRegional && /Family$|lowPriority/i.test(name);
  const allowed = remedies.find((remedy) => remedy === "fallback" || remedy === "fallbackSizes");
  return {
    explanation,
    category: "quota",
    steps: [`Ask for more quota: ${link}`, "Or free what is not needed, or use another size family or region."],
    ...(hasFallback && allowed !== undefined && { disposition: "adaptable" as const, automatic: allowed }),
  };
}

/** The portal's page for requesting quota, filled in; Compute's errors carry the same link. */
function quotaLink(
  { subscription, location, provider }: { subscription: string; location: string; provider: string },
  name: string,
  limit: number,
): string {
  if (provider !== "Microsoft.Compute") {
    return "https://portal.azure.com/#view/Microsoft_Azure_Capacity/QuotaMenuBlade/~/myQuotas";
  }
  const parameters = {
    subscriptionId: subscription,
    command: "openQuotaApprovalBlade",
    quotas: [
      {
        location,
        providerId: provider,
        resourceName: name,
        quotaRequest: { properties: { limit, unit: "Count", name: { value: name } } },
      },
    ],
  };
  const blade = "https://aka.ms/ProdportalCRP/#blade/Microsoft_Azure_Capacity/UsageAndQuota.ReactView/Parameters/";
  return blade + encodeURIComponent(JSON.stringify(parameters));
}
