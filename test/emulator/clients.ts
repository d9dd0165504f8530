/** The SDK's clients, each generation by its own package, with a poll interval that costs no time. */
import { ComputeManagementClient as Compute24 } from "@azure/arm-compute";
import { ComputeManagementClient as Compute22 } from "arm-compute-22";
import { ComputeManagementClient as Compute23 } from "arm-compute-23";
import type { Emulator } from "azure-remedy/emulator";

interface Wait {
  updateIntervalInMs?: number;
  abortSignal?: AbortSignal;
}
type Action = (resourceGroup: string, vm: string, options?: Wait) => Promise<unknown>;
interface VirtualMachine {
  readonly name?: string;
  readonly provisioningState?: string;
  readonly etag?: string;
  readonly hardwareProfile?: { readonly vmSize?: string };
}

/** What all generations offer under one name. */
export interface Compute {
  readonly virtualMachines: {
    get(resourceGroup: string, vm: string): Promise<VirtualMachine>;
    instanceView(resourceGroup: string, vm: string): Promise<{ statuses?: { code?: string }[] }>;
    generalize(resourceGroup: string, vm: string): Promise<void>;
    beginCreateOrUpdateAndWait(
      resourceGroup: string,
      vm: string,
      parameters: { location: string; zones?: string[]; hardwareProfile?: { vmSize: string } },
      options?: Wait,
    ): Promise<VirtualMachine>;
    beginUpdateAndWait(
      resourceGroup: string,
      vm: string,
      parameters: { tags?: Record<string, string>; hardwareProfile?: { vmSize: string } },
      options?: Wait,
    ): Promise<VirtualMachine>;
    beginRunCommandAndWait(
      resourceGroup: string,
      vm: string,
      parameters: { commandId: string; script?: string[] },
      options?: Wait,
    ): Promise<{ value?: { message?: string }[] }>;
    readonly beginDeleteAndWait: Action;
    readonly beginStartAndWait: Action;
    readonly beginPowerOffAndWait: Action;
    readonly beginDeallocateAndWait: Action;
    readonly beginRestartAndWait: Action;
    readonly beginRedeployAndWait: Action;
    readonly beginReapplyAndWait: Action;
    readonly beginReimageAndWait: Action;
  };
}

/** The retries of the SDK cost a millisecond each. */
const noWaiting = { retryOptions: { retryDelayInMs: 1, maxRetryDelayInMs: 1 } };

export const compute22 = (arm: Emulator): Compute22 =>
  new Compute22(arm.credential, arm.subscriptionId, { ...arm.clientOptions, ...noWaiting });
export const compute24 = (arm: Emulator): Compute24 =>
  new Compute24(arm.credential, arm.subscriptionId, { ...arm.clientOptions, ...noWaiting });
const compute23 = (arm: Emulator): Compute23 =>
  new Compute23(arm.credential, arm.subscriptionId, { ...arm.clientOptions, ...noWaiting });

export const generations: readonly (readonly [string, (arm: Emulator) => Compute])[] = [
  ["arm-compute 22", compute22],
  ["arm-compute 23", compute23],
  ["arm-compute 24", compute24],
];
