/** Assigns the calls of a function to an item, whatever it awaits and whatever else runs meanwhile. */
import { AsyncLocalStorage } from "node:async_hooks";
import { workItemStorage, type WorkItem } from "../recovery/work-item.js";

const storage = workItemStorage(() => new AsyncLocalStorage<WorkItem>());

/** Runs a function for an item, and waits for a poller that it returns. */
export function runAsItem<Value>(item: WorkItem, work: () => Value | PromiseLike<Value>): Promise<Value> {
  return storage.run(item, async () => finalValue(await work()));
}

/** arm-compute 22 returns pollers that are not thenable; a function that returns one means its end. */
async function finalValue<Value>(value: Value): Promise<Value> {
  const poller = value as { pollUntilDone?: () => Promise<Value> } | null | undefined;
  return typeof poller?.pollUntilDone === "function" ? poller.pollUntilDone() : value;
}
