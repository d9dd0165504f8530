/**
 * Which sizes may replace another. The hard rules keep the machine working: the image boots, the disks and interfaces
 * fit, enabled features stay enabled. Among those that pass, the most similar come first.
 */
import { check, checkCount, checkNames } from "../../option-check.js";
import type { MachineNeeds } from "./machine-plan.js";
import { foldName, type SizeOffer, type SizeOffers } from "./size-offer.js";

export interface SimilarOptions {
  /** The most sizes to propose. Default 8. */
  readonly most?: number;
  /** How many times the original vCPUs and memory a replacement may have. 1 for the same vCPUs only. Default 2. */
  readonly factor?: number;
  /** Excludes sizes by name. Default none. */
  readonly exclude?: (size: string) => boolean;
}

/** Candidates that are found when needed. Made by {@link similar}. */
export interface SimilarSizes {
  readonly kind: "similar";
  readonly most: number;
  readonly factor: number;
  readonly exclude: (size: string) => boolean;
}

/**
 * Sizes that may replace the requested one, for `fallback({ sizes: similar() })`.
 * @throws TypeError or RangeError that names a bad option and its value
 */
export function similar(options: SimilarOptions = {}): SimilarSizes {
  const { most = 8, factor = 2, exclude = () => false } = options;
  checkNames("similar", options, ["most", "factor", "exclude"]);
  checkCount("similar.most", most);
  check(most > 0, "similar.most", most, "1 or more");
  check(Number.isFinite(factor) && factor >= 1, "similar.factor", factor, "a number, 1 or more");
  check(typeof exclude === "function", "similar.exclude", exclude, "a function that gets a size");
  return { kind: "similar", most, factor, exclude };
}

/** The sizes of a region that may replace one, most similar first. */
export function similarSizes(
  asked: SizeOffer,
  offers: SizeOffers,
  needs: MachineNeeds,
  { most, factor, exclude }: SimilarSizes,
  now: number,
): SizeOffer[] {
  return [...offers.values()]
    .filter((offer) => foldName(offer.name) !== foldName(asked.name) && !exclude(offer.name))
    .filter(
      ({ vCPUs, memoryGB }) =>
        vCPUs >= asked.vCPUs &&
        vCPUs <= asked.vCPUs * factor &&
        memoryGB >= asked.memoryGB &&
        memoryGB <= asked.memoryGB * factor * 2,
    )
    .filter((offer) => whyUnlike(asked, offer) === undefined && whyUnfit(offer, needs, now) === undefined)
    .filter(({ generations }) => generations.some((generation) => asked.generations.includes(generation)))
    .sort(byLikeness(asked))
    .slice(0, most);
}

/** Why a size cannot do what the request needs, whatever it replaces. */
export function whyUnfit(offer: SizeOffer, needs: MachineNeeds, now: number): string | undefined {
  const { ephemeralPlacement: placement, securityType, diskController } = needs;
  if (offer.retiredAt !== undefined && offer.retiredAt <= now) return "it is retired";
  if (needs.dataDisks > offer.maxDataDisks)
    return `it takes ${offer.maxDataDisks} data disks, ${needs.dataDisks} are needed`;
  if (needs.nics > offer.maxNics) return `it takes ${offer.maxNics} network interfaces, ${needs.nics} are needed`;
  if (needs.premiumStorage && !offer.hasPremiumStorage) return "it has no premium storage";
  if (needs.ultraDisks && !offer.hasUltraDisks) return "it takes no ultra disks";
  if (needs.encryptionAtHost && !offer.hasEncryptionAtHost) return "it has no encryption at host";
  if (diskController !== "" && !includes(offer.diskControllers, diskController))
    return `it has no ${diskController} controller`;
  if (placement !== undefined && !fitsEphemeral(offer, placement)) return "it has no place for an ephemeral OS disk";
  if (/^TrustedLaunch$/i.test(securityType) && !offer.hasTrustedLaunch) return "it has no trusted launch";
  if (/^Confidential/i.test(securityType) && offer.confidential === "") return "it is not confidential";
  return undefined;
}

/**
 * Why a size cannot replace another even though it fits the request: where the request is silent, its original size
 * decides.
 */
export function whyUnlike(asked: SizeOffer, offer: SizeOffer): string | undefined {
  if (foldName(asked.architecture) !== foldName(offer.architecture))
    return `its processor is ${offer.architecture}, not ${asked.architecture}`;
  if (!asked.generations.some((generation) => offer.generations.includes(generation)))
    return `it runs generation ${offer.generations.join(", ")} images only`;
  if (!asked.diskControllers.some((controller) => includes(offer.diskControllers, controller)))
    return `its disk controller is ${offer.diskControllers.join(", ")}`;
  if (asked.hasTempDisk !== offer.hasTempDisk)
    return offer.hasTempDisk ? "it has a temporary disk" : "it has no temporary disk";
  if (asked.hasPremiumStorage && !offer.hasPremiumStorage) return "it has no premium storage";
  if (asked.hasTrustedLaunch && !offer.hasTrustedLaunch) return "it has no trusted launch";
  if (asked.confidential !== offer.confidential) return "it differs in confidential computing";
  if (asked.hasAcceleratedNetworking && !offer.hasAcceleratedNetworking) return "it has no accelerated networking";
  if (asked.gpus !== offer.gpus || (asked.gpus > 0 && foldName(asked.family) !== foldName(offer.family)))
    return "it has other GPUs";
  return undefined;
}

function fitsEphemeral({ ephemeralPlacements }: SizeOffer, placement: string): boolean {
  return placement === "" ? ephemeralPlacements.length > 0 : includes(ephemeralPlacements, placement);
}

const includes = (list: readonly string[], wanted: string): boolean =>
  list.some((item) => foldName(item) === foldName(wanted));

/**
 * Same vCPUs, same kind of size, least extra memory, newest version; then by name, so that the order is always the
 * same.
 */
function byLikeness(asked: SizeOffer): (one: SizeOffer, other: SizeOffer) => number {
  const kind = kindOf(asked.name);
  const key = (offer: SizeOffer): number[] => {
    const { letter, version } = kindOf(offer.name);
    return [offer.vCPUs - asked.vCPUs, letter === kind.letter ? 0 : 1, offer.memoryGB - asked.memoryGB, -version];
  };
  return (one, other) => {
    const [left, right] = [key(one), key(other)];
    const at = left.findIndex((value, index) => value !== right[index]);
    return at < 0 ? one.name.localeCompare(other.name) : (left[at] ?? 0) - (right[at] ?? 0);
  };
}

/** `Standard_D4s_v5`: letter D, version 5. */
export function kindOf(name: string): { readonly letter: string; readonly version: number } {
  const [, letters = "", version = "1"] = /^(?:Standard|Basic)_([A-Z]+)\d.*?(?:_v(\d+))?$/i.exec(name) ?? [];
  return { letter: letters.toUpperCase(), version: Number(version) };
}
