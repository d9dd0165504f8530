/** Who asks for capacity: size by size, by Karpenter's rules, by an oracle that sees the pools, and by `fallback`. */
import type { ComputeManagementClient } from "@azure/arm-compute";
import type { RestError } from "@azure/core-rest-pipeline";
import { CapacityMemory, createThrottle, withRemedy } from "azure-remedy";
import { fallback } from "azure-remedy/capacity";
import { bodyOf, replacements, zones, type Candidate, type Create } from "./workload.js";

/** What a contestant may see of the region. A GET is counted as a request; `hasRoom` is the oracle's alone, and is not. */
export interface Sight {
  read(path: string): Promise<unknown>;
  hasRoom(candidate: Candidate): Promise<boolean>;
  now(): number;
}

export interface Contestant {
  readonly name: string;
  /**
   * Gives what makes one machine and rejects when that cannot be done.
   * @param connect makes a client
   */
  start(connect: () => ComputeManagementClient, sight: Sight): (create: Create) => Promise<unknown>;
}

/** Most tries of one create: as many as `fallback` makes. */
const mostTries = 11;

async function make(
  { virtualMachines }: ComputeManagementClient,
  name: string,
  candidate: Candidate,
): Promise<unknown> {
  return virtualMachines.createOrUpdate("rg", name, bodyOf(candidate));
}

/** A failed create leaves a machine whose zone and priority stay as they are. */
async function removeFailed({ virtualMachines }: ComputeManagementClient, name: string): Promise<void> {
  await virtualMachines.delete("rg", name);
}

/** What most scripts do: the list from its top, each time. */
const inListOrder: Contestant = {
  name: "size by size, in list order",
  start:
    (connect) =>
    async ({ name, allowed }) => {
      const compute = connect();
      for (const [index, candidate] of allowed.slice(0, mostTries).entries()) {
        try {
          return await make(compute, name, candidate);
        } catch (error) {
          if (index === Math.min(mostTries, allowed.length) - 1) throw error;
          await removeFailed(compute, name);
        }
      }
    },
};

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/**
 * Karpenter for Azure, as far as its sources tell (karpenter-provider-azure, pkg/providers/instance/offerings and
 * pkg/cache/unavailableofferings.go): what a failure closes and for how long; sizes closed to the subscription and quotas
 * that are used up are left out beforehand, usages read every ten minutes. Its order is the price's, which is the list's
 * here. It makes one try for each node claim; the next claim follows at once here.
 */
const karpenter: Contestant = {
  name: "Karpenter's rules",
  start: (connect, sight) => {
    const compute = connect();
    const closed = new Map<string, number>();
    const region = new RegionOfKarpenter(sight);
    const close = (key: string, forMs: number): void =>
      void closed.set(key, Math.max(closed.get(key) ?? 0, sight.now() + forMs));
    const isClosed = ({ size, zone, spot }: Candidate): boolean =>
      [`${spot}`, `${size}|*|${spot}`, `${size}|${zone}|${spot}`, `${size}|*|both`].some(
        (key) => (closed.get(key) ?? 0) > sight.now(),
      );
    return async ({ name, allowed }) => {
      let last: unknown = new Error("no offering is left");
      for (let tries = 0; tries < mostTries; tries++) {
        const open = await region.open(allowed);
        const candidate = open.find((one) => !isClosed(one));
        if (!candidate) throw last;
        try {
          return await make(compute, name, candidate);
        } catch (error) {
          last = error;
          for (const [key, forMs] of closedBy(error as RestError, candidate)) close(key, forMs);
          await removeFailed(compute, name);
        }
      }
      throw last;
    };
  },
};

