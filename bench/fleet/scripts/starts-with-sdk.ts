import pLimit from "p-limit";
import pRetry from "p-retry";
import { connect } from "./connect.js";

const { virtualMachines } = connect();
const limit = pLimit(100);
const names: string[] = [];
for await (const { name = "" } of virtualMachines.listAll()) names.push(name);

const start = async (name: string): Promise<void> => {
  await virtualMachines.start("rg", name);
};
await limit.map(names, async (name) => {
  try {
    await pRetry(() => start(name), { retries: 10, minTimeout: 5_000, maxTimeout: 60_000, randomize: true });
    console.log("succeeded", name);
  } catch {
    console.log("failed", name);
  }
});
