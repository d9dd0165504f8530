/**
 * `fallbackSizes([...])` and `fallbackZones([...])`: if a region or zone has no room for a virtual machine, try the
 * next candidate. Refusals are remembered, so that the next create starts where there may be room.
 */
import { check } from "../option-check.js";
import { parseArmUrl } from "./arm-url.js";
import { sharedCapacityMemory, type CapacityMemory, type Offer } from "./capacity-memory.js";
import { isFailedCreate, machineAt } from "./existing-machine.js";
import type { FailedRequest, Remedy, RemedyContext, RemedyOutcome } from "./remedy.js";

export interface FallbackOptions {
  /**
   * Delete the half-made machine that the failed create left before trying the next candidate. Only a machine in state
   * Failed that this call created, according to the service, is ever deleted. Default false; zones need it if Azure
   * left a machine.
   */
  deleteFailed?: boolean;
  /** Where refusals are remembered. Default the memory that the process shares. */
  memory?: CapacityMemory;
}

/** The part of a virtual machine's body that candidates replace. */
interface MachineBody {
  location?: string;
  zones?: string[];
  properties?: {
    hardwareProfile?: { vmSize?: string };
    priority?: string;
    availabilitySet?: object;
    proximityPlacementGroup?: object;
    host?: object;
    hostGroup?: object;
    capacityReservation?: object;
  };
}

/** What a fallback changes: how to read and write the value, and what else may stay. */
interface Dimension {
  readonly word: "size" | "zone";
  read(body: MachineBody): string | undefined;
  write(body: MachineBody, candidate: string): MachineBody;
  offer(offer: Offer, candidate: string): Offer;
}

const sizes: Dimension = {
  word: "size",
  read: (body) => body.properties?.hardwareProfile?.vmSize,
  write: (body, vmSize) => ({
    ...body,
    properties: { ...body.properties, hardwareProfile: { ...body.properties?.hardwareProfile, vmSize } },
  }),
  offer: (offer, size) => ({ ...offer, size }),
};

const zones: Dimension = {
  word: "zone",
  read: (body) => body.zones?.[0],
  write: (body, zone) => ({ ...body, zones: [zone] }),
  offer: (offer, zone) => ({ ...offer, zone }),
};

/**
 * Allows other sizes when there is no capacity for the requested one, in the given order.
 * @throws TypeError unless `candidates` is a list of size names
 */
export function fallbackSizes(candidates: readonly string[], options: FallbackOptions = {}): Remedy {
  return fallback("fallbackSizes", sizes, candidates, options);
}

/**
 * Allows other zones when there is no capacity in the requested one, in the given order.
 * @throws TypeError unless `candidates` is a list of zone names (`"1"`, `"2"`, `"3"`)
 */
export function fallbackZones(candidates: readonly string[], options: FallbackOptions = {}): Remedy {
  return fallback("fallbackZones", zones, candidates, options);
}

