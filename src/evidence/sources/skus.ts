/**
 * Whether a size may be created here at all. `SkuNotAvailable` means either that the subscription may not use the size,
 * which lasts, or that there is no room right now, which passes; the SKU list distinguishes the two.
 */
import type { Disposition } from "../../catalog/rule.js";
import type { FailedCall } from "../../recovery/evidence.js";
import { defineEvidence } from "../define-evidence.js";
import {
  scoresCacheMs,
  scoresIn,
  scoresQuestion,
  type PlacementScore,
} from "../../remedies/capacity/placement-scores.js";
import type { SizeOffer } from "../../remedies/capacity/size-offer.js";
import { foldName, numberAt, sameName } from "../document.js";
import { couldNotLook, orRefusal } from "../look.js";
import { ReadCache } from "../read-cache.js";
import { skuRequests, SkuReader } from "../sku-list.js";
import type { DefinedEvidence, Found, LookContext } from "../source.js";
import { isSpot, locationOf, parseResourceId, sizeOf, zonesOf } from "../subject.js";

/** Requests of a look: the list, and for a spot machine one question for placement scores. */
const requests = skuRequests + 1;

/**
 * Restrictions of the size in the region, and for a spot machine the placement scores of its zones. At most three requests; the
 * list is used for four hours and may be hours old itself, scores for twenty minutes. Reader is enough for the list; scores need
 * `Microsoft.Compute/locations/placementScores/generate/action`.
 */
export function skus(): DefinedEvidence {
  const reader = new SkuReader();
  const scores = new ReadCache<readonly PlacementScore[]>(scoresCacheMs);
  return defineEvidence({
    name: "skus",
    requests,
    fits: ({ category, code = "", message }, call) =>
      (category === "capacity" || /^(?:SkuNotAvailable|NotAvailableForSubscription|VMSizeNotSupported)/i.test(code)) &&
      sizeOf(call, message) !== undefined,
    async look(context) {
      const { call, diagnosis } = context;
      const size = sizeOf(call, diagnosis.message) ?? "";
      const location = locationOf(call, diagnosis.message);
      const { subscription } = parseResourceId(call.url);
      if (location === undefined || subscription === undefined) return couldNotLook("the failure names no region");
      const { offers, complete } = await reader.read(context, subscription, location);
      const offer = offers.get(foldName(size));
      if (offer) {
        const found = describe(offer, location, call);
        const isOpen = found.confidence === "medium";
        if (!isOpen || !isSpot(call)) return found;
        const scored = await orRefusal(scoresOf(offer, { subscription, location }, context, scores));
        // A zone with room says more than that this one has none.
        return scored.some(({ means }) => means) ? [...scored, found] : [found, ...scored];
      }
      if (!complete || offers.size === 0)
        return couldNotLook(`the list of sizes in ${location} is longer than a look may read`);
      return notOffered(size, location, call);
    },
  });
}

/** Where a spot machine of this size is likely to be placed. */
async function scoresOf(
  { name, zones }: SizeOffer,
  { subscription, location }: { readonly subscription: string; readonly location: string },
  { post, call, now }: LookContext,
  cache: ReadCache<readonly PlacementScore[]>,
): Promise<readonly Found[]> {
  const count = numberAt(call.body, "sku", "capacity") ?? 1;
  const wanted = { subscription, region: location, sizes: [name], count, inZones: zones.length > 0 };
  const { path, query, body } = scoresQuestion(wanted);
  const key = `${path} ${JSON.stringify(body)}`.toLowerCase();
  const scores = await cache.get(key, now(), async () => scoresIn((await post(path, query, body)).body));
  if (scores.length === 0) return [{ says: `There is no placement score for ${name}.`, confidence: "none" }];
  const inWords = scores.map(({ zone, score }) => (zone === undefined ? score : `zone ${zone} ${score}`)).join(", ");
  const likely = scores.flatMap(({ zone, score }) => (/^(?:High|Medium)$/i.test(score) && zone ? [zone] : []));
  const asked = zonesOf(call);
  const elsewhere = likely.filter((zone) => !asked.includes(zone));
  const says = `Placement scores of spot ${name} in ${location}: ${inWords}.`;
  return [
    {
      says,
      confidence: "medium",
      data: { scores },
      ...(asked.length > 0 &&
        elsewhere.length > 0 && {
          means: {
            category: "capacity",
            explanation: `${location} has no room for spot ${name} in zone ${asked.join(", ")} right now; it is likely in zone ${elsewhere.join(", ")}.`,
            steps: [`Ask for zone ${elsewhere.join(" or ")}.`],
            automatic: "fallbackZones",
          },
        }),
    },
  ];
}

