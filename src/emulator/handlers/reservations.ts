/** Capacity reservations and dedicated hosts, each with its machines in the instance view. */
import type { ArmExchange } from "../exchange.js";
import { dig, digText, type JsonObject } from "../json.js";
import { placeRequestOf } from "../capacity.js";
import { isMachine, machineType, sizeOf, type Machine } from "../machine.js";
import { present, type Resource } from "../resources.js";
import type { Route } from "../router.js";
import { vCPUsOf } from "../sizes.js";
import { ArmError } from "../wire.js";
import { routesOf, type PlainResource } from "./plain-resources.js";

const namespace = "Microsoft.Compute";

const capacityReservationGroups: PlainResource = {
  namespace,
  type: "capacityReservationGroups",
  show: (group, exchange) => {
    const reservations = exchange.cloud.resources.childrenOf(group.id);
    const users = machines(exchange).filter((machine) => sameId(groupOf(machine), group.id));
    const properties = {
      ...group.properties,
      capacityReservations: reservations.map(({ id }) => ({ id })),
      virtualMachinesAssociated: users.map(({ id }) => ({ id })),
      ...(expands(exchange) && {
        instanceView: {
          capacityReservations: reservations.map((reservation) => viewOf(exchange, reservation)),
          sharedSubscriptionIds: [],
        },
      }),
    };
    return withoutState(present({ ...group, properties }));
  },
  checkDelete: (exchange, group) => {
    if (exchange.cloud.resources.childrenOf(group.id).length === 0) return;
    throw new ArmError(
      409,
      "OperationNotAllowed",
      `Capacity Reservation Group '${group.name}' cannot be deleted. Before deleting a Capacity Reservation Group please ensure that it does not contain any Capacity Reservation.`,
    );
  },
};

const capacityReservations: PlainResource = {
  namespace,
  type: "capacityReservations",
  writeStyle: "azure-async-operation",
  isChildOf: capacityReservationGroups,
  checkWrite: checkReservation,
  show: (reservation, exchange) => {
    const instanceView = viewOf(exchange, reservation);
    const shown = expands(exchange) ? { ...reservation.properties, instanceView } : reservation.properties;
    const virtualMachinesAssociated = usersOf(exchange, reservation).map(({ id }) => ({ id }));
    return present({ ...reservation, properties: { ...shown, virtualMachinesAssociated } });
  },
};

const hostGroups: PlainResource = {
  namespace,
  type: "hostGroups",
  show: (group, exchange) => {
    const hosts = exchange.cloud.resources.childrenOf(group.id);
    return withoutState(
      present({ ...group, properties: { ...group.properties, hosts: hosts.map(({ id }) => ({ id })) } }),
    );
  },
};

const hosts: PlainResource = {
  namespace,
  type: "hosts",
  writeStyle: "azure-async-operation",
  isChildOf: hostGroups,
  show: (host, exchange) => {
    const guests = guestsOf(exchange, host.id);
    const properties = {
      ...host.properties,
      virtualMachines: guests.map(({ id }) => ({ id })),
      ...(expands(exchange) && { instanceView: hostView(host, guests) }),
    };
    return present({ ...host, properties });
  },
};

export const reservationRoutes: readonly Route[] = [
  capacityReservationGroups,
  capacityReservations,
  hostGroups,
  hosts,
].flatMap(routesOf);

/** A reservation is made in full or not at all. */
function checkReservation(exchange: ArmExchange, reservation: Resource): void {
  const { size, zone } = demandOf(reservation);
  const request = { size, location: reservation.location, zone, isSpot: false };
  const zones = zone === undefined ? ["1"] : [zone];
  const free = zones.reduce((sum, one) => sum + exchange.cloud.capacity.free({ ...request, zone: one }), 0);
  if (free >= capacityOf(reservation) * vCPUsOf(size)) return;
  throw new ArmError(
    409,
    "SkuNotAvailable",
    `The requested VM size for resource '${reservation.name}' is currently not available in location '${reservation.location}'. Please try another size or deploy to a different location or different zone. See https://aka.ms/azureskunotavailable for details.`,
  );
}

