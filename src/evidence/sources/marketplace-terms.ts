/**
 * Whether the subscription has accepted the terms of a marketplace image. The service refuses with one code for terms that are not
 * accepted, for a plan that the request names otherwise, and for a subscription that may not buy. Terms are never accepted
 * here: that is a legal act.
 */
import type { FailedCall } from "../../recovery/evidence.js";
import { defineEvidence } from "../define-evidence.js";
import { at, textAt } from "../document.js";
import type { DefinedEvidence, Found } from "../source.js";
import { parseResourceId } from "../subject.js";

interface Plan {
  readonly publisher: string;
  readonly product: string;
  readonly name: string;
}

/** The terms of the plan that the request names, or of its image. One request; at once; Reader is enough. */
export function marketplaceTerms(): DefinedEvidence {
  return defineEvidence({
    name: "marketplaceTerms",
    requests: 1,
    fits: ({ code = "", message }, call) =>
      (/^(?:MarketplacePurchase|ResourcePurchaseValidation|VMMarketplace)/i.test(code) ||
        /legal terms/i.test(message)) &&
      parseResourceId(call.url).subscription !== undefined &&
      planOf(call) !== undefined,
    async look({ get, call }) {
      const plan = planOf(call);
      const { subscription = "" } = parseResourceId(call.url);
      if (!plan) return undefined;
      const [publisher, product, name] = [plan.publisher, plan.product, plan.name].map(encodeURIComponent);
      const { status, body } = await get(
        `/subscriptions/${subscription}/providers/Microsoft.MarketplaceOrdering/offerTypes/virtualmachine/publishers/${publisher}/offers/${product}/plans/${name}/agreements/current`,
        { "api-version": "2021-01-01" },
      );
      if (status === 404) return unknownPlan(plan);
      return at(body, "properties", "accepted") === true ? accepted(plan, call) : notAccepted(plan, body);
    },
  });
}

/** The plan of the request, else the plan that its image belongs to. */
function planOf({ body }: FailedCall): Plan | undefined {
  const plan = planIn(at(body, "plan"), "product", "name");
  const profile =
    at(body, "properties", "virtualMachineProfile", "storageProfile") ?? at(body, "properties", "storageProfile");
  return plan ?? planIn(at(profile, "imageReference"), "offer", "sku");
}

function planIn(item: unknown, productKey: string, nameKey: string): Plan | undefined {
  const publisher = textAt(item, "publisher");
  const product = textAt(item, productKey);
  const name = textAt(item, nameKey);
  return publisher !== undefined && product !== undefined && name !== undefined
    ? { publisher, product, name }
    : undefined;
}

const inWords = ({ publisher, product, name }: Plan): string => `${publisher}:${product}:${name}`;

function notAccepted(plan: Plan, body: unknown): Found {
  const says = `The terms of ${inWords(plan)} are not accepted in this subscription.`;
  const link = textAt(body, "properties", "marketplaceTermsLink") ?? textAt(body, "properties", "licenseTextLink");
  return {
    says,
    confidence: "high",
    data: { ...plan, accepted: false, link },
    means: {
      explanation: says,
      steps: [
        `Read them${link === undefined ? "" : ` (${link})`}, and have someone with permission accept them: az vm image terms accept --publisher ${plan.publisher} --offer ${plan.product} --plan ${plan.name}`,
      ],
    },
  };
}

function accepted(plan: Plan, { body }: FailedCall): Found {
  const hasPlan = at(body, "plan") !== undefined;
  return {
    says: `The terms of ${inWords(plan)} are accepted, so it is ${hasPlan ? "the purchase itself (billing, a private offer, the country)" : "the plan, which the request does not name"}.`,
    confidence: "medium",
    data: { ...plan, accepted: true },
    means: {
      steps: hasPlan
        ? ["Ask the subscription's billing owner: the purchase is what is refused, not the terms."]
        : [`Name the plan in the request: publisher ${plan.publisher}, product ${plan.product}, name ${plan.name}.`],
    },
  };
}

const unknownPlan = (plan: Plan): Found => ({
  says: `The Marketplace has no plan ${inWords(plan)}; the request may name it wrongly.`,
  confidence: "medium",
  data: plan,
});
