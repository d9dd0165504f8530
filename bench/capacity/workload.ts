/** The simulated region, and the creates that are asked of it: the same for every contestant, by a seed. */
import type { Emulator, EmulatorOptions } from "azure-remedy/emulator";
import { seeded } from "../throttle/virtual-time.js";

/** What a create asks for. */
export interface Candidate {
  readonly size: string;
  readonly zone: string;
  readonly spot: boolean;
}

export interface Create {
  readonly name: string;
  /** Milliseconds after the start. */
  readonly atMs: number;
  /** Milliseconds for which the machine is used, then it is deleted. */
  readonly livesMs: number;
  readonly asked: Candidate;
  /** All that is allowed, the one asked for first: spot before regular, then size by size, then zone by zone. */
  readonly allowed: readonly Candidate[];
}

export interface Region {
  readonly name: string;
  /** Milliseconds after which the room of a pool (a family in a zone) changes. */
  readonly everyMs: number;
  /** Share of the pools that have no room. */
  readonly shortage: number;
  /** What a pool holds on average; the workload keeps about 330 in use, over 15 pools. */
  readonly vCPUs: number;
}

export const location = "westeurope";
export const zones = ["1", "2", "3"];
const hourMs = 3_600_000;

/** A size, and what may stand in for it, in the order of preference. */
export const replacements: Readonly<Record<string, readonly string[]>> = {
  Standard_D4s_v5: ["Standard_D4as_v5", "Standard_D4s_v4", "Standard_E4s_v5", "Standard_D8s_v5", "Standard_D8as_v5"],
  Standard_D2s_v5: ["Standard_D2as_v5", "Standard_D2s_v4", "Standard_E2s_v5", "Standard_D4s_v5"],
};

export function emulatorOptions({ everyMs, shortage, vCPUs }: Region, seed: number): EmulatorOptions {
  return {
    capacity: { seed, everyMs, shortage, vCPUs, spotShare: 0.5 },
    operations: { durationMs: 20_000, polls: 0, retryAfterMs: 20_000 },
    throttling: false,
  };
}

/** Closes a size, closes another in one zone, and leaves little quota of a family and of spot. */
export function limit(arm: Emulator): void {
  arm.restrict("Standard_D4s_v4", { location });
  arm.restrict("Standard_D4as_v5", { location, zones: ["3"] });
  arm.quota("standardESv5Family", 24, { location });
  arm.quota("lowPriorityCores", 60, { location });
}

/** A hundred creates an hour, one in three as spot. Each machine lives for an hour on average. */
export function createsOf(count: number, seed: number): Create[] {
  const random = seeded(seed);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  let atMs = 0;
  return Array.from({ length: count }, (_, index) => {
    atMs += -Math.log(1 - random()) * (hourMs / 100);
    const asked = { size: pick(Object.keys(replacements)), zone: pick(zones), spot: random() < 1 / 3 };
    const livesMs = -Math.log(1 - random()) * hourMs;
    return {
      name: `vm-${index}`,
      atMs: Math.round(atMs),
      livesMs: Math.round(livesMs),
      asked,
      allowed: allowedFor(asked),
    };
  });
}

function allowedFor(asked: Candidate): Candidate[] {
  const sizes = [asked.size, ...(replacements[asked.size] ?? [])];
  const places = [asked.zone, ...zones.filter((zone) => zone !== asked.zone)];
  return (asked.spot ? [true, false] : [false]).flatMap((spot) =>
    sizes.flatMap((size) => places.map((zone) => ({ size, zone, spot }))),
  );
}

export const bodyOf = ({ size, zone, spot }: Candidate): VirtualMachineBody => ({
  location,
  zones: [zone],
  hardwareProfile: { vmSize: size },
  priority: spot ? "Spot" : "Regular",
  ...(spot && { evictionPolicy: "Delete" }),
});

export interface VirtualMachineBody {
  location: string;
  zones: string[];
  hardwareProfile: { vmSize: string };
  priority: string;
  evictionPolicy?: string;
}
