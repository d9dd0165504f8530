// How does another process go on with an operation that this one had to leave?
import { ComputeManagementClient, restorePoller } from "@azure/arm-compute";
import { isRemedyError, withRemedy } from "azure-remedy";
import { startEmulator } from "azure-remedy/emulator";

await using arm = await startEmulator({ operations: { durationMs: 60_000, retryAfterMs: 10_000 } });
const client = (): ComputeManagementClient =>
  new ComputeManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions);

// The first process has 25 seconds, the create takes a minute: the error carries all that is needed to go on.
const hurried = withRemedy(client(), { deadline: Date.now() + 25_000 });
let state: string | undefined;
try {
  await hurried.virtualMachines.createOrUpdate("rg", "web-01", { location: "westeurope" });
} catch (error) {
  if (!isRemedyError(error)) throw error;
  console.log(error.reason);
  state = error.resume?.restoreFrom; // plain JSON: put it into a queue, a blob, an orchestrator's state
}

// The second process restores the poller and waits for the end. Nothing is sent twice.
if (state !== undefined) {
  const second = withRemedy(client());
  const vm = await restorePoller(second, state, second.virtualMachines.createOrUpdate).pollUntilDone();
  console.log(`${vm.name} is ${vm.provisioningState}`);
}
console.log(`${arm.story.filter((line) => line.startsWith("PUT")).length} create was sent`);
