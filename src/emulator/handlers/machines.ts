/** Virtual machines: create, update, read, list, delete. */
import type { ArmExchange } from "../exchange.js";
import { digText, mergePatch, type JsonObject } from "../json.js";
import {
  illnessOf,
  instanceView,
  isMachine,
  machineType,
  newMachine,
  presentMachine,
  sameCluster,
  sizeOf,
  type Machine,
} from "../machine.js";
import type { OperationFailure } from "../operations.js";
import { pageOf } from "../paging.js";
import { partsOf, settle, touch } from "../resources.js";
import type { Route } from "../router.js";
import { ArmError, notAllowed, type Reply } from "../wire.js";
import { allocate, checkOffer } from "./allocation.js";
import { attachNetwork, checkNetwork, releaseNetwork } from "./machine-network.js";
import { attachDisks, checkDisks, releaseDisks } from "./machine-storage.js";

const inSubscription = "/subscriptions/{subscription}/providers/Microsoft.Compute";
export const machinePath =
  "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{vm}";
const name = "virtualMachines/{vm}";

export const machineRoutes: readonly Route[] = [
  { method: "PUT", path: machinePath, name, longRunning: true, handle: putMachine },
  { method: "PATCH", path: machinePath, name, longRunning: true, handle: patchMachine },
  { method: "GET", path: machinePath, name, handle: getMachine },
  { method: "GET", path: `${machinePath}/instanceView`, name: `${name}/instanceView`, handle: getInstanceView },
  { method: "DELETE", path: machinePath, name, longRunning: true, handle: deleteMachine },
  { method: "GET", path: machinePath.replace("/{vm}", ""), name: "virtualMachines", handle: listInGroup },
  { method: "GET", path: `${inSubscription}/virtualMachines`, name: "virtualMachines", handle: listAll },
];

export function idOfMachine(exchange: ArmExchange): string {
  return exchange.id("Microsoft.Compute", "virtualMachines", exchange.param("vm"));
}

export function existingMachine(exchange: ArmExchange): Machine {
  return exchange.existing(idOfMachine(exchange)) as Machine;
}

/** Refuses a write while another works on the VM, or while it is being deleted. */
export function checkFree(exchange: ArmExchange, machine: Machine, operation: string): void {
  const running = exchange.cloud.operations.running(machine.id);
  if (!running) return;
  const reason =
    running.method === "DELETE"
      ? "the VM is marked for deletion. You can only retry the Delete operation (or wait for an ongoing one to complete)."
      : "another operation is in progress.";
  throw notAllowed(`Operation '${operation}' is not allowed on VM '${machine.name}' since ${reason}`);
}

function putMachine(exchange: ArmExchange): Reply {
  const { resources, clock } = exchange.cloud;
  const id = idOfMachine(exchange);
  const old = resources.find(id);
  exchange.checkEtag(old);
  if (isMachine(old)) return update(exchange, old, partsOf(exchange.body));
  const machine = newMachine(id, exchange.location, exchange.body, clock);
  checkDisks(exchange, machine, undefined);
  checkOffer(exchange, machine);
  checkNetwork(exchange, machine);
  resources.put(machine);
  attachDisks(exchange, machine);
  attachNetwork(exchange, machine);
  machine.provisioningState = "Creating";
  return exchange.accept({
    ...workOn(exchange, machine, "unknown"),
    status: 201,
    failure: allocate(exchange, machine) ?? bootFailure(exchange, machine),
    succeed: () => succeed(exchange, machine, "running"),
  });
}

function patchMachine(exchange: ArmExchange): Reply {
  const machine = existingMachine(exchange);
  exchange.checkEtag(machine);
  const { outer, properties } = partsOf(exchange.body);
  return update(exchange, machine, {
    outer: mergePatch(machine.outer, outer),
    properties: mergePatch(machine.properties, properties),
  });
}

/**
 * The document is the goal: it takes effect at once, and `provisioningState` says how far the VM has come. A failed
 * update leaves the new document with `Failed`, until a later write or a reapply succeeds.
 */
