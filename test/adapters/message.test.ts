/** A message that is put back is seen again at the right moment, by a real queue. */
import { QueueClient } from "@azure/storage-queue";
import { reschedule } from "azure-remedy/functions";
import { afterAll, beforeAll, expect, it } from "vitest";
import { remedyErrorOf } from "../support/outcome.js";
import { scene } from "../support/scene.js";
import { startAzurite, type Azurite } from "./azurite.js";

let azurite: Azurite;
beforeAll(async () => {
  azurite = await startAzurite();
}, 60_000);
afterAll(() => azurite.stop());

it("comes back from Azurite when the service lets it, not before", async () => {
  const queue = new QueueClient(azurite.connectionString, "orders");
  await queue.create();
  let error: unknown;
  await scene("24", async ({ arm, client }) => {
    arm.addVm({ name: "web-01" });
    arm.throttle({ on: "POST virtualMachines/start", retryAfter: 600 });
    error = await remedyErrorOf(client({ deadline: () => 60_000 }).start("web-01"));
  });
  const { retryAt } = error as { retryAt: Date };
  const put = Date.now();
  // Two seconds before a new try makes sense.
  const at = await reschedule(queue, { name: "web-01" }, error, { now: retryAt.getTime() - 2_000 });
  expect(at).toEqual(retryAt);
  const seen: number[] = [];
  let text = "";
  while (text === "") {
    const { receivedMessageItems } = await queue.receiveMessages();
    text = receivedMessageItems[0]?.messageText ?? "";
    seen.push(Date.now() - put);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(JSON.parse(Buffer.from(text, "base64").toString())).toEqual({ name: "web-01" });
  expect(seen.at(-1)).toBeGreaterThan(1_000);
  expect(seen.length).toBeGreaterThan(1);
});
