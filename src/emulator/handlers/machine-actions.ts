/** Actions on a virtual machine: what each requires of the VM, what it changes, and how long it takes. */
import type { ArmExchange } from "../exchange.js";
import { digObjects, digText, type JsonObject } from "../json.js";
import { hasEphemeralDisk, isSpot, type Machine, type PowerState } from "../machine.js";
import { settle } from "../resources.js";
import type { Route } from "../router.js";
import { ArmError, notAllowed, type Reply } from "../wire.js";
import { allocate } from "./allocation.js";
import { checkFree, existingMachine, fail, machinePath, succeed } from "./machines.js";

interface MachineAction {
  readonly name: string;
  /** Throws the service's response if the VM is in the wrong state, or the request lacks something. */
  readonly check?: (machine: Machine, exchange: ArmExchange) => void;
  /** The power state during the action; unchanged if omitted. */
  readonly during?: PowerState;
  /** The resulting power state; unchanged if omitted. */
  readonly after?: PowerState;
  /** What else it does on success; returns the body of the final response. */
  readonly finish?: (exchange: ArmExchange, machine: Machine) => JsonObject;
}

const longActions: readonly MachineAction[] = [
  { name: "start", check: notGeneralized("start"), during: "starting", after: "running" },
  { name: "powerOff", during: "stopping", after: "stopped" },
  { name: "deallocate", check: diskSurvives, during: "deallocating", after: "deallocated" },
  { name: "restart", check: allOf(notGeneralized("restart"), allocated("restart"), running), after: "running" },
  { name: "redeploy", check: allOf(notGeneralized("redeploy"), allocated("redeploy")), after: "running" },
  { name: "reapply" },
  { name: "reimage", check: allocated("reimage"), after: "running" },
  { name: "performMaintenance", check: allocated("performMaintenance") },
  { name: "runCommand", check: agentAnswers, finish: runCommand },
  { name: "capture", check: capturable, finish: captureTemplate },
];

export const actionRoutes: readonly Route[] = [
  ...longActions.map((action) => ({
    method: "POST",
    path: `${machinePath}/${action.name}`,
    name: `virtualMachines/{vm}/${action.name}`,
    longRunning: true,
    handle: (exchange: ArmExchange) => act(exchange, action),
  })),
  {
    method: "POST",
    path: `${machinePath}/generalize`,
    name: "virtualMachines/{vm}/generalize",
    handle: generalize,
  },
  {
    method: "POST",
    path: `${machinePath}/simulateEviction`,
    name: "virtualMachines/{vm}/simulateEviction",
    handle: simulateEviction,
  },
];

function act(exchange: ArmExchange, action: MachineAction): Reply {
  const machine = existingMachine(exchange);
  checkFree(exchange, machine, action.name);
  action.check?.(machine, exchange);
  const before = machine.powerState;
  // Stopping a deallocated machine changes nothing: it has no place where it could be stopped.
  const moves = !(action.name === "powerOff" && before === "deallocated");
  const after = moves ? (action.after ?? before) : before;
  if (moves && action.during) machine.powerState = action.during;
  settle(machine, "Updating");
  let result: JsonObject | undefined;
  const needsPlace = before === "deallocated" && after === "running";
  return exchange.accept({
    status: 202,
    resourceId: machine.id,
    location: machine.location,
    style: "both",
    failure: needsPlace ? allocate(exchange, machine) : undefined,
    succeed: () => {
      succeed(exchange, machine, after);
      result = action.finish?.(exchange, machine);
    },
    fail: (failure) => fail(exchange, machine, before, failure),
    result: () => result,
  });
}

function generalize(exchange: ArmExchange): Reply {
  const machine = existingMachine(exchange);
  checkFree(exchange, machine, "generalize");
  if (machine.powerState === "running") {
    throw notAllowed(
      `Operation 'generalize' is not allowed on VM '${machine.name}' since the VM is running. Please power off explicitly in case you shut down the VM from inside the guest operating system.`,
    );
  }
  machine.generalized = true;
  return { status: 200 };
}