function demandOf(reservation: Resource): { size: string; zone: string | undefined } {
  const zones = reservation.outer["zones"];
  return {
    size: digText(reservation.outer, "sku", "name") ?? "",
    zone: Array.isArray(zones) && zones.length > 0 ? String(zones[0]) : undefined,
  };
}

function capacityOf(reservation: Resource): number {
  return Number(dig(reservation.outer, "sku", "capacity") ?? 0);
}

/** More users than capacity is allowed: the rest use ordinary capacity. */
function viewOf(exchange: ArmExchange, reservation: Resource): JsonObject {
  const users = usersOf(exchange, reservation).filter(({ powerState }) => powerState !== "deallocated");
  return {
    name: reservation.name,
    utilizationInfo: {
      currentCapacity: capacityOf(reservation),
      virtualMachinesAllocated: users.map(({ id }) => ({ id })),
    },
    statuses: [{ code: "ProvisioningState/succeeded", level: "Info", displayStatus: "Provisioning succeeded" }],
  };
}

/** The machines that name the group, in the reservation's size and zone. */
function usersOf(exchange: ArmExchange, reservation: Resource): Machine[] {
  const { size, zone } = demandOf(reservation);
  const group = reservation.id.slice(0, reservation.id.lastIndexOf("/capacityReservations/"));
  return machines(exchange).filter(
    (machine) =>
      sameId(groupOf(machine), group) &&
      sizeOf(machine).toLowerCase() === size.toLowerCase() &&
      placeRequestOf(machine).zone === zone,
  );
}

function groupOf(machine: Machine): string | undefined {
  return digText(machine.properties, "capacityReservation", "capacityReservationGroup", "id");
}

/** vCPUs that a host sells: those of the DSv5-Type1, whatever its type. */
const hostVCPUs = 64;

export function guestsOf(exchange: ArmExchange, hostId: string): Machine[] {
  return machines(exchange).filter(
    (machine) => sameId(digText(machine.properties, "host", "id"), hostId) && isPlaced(machine),
  );
}

/** Deallocated machines, and those whose allocation failed, take no room. */
function isPlaced({ powerState, zone }: Machine): boolean {
  return powerState !== "deallocated" && (powerState !== "unknown" || zone !== undefined);
}

function freeOn(guests: readonly Machine[]): number {
  return hostVCPUs - guests.reduce((sum, machine) => sum + vCPUsOf(sizeOf(machine)), 0);
}

/** Whether the machine's host has room for it besides its other guests. */
export function hasRoomOnHost(exchange: ArmExchange, machine: Machine): boolean {
  const hostId = digText(machine.properties, "host", "id");
  if (hostId === undefined) return true;
  const others = guestsOf(exchange, hostId).filter(({ id }) => id !== machine.id);
  return freeOn(others) >= vCPUsOf(sizeOf(machine));
}

function hostView(host: Resource, guests: readonly Machine[]): JsonObject {
  const free = freeOn(guests);
  const sizes = ["Standard_D2s_v5", "Standard_D4s_v5", "Standard_D8s_v5", "Standard_D16s_v5"];
  return {
    assetId: host.etag.replaceAll(/[^0-9a-f-]/g, ""),
    availableCapacity: {
      allocatableVMs: sizes.map((vmSize) => ({ vmSize, count: Math.floor(free / vCPUsOf(vmSize)) })),
    },
    statuses: [
      { code: "ProvisioningState/succeeded", level: "Info", displayStatus: "Provisioning succeeded" },
      { code: "HealthState/available", level: "Info", displayStatus: "Host available" },
    ],
  };
}

function machines(exchange: ArmExchange): Machine[] {
  return exchange.cloud.resources.ofType(machineType).filter(isMachine);
}

function expands(exchange: ArmExchange): boolean {
  return exchange.request.url.searchParams.get("$expand")?.toLowerCase() === "instanceview";
}

function sameId(one: string | undefined, other: string): boolean {
  return one?.toLowerCase() === other.toLowerCase();
}

/** The groups have no provisioning state. */
function withoutState(document: JsonObject): JsonObject {
  const { provisioningState: _, ...properties } = document["properties"] as JsonObject;
  return { ...document, properties };
}
