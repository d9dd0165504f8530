/** A rehearsal that ends with everything still under way. If `stop` leaves a socket or a timer, this process never ends. */
import { ComputeManagementClient } from "@azure/arm-compute";
import { startEmulator } from "../../src/emulator/index.js";

const arm = await startEmulator();
arm.addVm({ name: "web-01" });
const { virtualMachines } = new ComputeManagementClient(arm.credential, arm.subscriptionId, {
  ...arm.clientOptions,
  retryOptions: { maxRetries: 0 },
});
await virtualMachines.get("rg", "web-01");
arm.hang({ on: "GET virtualMachines/web-01" });
arm.latency({ on: "GET virtualMachines/instanceView", ms: 3_600_000 });
const hung = virtualMachines.get("rg", "web-01").catch((error: unknown) => error);
const late = virtualMachines.instanceView("rg", "web-01").catch((error: unknown) => error);
while (arm.exchanges.length < 3) await new Promise((resolve) => setImmediate(resolve));
await arm.stop();
await Promise.all([hung, late]);
console.log("stopped");