function fallback(name: string, dimension: Dimension, candidates: readonly string[], options: FallbackOptions): Remedy {
  const expected =
    dimension.word === "size" ? 'a list of sizes, such as ["Standard_D2as_v5"]' : 'a list of zones, such as ["1", "2"]';
  check(isListOfNames(candidates), name, candidates, expected);
  const { deleteFailed = false, memory = sharedCapacityMemory() } = options;
  const key = `${name} tried`;

  return {
    name,
    maxRuns: candidates.length,
    fits: (diagnosis, request) =>
      // A short quota of one family or of spot machines, found by evidence, leaves room for another size.
      (diagnosis.category === "capacity" || diagnosis.category === "quota") &&
      isMachineWrite(request) &&
      dimension.read(request.body as MachineBody) !== undefined,
    learn(diagnosis, request, now) {
      if (diagnosis.category !== "capacity" || diagnosis.disposition !== "adaptable") return;
      const offer = offerOf(request);
      // A shortage on certain hosts says nothing about the rest of the region.
      if (offer && !isBound(request.body as MachineBody)) memory.learn(offer, diagnosis, now);
    },
    prepare(request, now, send) {
      if (memory.isEmpty || request.method !== "PUT") return undefined;
      const create = { method: request.method, url: request.url, body: request.body() };
      const body = create.body as MachineBody;
      const offer = isMachineWrite(create) && dimension.read(body) !== undefined ? offerOf(create) : undefined;
      if (!offer || !memory.isFull(offer, now)) return undefined;
      const candidate = candidates.find((item) => !memory.isFull(dimension.offer(offer, item), now));
      if (candidate === undefined) return undefined;
      return unlessThere(send, request.url, outcome(dimension, body, candidate, "is known to be out of capacity"));
    },
    async apply(context) {
      const body = context.request.body as MachineBody;
      const current = dimension.read(body);
      const tried = (context.notes.get(key) ?? new Set([current])) as Set<string | undefined>;
      context.notes.set(key, tried);
      const offer = offerOf(context.request);
      const now = context.clock.now();
      const open = candidates.filter((item) => !tried.has(item));
      // A candidate that was full for another call comes last, but not never: an hour is a guess.
      const candidate = open.find((item) => !offer || !memory.isFull(dimension.offer(offer, item), now)) ?? open[0];
      if (candidate === undefined)
        throw new Error(`every allowed ${dimension.word} was tried: ${candidates.join(", ")}`);
      tried.add(candidate);
      await clearTheWay(context, dimension, deleteFailed);
      return outcome(dimension, body, candidate, "has no capacity");
    },
  };
}

function isListOfNames(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string" && item !== "");
}

function outcome(dimension: Dimension, body: MachineBody, candidate: string, why: string): RemedyOutcome {
  const { word } = dimension;
  return {
    change: `${word} ${dimension.read(body) ?? "(none)"} ${why}; ${word} ${candidate} instead`,
    request: { body: dimension.write(body, candidate) },
  };
}

/** A create or update of a virtual machine itself, not of its extensions. */
function isMachineWrite({ method, url, body }: FailedRequest): boolean {
  const { virtualMachine } = parseArmUrl(url);
  return (
    method === "PUT" &&
    virtualMachine !== undefined &&
    url.startsWith(virtualMachine) &&
    typeof body === "object" &&
    body !== null &&
    !/\/virtualMachines\/[^/?]+\/[^?]/i.test(url)
  );
}

function offerOf({ url, body }: FailedRequest): Offer | undefined {
  const { subscription } = parseArmUrl(url);
  const { location, zones: zoneList, properties } = (body ?? {}) as MachineBody;
  const size = properties?.hardwareProfile?.vmSize;
  if (subscription === undefined || typeof location !== "string" || typeof size !== "string") return undefined;
  const spot = /^(spot|low)$/i.test(properties?.priority ?? "");
  return { subscription, region: location, zone: zoneList?.[0], size, spot };
}

/** An existing machine has its place: a write must not move it. */
async function unlessThere(
  send: RemedyContext["send"],
  url: string,
  better: RemedyOutcome,
): Promise<RemedyOutcome | undefined> {
  return (await machineAt(send, url)) ? undefined : better;
}

function isBound({ properties = {} }: MachineBody): boolean {
  const { availabilitySet, proximityPlacementGroup, host, hostGroup, capacityReservation } = properties;
  return [availabilitySet, proximityPlacementGroup, host, hostGroup, capacityReservation].some(Boolean);
}

/** A failed create leaves a machine behind. Its size can be changed, but not its zone, so it has to go. */
async function clearTheWay(context: RemedyContext, dimension: Dimension, deleteFailed: boolean): Promise<void> {
  if (dimension.word === "size" && !deleteFailed) return;
  const left = await machineAt(context.send, context.request.url);
  if (!left) return;
  if (!deleteFailed) {
    throw new Error(
      "the failed create left a machine behind, and a zone cannot be changed; allow { deleteFailed: true } or delete it by hand",
    );
  }
  if (isFailedCreate(left, context.created)) await context.send({ method: "DELETE", url: context.request.url });
  else if (dimension.word === "zone") {
    throw new Error("the machine of this name is not one that this call made, so it is not deleted");
  }
}
