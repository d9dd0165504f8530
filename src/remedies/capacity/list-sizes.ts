/**
 * What a subscription can get in a region, for people and for tools: each size with whether it is offered, what is left of
 * its quota, and how likely a placement is. Reads only.
 */
import { check } from "../../option-check.js";
import { notOffered, scoreKey, tightestPool, whyClosed, whyOverQuota, type RegionKnowledge } from "./rank.js";
import { RegionReader, type ReadSend } from "./region-reader.js";
import { similar, similarSizes, whyUnfit, type SimilarSizes } from "./similar.js";
import { foldName, type SizeOffer, type SizeOffers } from "./size-offer.js";

export interface ListSizesOptions {
  readonly subscription: string;
  /** `westeurope`; case and blanks do not matter. */
  readonly region: string;
  /** The size that is wanted, such as `Standard_D4s_v5`. Default every size of the region. */
  readonly size?: string;
  /** Only what this zone has counts as offered. Default any placement in the region. */
  readonly zone?: string;
  /** Also sizes that may replace `size`, the most alike first. Default false. */
  readonly similar?: boolean | SimilarSizes;
  /** For spot machines: their quota, and placement scores, which need the role Compute Recommendations Role. Default false. */
  readonly spot?: boolean;
  /** Of Resource Manager. Default `https://management.azure.com`. */
  readonly endpoint?: string;
  /** Epoch milliseconds. Default now. */
  readonly now?: number;
}

export interface ListedSize {
  readonly name: string;
  /** The subscription may create it there, and its quota has room for one. Says nothing about free hardware. */
  readonly isOffered: boolean;
  /** Why it is not offered, in words. */
  readonly reason?: string;
  /** Zones in which the subscription may create it. */
  readonly zones: readonly string[];
  readonly vCPUs?: number;
  readonly memoryGB?: number;
  /** The tightest of the quotas that it draws on, in vCPUs. Absent where usages could not be read. */
  readonly quota?: { readonly name: string; readonly left: number; readonly limit: number };
  /** `High`, `Medium`, `Low`, `DataNotFoundOrStale` or `RestrictedSkuNotAvailable`. Absent where it was not asked or not told. */
  readonly score?: string;
}

export interface ListedSizes {
  /** The size that was asked for first, then the most alike; or all by name. */
  readonly sizes: readonly ListedSize[];
  /** Failures of look-ups that the list does without: usages, placement scores. */
  readonly unread: readonly unknown[];
}

/**
 * Lists sizes of a region with all that is known of them.
 *
 * Sends one request for the list of sizes (about a megabyte, seldom more pages), one for usages, one for placement scores.
 * @throws TypeError or RangeError that names a bad option; the failure of the list of sizes, which nothing works without
 */
export async function listSizes(options: ListSizesOptions, send: ReadSend): Promise<ListedSizes> {
  checkOptions(options);
  const { size, zone, spot = false, now = Date.now() } = options;
  const failures = new Map<string, unknown>();
  const noting: ReadSend = (call) =>
    send(call).catch((error: unknown) => {
      failures.set(call.url, error);
      throw error;
    });
  const place = {
    endpoint: options.endpoint ?? "https://management.azure.com",
    subscription: options.subscription,
    region: options.region,
    count: 1,
  };
  const reader = new RegionReader();
  const offers = await reader.sizes(place, noting, now);
  if (!offers) {
    const [failure] = failures.values();
    throw failure instanceof Error ? failure : new Error(`the list of sizes of ${options.region} is empty`);
  }
  const chosen = choose(options, offers, now);
  const candidates = chosen.map(({ name }) => ({ size: name, zone, spot }));
  const knowledge = await reader.read(place, spot ? candidates : [], noting, now);
  const sizes = chosen.map((offer) => describe(offer, options, knowledge, now));
  const missing = size !== undefined && !offers.has(foldName(size));
  return {
    sizes: missing
      ? [{ name: size, isOffered: false, reason: notOffered(options.region), zones: [] }, ...sizes]
      : sizes,
    unread: [...failures.values()],
  };
}

/** A request that says nothing of disks and interfaces: what the size itself has must stay. */
const noNeeds = {
  dataDisks: 0,
  nics: 0,
  premiumStorage: false,
  ultraDisks: false,
  encryptionAtHost: false,
  securityType: "",
  ephemeralPlacement: undefined,
  diskController: "",
};

function choose({ size, similar: wanted }: ListSizesOptions, offers: SizeOffers, now: number): SizeOffer[] {
  if (size === undefined) return [...offers.values()].sort((one, other) => one.name.localeCompare(other.name));
  const asked = offers.get(foldName(size));
  if (!asked) return [];
  if (wanted === undefined || wanted === false) return [asked];
  return [asked, ...similarSizes(asked, offers, noNeeds, wanted === true ? similar() : wanted, now)];
}

function describe(
  offer: SizeOffer,
  { zone, spot = false }: ListSizesOptions,
  { usages, scores }: RegionKnowledge,
  now: number,
): ListedSize {
  const { name, vCPUs, memoryGB, zones, closedZones } = offer;
  const reason =
    whyClosed(offer, { zone, spot }) ?? whyUnfit(offer, noNeeds, now) ?? whyOverQuota(offer, 1, spot, usages);
  const pool = tightestPool(offer, spot, usages);
  const score = scores?.get(scoreKey({ size: name, zone }));
  return {
    name,
    isOffered: reason === undefined,
    ...(reason !== undefined && { reason }),
    zones: offer.closedBecause === undefined ? zones.filter((one) => !closedZones.includes(one)).sort() : [],
    vCPUs,
    memoryGB,
    ...(pool && { quota: { name: pool.pool, left: Math.max(0, pool.left), limit: pool.limit } }),
    ...(score !== undefined && { score }),
  };
}

function checkOptions(options: ListSizesOptions): void {
  for (const name of ["subscription", "region"] as const)
    check(isName(options[name]), `listSizes.${name}`, options[name], "a name that is not empty");
  for (const name of ["size", "zone"] as const)
    check(options[name] === undefined || isName(options[name]), `listSizes.${name}`, options[name], "a name");
}

const isName = (value: unknown): boolean => typeof value === "string" && value.trim() !== "";
