// How do I rehearse my script against failures before Azure does it for me?
import { ComputeManagementClient } from "@azure/arm-compute";
import { fallbackSizes, registerProvider, withRemedy } from "azure-remedy";
import { startEmulator } from "azure-remedy/emulator";

// A subscription that never used Microsoft.Compute, in a region without room for the size.
await using arm = await startEmulator({ unregistered: ["Microsoft.Compute"] });
arm.fail("AllocationFailed", { on: "PUT virtualMachines" });
arm.reset({ on: "GET operations" });

const compute = withRemedy(new ComputeManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions), {
  remedies: [registerProvider({ pollMs: 1_000 }), fallbackSizes(["Standard_D2as_v5", "Standard_D2ds_v5"])],
  onEvent: (event) => {
    if (event.type === "remedy" && event.phase === "done") console.log(`${event.remedy}: ${event.change}`);
  },
});
const vm = await compute.virtualMachines.createOrUpdate("rg", "web-01", {
  location: "westeurope",
  hardwareProfile: { vmSize: "Standard_D2s_v5" },
});
console.log(`${vm.name} is a ${vm.hardwareProfile?.vmSize}`);

// The story is what really went over the wire; a test asserts it as a list.
console.log(arm.story.join("\n"));
