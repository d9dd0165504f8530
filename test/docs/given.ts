/**
 * What the pages' code leans on, by import from "given": a cloud of its own for each block, and clients for it. Live bindings,
 * so that a block that is imported finds those of its own turn.
 */
import { ComputeManagementClient } from "@azure/arm-compute";
import { AzureLogger, setLogLevel } from "@azure/logger";
import { withRemedy } from "azure-remedy";
import { startEmulator, type Emulator } from "azure-remedy/emulator";

/** The local ARM that stands in for Azure. */
export let arm: Emulator;
export let subscriptionId: string;
/** A client as the SDK ships it. */
export let client: ComputeManagementClient;
/** The same with azure-remedy. */
export let compute: ComputeManagementClient;

/** The body of a small VM. */
export const vm = { location: "westeurope", hardwareProfile: { vmSize: "Standard_D2s_v5" } };

/** Before a block. */
export async function enter(): Promise<void> {
  arm = await startEmulator();
  subscriptionId = arm.subscriptionId;
  client = new ComputeManagementClient(arm.credential, subscriptionId, arm.clientOptions);
  compute = withRemedy(new ComputeManagementClient(arm.credential, subscriptionId, arm.clientOptions));
}

/** The SDK of OpenTelemetry, with exporters in memory. */
export { startTraces } from "../support/traces.js";

const writeLog = AzureLogger.log;

/** After it. */
export async function leave(): Promise<void> {
  AzureLogger.log = writeLog;
  setLogLevel();
  await arm.stop();
}
