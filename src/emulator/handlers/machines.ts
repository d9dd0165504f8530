/** Virtual machines: create, update, read, list, delete. */
import type { Call } from "../call.js";
import { digText, mergePatch, type JsonObject } from "../json.js";
import {
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
import { partsOf, settle, touch } from "../resources.js";
import type { Route } from "../router.js";
import { ArmError, notAllowed, type Reply } from "../wire.js";
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

export function idOfMachine(call: Call): string {
  return call.id("Microsoft.Compute", "virtualMachines", call.param("vm"));
}

export function existingMachine(call: Call): Machine {
  return call.existing(idOfMachine(call)) as Machine;
}

/** Refuses a write while another works on the VM, or while it is on its way out. */
export function checkFree(call: Call, machine: Machine, operation: string): void {
  const running = call.cloud.operations.running(machine.id);
  if (!running) return;
  const reason =
    running.method === "DELETE"
      ? "the VM is marked for deletion. You can only retry the Delete operation (or wait for an ongoing one to complete)."
      : "another operation is in progress.";
  throw notAllowed(`Operation '${operation}' is not allowed on VM '${machine.name}' since ${reason}`);
}

function putMachine(call: Call): Reply {
  const { resources, clock } = call.cloud;
  const id = idOfMachine(call);
  const old = resources.find(id);
  call.checkEtag(old);
  if (isMachine(old)) return update(call, old, partsOf(call.body));
  const machine = newMachine(id, call.location, call.body, clock);
  checkDisks(call, machine, undefined);
  checkNetwork(call, machine);
  resources.put(machine);
  attachDisks(call, machine);
  attachNetwork(call, machine);
  machine.provisioningState = "Creating";
  return call.accept({
    ...workOn(call, machine, "unknown"),
    status: 201,
    succeed: () => succeed(call, machine, "running"),
  });
}

function patchMachine(call: Call): Reply {
  const machine = existingMachine(call);
  call.checkEtag(machine);
  const { outer, properties } = partsOf(call.body);
  return update(call, machine, {
    outer: mergePatch(machine.outer, outer),
    properties: mergePatch(machine.properties, properties),
  });
}

/**
 * The document is the goal: it takes effect at once, and `provisioningState` says how far the VM has come. A failed
 * update leaves the new document with `Failed`, until a later write or a reapply gets there.
 */
function update(call: Call, machine: Machine, wanted: { outer: JsonObject; properties: JsonObject }): Reply {
  checkFree(call, machine, "createOrUpdate");
  const { vmId, timeCreated, hardwareProfile, storageProfile, osProfile, networkProfile } = machine.properties;
  const next: Machine = {
    ...machine,
    outer: { ...(machine.outer["zones"] !== undefined && { zones: machine.outer["zones"] }), ...wanted.outer },
    properties: { hardwareProfile, storageProfile, osProfile, networkProfile, ...wanted.properties, vmId, timeCreated },
  };
  checkUnchanged(call, machine, next);
  checkResize(machine, next);
  checkDisks(call, next, machine);
  checkNetwork(call, next);
  machine.outer = next.outer;
  machine.properties = next.properties;
  attachDisks(call, machine);
  attachNetwork(call, machine);
  const powerState = machine.powerState;
  machine.provisioningState = "Updating";
  touch(machine);
  return call.accept({
    ...workOn(call, machine, powerState),
    status: 200,
    // A write is also what brings up a VM whose create had failed.
    succeed: () => succeed(call, machine, powerState === "unknown" ? "running" : powerState),
  });
}

function getMachine(call: Call): Reply {
  const machine = existingMachine(call);
  const { resources, operations, clock } = call.cloud;
  const expand = call.request.url.searchParams.get("$expand") === "instanceView";
  const body = presentMachine(machine, resources, clock, expand);
  operations.lookedAtResource(machine.id);
  return { status: 200, body };
}

function getInstanceView(call: Call): Reply {
  const machine = existingMachine(call);
  const body = instanceView(machine, call.cloud.resources, call.cloud.clock);
  call.cloud.operations.lookedAtResource(machine.id);
  return { status: 200, body };
}

/** Deleting takes the VM over from whatever was working on it. */
function deleteMachine(call: Call): Reply {
  const { resources, operations } = call.cloud;
  const machine = resources.find(idOfMachine(call));
  if (!isMachine(machine)) return { status: 204 };
  call.checkEtag(machine);
  operations.preempt(machine.id);
  machine.provisioningState = "Deleting";
  return call.accept({
    ...workOn(call, machine, machine.powerState),
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

function listInGroup(call: Call): Reply {
  return list(call, call.group.name);
}

function listAll(call: Call): Reply {
  return list(call);
}

function list(call: Call, group?: string): Reply {
  const { resources, clock } = call.cloud;
  const expand =
    call.request.url.searchParams.get("statusOnly") === "true" ||
    call.request.url.searchParams.get("$expand") === "instanceView";
  const machines = resources.ofType(machineType, group).filter(isMachine);
  return { status: 200, body: { value: machines.map((vm) => presentMachine(vm, resources, clock, expand)) } };
}

/** What all writes of a VM share: where it stands, its document, and how a failure leaves it. */
function workOn(call: Call, machine: Machine, powerState: Machine["powerState"]) {
  const { resources, clock } = call.cloud;
  return {
    body: presentMachine(machine, resources, clock),
    resourceId: machine.id,
    location: machine.location,
    style: "azure-async-operation" as const,
    fail: (failure: OperationFailure) => fail(call, machine, powerState, failure),
    result: () => presentMachine(machine, resources, clock),
  };
}

/** The operation reached its goal. */
export function succeed(call: Call, machine: Machine, powerState: Machine["powerState"]): void {
  machine.powerState = powerState;
  machine.failure = undefined;
  machine.provisionedAt = call.cloud.clock.now();
  settle(machine, "Succeeded");
}

/** The operation ended short of its goal, and the VM says why. */
export function fail(call: Call, machine: Machine, powerState: Machine["powerState"], failure: OperationFailure): void {
  machine.powerState = powerState;
  machine.failure = failure.error;
  machine.provisionedAt = call.cloud.clock.now();
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

function checkUnchanged(call: Call, machine: Machine, next: Machine): void {
  const location = digText(call.body, "location");
  if (location && call.location !== machine.location) {
    throw new ArmError(
      409,
      "InvalidResourceLocation",
      `The resource '${machine.name}' already exists in location '${machine.location}' in resource group '${machine.resourceGroup}'. A resource with the same name cannot be created in location '${call.location}'. Please select a new resource name.`,
    );
  }
  if (call.body["zones"] !== undefined && String(next.outer["zones"]) !== String(machine.outer["zones"])) {
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