/** Permanent for this size; if a fallback is allowed, another size would pass. */
function dispositionFor({ remedies = [] }: FailedCall, kind: "fallbackSizes" | "fallbackZones"): Disposition {
  return remedies.some((name) => name === kind || name === "fallback") ? "adaptable" : "permanent";
}

function notOffered(size: string, location: string, call: FailedCall): Found {
  const says = `${size} is not one of the sizes in ${location}.`;
  return {
    says,
    confidence: "high",
    means: {
      disposition: dispositionFor(call, "fallbackSizes"),
      explanation: says,
      steps: [`Ask for a size that ${location} has: az vm list-skus -l ${location} -r virtualMachines -o table`],
      automatic: "fallbackSizes",
    },
  };
}

function describe(offer: SizeOffer, location: string, call: FailedCall): Found {
  const { closedBecause } = offer;
  if (closedBecause !== undefined) return restricted(offer, location, closedBecause, call);
  const closed = new Set(offer.closedZones);
  const open = offer.zones.filter((zone) => !closed.has(zone)).sort();
  const asked = zonesOf(call);
  const refused = asked.filter((zone) => closed.has(zone) || !offer.zones.includes(zone));
  return refused.length > 0 ? zonesClosed(offer, location, refused, open, call) : unrestricted(offer, location, open);
}

function restricted({ name }: SizeOffer, location: string, reason: string, call: FailedCall): Found {
  const says = `${name} is not available to this subscription in ${location} (${reason}); waiting does not help.`;
  const trial = sameName(reason, "QuotaId");
  return {
    says,
    confidence: "high",
    data: { size: name, location, reason },
    means: {
      disposition: dispositionFor(call, "fallbackSizes"),
      explanation: says,
      steps: [
        `Ask for another size or region: az vm list-skus -l ${location} -r virtualMachines -o table`,
        trial ? "Or use a subscription of another offer type." : "Or ask support to open it for the subscription.",
      ],
      automatic: "fallbackSizes",
    },
  };
}

function zonesClosed(
  { name, closedZones }: SizeOffer,
  location: string,
  refused: readonly string[],
  open: readonly string[],
  call: FailedCall,
): Found {
  const elsewhere = open.length > 0 ? `open: zone ${open.join(", ")}` : "no zone is open";
  const says = `${name} is not available to this subscription in zone ${refused.join(", ")} of ${location}; ${elsewhere}.`;
  return {
    says,
    confidence: "high",
    data: { size: name, location, closedZones, openZones: open },
    means: {
      disposition: dispositionFor(call, "fallbackZones"),
      explanation: says,
      steps: [open.length > 0 ? `Ask for zone ${open.join(" or ")}.` : "Ask for another size or region."],
      automatic: "fallbackZones",
    },
  };
}

function unrestricted({ name, zones, retiredAt }: SizeOffer, location: string, open: readonly string[]): Found {
  const where = zones.length > 0 ? `, zones ${open.join(", ")}` : "";
  const retired =
    retiredAt === undefined ? "" : ` The size is retired on ${new Date(retiredAt).toISOString().slice(0, 10)}.`;
  return {
    says: `${name} may be used by this subscription in ${location}${where}: the region lacks room for it right now.${retired}`,
    confidence: "medium",
    data: { size: name, location, openZones: open },
    means: {
      category: "capacity",
      explanation: `${location} has no free hardware for ${name} right now; the subscription may use it.`,
    },
  };
}
