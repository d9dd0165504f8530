/** A virtual machine: its resource, its power state, and the documents that show it. */
import { randomUUID } from "node:crypto";
import type { Clock } from "../time/clock.js";
import { dig, digObject, digObjects, digText, type JsonObject } from "./json.js";
import { newResource, present, type Resource, type Resources } from "./resources.js";

export type PowerState =
  | "starting"
  | "running"
  | "stopping"
  | "stopped"
  | "deallocating"
  | "deallocated"
  /** It never came up: a create that failed. */
  | "unknown";

export interface Machine extends Resource {
  powerState: PowerState;
  generalized: boolean;
  /** Why `provisioningState` is Failed. */
  failure: JsonObject | undefined;
  /** The scripts that run commands have run to their end, oldest first. */
  commandsRun: (readonly string[])[];
  provisionedAt: number;
}

export const machineType = "Microsoft.Compute/virtualMachines";
const defaultSize = "Standard_DS1_v2";

export function newMachine(id: string, location: string, body: JsonObject, clock: Clock): Machine {
  const machine: Machine = {
    ...newResource(id, location, body),
    powerState: "unknown",
    generalized: false,
    failure: undefined,
    commandsRun: [],
    provisionedAt: clock.now(),
  };
  machine.properties["vmId"] = randomUUID();
  machine.properties["timeCreated"] = new Date(clock.now()).toISOString();
  setSize(machine, sizeOf(machine));
  return machine;
}

export function isMachine(resource: Resource | undefined): resource is Machine {
  return resource?.type === machineType;
}

export function sizeOf(machine: Resource): string {
  return digText(machine.properties, "hardwareProfile", "vmSize") ?? defaultSize;
}

export function setSize(machine: Resource, size: string): void {
  machine.properties["hardwareProfile"] = { ...digObject(machine.properties, "hardwareProfile"), vmSize: size };
}

/** The OS disk lives on the host: gone with the allocation, so that such a VM cannot be deallocated. */
export function hasEphemeralDisk(machine: Resource): boolean {
  return dig(machine.properties, "storageProfile", "osDisk", "diffDiskSettings") !== undefined;
}

export function isSpot(machine: Resource): boolean {
  return digText(machine.properties, "priority") === "Spot";
}

/** vCPUs by the first number of a size's name (`Standard_D4s_v5`: 4), which is what nearly all sizes mean by it. */
function coresOf(size: string): number {
  return Number(/\d+/.exec(size)?.[0] ?? 1);
}

/** Two data disks for each vCPU, at least 4, as most general-purpose sizes have it. */
export function maxDataDisks(size: string): number {
  return Math.min(64, Math.max(4, 2 * coresOf(size)));
}

/**
 * Whether a running VM can take the size where it is. A hardware cluster serves one series (`Standard_D4s_v5` and
 * `Standard_D8s_v5` alike); another series wants the VM deallocated, so that it may land elsewhere.
 */
export function sameCluster(one: string, other: string): boolean {
  return seriesOf(one) === seriesOf(other);
}

function seriesOf(size: string): string {
  return size.toLowerCase().replace(/\d+/, "");
}

/** The document of a GET; with the instance view when the caller expands it. */
export function presentMachine(machine: Machine, resources: Resources, clock: Clock, expand = false): JsonObject {
  const document = present(machine);
  const extensions = resources.childrenOf(machine.id).map(present);
  const properties = digObject(document, "properties");
  const { osProfile } = properties;
  return {
    ...document,
    ...(extensions.length > 0 && { resources: extensions }),
    properties: {
      ...properties,
      ...(osProfile !== undefined && { osProfile: withoutSecrets(digObject(properties, "osProfile")) }),
      ...(expand && { instanceView: instanceView(machine, resources, clock) }),
    },
  };
}

export function instanceView(machine: Machine, resources: Resources, clock: Clock): JsonObject {
  const isRunning = machine.powerState === "running";
  const extensions = resources.childrenOf(machine.id);
  const storage = digObject(machine.properties, "storageProfile");
  const disks = [digObject(storage, "osDisk"), ...digObjects(storage, "dataDisks")].filter((disk) => "name" in disk);
  const now = new Date(clock.now()).toISOString();
  return {
    ...(isRunning && { computerName: digText(machine.properties, "osProfile", "computerName") ?? machine.name }),
    hyperVGeneration: "V2",
    ...(isRunning && {
      vmAgent: {
        vmAgentVersion: "2.9.1.1",
        statuses: [status("ProvisioningState/succeeded", "Ready", { message: "Guest Agent is running", time: now })],
      },
    }),
    disks: disks.map((disk) => ({
      name: disk["name"],
      statuses: [status("ProvisioningState/succeeded", "Provisioning succeeded", { time: now })],
    })),
    ...(extensions.length > 0 && { extensions: extensions.map((extension) => extensionView(extension)) }),
    statuses: [...provisioningStatuses(machine), ...powerStatuses(machine)],
  };
}

/** What an extension reports of itself. */
export function extensionView(extension: Resource): JsonObject {
  const { provisioningState, properties } = extension;
  const failed = provisioningState === "Failed";
  const message = digText(properties, "failure", "message");
  return {
    name: extension.name,
    type: [properties["publisher"], properties["type"]].filter(Boolean).join("."),
    typeHandlerVersion: properties["typeHandlerVersion"],
    statuses: [
      status(
        `ProvisioningState/${provisioningState.toLowerCase()}`,
        `Provisioning ${provisioningState.toLowerCase()}`,
        {
          ...(failed && { level: "Error" }),
          ...(message !== undefined && { message }),
        },
      ),
    ],
  };
}

function provisioningStatuses(machine: Machine): JsonObject[] {
  const { provisioningState, failure } = machine;
  const time = new Date(machine.provisionedAt).toISOString();
  if (provisioningState !== "Failed") {
    const state = provisioningState.toLowerCase();
    const display = provisioningState === "Succeeded" ? "Provisioning succeeded" : provisioningState;
    return [status(`ProvisioningState/${state}`, display, { time })];
  }
  const code = [`ProvisioningState/failed`, digText(failure, "code")].filter(Boolean).join("/");
  const message = digText(failure, "message") ?? "";
  return [status(code, "Provisioning failed", { level: "Error", message, time })];
}

function powerStatuses({ powerState, generalized }: Machine): JsonObject[] {
  if (generalized)
    return [status("OSState/generalized", "VM generalized"), status(`PowerState/${powerState}`, `VM ${powerState}`)];
  return powerState === "unknown" ? [] : [status(`PowerState/${powerState}`, `VM ${powerState}`)];
}

function status(code: string, displayStatus: string, extra: JsonObject = {}): JsonObject {
  return { code, level: "Info", displayStatus, ...extra };
}

/** Write-only in the service too: no GET returns them. */
function withoutSecrets({ adminPassword: _, customData: __, ...profile }: JsonObject): JsonObject {
  return profile;
}