function update(exchange: ArmExchange, machine: Machine, wanted: { outer: JsonObject; properties: JsonObject }): Reply {
  checkFree(exchange, machine, "createOrUpdate");
  const { vmId, timeCreated, hardwareProfile, storageProfile, osProfile, networkProfile } = machine.properties;
  const next: Machine = {
    ...machine,
    outer: { ...(machine.outer["zones"] !== undefined && { zones: machine.outer["zones"] }), ...wanted.outer },
    properties: { hardwareProfile, storageProfile, osProfile, networkProfile, ...wanted.properties, vmId, timeCreated },
  };
  checkUnchanged(exchange, machine, next);
  checkResize(machine, next);
  checkOffer(exchange, next, machine);
  checkDisks(exchange, next, machine);
  checkNetwork(exchange, next);
  machine.outer = next.outer;
  machine.properties = next.properties;
  attachDisks(exchange, machine);
  attachNetwork(exchange, machine);
  const powerState = machine.powerState;
  machine.provisioningState = "Updating";
  touch(machine);
  return exchange.accept({
    ...workOn(exchange, machine, powerState),
    status: 200,
    failure: powerState === "unknown" ? (allocate(exchange, machine) ?? bootFailure(exchange, machine)) : undefined,
    // A write also brings up a VM whose create had failed.
    succeed: () => succeed(exchange, machine, powerState === "unknown" ? "running" : powerState),
  });
}

function getMachine(exchange: ArmExchange): Reply {
  const machine = existingMachine(exchange);
  const { operations } = exchange.cloud;
  const expand = exchange.request.url.searchParams.get("$expand") === "instanceView";
  const body = presentMachine(machine, exchange.cloud, expand);
  operations.lookedAtResource(machine.id);
  return { status: 200, body };
}

function getInstanceView(exchange: ArmExchange): Reply {
  const machine = existingMachine(exchange);
  const body = instanceView(machine, exchange.cloud);
  exchange.cloud.operations.lookedAtResource(machine.id);
  return { status: 200, body };
}

/** Deleting takes the VM over from any operation in progress. */
function deleteMachine(exchange: ArmExchange): Reply {
  const { resources, operations } = exchange.cloud;
  const machine = resources.find(idOfMachine(exchange));
  if (!isMachine(machine)) return { status: 204 };
  exchange.checkEtag(machine);
  operations.preempt(machine.id);
  machine.provisioningState = "Deleting";
  return exchange.accept({
    ...workOn(exchange, machine, machine.powerState),
    status: 202,
    body: undefined,
    style: "both",
    succeed: () => {
      resources.delete(machine.id);
      releaseDisks(resources, machine);
      releaseNetwork(resources, machine);
    },
    result: () => undefined,
  });
}

function listInGroup(exchange: ArmExchange): Reply {
  return list(exchange, exchange.group.name);
}

/** `statusOnly` belongs to the list of a subscription; that of a group takes no notice of it. */
function listAll(exchange: ArmExchange): Reply {
  if (exchange.request.url.searchParams.get("statusOnly") !== "true") return list(exchange);
  const machines = exchange.cloud.resources.ofType(machineType).filter(isMachine);
  return pageOf(
    exchange,
    machines.map((machine) => statusOf(exchange, machine)),
  );
}

/** Without tags and model: only what the machine is, and its instance view. */
function statusOf(exchange: ArmExchange, machine: Machine): JsonObject {
  const { id, name, type, location } = presentMachine(machine, exchange.cloud);
  const { vmId } = machine.properties;
  return { id, name, type, location, properties: { vmId, instanceView: instanceView(machine, exchange.cloud) } };
}

function list(exchange: ArmExchange, group?: string): Reply {
  const { searchParams } = exchange.request.url;
  const set = setOfFilter(searchParams.get("$filter"));
  const expand = searchParams.get("$expand") === "instanceView";
  if (expand && set === undefined) {
    throw new ArmError(400, "InvalidParameter", "$expand can only be used with a valid $filter.", {
      target: "$expand",
    });
  }
  const machines = exchange.cloud.resources.ofType(machineType, group).filter(isMachine);
  const wanted = set === undefined ? machines : machines.filter((machine) => isOfSet(machine, set));
  return pageOf(
    exchange,
    wanted.map((machine) => presentMachine(machine, exchange.cloud, expand)),
  );
}

/** The scale set named by the only filter that the service documents. */
function setOfFilter(filter: string | null): string | undefined {
  if (filter === null) return undefined;
  const id = /^'virtualMachineScaleSet\/id' eq '?([^']+?)'?$/i.exec(filter.trim())?.[1];
  if (id !== undefined) return id;
  throw new ArmError(400, "InvalidParameter", `The $filter '${filter}' is not supported.`, { target: "$filter" });
}

