/**
 * Available hardware. By default there is always enough. A test can set a shortage for a size, or simulate a whole
 * region: each family has a pool in each zone, whose room changes randomly every few minutes, from a seed.
 */
import type { Clock } from "../time/clock.js";
import { normalLocation, zonesOfRegion } from "./locations.js";
import { isMachine, isSpot, machineType, sizeOf, type Machine } from "./machine.js";
import type { CapacityOptions } from "./options.js";
import { chanceOf } from "./random.js";
import type { Resources } from "./resources.js";
import { findSize, vCPUsOf } from "./sizes.js";

export interface Shortage {
  readonly size: string;
  /** Default every region. */
  readonly location?: string;
  /** Default all zones. */
  readonly zones?: readonly string[];
  /** The request is refused with SkuNotAvailable, instead of its operation failing. Default false. */
  readonly refused?: boolean;
}

/** What a machine needs a place for. */
export interface PlaceRequest {
  readonly size: string;
  readonly location: string;
  readonly zone: string | undefined;
  readonly isSpot: boolean;
}

/** The place of a machine: the pool it is counted in. */
export interface Place {
  readonly zone: string;
}

export class Capacity {
  #shortages: readonly Shortage[] = [];

  constructor(
    private readonly options: CapacityOptions | undefined,
    private readonly resources: Resources,
    private readonly clock: Clock,
  ) {}

  addShortage(shortage: Shortage): () => void {
    this.#shortages = [...this.#shortages, shortage];
    return () => void (this.#shortages = this.#shortages.filter((other) => other !== shortage));
  }

  /**
   * A place for the machine; undefined if there is none. A request without a zone takes the zone with the most room.
   */
  place(request: PlaceRequest): Place | undefined {
    const zones = request.zone === undefined ? zonesOfRegion : [request.zone];
    const room = zones
      .map((zone) => ({ zone, free: this.free({ ...request, zone }) }))
      .filter(({ free }) => free >= vCPUsOf(request.size))
      .sort((one, other) => other.free - one.free);
    return room[0] && { zone: room[0].zone };
  }

  /** Whether a request without a place is refused before it is accepted. */
  refusesAtOnce(request: PlaceRequest): boolean {
    const zones = request.zone === undefined ? zonesOfRegion : [request.zone];
    return zones.every((zone) => this.#shortagesOf({ ...request, zone }).some(({ refused }) => refused));
  }

  /** vCPUs that machines of the size can still get in the zone; Infinity if there is always enough. */
  free(request: PlaceRequest & { readonly zone: string }): number {
    if (this.#shortagesOf(request).length > 0) return 0;
    if (!this.options) return Infinity;
    const { spotShare = 0.5 } = this.options;
    const room = this.#roomNow(request, this.options) * (request.isSpot ? spotShare : 1);
    return Math.max(0, Math.floor(room) - this.#usedIn(request));
  }

  #shortagesOf({ size, location, zone }: PlaceRequest & { readonly zone: string }): readonly Shortage[] {
    return this.#shortages.filter(
      (shortage) =>
        shortage.size.toLowerCase() === size.toLowerCase() &&
        (shortage.location === undefined || normalLocation(shortage.location) === normalLocation(location)) &&
        (shortage.zones === undefined || shortage.zones.includes(zone)),
    );
  }

  /** The pool's capacity at this time. Pools change at different times, not all at once. */
  #roomNow({ size, location, zone }: PlaceRequest & { readonly zone: string }, options: CapacityOptions): number {
    const { seed, vCPUs = 64, everyMs = 600_000, shortage = 0.3 } = options;
    const pool = [seed, normalLocation(location), poolOf(size), zone];
    const period = Math.floor(this.clock.now() / everyMs + chanceOf(...pool, "phase"));
    const chance = chanceOf(...pool, period);
    return chance < shortage ? 0 : vCPUs * (0.5 + (chance - shortage) / (1 - shortage || 1));
  }

  #usedIn({ size, location, zone }: PlaceRequest & { readonly zone: string }): number {
    const pool = poolOf(size);
    return this.resources
      .ofType(machineType)
      .filter(isMachine)
      .filter((machine) => machine.zone === zone && machine.powerState !== "deallocated")
      .filter(
        (machine) => poolOf(sizeOf(machine)) === pool && normalLocation(machine.location) === normalLocation(location),
      )
      .reduce((sum, machine) => sum + vCPUsOf(sizeOf(machine)), 0);
  }
}

export function placeRequestOf(machine: Machine): PlaceRequest {
  const zones = machine.outer["zones"];
  return {
    size: sizeOf(machine),
    location: machine.location,
    zone: Array.isArray(zones) && zones.length > 0 ? String(zones[0]) : undefined,
    isSpot: isSpot(machine),
  };
}

function poolOf(size: string): string {
  return (findSize(size)?.family ?? size).toLowerCase();
}
