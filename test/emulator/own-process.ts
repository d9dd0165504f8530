/** A rehearsal that ends with everything still under way. If `stop` leaves a socket or a timer, this process never ends. */
import { createDefaultHttpClient, createPipelineFromOptions, createPipelineRequest } from "@azure/core-rest-pipeline";
import { startEmulator } from "../../src/emulator/index.js";

const arm = await startEmulator();
const vm = arm.addVm({ name: "web-01" }).id;
const client = createDefaultHttpClient();
const pipeline = arm.connect(createPipelineFromOptions({ retryOptions: { maxRetries: 0 } }));
const get = (path: string): Promise<unknown> =>
  pipeline.sendRequest(client, createPipelineRequest({ url: `https://management.azure.com${path}?api-version=1` }));

await get(vm);
arm.hang({ on: "GET virtualMachines/web-01" });
arm.latency({ on: "GET virtualMachines/instanceView", ms: 3_600_000 });
const underWay = Promise.allSettled([get(vm), get(`${vm}/instanceView`)]);
while (arm.exchanges.length < 3) await new Promise((resolve) => setImmediate(resolve));
await arm.stop();
await underWay;
console.log("stopped");
