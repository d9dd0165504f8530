/**
 * Whether a size may be created here at all. `SkuNotAvailable` means either that the subscription may not use the size, which
 * lasts, or that there is no room right now, which passes; the list of SKUs distinguishes the two.
 */
import type { Disposition } from "../../catalog/rule.js";
import type { FailedCall } from "../../recovery/evidence.js";
import { defineEvidence } from "../define-evidence.js";
import type { SizeOffer } from "../../remedies/capacity/size-offer.js";
import { foldName, sameName } from "../document.js";
import { couldNotLook } from "../look.js";
import { skuRequests, SkuReader } from "../sku-list.js";
import type { DefinedEvidence, Found } from "../source.js";
import { locationOf, parseResourceId, sizeOf, zonesOf } from "../subject.js";

/**
 * Restrictions of the size in the region. At most two requests, then none for four hours; the list itself may be hours old;
 * Reader is enough.
 */
export function skus(): DefinedEvidence {
  const reader = new SkuReader();
  return defineEvidence({
    name: "skus",
    requests: skuRequests,
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
      if (offer) return describe(offer, location, call);
      if (!complete || offers.size === 0)
        return couldNotLook(`the list of sizes in ${location} is longer than a look may read`);
      return notOffered(size, location, call);
    },
  });
}

/** For this size it is permanent; where a fallback is allowed, another size would pass. */
function dispositionFor({ remedies = [] }: FailedCall, kind: "fallbackSizes" | "fallbackZones"): Disposition {
  return remedies.some((name) => name === kind || name === "fallback") ? "adaptable" : "permanent";
}

function notOffered(size: string, location: string, call: FailedCall): Found {
  const says = `${size} is not among the sizes of ${location}.`;
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
  const says = `${name} is closed to this subscription in ${location} (${reason}); waiting does not open it.`;
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
  const says = `${name} is closed to this subscription in zone ${refused.join(", ")} of ${location}; ${elsewhere}.`;
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