function simulateEviction(exchange: ArmExchange): Reply {
  const machine = existingMachine(exchange);
  if (!isSpot(machine)) {
    throw notAllowed(
      `Operation 'simulateEviction' is not allowed on VM '${machine.name}' since the VM is not a Spot VM.`,
    );
  }
  if (digText(machine.properties, "evictionPolicy") === "Delete") exchange.cloud.resources.delete(machine.id);
  else machine.powerState = "deallocated";
  return { status: 204 };
}

function allOf(...checks: readonly ((machine: Machine) => void)[]): (machine: Machine) => void {
  return (machine) => checks.forEach((check) => check(machine));
}

function notGeneralized(operation: string): (machine: Machine) => void {
  return ({ name, generalized }) => {
    if (!generalized) return;
    throw notAllowed(`Operation '${operation}' is not allowed on VM '${name}' since the VM is generalized.`);
  };
}

function allocated(operation: string): (machine: Machine) => void {
  return ({ name, powerState }) => {
    if (powerState !== "deallocated") return;
    throw notAllowed(
      `Operation '${operation}' is not allowed on VM '${name}' since the VM is either deallocated or marked to be deallocated.`,
    );
  };
}

function running({ powerState }: Machine): void {
  if (powerState !== "running") throw notAllowed("The operation requires the VM to be running (or set to run).");
}

function diskSurvives(machine: Machine): void {
  if (!hasEphemeralDisk(machine)) return;
  throw notAllowed(
    "Operation 'deallocate' is not supported for VMs or VM Scale Set instances using an ephemeral OS disk.",
  );
}

/** Run commands and extensions need the agent in the guest. */
export function agentAnswers({ powerState }: Machine): void {
  if (powerState !== "running") throw notAllowed("Cannot modify extensions in the VM when the VM is not running.");
}

function capturable(machine: Machine, exchange: ArmExchange): void {
  if (!digText(exchange.body, "vhdPrefix")) {
    throw new ArmError(400, "InvalidParameter", "The value of parameter vhdPrefix is invalid.");
  }
  if (!machine.generalized) {
    throw notAllowed("Capture operation cannot be completed because the VM is not generalized.");
  }
  const isManaged = digText(machine.properties, "storageProfile", "osDisk", "managedDisk", "id") !== undefined;
  if (!isManaged) return;
  throw notAllowed(
    "The Capture action is only supported on a Virtual Machine with blob based disks. Please use the 'Image' resource APIs to create an Image from a managed Virtual Machine.",
  );
}

function runCommand(exchange: ArmExchange, machine: Machine): JsonObject {
  const commandId = digText(exchange.body, "commandId") ?? "";
  const lines = exchange.body["script"];
  const script = Array.isArray(lines) ? lines.filter((line) => typeof line === "string") : [];
  machine.commandsRun.push(script);
  const parameters = digObjects(exchange.body, "parameters").map(
    (parameter) => [digText(parameter, "name") ?? "", digText(parameter, "value") ?? ""] as const,
  );
  const { stdout = "", stderr = "" } = exchange.cloud.options.runCommand({
    vmName: machine.name,
    resourceGroup: machine.resourceGroup,
    commandId,
    script,
    parameters: Object.fromEntries(parameters),
  });
  // Windows reports the two streams separately, Linux in one message.
  const value = /powershell/i.test(commandId)
    ? [stream("ComponentStatus/StdOut/succeeded", stdout), stream("ComponentStatus/StdErr/succeeded", stderr)]
    : [stream("ProvisioningState/succeeded", `Enable succeeded: \n[stdout]\n${stdout}\n[stderr]\n${stderr}`)];
  return { value };
}

function stream(code: string, message: string): JsonObject {
  return { code, level: "Info", displayStatus: "Provisioning succeeded", message };
}

function captureTemplate(_: ArmExchange, machine: Machine): JsonObject {
  return {
    $schema: "http://schema.management.azure.com/schemas/2014-04-01-preview/VM_IP.json",
    contentVersion: "1.0.0.0",
    parameters: {},
    resources: [{ type: "Microsoft.Compute/virtualMachines", name: machine.name, location: machine.location }],
  };
}