/** The keys that a failure closes. */
function closedBy({ code = "", message }: RestError, { size, zone, spot }: Candidate): [string, number][] {
  const text = `${code} ${message}`;
  if (text.includes("LowPriorityCores")) return [["true", hourMs]];
  if (/Family Cores quota/i.test(text))
    return [[`${size}|*|${spot}`, /Limit: 0\b/.test(text) ? hourMs : 10 * minuteMs]];
  if (text.includes("SkuNotAvailable")) return [[`${size}|${zone}|${spot}`, spot ? hourMs : 23 * hourMs]];
  if (text.includes("ZonalAllocationFailed"))
    return [
      [`${size}|${zone}|true`, hourMs],
      [`${size}|${zone}|false`, hourMs],
    ];
  if (text.includes("AllocationFailed")) return [[`${size}|*|both`, hourMs]];
  return [[`${size}|${zone}|${spot}`, 3 * minuteMs]];
}

interface Sku {
  readonly name: string;
  readonly family: string;
  readonly resourceType: string;
  readonly capabilities?: readonly { readonly name: string; readonly value: string }[];
  readonly restrictions: readonly { readonly type: string; readonly restrictionInfo: { readonly zones?: string[] } }[];
}
interface Usage {
  readonly name: { readonly value: string };
  readonly currentValue: number;
  readonly limit: number;
}

class RegionOfKarpenter {
  #skus: Map<string, Sku> | undefined;
  #usages: readonly Usage[] = [];
  #readAt = -Infinity;

  constructor(private readonly sight: Sight) {}

  async open(allowed: readonly Candidate[]): Promise<Candidate[]> {
    this.#skus ??= new Map(
      (
        (await this.sight.read("skus?api-version=2021-07-01&$filter=location eq 'westeurope'")) as { value: Sku[] }
      ).value
        .filter(({ resourceType }) => resourceType === "virtualMachines")
        .map((sku) => [sku.name, sku]),
    );
    if (this.sight.now() - this.#readAt >= 10 * minuteMs) {
      this.#readAt = this.sight.now();
      const { value } = (await this.sight.read("locations/westeurope/usages?api-version=2024-07-01")) as {
        value: Usage[];
      };
      this.#usages = value;
    }
    return allowed.filter((candidate) => this.#isOpen(candidate));
  }

  #isOpen({ size, zone, spot }: Candidate): boolean {
    const sku = this.#skus?.get(size);
    if (!sku) return false;
    const closed = sku.restrictions.some(
      ({ type, restrictionInfo }) => type === "Location" || restrictionInfo.zones?.includes(zone),
    );
    const vCPUs = Number(sku.capabilities?.find(({ name }) => name === "vCPUs")?.value ?? 0);
    const pools = spot ? ["lowPriorityCores"] : ["cores", sku.family];
    const isUsedUp = this.#usages.some(
      ({ name, currentValue, limit }) => pools.includes(name.value) && currentValue + vCPUs > limit,
    );
    return !closed && !isUsedUp;
  }
}

/** Sees what is free at the time of each send, and takes the first that has room. Nobody can do better on a first try. */
const oracle: Contestant = {
  name: "an oracle",
  start:
    (connect, sight) =>
    async ({ name, asked, allowed }) => {
      const compute = connect();
      for (const candidate of allowed) {
        if (await sight.hasRoom(candidate)) return await make(compute, name, candidate);
      }
      return await make(compute, name, asked);
    },
};

const ours = (plan: "first" | "after"): Contestant => ({
  name: `fallback, plan: "${plan}"`,
  start: (connect) => {
    const memory = new CapacityMemory();
    const throttle = createThrottle();
    // A client for each kind of machine, each with the sizes that may stand in for it.
    const clients = new Map(
      Object.entries(replacements).map(([size, sizes]) => {
        const options = { sizes, zones, spot: "regular", plan, deleteFailed: true, memory } as const;
        return [size, withRemedy(connect(), { throttle, remedies: [fallback(options)] })];
      }),
    );
    return async ({ name, asked }) => {
      const compute = clients.get(asked.size);
      if (compute) await make(compute, name, asked);
    };
  },
});

export const contestants: readonly Contestant[] = [inListOrder, karpenter, ours("after"), ours("first"), oracle];