function isOfSet({ properties }: Machine, set: string): boolean {
  return digText(properties, "virtualMachineScaleSet", "id")?.toLowerCase() === set.toLowerCase();
}

/** What all writes of a VM share: its place, its document, and its state after a failure. */
function workOn(exchange: ArmExchange, machine: Machine, powerState: Machine["powerState"]) {
  return {
    body: presentMachine(machine, exchange.cloud),
    resourceId: machine.id,
    location: machine.location,
    style: "azure-async-operation" as const,
    fail: (failure: OperationFailure) => fail(exchange, machine, powerState, failure),
    result: () => presentMachine(machine, exchange.cloud),
  };
}

/** The failure of a machine that does not boot. */
function bootFailure(exchange: ArmExchange, { name }: Machine): OperationFailure | undefined {
  if (!illnessOf(name, exchange.cloud).failsCreate) return undefined;
  const message = `OS Provisioning for VM '${name}' did not finish in the allotted time. The VM may still finish provisioning successfully. Please check provisioning state later. For details on how to check current provisioning state of Windows VMs, refer to https://aka.ms/WindowsVMLifecycle and Linux VMs, refer to https://aka.ms/LinuxVMLifecycle.`;
  const error = { code: "OSProvisioningTimedOut", message };
  return { status: "Failed", error, httpStatus: 409, completesAnyway: false };
}

/** The operation reached its goal. */
export function succeed(exchange: ArmExchange, machine: Machine, powerState: Machine["powerState"]): void {
  machine.powerState = powerState;
  machine.failure = undefined;
  machine.provisionedAt = exchange.cloud.clock.now();
  settle(machine, "Succeeded");
}

/** The operation failed, and the VM says why. */
export function fail(
  exchange: ArmExchange,
  machine: Machine,
  powerState: Machine["powerState"],
  failure: OperationFailure,
): void {
  // A guest that did not report in time still runs and is billed.
  const isUp = powerState === "unknown" && (digText(failure.error, "code") ?? "").startsWith("OSProvisioning");
  machine.powerState = isUp ? "running" : powerState;
  if (machine.powerState === "unknown") machine.zone = undefined;
  machine.failure = failure.error;
  machine.provisionedAt = exchange.cloud.clock.now();
  settle(machine, "Failed");
}

/** Properties that are fixed once the VM exists. */
const fixedProperties = [
  ["osProfile", "adminUsername"],
  ["osProfile", "computerName"],
  ["storageProfile", "osDisk", "name"],
  ["storageProfile", "imageReference", "sku"],
  ["storageProfile", "imageReference", "id"],
  ["availabilitySet", "id"],
] as const;

function checkUnchanged(exchange: ArmExchange, machine: Machine, next: Machine): void {
  const location = digText(exchange.body, "location");
  if (location && exchange.location !== machine.location) {
    throw new ArmError(
      409,
      "InvalidResourceLocation",
      `The resource '${machine.name}' already exists in location '${machine.location}' in resource group '${machine.resourceGroup}'. A resource with the same name cannot be created in location '${exchange.location}'. Please select a new resource name.`,
    );
  }
  if (exchange.body["zones"] !== undefined && String(next.outer["zones"]) !== String(machine.outer["zones"])) {
    throw fixed("zones");
  }
  for (const path of fixedProperties) {
    const before = digText(machine.properties, ...path);
    const after = digText(next.properties, ...path);
    if (after === undefined || before === after) continue;
    throw fixed(path.join("."));
  }
}

function fixed(property: string): ArmError {
  const message = `Changing property '${property}' is not allowed.`;
  return new ArmError(409, "PropertyChangeNotAllowed", message, { target: property });
}

function checkResize(machine: Machine, next: Machine): void {
  const size = sizeOf(next);
  const hasNoPlace = machine.powerState === "deallocated" || machine.powerState === "unknown";
  if (hasNoPlace || sameCluster(sizeOf(machine), size)) return;
  throw notAllowed(
    `Unable to resize the VM because the requested size ${size} is not available in the cluster where the VM is currently allocated. To resize your VM to ${size} please deallocate (this is Stop operation in the Azure portal) and try the resize operation again. Read more on VM resizing strategy at https://aka.ms/azure-resizevm.`,
  );
}
