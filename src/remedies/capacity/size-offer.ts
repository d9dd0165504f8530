/**
 * What a region offers: the sizes of its SKU list with the traits that decide whether one can replace another. Only
 * these are kept; the list itself is a megabyte.
 */

/** One size in one region, merged from all its entries in the list. */
export interface SizeOffer {
  readonly name: string;
  /** As usages name it; it cannot be derived from the size's name. */
  readonly family: string;
  readonly vCPUs: number;
  readonly memoryGB: number;
  /** Zones that have it, including those closed to the subscription. */
  readonly zones: readonly string[];
  /** Zones where the subscription may not create it. */
  readonly closedZones: readonly string[];
  /** Why the subscription may not create it anywhere in the region: `NotAvailableForSubscription` or `QuotaId`. */
  readonly closedBecause: string | undefined;
  readonly architecture: string;
  /** `V1`, `V2`. */
  readonly generations: readonly string[];
  /** `SCSI`, `NVMe`. */
  readonly diskControllers: readonly string[];
  /** `CacheDisk`, `ResourceDisk`, `NvmeDisk`; empty if the OS disk cannot be ephemeral. */
  readonly ephemeralPlacements: readonly string[];
  readonly hasTempDisk: boolean;
  readonly hasPremiumStorage: boolean;
  readonly hasUltraDisks: boolean;
  readonly hasAcceleratedNetworking: boolean;
  readonly hasTrustedLaunch: boolean;
  readonly hasEncryptionAtHost: boolean;
  /** `SNP`, `TDX`; empty for a size that is not confidential. */
  readonly confidential: string;
  readonly maxDataDisks: number;
  readonly maxNics: number;
  readonly gpus: number;
  readonly canBeSpot: boolean;
  /** Epoch milliseconds at which the size is retired. */
  readonly retiredAt: number | undefined;
}

/** The sizes of a region by folded name. */
export type SizeOffers = ReadonlyMap<string, SizeOffer>;

/** Azure writes sizes, families and regions with varying case and blanks. */
export const foldName = (name: string): string => name.replaceAll(" ", "").toLowerCase();

interface Sku {
  readonly resourceType?: unknown;
  readonly name?: unknown;
  readonly family?: unknown;
  readonly locations?: unknown;
  readonly locationInfo?: readonly SkuLocation[];
  readonly capabilities?: readonly Capability[];
  readonly restrictions?: readonly Restriction[];
}
interface SkuLocation {
  readonly location?: unknown;
  readonly zones?: unknown;
  readonly zoneDetails?: readonly { readonly capabilities?: readonly Capability[] }[];
}
interface Capability {
  readonly name?: unknown;
  readonly value?: unknown;
}
interface Restriction {
  readonly type?: unknown;
  readonly reasonCode?: unknown;
  readonly restrictionInfo?: { readonly zones?: unknown };
}

/**
 * Reads entries of a SKU list.
 * @param entries `value` of a page; anything that is not a size of the region is skipped
 */
export function readSizeOffers(entries: unknown, region: string, known: SizeOffers = new Map()): SizeOffers {
  const offers = new Map(known);
  for (const sku of listOf(entries as readonly Sku[])) {
    if (!isName(sku.name) || foldName(textOf(sku.resourceType)) !== "virtualmachines") continue;
    if (!textsOf(sku.locations).some((location) => foldName(location) === foldName(region))) continue;
    const key = foldName(sku.name);
    offers.set(key, merge(offers.get(key), offerOf(sku, sku.name, region)));
  }
  return offers;
}

function offerOf(sku: Sku, name: string, region: string): SizeOffer {
  const info = listOf(sku.locationInfo).find(({ location }) => foldName(textOf(location)) === foldName(region));
  const capabilities = [
    ...listOf(sku.capabilities),
    ...listOf(info?.zoneDetails).flatMap((zone) => listOf(zone.capabilities)),
  ];
  const values = new Map(capabilities.map((capability) => [textOf(capability.name), textOf(capability.value)]));
  const value = (wanted: string): string => values.get(wanted) ?? "";
  const is = (wanted: string): boolean => value(wanted).toLowerCase() === "true";
  const count = (wanted: string): number => Number(value(wanted)) || 0;
  const generations = parts(value("HyperVGenerations"), "V1");
  const restrictions = listOf(sku.restrictions);
  return {
    name,
    family: textOf(sku.family),
    vCPUs: count("vCPUs"),
    memoryGB: count("MemoryGB"),
    zones: textsOf(info?.zones),
    closedZones: restrictions
      .filter(({ type }) => foldName(textOf(type)) === "zone")
      .flatMap(({ restrictionInfo }) => textsOf(restrictionInfo?.zones)),
    closedBecause: restrictions
      .filter(({ type }) => foldName(textOf(type)) === "location")
      .map(({ reasonCode }) => textOf(reasonCode) || "a restriction")[0],
    architecture: value("CpuArchitectureType") || "x64",
    generations,
    diskControllers: parts(value("DiskControllerTypes"), "SCSI"),
    ephemeralPlacements: is("EphemeralOSDiskSupported")
      ? parts(value("SupportedEphemeralOSDiskPlacements"), "CacheDisk,ResourceDisk")
      : [],
    hasTempDisk: count("MaxResourceVolumeMB") > 0 || count("NvmeDiskSizeInMiB") > 0,
    hasPremiumStorage: is("PremiumIO"),
    hasUltraDisks: is("UltraSSDAvailable"),
    hasAcceleratedNetworking: is("AcceleratedNetworkingEnabled"),
    // Present and true means unsupported; absent means nothing.
    hasTrustedLaunch: generations.includes("V2") && !is("TrustedLaunchDisabled"),
    hasEncryptionAtHost: is("EncryptionAtHostSupported"),
    confidential: value("ConfidentialComputingType"),
    maxDataDisks: count("MaxDataDiskCount"),
    maxNics: count("MaxNetworkInterfaces") || 1,
    gpus: count("GPUs"),
    canBeSpot: is("LowPriorityCapable"),
    retiredAt: dateOf(value("RetirementDateUtc")),
  };
}

/** A size may be spread over several entries of one region. */
function merge(known: SizeOffer | undefined, more: SizeOffer): SizeOffer {
  if (!known) return more;
  const all = (one: readonly string[], other: readonly string[]): string[] => [...new Set([...one, ...other])];
  return {
    ...more,
    zones: all(known.zones, more.zones),
    closedZones: all(known.closedZones, more.closedZones),
    closedBecause: known.closedBecause ?? more.closedBecause,
    hasUltraDisks: known.hasUltraDisks || more.hasUltraDisks,
  };
}

const isName = (value: unknown): value is string => typeof value === "string" && value !== "";
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
const listOf = <Item>(value: readonly Item[] | undefined): readonly Item[] =>
  Array.isArray(value) ? (value as readonly Item[]).filter((item) => typeof item === "object" && item !== null) : [];
const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];

function parts(list: string, otherwise: string): string[] {
  return (list === "" ? otherwise : list).split(",").map((part) => part.trim());
}

function dateOf(text: string): number | undefined {
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : date;
}
