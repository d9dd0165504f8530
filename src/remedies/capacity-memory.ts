/**
 * What is out of capacity, remembered for the process and, with a store, for all processes: the next create starts with
 * a candidate that may work instead of meeting the same refusal again. Scopes and times follow Karpenter for Azure,
 * which places nodes all day.
 */
import type { Diagnosis } from "../catalog/diagnosis.js";
import { processWide } from "../process-wide.js";

/** Where capacity was asked for. Without a zone, the placement is regional. */
export interface Offer {
  readonly subscription: string;
  readonly region: string;
  readonly zone?: string | undefined;
  readonly size: string;
  /** As usages name it. Without it, a used-up family quota counts only for the size. */
  readonly family?: string | undefined;
  /** Spot capacity is separate from regular capacity. Default false. */
  readonly spot?: boolean;
}

/** What of a diagnosis says how much is full. */
export type Refusal = Pick<Diagnosis, "code" | "category" | "message" | "parameters">;

/** Shares what is full between processes. If it throws or returns nonsense, capacity is remembered only here. */
export interface CapacityStore {
  /** Everything that is full in a region: the end of each entry in epoch milliseconds, by key. */
  read(region: string): Promise<Readonly<Record<string, number>>>;
  write(region: string, key: string, until: number): Promise<void>;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** A region or zone that is full for a size is tried again after an hour. */
const fullMs = hourMs;
/** Whether a size is offered to a subscription changes at most daily; for Spot, hourly. */
const notOfferedMs = 23 * hourMs;
/** Quota is released when a machine is deleted. */
const quotaMs = 10 * minuteMs;
const mostOffers = 1_000;
/** How often to read a region from the store, and how far ahead its entries may lie. */
const storeMs = 10_000;
const longestMs = 24 * hourMs;

const notOfferedCodes = new Set(["skunotavailable", "vmsizenotsupported", "notavailableforsubscription"]);
/** No hardware is left for regular machines, and spot machines get only what those leave. */
const noHardwareCodes = new Set(["allocationfailed", "zonalallocationfailed"]);

export class CapacityMemory {
  readonly #fullUntil = new Map<string, number>();
  readonly #refusedAt = new Map<string, number>();
  readonly #roomAt = new Map<string, number>();
  readonly #store: CapacityStore | undefined;
  readonly #askedAt = new Map<string, number>();

  constructor(options: { readonly store?: CapacityStore } = {}) {
    this.#store = options.store;
  }

  get isEmpty(): boolean {
    return this.#fullUntil.size === 0;
  }

  /** Remembers a refusal for its scope. */
  learn(offer: Offer, diagnosis: Refusal, now: number): void {
    for (const [key, forMs] of scopesOf(offer, diagnosis)) {
      this.#refusedAt.set(key, now);
      this.#remember(key, now + forMs);
      this.#store?.write(regionOf(offer), key, now + forMs).catch(() => undefined);
    }
  }

