// How does a nightly script start and stop a list of machines without dying half-way?
import { ComputeManagementClient } from "@azure/arm-compute";
import { isRemedyError, withRemedy } from "azure-remedy";
import { startEmulator } from "azure-remedy/emulator";

await using arm = await startEmulator();
for (const name of ["web-01", "web-02", "db-01"]) arm.addVm({ name, powerState: "running" });
arm.fail("OperationNotAllowed.operation-in-progress", { on: "POST virtualMachines/deallocate", times: 2 });

const compute = withRemedy(new ComputeManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions), {
  priority: "background", // whatever else runs at night goes first while Azure throttles
  maxElapsedMs: 45 * 60_000,
});

/** Stops every machine, goes on when one cannot be stopped, and reports at the end. */
async function stopAll(names: readonly string[]): Promise<string[]> {
  const results = await Promise.allSettled(names.map((name) => compute.virtualMachines.deallocate("rg", name)));
  return results.flatMap((result, index) => {
    if (result.status === "fulfilled") return [];
    const reason: unknown = result.reason;
    const why = isRemedyError(reason)
      ? `${reason.diagnosis.explanation} ${reason.diagnosis.remedy.steps[0]}`
      : String(reason);
    return [`${names[index]}: ${why}`];
  });
}

const problems = await stopAll(["web-01", "web-02", "db-01", "gone-01"]);
console.log(problems.length === 0 ? "all stopped" : `to look at in the morning:\n  ${problems.join("\n  ")}`);
console.log(["web-01", "web-02", "db-01"].map((name) => `${name} ${arm.vm(name)?.powerState}`).join(", "));
