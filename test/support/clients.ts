/** The real clients of both generations behind one small surface, so that one story runs on both. */
import { ComputeManagementClient as Compute24 } from "@azure/arm-compute";
import type { PipelinePolicy } from "@azure/core-rest-pipeline";
import { ComputeManagementClient as Compute22 } from "arm-compute-22";
import { withRemedy, type RemedyOptions } from "azure-remedy";
import type { Emulator, EmulatorCredential } from "azure-remedy/emulator";
import { createThrottle } from "../../src/throttle/local-throttle.js";
import type { VirtualTime } from "./virtual-time.js";

export interface VmBody {
  location: string;
  zones?: string[];
  tags?: Record<string, string>;
  hardwareProfile?: { vmSize: string };
  priority?: string;
  proximityPlacementGroup?: { id: string };
  osProfile?: { computerName?: string; adminUsername?: string; adminPassword?: string; customData?: string };
}

/** What the stories do with virtual machines. Every call runs to its end. */
export interface Compute {
  readonly generation: "22" | "24";
  readonly client: Compute22 | Compute24;
  get(
    name: string,
    options?: { abortSignal?: AbortSignal; requestOptions?: { timeout?: number } },
  ): Promise<{ name?: string; provisioningState?: string; hardwareProfile?: { vmSize?: string } }>;
  create(
    name: string,
    body?: Partial<VmBody>,
    options?: { abortSignal?: AbortSignal },
  ): Promise<{ name?: string; hardwareProfile?: { vmSize?: string }; zones?: string[] }>;
  start(name: string, options?: { abortSignal?: AbortSignal }): Promise<unknown>;
  deallocate(name: string, options?: { abortSignal?: AbortSignal }): Promise<unknown>;
  powerOff(name: string): Promise<unknown>;
  resize(name: string, vmSize: string): Promise<unknown>;
  remove(name: string): Promise<unknown>;
  runCommand(name: string, script: string[], options?: { abortSignal?: AbortSignal }): Promise<unknown>;
  capture(name: string): Promise<unknown>;
}

export const generations = ["22", "24"] as const;

export const wholeBody = (body: Partial<VmBody>): VmBody => ({
  location: "westeurope",
  hardwareProfile: { vmSize: "Standard_D2s_v5" },
  ...body,
});

/** How a client is made, beyond what every story needs. */
export interface ClientSetup {
  credential?: Pick<EmulatorCredential, "getToken">;
  /** Policies of the user's own. */
  additionalPolicies?: AdditionalPolicy[];
  /** Another host than that of the public cloud. */
  endpoint?: string;
}

export interface AdditionalPolicy {
  policy: PipelinePolicy;
  position: "perCall" | "perRetry";
}

/** A client of one generation, pointed at the emulator, in virtual time; `options: null` leaves it as the SDK ships it. */
export function connect(
  generation: (typeof generations)[number],
  arm: Emulator,
  time: VirtualTime,
  options: RemedyOptions | null = {},
  { credential = arm.credential, additionalPolicies = [], endpoint }: ClientSetup = {},
): Compute {
  const clientOptions = {
    ...(endpoint !== undefined && { endpoint }),
    additionalPolicies: [...additionalPolicies, time.wire, ...arm.clientOptions.additionalPolicies],
  };
  const settings = options === null ? null : { ...withoutChance(), ...options };
  const connected = generation === "22" ? connect22 : connect24;
  return connected(credential, arm.subscriptionId, clientOptions, settings);
}

/** No jitter, so that waits can be told exactly, and a throttle of the story's own, so that none ends in another's time. */
export const withoutChance = (): RemedyOptions => ({
  random: () => 0,
  throttle: createThrottle({ random: () => 0 }),
});

interface ClientOptions {
  additionalPolicies: AdditionalPolicy[];
}
type Credential = Pick<EmulatorCredential, "getToken">;

function connect22(
  credential: Credential,
  subscriptionId: string,
  clientOptions: ClientOptions,
  options: RemedyOptions | null,
): Compute {
  const client = new Compute22(credential, subscriptionId, clientOptions);
  if (options) withRemedy(client, options);
  const { virtualMachines: vms } = client;
  return {
    generation: "22",
    client,
    get: (name, callOptions = {}) => vms.get("rg", name, callOptions),
    create: (name, body = {}, callOptions = {}) =>
      vms.beginCreateOrUpdateAndWait("rg", name, wholeBody(body), callOptions),
    start: (name, callOptions = {}) => vms.beginStartAndWait("rg", name, callOptions),
    deallocate: (name, callOptions = {}) => vms.beginDeallocateAndWait("rg", name, callOptions),
    powerOff: (name) => vms.beginPowerOffAndWait("rg", name),
    resize: (name, vmSize) => vms.beginUpdateAndWait("rg", name, { hardwareProfile: { vmSize } }),
    remove: (name) => vms.beginDeleteAndWait("rg", name),
    runCommand: (name, script, callOptions = {}) =>
      vms.beginRunCommandAndWait("rg", name, { commandId: "RunShellScript", script }, callOptions),
    capture: (name) =>
      vms.beginCaptureAndWait("rg", name, { vhdPrefix: "p", destinationContainerName: "c", overwriteVhds: false }),
  };
}

function connect24(
  credential: Credential,
  subscriptionId: string,
  clientOptions: ClientOptions,
  options: RemedyOptions | null,
): Compute {
  const client = new Compute24(credential, subscriptionId, clientOptions);
  if (options) withRemedy(client, options);
  const { virtualMachines: vms } = client;
  return {
    generation: "24",
    client,
    get: (name, callOptions = {}) => vms.get("rg", name, callOptions),
    create: async (name, body = {}, callOptions = {}) => vms.createOrUpdate("rg", name, wholeBody(body), callOptions),
    start: async (name, callOptions = {}) => vms.start("rg", name, callOptions),
    deallocate: async (name, callOptions = {}) => vms.deallocate("rg", name, callOptions),
    powerOff: async (name) => vms.powerOff("rg", name),
    resize: async (name, vmSize) => vms.update("rg", name, { hardwareProfile: { vmSize } }),
    remove: async (name) => vms.delete("rg", name),
    runCommand: async (name, script, callOptions = {}) =>
      vms.runCommand("rg", name, { commandId: "RunShellScript", script }, callOptions),
    capture: async (name) =>
      vms.capture("rg", name, { vhdPrefix: "p", destinationContainerName: "c", overwriteVhds: false }),
  };
}