  isFull(offer: Offer, now: number): boolean {
    return keysFor(offer).some((key) => this.#isFull(key, now));
  }

  /** Epoch milliseconds until which a refusal of the offer is believed; undefined when none is. */
  fullUntil(offer: Offer, now: number): number | undefined {
    const times = keysFor(offer).flatMap((key) => (this.#isFull(key, now) ? [this.#fullUntil.get(key) ?? 0] : []));
    return times.length === 0 ? undefined : Math.max(...times);
  }

  /** Epoch milliseconds of the last refusal that is still believed; undefined when none is, or another process learnt it. */
  refusedAt(offer: Offer, now: number): number | undefined {
    const times = keysFor(offer).flatMap((key) => (this.#isFull(key, now) ? (this.#refusedAt.get(key) ?? []) : []));
    return times.length === 0 ? undefined : Math.max(...times);
  }

  /**
   * Remembers that a machine was placed. A refusal from before its create was sent no longer counts; one from afterwards
   * stands, since that create may have taken the last of the room.
   */
  learnRoom(offer: Offer, sentAt: number): void {
    for (const key of [keyOf(offer), hardwareKey(offer)])
      if ((this.#refusedAt.get(key) ?? sentAt) < sentAt) this.#fullUntil.delete(key);
    const key = keyOf(offer);
    this.#roomAt.delete(key);
    this.#roomAt.set(key, sentAt);
    forgetOldest(this.#roomAt);
  }

  /** Epoch milliseconds at which a machine was placed last; undefined when that is more than an hour ago. */
  roomAt(offer: Offer, now: number): number | undefined {
    const at = this.#roomAt.get(keyOf(offer));
    return at !== undefined && now - at < fullMs ? at : undefined;
  }

  /** Takes over what other processes have learnt about a region. Never rejects. */
  async refresh(offer: Pick<Offer, "subscription" | "region">, now: number): Promise<void> {
    const region = regionOf(offer);
    if (!this.#store || now - (this.#askedAt.get(region) ?? -Infinity) < storeMs) return;
    this.#askedAt.set(region, now);
    try {
      for (const [key, until] of Object.entries(await this.#store.read(region)))
        if (typeof until === "number" && until > now && until - now <= longestMs) this.#remember(key, until);
    } catch {
      // An unavailable store costs knowledge, not calls.
    }
  }

  #remember(key: string, until: number): void {
    const longest = Math.max(this.#fullUntil.get(key) ?? 0, until);
    // A repetition extends the time; if there is too much, the oldest entries go first.
    this.#fullUntil.delete(key);
    this.#fullUntil.set(key, longest);
    forgetOldest(this.#fullUntil);
    forgetOldest(this.#refusedAt);
  }

  #isFull(key: string, now: number): boolean {
    const until = this.#fullUntil.get(key);
    if (until === undefined) return false;
    if (until > now) return true;
    this.#fullUntil.delete(key);
    return false;
  }
}

function forgetOldest(known: Map<string, number>): void {
  const oldest = known.keys().next();
  if (known.size > mostOffers && !oldest.done) known.delete(oldest.value);
}

/** What a refusal is about, and for how many milliseconds it is believed. */
function scopesOf(offer: Offer, { code = "", category, message, parameters }: Refusal): [string, number][] {
  const folded = code.toLowerCase();
  if (category === "quota") {
    if (/low-?\s?priority|spot/i.test(message)) return [[keyOf(offer, "*", true), fullMs]];
    if (/total\s*regional/i.test(message)) return [];
    const limit = Object.entries(parameters).find(([name]) => /limit/i.test(name))?.[1];
    const forMs = limit === "0" ? fullMs : quotaMs;
    return [[keyOf(offer, offer.family ? `family:${offer.family}` : `quota:${offer.size}`, offer.spot), forMs]];
  }
  if (notOfferedCodes.has(folded)) return [[keyOf(offer), offer.spot ? fullMs : notOfferedMs]];
  return [[noHardwareCodes.has(folded) && !offer.spot ? hardwareKey(offer) : keyOf(offer), fullMs]];
}

/** All keys under which an offer may be marked as full. */
function keysFor(offer: Offer): string[] {
  const { family, spot } = offer;
  return [
    keyOf(offer),
    hardwareKey(offer),
    // Quotas do not depend on the zone.
    keyOf({ ...offer, zone: undefined }, `quota:${offer.size}`),
    ...(family ? [keyOf(offer, `family:${family}`)] : []),
    ...(spot ? [keyOf(offer, "*")] : []),
  ];
}

/** For hardware that neither kind of machine can get. */
const hardwareKey = (offer: Offer): string => keyOf(offer, `hardware:${offer.size}`, false);

const foldPlace = (name: string): string => name.replaceAll(" ", "").toLowerCase();
const regionOf = ({ subscription, region }: Pick<Offer, "subscription" | "region">): string =>
  `${subscription.toLowerCase()}|${foldPlace(region)}`;

function keyOf(offer: Offer, what = offer.size, spot = offer.spot ?? false): string {
  const ofRegion = what === "*" || what.startsWith("family:") || what.startsWith("quota:");
  return `${regionOf(offer)}|${ofRegion ? "" : (offer.zone ?? "")}|${foldPlace(what)}|${spot}`;
}

/** Raise it when another version could misread this {@link CapacityMemory} or its keys. */
export const memoryFormat = 3;

let processMemory: CapacityMemory | undefined;

/** The memory that all clients of the process share. */
export const sharedCapacityMemory = (): CapacityMemory =>
  (processMemory ??= processWide("capacity-memory", memoryFormat, () => new CapacityMemory()));
