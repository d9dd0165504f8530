// Every night: deallocate what carries the tag env=dev. A run that is cut short goes on the next time, from its journal.
import { app, type InvocationContext, type Timer } from "@azure/functions";
import { runFleet } from "azure-remedy/fleet";
import { blobJournal, invocationDeadline } from "azure-remedy/functions";
import { cloud } from "../cloud";

export async function nightlyDeallocation(_timer: Timer, context: InvocationContext): Promise<void> {
  const left = invocationDeadline();
  const compute = cloud.compute({ priority: "background" });
  const run = runFleet(
    developmentMachines(compute),
    ({ name }, { signal }) => compute.virtualMachines.deallocate(cloud.resourceGroup, name, { abortSignal: signal }),
    { journal: blobJournal(cloud.journal("nightly")), deadline: left },
  );
  const { causes, ...counts } = await run.summary;
  context.log("nightly deallocation", counts);
  for (const { code, count, explanation, steps } of causes)
    context.warn(`${count} × ${code ?? "a failure"}: ${explanation} ${steps[0] ?? ""}`);
}

async function* developmentMachines(
  compute: ReturnType<typeof cloud.compute>,
): AsyncIterable<{ id: string; name: string }> {
  for await (const { id = "", name = "", tags } of compute.virtualMachines.list(cloud.resourceGroup))
    if (tags?.env === "dev") yield { id, name };
}

app.timer("nightlyDeallocation", { schedule: "0 0 1 * * *", handler: nightlyDeallocation });
