/**
 * The VM script of the demo: the calls that every such script makes, as its author would write them. It knows nothing of
 * azure-remedy. The `begin…AndWait` names are understood by @azure/arm-compute 22 to 25.
 */
/* eslint-disable @typescript-eslint/no-deprecated -- 24 has shorter names; these are the ones that all versions share */
import type { ComputeManagementClient } from "@azure/arm-compute";

export type Compute = ComputeManagementClient;
export type Step = (compute: Compute, abortSignal: AbortSignal) => Promise<unknown>;

const group = "rg";
const name = "web-01";
const size = "Standard_D2s_v5";

export const create: Step = ({ virtualMachines }, abortSignal) =>
  virtualMachines.beginCreateOrUpdateAndWait(
    group,
    name,
    { location: "westeurope", hardwareProfile: { vmSize: size } },
    { abortSignal },
  );

export const start: Step = ({ virtualMachines }, abortSignal) =>
  virtualMachines.beginStartAndWait(group, name, { abortSignal });

export const resize: Step = ({ virtualMachines }, abortSignal) =>
  virtualMachines.beginUpdateAndWait(group, name, { hardwareProfile: { vmSize: "Standard_E4s_v5" } }, { abortSignal });

export const runCommand: Step = ({ virtualMachines }, abortSignal) =>
  virtualMachines.beginRunCommandAndWait(
    group,
    name,
    { commandId: "RunShellScript", script: ["./charge-customers.sh"] },
    { abortSignal },
  );

export const look: Step = ({ virtualMachines }, abortSignal) => virtualMachines.get(group, name, { abortSignal });
