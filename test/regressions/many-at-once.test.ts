/** All attempts of a span share one time-out signal; Node took its eleventh listener for a leak and said so on stderr. */
import { setImmediate } from "node:timers/promises";
import { ComputeManagementClient } from "@azure/arm-compute";
import { withRemedy } from "azure-remedy";
import { startEmulator } from "azure-remedy/emulator";
import { expect, it } from "vitest";

it("thirty calls at once bring no warning of a leak", async () => {
  await using arm = await startEmulator();
  arm.addVm({ name: "web-01" });
  const compute = withRemedy(new ComputeManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions));
  const warnings: string[] = [];
  const listen = (warning: Error): void => void warnings.push(warning.name);
  process.on("warning", listen);
  await Promise.all(Array.from({ length: 30 }, () => compute.virtualMachines.get("rg", "web-01")));
  await setImmediate();
  process.off("warning", listen);
  expect(warnings).toEqual([]);
});
