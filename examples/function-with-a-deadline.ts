// How does an Azure Function stay within its time, and leave the rest to the next run?
import { ComputeManagementClient } from "@azure/arm-compute";
import { isRemedyError, withRemedy, type ResumeInfo } from "azure-remedy";
import { startEmulator, type Emulator } from "azure-remedy/emulator";

/** What a Functions host passes in, as far as it is needed here. */
interface Context {
  readonly invocationId: string;
  remainingMs(): number;
}

type Result =
  { readonly done: true } | { readonly done: false; readonly comeBackAt?: Date; readonly resume?: ResumeInfo };

/** Starts a machine; when the time is up it says when to come back, or what to go on with, instead of being killed. */
async function startMachine(name: string, context: Context, arm: Emulator): Promise<Result> {
  const compute = withRemedy(new ComputeManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions), {
    deadline: () => context.remainingMs() - 5_000, // five seconds to store the outcome
  });
  try {
    await compute.virtualMachines.start("rg", name);
    return { done: true };
  } catch (error) {
    if (!isRemedyError(error)) throw error;
    console.log(error.message.split("\n", 1)[0]);
    console.log(`  ${error.reason}`);
    return {
      done: false,
      ...(error.retryAt && { comeBackAt: error.retryAt }),
      ...(error.resume && { resume: error.resume }),
    };
  }
}

await using arm = await startEmulator();
arm.addVm({ name: "web-01", powerState: "deallocated" });
arm.throttle({ on: "POST virtualMachines/start", retryAfter: 1_200 }); // Compute's longest window

const startedAt = Date.now();
const context: Context = { invocationId: "1", remainingMs: () => startedAt + 60_000 - Date.now() };
const result = await startMachine("web-01", context, arm);
if (!result.done)
  console.log(`come back in ${Math.round(((result.comeBackAt?.getTime() ?? 0) - startedAt) / 60_000)} minutes`);
