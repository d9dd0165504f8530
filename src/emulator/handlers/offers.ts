/** What may be created and how much of it is left: SKUs, usages, sizes of a cluster, placement scores. */
import type { ArmExchange } from "../exchange.js";
import { digObjects, digText, isJsonObject, type JsonObject } from "../json.js";
import { normalLocation, zonesOfRegion } from "../locations.js";
import { sameCluster, sizeOf } from "../machine.js";
import { pageOf } from "../paging.js";
import type { Usage } from "../quotas.js";
import type { Restriction } from "../restrictions.js";
import type { Route } from "../router.js";
import { capabilitiesOf, sizes, vCPUsOf, type Size } from "../sizes.js";
import { ArmError, type Reply } from "../wire.js";
import { existingMachine, machinePath } from "./machines.js";

const compute = "/subscriptions/{subscription}/providers/Microsoft.Compute";
const place = `${compute}/locations/{location}`;
const scores = `${place}/placementScores`;

export const offerRoutes: readonly Route[] = [
  { method: "GET", path: `${compute}/skus`, name: "skus", handle: listSkus },
  { method: "GET", path: `${place}/usages`, name: "usages", handle: listComputeUsages },
  {
    method: "GET",
    path: "/subscriptions/{subscription}/providers/Microsoft.Network/locations/{location}/usages",
    name: "usages",
    handle: listNetworkUsages,
  },
  { method: "GET", path: `${place}/vmSizes`, name: "vmSizes", handle: listSizes },
  { method: "GET", path: `${machinePath}/vmSizes`, name: "virtualMachines/{vm}/vmSizes", handle: listResizeOptions },
  ...["spot", "regular"].map((kind) => ({
    method: "POST",
    path: `${scores}/${kind}/generate`,
    name: `placementScores/${kind}/generate`,
    action: "Microsoft.Compute/locations/placementScores/generate/action",
    handle: (exchange: ArmExchange) => generateScores(exchange, kind === "spot"),
  })),
];

/** The location is the only filter that the service accepts. */
function listSkus(exchange: ArmExchange): Reply {
  const filter = exchange.request.url.searchParams.get("$filter");
  const wanted = /^\s*location eq '([^']+)'\s*$/i.exec(filter ?? "")?.[1];
  if (filter !== null && wanted === undefined) {
    throw new ArmError(400, "InvalidParameter", `The $filter '${filter}' is not supported. Only 'location' is.`, {
      target: "$filter",
    });
  }
  const locations = wanted === undefined ? [exchange.cloud.options.location] : [wanted];
  return pageOf(
    exchange,
    locations.flatMap((location) => skusOf(exchange, normalLocation(location))),
  );
}

function skusOf(exchange: ArmExchange, location: string): JsonObject[] {
  const machines = sizes.map((size) => machineSku(size, location, exchange.cloud.restrictions.of(size.name, location)));
  return [
    { resourceType: "availabilitySets", name: "Aligned", locations: [location], restrictions: [] },
    ...["Premium_LRS", "Standard_LRS", "StandardSSD_LRS"].map((name) => ({
      resourceType: "disks",
      name,
      tier: name.startsWith("Premium") ? "Premium" : "Standard",
      locations: [location],
      restrictions: [],
    })),
    ...machines,
    {
      resourceType: "hostGroups/hosts",
      name: "DSv5-Type1",
      tier: "Standard",
      locations: [location],
      capabilities: [{ name: "vCPUs", value: "64" }],
      restrictions: [],
    },
  ];
}

function machineSku(size: Size, location: string, restrictions: readonly Restriction[]): JsonObject {
  return {
    resourceType: "virtualMachines",
    name: size.name,
    tier: "Standard",
    size: size.name.replace(/^Standard_/, ""),
    family: size.family,
    locations: [location],
    locationInfo: [
      {
        location,
        // Unordered, as the service lists them.
        zones: ["3", "1", "2"],
        zoneDetails: [{ name: ["1"], capabilities: [{ name: "UltraSSDAvailable", value: "True" }] }],
      },
    ],
    capabilities: Object.entries(capabilitiesOf(size)).map(([name, value]) => ({ name, value })),
    restrictions: restrictions.map(({ zones, reason }) => ({
      type: zones === undefined ? "Location" : "Zone",
      values: [location],
      restrictionInfo: { locations: [location], ...(zones && { zones: [...zones] }) },
      reasonCode: reason,
    })),
  };
}

