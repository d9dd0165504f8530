/** The sizes that a subscription may create in a region, as the SKU list has them. Read once for hours: it is a megabyte. */
import { dateAt, foldName, itemsAt, sameName, textAt, textsAt } from "./document.js";
import { ReadCache } from "./read-cache.js";
import type { LookContext } from "./source.js";

/** Milliseconds for which a region's list is used. */
export const skuCacheMs = 4 * 3_600_000;

/** Requests that one reading costs at most: a large list comes in pages. */
export const skuRequests = 2;

export interface SizeRestriction {
  /** `Location`: not to be created at all. `Zone`: not in these zones. */
  readonly type: string;
  readonly zones: readonly string[];
  /** `NotAvailableForSubscription`, `QuotaId` */
  readonly reasonCode: string;
}

/** One size, merged from all entries that the list has for it. */
export interface SizeOffer {
  readonly name: string;
  /** As usages name it: never to be built from the size's name. */
  readonly family: string | undefined;
  readonly vCPUs: number | undefined;
  readonly zones: readonly string[];
  readonly restrictions: readonly SizeRestriction[];
  readonly retiredAt: Date | undefined;
}

export interface SkuList {
  /** By folded name. */
  readonly sizes: ReadonlyMap<string, SizeOffer>;
  /** False when more pages were there than a look may read. */
  readonly complete: boolean;
}

/** Reads the list of a region, at most once for {@link skuCacheMs}. */
export class SkuReader {
  readonly #cache = new ReadCache<SkuList>(skuCacheMs);

  read({ get, now }: LookContext, subscription: string, location: string): Promise<SkuList> {
    return this.#cache.get(`${subscription} ${location}`.toLowerCase(), now(), () =>
      readPages(get, subscription, location),
    );
  }
}

async function readPages(get: LookContext["get"], subscription: string, location: string): Promise<SkuList> {
  const sizes = new Map<string, SizeOffer>();
  const path = `/subscriptions/${subscription}/providers/Microsoft.Compute/skus`;
  let page = await get(path, { "api-version": "2021-07-01", $filter: `location eq '${location}'` });
  for (let requests = 1; ; requests++) {
    for (const item of itemsAt(page.body, "value")) add(sizes, item, location);
    const next = textAt(page.body, "nextLink");
    if (next === undefined || requests >= skuRequests) return { sizes, complete: next === undefined };
    page = await get(next);
  }
}

function add(sizes: Map<string, SizeOffer>, item: unknown, location: string): void {
  const name = textAt(item, "name");
  if (name === undefined || !sameName(textAt(item, "resourceType"), "virtualMachines")) return;
  if (!textsAt(item, "locations").some((found) => sameName(found, location))) return;
  const known = sizes.get(foldName(name));
  const capability = (wanted: string): string | undefined =>
    textAt(
      itemsAt(item, "capabilities").find((entry) => textAt(entry, "name") === wanted),
      "value",
    );
  const vCPUs = Number(capability("vCPUs"));
  const info = itemsAt(item, "locationInfo").find((entry) => sameName(textAt(entry, "location"), location));
  const restrictions = itemsAt(item, "restrictions").map(restrictionOf);
  sizes.set(foldName(name), {
    name,
    family: textAt(item, "family") ?? known?.family,
    vCPUs: Number.isFinite(vCPUs) ? vCPUs : known?.vCPUs,
    zones: [...new Set([...(known?.zones ?? []), ...textsAt(info, "zones")])].sort(),
    restrictions: [...(known?.restrictions ?? []), ...restrictions],
    retiredAt: dateAt({ date: capability("RetirementDateUtc") }, "date") ?? known?.retiredAt,
  });
}

function restrictionOf(restriction: unknown): SizeRestriction {
  return {
    type: textAt(restriction, "type") ?? "",
    zones: textsAt(restriction, "restrictionInfo", "zones"),
    reasonCode: textAt(restriction, "reasonCode") ?? "",
  };
}
