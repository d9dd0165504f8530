/** The sizes that a subscription may create in a region. Kept for hours: the list is a megabyte. */
import { readSizeList, type SizeList } from "../remedies/capacity/size-list.js";
import { ReadCache } from "./read-cache.js";
import type { LookContext } from "./source.js";

/** Milliseconds for which a region's list is used. */
export const skuCacheMs = 4 * 3_600_000;

/** The most requests that one reading costs: a large list comes in pages. */
export const skuRequests = 2;

/** Reads a region's list, at most once per {@link skuCacheMs}. */
export class SkuReader {
  readonly #cache = new ReadCache<SizeList>(skuCacheMs);

  read({ get, now }: LookContext, subscription: string, region: string): Promise<SizeList> {
    return this.#cache.get(`${subscription} ${region}`.toLowerCase(), now(), () =>
      readSizeList(
        { subscription, region, mostPages: skuRequests },
        async (pathOrLink) => (await get(pathOrLink)).body,
      ),
    );
  }
}
