/** A virtual machine: its resource, its power state, and the documents that show it. */
import { randomUUID } from "node:crypto";
import type { Clock } from "../time/clock.js";
import { dig, digObject, digObjects, digText, type JsonObject } from "./json.js";
import { agentStatus, healthy, illnesses, type AgentReport, type Illness, type IllnessName } from "./illnesses.js";
import { findSize, vCPUsOf } from "./sizes.js";
import { newResource, present, type Resource, type Resources } from "./resources.js";

export type PowerState =
  | "starting"
  | "running"
  | "stopping"
  | "stopped"
  | "deallocating"
  | "deallocated"
  /** It never started: a create that failed. */
  | "unknown";

export const powerStates = Object.keys({
  starting: true,
  running: true,
  stopping: true,
  stopped: true,
  deallocating: true,
  deallocated: true,
  unknown: true,
} satisfies Record<PowerState, true>);

export interface Machine extends Resource {
  powerState: PowerState;
  generalized: boolean;
  /** Why `provisioningState` is Failed. */
  failure: JsonObject | undefined;
  /** The completed scripts of run commands, oldest first. */
  commandsRun: (readonly string[])[];
  provisionedAt: number;
  /** Its location, as the instance view shows it: domains, host. */
  placement: JsonObject | undefined;
  /** The zone whose hardware it uses, requested or not. */
  zone: string | undefined;
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
    placement: undefined,
    zone: undefined,
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

/** The OS disk is on the host and is lost with the allocation, so such a VM cannot be deallocated. */
export function hasEphemeralDisk(machine: Resource): boolean {
  return dig(machine.properties, "storageProfile", "osDisk", "diffDiskSettings") !== undefined;
}

export function isSpot(machine: Resource): boolean {
  return digText(machine.properties, "priority") === "Spot";
}

/** For an unlisted size: two per vCPU, at least 4, as most general-purpose sizes have. */
export function maxDataDisks(size: string): number {
  return findSize(size)?.maxDataDisks ?? Math.min(64, Math.max(4, 2 * vCPUsOf(size)));
}

/**
 * Whether a running VM can take the size where it is. A hardware cluster serves one series (`Standard_D4s_v5` and
 * `Standard_D8s_v5` alike); for another series the VM must be deallocated, so that it may be placed elsewhere.
 */
export function sameCluster(one: string, other: string): boolean {
  return seriesOf(one) === seriesOf(other);
}

function seriesOf(size: string): string {
  return size.toLowerCase().replace(/\d+/, "");
}

/** The parts of the cloud that show in a machine's documents. */
export interface MachineSurroundings {
  readonly resources: Resources;
  readonly clock: Clock;
  readonly illnesses: ReadonlyMap<string, IllnessName>;
}

export function illnessOf(name: string, { illnesses: known }: Pick<MachineSurroundings, "illnesses">): Illness {
  const found = known.get(name.toLowerCase());
  return found === undefined ? healthy : illnesses[found];
}

export function osTypeOf(machine: Machine, around: MachineSurroundings): string {
  const own = digText(machine.properties, "storageProfile", "osDisk", "osType");
  return own ?? illnessOf(machine.name, around).osType;
}

/** The document of a GET; with the instance view if the caller expands it. */
export function presentMachine(machine: Machine, around: MachineSurroundings, expand = false): JsonObject {
  const document = present(machine);
  const extensions = around.resources.childrenOf(machine.id).filter(isExtension).map(presentExtension);
  const properties = digObject(document, "properties");
  const { osProfile } = properties;
  return {
    ...document,
    ...(extensions.length > 0 && { resources: extensions }),
    properties: {
      ...properties,
      ...(osProfile !== undefined && { osProfile: withoutSecrets(digObject(properties, "osProfile")) }),
      ...(expand && { instanceView: instanceView(machine, around) }),
    },
  };
}

export function instanceView(machine: Machine, around: MachineSurroundings): JsonObject {
  const isRunning = machine.powerState === "running";
  const extensions = around.resources.childrenOf(machine.id).filter(isExtension);
  const storage = digObject(machine.properties, "storageProfile");
  const disks = [digObject(storage, "osDisk"), ...digObjects(storage, "dataDisks")].filter((disk) => "name" in disk);
  const now = new Date(around.clock.now()).toISOString();
  const { agent } = illnessOf(machine.name, around);
  return {
    ...(machine.placement !== undefined && { ...machine.placement }),
    ...(isRunning && agent === "ready" && guestOf(machine, osTypeOf(machine, around))),
    hyperVGeneration: "V2",
    ...(isRunning && { vmAgent: agentView(agent, extensions, now) }),
    disks: disks.map((disk) => ({
      name: disk["name"],
      statuses: [status("ProvisioningState/succeeded", "Provisioning succeeded", { time: now })],
    })),
    ...(extensions.length > 0 && { extensions: extensions.map((extension) => extensionView(extension)) }),
    ...bootDiagnosticsView(machine),
    statuses: [...provisioningStatuses(machine), ...powerStatuses(machine)],
  };
}

/** What the agent reports about the guest. */
function guestOf(machine: Machine, osType: string): JsonObject {
  const computerName = digText(machine.properties, "osProfile", "computerName") ?? machine.name;
  return osType === "Windows"
    ? { computerName, osName: "Windows Server 2022 Datacenter Azure Edition", osVersion: "10.0.20348.2966" }
    : { computerName, osName: "ubuntu", osVersion: "24.04" };
}

function agentView(report: AgentReport, extensions: readonly Resource[], time: string): JsonObject {
  const { code, level, display, message } = agentStatus(report);
  const handlers = report === "ready" ? extensions : [];
  return {
    vmAgentVersion: report === "ready" || report === "unresponsive" ? "2.9.1.1" : "Unknown",
    statuses: [status(code, display, { level, message, time })],
    ...(handlers.length > 0 && {
      extensionHandlers: handlers.map((extension) => ({
        type: handlerOf(extension),
        typeHandlerVersion: extension.properties["typeHandlerVersion"],
        status: status("ProvisioningState/succeeded", "Ready", { message: "Plugin enabled" }),
      })),
    }),
  };
}

/** With managed storage there are no links here: only retrieveBootDiagnosticsData returns them. */
function bootDiagnosticsView(machine: Machine): JsonObject {
  const settings = digObject(machine.properties, "diagnosticsProfile", "bootDiagnostics");
  if (settings["enabled"] !== true) return {};
  const storage = digText(settings, "storageUri")?.replace(/\/$/, "");
  if (storage === undefined) return { bootDiagnostics: {} };
  const blob = `${storage}/bootdiagnostics-${machine.name.toLowerCase().slice(0, 9)}-${String(machine.properties["vmId"])}/${machine.name}.${String(machine.properties["vmId"])}`;
  return {
    bootDiagnostics: {
      consoleScreenshotBlobUri: `${blob}.screenshot.bmp`,
      serialConsoleLogBlobUri: `${blob}.serialconsole.log`,
    },
  };
}

export function isExtension({ type }: Resource): boolean {
  return type.endsWith("/extensions");
}

/** Protected settings are write-only; only the instance view says why it failed. */
export function presentExtension(extension: Resource): JsonObject {
  const { protectedSettings: _, failure: __, output: ___, ...properties } = extension.properties;
  return present({ ...extension, properties });
}

function handlerOf({ properties }: Resource): string {
  return [properties["publisher"], properties["type"]].filter(Boolean).join(".");
}

/** What an extension reports about itself: the exit code of its script is the third part of the code. */
export function extensionView(extension: Resource): JsonObject {
  const { provisioningState, properties } = extension;
  const output = digObject(properties, "output");
  const state = provisioningState.toLowerCase();
  const failed = provisioningState === "Failed";
  const exitCode = failed && "exitCode" in output ? `/${Number(output["exitCode"])}` : "";
  const shown = state === "creating" || state === "updating" ? "transitioning" : state;
  const message = digText(output, "message") ?? digText(properties, "failure", "message");
  const streams = (["StdOut", "StdErr"] as const).filter((stream) => stream.toLowerCase() in output);
  return {
    name: extension.name,
    type: handlerOf(extension),
    typeHandlerVersion: properties["typeHandlerVersion"],
    statuses: [
      status(`ProvisioningState/${shown}${exitCode}`, `Provisioning ${shown}`, {
        ...(failed && { level: "Error" }),
        ...(message !== undefined && { message }),
      }),
    ],
    ...(streams.length > 0 && {
      substatuses: streams.map((stream) =>
        status(`ComponentStatus/${stream}/succeeded`, "Provisioning succeeded", {
          message: output[stream.toLowerCase()],
        }),
      ),
    }),
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
