/**
 * What is out of capacity, remembered for the process: the next create starts with a candidate that may work instead of
 * meeting the same refusal again. Times as measured by those who place nodes all day (Karpenter for Azure).
 */
import type { Diagnosis } from "../catalog/diagnosis.js";
import { processWide } from "../process-wide.js";

/** Where capacity was asked for. Without a zone the placement is regional. */
export interface Offer {
  readonly subscription: string;
  readonly region: string;
  readonly zone?: string | undefined;
  readonly size: string;
  /** Spot capacity comes and goes apart from the regular. Default false. */
  readonly spot?: boolean;
}

const hourMs = 3_600_000;
/** A region or zone that is full for a size is asked again after an hour. */
const fullMs = hourMs;
/** A size that the subscription is not offered at all changes at most daily; of Spot it is offered by the hour. */
const notOfferedMs = 23 * hourMs;
const mostOffers = 1_000;

const notOfferedCodes = new Set(["skunotavailable", "vmsizenotsupported", "notavailableforsubscription"]);

export class CapacityMemory {
  readonly #fullUntil = new Map<string, number>();

  get isEmpty(): boolean {
    return this.#fullUntil.size === 0;
  }

  learn(offer: Offer, diagnosis: Diagnosis, now: number): void {
    const isNotOffered = !offer.spot && notOfferedCodes.has(diagnosis.code?.toLowerCase() ?? "");
    const key = keyOf(offer);
    const until = Math.max(this.#fullUntil.get(key) ?? 0, now + (isNotOffered ? notOfferedMs : fullMs));
    // A repeat extends the time; the oldest knowledge goes first when there is too much.
    this.#fullUntil.delete(key);
    this.#fullUntil.set(key, until);
    const oldest = this.#fullUntil.keys().next();
    if (this.#fullUntil.size > mostOffers && !oldest.done) this.#fullUntil.delete(oldest.value);
  }

  isFull(offer: Offer, now: number): boolean {
    const key = keyOf(offer);
    const until = this.#fullUntil.get(key);
    if (until === undefined) return false;
    if (until > now) return true;
    this.#fullUntil.delete(key);
    return false;
  }
}

const keyOf = ({ subscription, region, zone = "", size, spot = false }: Offer): string =>
  `${subscription}|${region.replaceAll(" ", "")}|${zone}|${size}|${spot}`.toLowerCase();

/** Raise it when another version could misread this {@link CapacityMemory}. */
const memoryFormat = 1;

let processMemory: CapacityMemory | undefined;

/** The memory that all clients of the process share. */
export const sharedCapacityMemory = (): CapacityMemory =>
  (processMemory ??= processWide("capacity-memory", memoryFormat, () => new CapacityMemory()));
