/** Quota: usage is counted from the existing resources, limits are set by tests. */
import { digText } from "./json.js";
import { normalLocation } from "./locations.js";
import { isMachine, isSpot, machineType, sizeOf } from "./machine.js";
import type { Resource, Resources } from "./resources.js";
import { findSize, sizes, vCPUsOf } from "./sizes.js";

export interface Usage {
  /** `cores`, `lowPriorityCores`, a size's family, … */
  readonly name: string;
  readonly localizedName: string;
  readonly used: number;
  readonly limit: number;
}

/** What a machine or a set of them needs. */
export interface Demand {
  readonly size: string;
  readonly isSpot: boolean;
  readonly count: number;
}

export interface Shortfall {
  readonly usage: Usage;
  readonly needed: number;
}

/** Far above what a test creates, so only explicit limits are ever reached. */
const defaultLimit = 100_000;

const families = [...new Map(sizes.map(({ family }) => [family.toLowerCase(), family])).values()];

export class Quotas {
  readonly #limits = new Map<string, number>();

  constructor(private readonly resources: Resources) {}

  /** Default `location`: every region. */
  setLimit(name: string, limit: number, location = "*"): void {
    this.#limits.set(keyOf(name, location), limit);
  }

  /** Whether there is a counter of that name. */
  knows(name: string): boolean {
    const wanted = name.toLowerCase();
    return [...this.compute(""), ...this.network("")].some((usage) => usage.name.toLowerCase() === wanted);
  }

  /** Compute's counters in a region. */
  compute(location: string): readonly Usage[] {
    const demands = this.#demandsIn(location);
    const regular = demands.filter((demand) => !demand.isSpot);
    const of = (name: string, localizedName: string, used: number): Usage =>
      this.#usage(name, localizedName, used, location);
    const count = (type: string): number => this.#in(location, type).length;
    const premiumDisks = this.#in(location, "Microsoft.Compute/disks").filter((disk) =>
      digText(disk.outer, "sku", "name")?.startsWith("Premium"),
    );
    return [
      of("availabilitySets", "Availability Sets", count("Microsoft.Compute/availabilitySets")),
      of("cores", "Total Regional vCPUs", vCPUs(regular)),
      of(
        "virtualMachines",
        "Virtual Machines",
        demands.reduce((sum, { count: more }) => sum + more, 0),
      ),
      of("virtualMachineScaleSets", "Virtual Machine Scale Sets", count("Microsoft.Compute/virtualMachineScaleSets")),
      of("lowPriorityCores", "Total Regional Spot vCPUs", vCPUs(demands.filter((demand) => demand.isSpot))),
      of("PremiumDiskCount", "Premium Storage Managed Disks", premiumDisks.length),
      ...families.map((family) =>
        of(family, localizedFamily(family), vCPUs(regular.filter(({ size }) => familyOf(size) === family))),
      ),
    ];
  }

  network(location: string): readonly Usage[] {
    const count = (type: string): number => this.#in(location, `Microsoft.Network/${type}`).length;
    const counters = [
      ["VirtualNetworks", "Virtual Networks", "virtualNetworks"],
      ["NetworkInterfaces", "Network Interfaces", "networkInterfaces"],
      ["NetworkSecurityGroups", "Network Security Groups", "networkSecurityGroups"],
      ["PublicIPAddresses", "Public IP Addresses", "publicIPAddresses"],
      ["StandardSkuPublicIpAddresses", "Standard Sku Public IP Addresses", "publicIPAddresses"],
      ["StaticPublicIPAddresses", "Static Public IP Addresses", "publicIPAddresses"],
      ["LoadBalancers", "Load Balancers", "loadBalancers"],
    ] as const;
    return counters.map(([name, localizedName, type]) => this.#usage(name, localizedName, count(type), location));
  }

  /**
   * The first counter without room for the demand, besides existing resources other than `instead`. Spot machines share
   * one pool of a region; regular ones need room in the region and in their family.
   */
  shortfall(demand: Demand, location: string, instead?: Demand): Shortfall | undefined {
    if (this.#limits.size === 0) return undefined;
    const usages = this.compute(location);
    const family = familyOf(demand.size);
    const names = demand.isSpot ? ["lowPriorityCores"] : ["cores", ...(family === undefined ? [] : [family])];
    for (const name of names) {
      const usage = usages.find((candidate) => candidate.name === name);
      const freed = instead && countsFor(instead, name) ? vCPUs([instead]) : 0;
      const needed = vCPUs([demand]) - freed;
      if (usage && needed > 0 && usage.used + needed > usage.limit) return { usage, needed };
    }
    return undefined;
  }

  #demandsIn(location: string): Demand[] {
    const machines = this.#in(location, machineType).filter(isMachine);
    const sets = this.#in(location, "Microsoft.Compute/virtualMachineScaleSets");
    return [
      ...machines.map((machine) => ({ size: sizeOf(machine), isSpot: isSpot(machine), count: 1 })),
      ...sets.map(demandOfSet),
    ];
  }

  #in(location: string, type: string): Resource[] {
    const wanted = normalLocation(location);
    return this.resources.ofType(type).filter((resource) => normalLocation(resource.location) === wanted);
  }

  #usage(name: string, localizedName: string, used: number, location: string): Usage {
    const limit = this.#limits.get(keyOf(name, location)) ?? this.#limits.get(keyOf(name, "*")) ?? defaultLimit;
    return { name, localizedName, used, limit };
  }
}

/** Instances of a flexible set are machines, and counted as such. */
function demandOfSet(set: Resource): Demand {
  const isUniform = digText(set.properties, "orchestrationMode") !== "Flexible";
  return {
    size: digText(set.outer, "sku", "name") ?? "",
    isSpot: digText(set.properties, "virtualMachineProfile", "priority") === "Spot",
    count: isUniform ? Number((set.outer["sku"] as { capacity?: unknown } | undefined)?.capacity ?? 0) : 0,
  };
}

function countsFor(demand: Demand, name: string): boolean {
  if (demand.isSpot) return name === "lowPriorityCores";
  return name === "cores" || familyOf(demand.size) === name;
}

function vCPUs(demands: readonly Demand[]): number {
  return demands.reduce((sum, { size, count }) => sum + count * vCPUsOf(size), 0);
}

function familyOf(size: string): string | undefined {
  return findSize(size)?.family;
}

/** `Standard DSv5 Family vCPUs` */
function localizedFamily(family: string): string {
  const name = family.replace(/^standard\s*/i, "").replace(/\s*Family$/, "");
  return `Standard ${name} Family vCPUs`;
}

function keyOf(name: string, location: string): string {
  return `${name.toLowerCase()}|${location === "*" ? "*" : normalLocation(location)}`;
}