function listComputeUsages(exchange: ArmExchange): Reply {
  const usages = exchange.cloud.quotas.compute(exchange.param("location"));
  return pageOf(exchange, usages.map(presentUsage));
}

function listNetworkUsages(exchange: ArmExchange): Reply {
  const usages = exchange.cloud.quotas.network(exchange.param("location"));
  const base = exchange.request.url.pathname;
  return pageOf(
    exchange,
    usages.map((usage) => ({ id: `${base}/${usage.name}`, ...presentUsage(usage) })),
  );
}

function presentUsage({ name, localizedName, used, limit }: Usage): JsonObject {
  return { unit: "Count", currentValue: used, limit, name: { value: name, localizedValue: localizedName } };
}

function listSizes(): Reply {
  return { status: 200, body: { value: sizes.map(presentSize) } };
}

/** What this cluster can offer: a running machine can take the sizes of its own series. */
function listResizeOptions(exchange: ArmExchange): Reply {
  const machine = existingMachine(exchange);
  const anywhere = machine.powerState === "deallocated";
  const fitting = sizes.filter(({ name }) => anywhere || sameCluster(sizeOf(machine), name));
  return { status: 200, body: { value: fitting.map(presentSize) } };
}

function presentSize({ name, vCPUs, memoryGB, maxDataDisks, tempDiskMB }: Size): JsonObject {
  return {
    name,
    numberOfCores: vCPUs,
    osDiskSizeInMB: 1_047_552,
    resourceDiskSizeInMB: tempDiskMB,
    memoryInMB: memoryGB * 1024,
    maxDataDiskCount: maxDataDisks,
  };
}

/** A score covers the whole count, in one zone or one region. */
function generateScores(exchange: ArmExchange, isSpot: boolean): Reply {
  const { body } = exchange;
  const listed = body["desiredLocations"];
  const regions = Array.isArray(listed) ? listed.filter((region) => typeof region === "string") : [];
  const skus = digObjects(body, "desiredSizes").map((size) => digText(size, "sku") ?? "");
  const count = Number(body["desiredCount"] ?? 1);
  if (regions.length < 1 || regions.length > 8) throw outOfRange("desiredLocations", "1 to 8");
  if (skus.length < 1 || skus.length > 5) throw outOfRange("desiredSizes", "1 to 5");
  const zones = body["availabilityZones"] === true ? zonesOfRegion : [undefined];
  const placementScores = regions.flatMap((region) =>
    skus.flatMap((sku) => zones.map((zone) => scoreOf(exchange, { sku, region, zone, count, isSpot }))),
  );
  return { status: 200, body: { ...(isJsonObject(body) ? body : {}), placementScores } };
}

interface Wanted {
  readonly sku: string;
  readonly region: string;
  readonly zone: string | undefined;
  readonly count: number;
  readonly isSpot: boolean;
}

function scoreOf(exchange: ArmExchange, { sku, region, zone, count, isSpot }: Wanted): JsonObject {
  const { restrictions, capacity, quotas } = exchange.cloud;
  const demand = { size: sku, isSpot, count };
  const zones = zone === undefined ? zonesOfRegion : [zone];
  const free = zones.map((one) => capacity.free({ size: sku, location: region, zone: one, isSpot }));
  const fits = free.reduce((sum, one) => sum + Math.floor(one / vCPUsOf(sku)), 0);
  const score = fits >= 2 * count ? "High" : fits >= count ? "Medium" : "Low";
  return {
    sku,
    region,
    ...(zone !== undefined && { availabilityZone: zone }),
    score: restrictions.allows(sku, region, zone) ? score : "RestrictedSkuNotAvailable",
    isQuotaAvailable: quotas.shortfall(demand, region) === undefined,
  };
}

function outOfRange(name: string, range: string): ArmError {
  return new ArmError(400, "InvalidParameter", `The parameter ${name} must have ${range} items.`, { target: name });
}
