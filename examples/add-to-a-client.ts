// How do I add it to a client?
import { ComputeManagementClient } from "@azure/arm-compute";
import { withRemedy } from "azure-remedy";
import { startEmulator } from "azure-remedy/emulator";

// The local ARM stands in for Azure. In production: new DefaultAzureCredential(), your subscription, no third argument.
await using arm = await startEmulator();
const compute = withRemedy(new ComputeManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions));

// Azure is busy twice: once at the door, once at the end of the long-running operation. The code does not change.
arm.throttle({ on: "PUT virtualMachines", retryAfter: 1 });
arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });

const vm = await compute.virtualMachines.createOrUpdate("rg", "web-01", {
  location: "westeurope",
  hardwareProfile: { vmSize: "Standard_D2s_v5" },
});
console.log(
  `${vm.name} is ${vm.provisioningState}, after ${arm.story.filter((line) => line.startsWith("PUT")).length} submissions`,
);
