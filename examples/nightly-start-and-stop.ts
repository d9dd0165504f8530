// How does a nightly script start and stop a list of machines without dying half-way?
import { ComputeManagementClient } from "@azure/arm-compute";
import { withRemedy } from "azure-remedy";
import { startEmulator } from "azure-remedy/emulator";
import { runFleet } from "azure-remedy/fleet";

await using arm = await startEmulator();
for (const name of ["web-01", "web-02", "db-01"]) arm.addVm({ name, powerState: "running" });
arm.fail("OperationNotAllowed.operation-in-progress", { on: "POST virtualMachines/deallocate", times: 2 });

const compute = withRemedy(new ComputeManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions), {
  priority: "background", // whatever else runs at night goes first while Azure throttles
});

/** Stops every machine, goes on when one cannot be stopped, and reports at the end. */
async function stopAll(names: readonly string[]): Promise<void> {
  const run = runFleet(names, (name) => compute.virtualMachines.deallocate("rg", name), {
    deadline: Date.now() + 45 * 60_000,
    // With `journal: "nightly.jsonl"` a night that is cut short is continued by the next one.
  });
  const { succeeded, causes } = await run.summary;
  console.log(`${succeeded} stopped`);
  for (const { keys, explanation, steps } of causes) console.log(`${keys.join(", ")}: ${explanation} ${steps[0]}`);
}

await stopAll(["web-01", "web-02", "db-01", "gone-01"]);
console.log(["web-01", "web-02", "db-01"].map((name) => `${name} ${arm.vm(name)?.powerState}`).join(", "));
