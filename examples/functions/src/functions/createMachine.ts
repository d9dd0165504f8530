// A queue of machines to create. A message comes back when a new try makes sense, and goes on with a create that runs.
import { app, type InvocationContext } from "@azure/functions";
import { restorePoller, type VirtualMachine } from "@azure/arm-compute";
import type { ResumeInfo } from "azure-remedy";
import { fallback, similar } from "azure-remedy/capacity";
import { invocationDeadline, reschedule } from "azure-remedy/functions";
import { cloud } from "../cloud";

export interface Order {
  readonly name: string;
  readonly machine: VirtualMachine;
  /** Set when a create was begun that still runs. */
  readonly resume?: ResumeInfo;
}

export async function createMachine(message: unknown, context: InvocationContext): Promise<void> {
  const order = message as Order;
  const compute = cloud.compute({
    deadline: invocationDeadline(),
    remedies: [fallback({ sizes: similar() })],
  });
  const { virtualMachines } = compute;
  try {
    if (order.resume)
      await restorePoller(compute, order.resume.restoreFrom, virtualMachines.createOrUpdate).pollUntilDone();
    else await virtualMachines.createOrUpdate(cloud.resourceGroup, order.name, order.machine);
    context.log(`${order.name} is there`);
  } catch (error) {
    const at = await reschedule(cloud.queue("machines"), order, error);
    // What no later try helps goes to the poison queue, with the error that says what to do.
    if (!at) throw error;
    context.log(`${order.name} comes back at ${at.toISOString()}`);
  }
}

app.storageQueue("createMachine", {
  queueName: "machines",
  connection: "AzureWebJobsStorage",
  handler: createMachine,
});
