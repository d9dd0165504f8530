import { withRemedy } from "azure-remedy";
import { runFleet } from "azure-remedy/fleet";
import { connect, patch } from "./connect.js";

const { virtualMachines } = withRemedy(connect());

const run = runFleet(
  virtualMachines.listAll(),
  async ({ name = "" }, { signal: abortSignal }) => {
    await virtualMachines.start("rg", name, { abortSignal });
    await virtualMachines.runCommand("rg", name, patch, { abortSignal });
  },
  { journal: "nightly.jsonl" },
);
for await (const { item, status } of run) console.log(status, item.name);
const { causes, ...counts } = await run.summary;
console.log(counts);
for (const { count, code, steps } of causes) console.log(`${count} × ${code}: ${steps[0]}`);
