// How do I tell what an error means, and what to do?
import { ComputeManagementClient } from "@azure/arm-compute";
import { diagnose, isRemedyError, withRemedy } from "azure-remedy";
import { startEmulator } from "azure-remedy/emulator";

await using arm = await startEmulator();
arm.addVm({ name: "web-01", powerState: "running" });
arm.fail("OperationNotAllowed.vm-not-deallocated", { on: "PATCH virtualMachines" });

// In a catch block: the error says what happened, whether a retry helps, and what to do.
const compute = withRemedy(new ComputeManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions));
try {
  await compute.virtualMachines.update("rg", "web-01", { hardwareProfile: { vmSize: "Standard_E4s_v5" } });
} catch (error) {
  if (!isRemedyError(error)) throw error;
  const { code, disposition, category, explanation, remedy } = error.diagnosis;
  console.log(`${code} (${disposition}, ${category}): ${explanation}`);
  for (const step of remedy.steps) console.log(`  - ${step}`);
}

// Anything else can be explained too: an answer, a body, an error of another SDK, or what a tool printed.
const printed =
  "ERROR: (SkuNotAvailable) The requested VM size 'Standard_NC24' is currently not available in location 'westeurope'.";
const { code, disposition, explanation } = diagnose(printed);
console.log(`${code} (${disposition}): ${explanation}`);
