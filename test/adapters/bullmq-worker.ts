/** A worker as a process of its own: deallocates, and runs a script, each job once. Ends with a signal. */
import { createDefaultHttpClient } from "@azure/core-rest-pipeline";
import { ComputeManagementClient } from "@azure/arm-compute";
import { Worker } from "bullmq";
import { withRemedy } from "../../src/index.js";
import { remedyProcessor, sharedThrottleOf } from "../../src/adapters/bullmq.js";

const { REDIS_PORT = "", ARM = "", SUBSCRIPTION = "" } = process.env;
const connection = { host: "127.0.0.1", port: Number(REDIS_PORT), maxRetriesPerRequest: null };
const noCredential = { getToken: () => Promise.resolve({ token: "t", expiresOnTimestamp: Date.now() + 3_600_000 }) };

const client = new ComputeManagementClient(noCredential, SUBSCRIPTION, {
  endpoint: ARM,
  allowInsecureConnection: true,
  httpClient: createDefaultHttpClient(),
});
client.pipeline.removePolicy({ name: "bearerTokenAuthenticationPolicy" });

interface Order {
  readonly vm: string;
}

const work = remedyProcessor<Order, unknown>(async (job) => {
  const { vm } = job.data;
  return client.virtualMachines.runCommand("rg", vm, { commandId: "RunShellScript", script: [`echo ${vm}`] });
});
const worker = new Worker<Order>("machines", work, {
  connection,
  concurrency: 20,
  lockDuration: 3_000,
  stalledInterval: 1_000,
  autorun: false,
});
withRemedy(client, { throttle: await sharedThrottleOf(worker) });
worker.on("error", () => undefined);
process.send?.("ready");
await worker.run();
