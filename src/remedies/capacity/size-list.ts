/** Reads a region's list of sizes page by page: to choose another size, and to say why one was refused. */
import { foldName, readSizeOffers, type SizeOffers } from "./size-offer.js";

export interface SizeList {
  readonly offers: SizeOffers;
  /** False when more pages were there than were to be read: a size that is not among the offers may be on them. */
  readonly complete: boolean;
}

export interface SizeListOptions {
  readonly subscription: string;
  readonly region: string;
  /** A page costs about a megabyte. */
  readonly mostPages: number;
}

/**
 * Reads the list, at most `mostPages` of it.
 * @param read gives the body behind a path of Resource Manager, or behind the link to a further page
 * @throws what `read` throws
 */
export async function readSizeList(
  { subscription, region, mostPages }: SizeListOptions,
  read: (pathOrLink: string) => Promise<unknown>,
): Promise<SizeList> {
  // The region is the only filter that the service accepts.
  const filter = encodeURIComponent(`location eq '${foldName(region)}'`);
  let next: string | undefined =
    `/subscriptions/${subscription}/providers/Microsoft.Compute/skus?api-version=2021-07-01&$filter=${filter}`;
  let offers: SizeOffers = new Map();
  for (let page = 0; next !== undefined && page < mostPages; page++) {
    const { value, nextLink } = ((await read(next)) ?? {}) as { value?: unknown; nextLink?: unknown };
    offers = readSizeOffers(value, region, offers);
    next = typeof nextLink === "string" && nextLink !== "" ? nextLink : undefined;
  }
  return { offers, complete: next === undefined };
}
