/**
 * `npm run differential -- [--wires N] [--seed S] [--against PATH] [--compute PATH]`
 *
 * Plays random wires to the SDK as it ships and to the same client with `withRemedy`, on all cores, and counts what is the
 * same, better and worse. With `--seed` alone one wire is played and both sides are printed. `--against` plays two builds
 * of the package to each other: the one that is built here, and the one in that folder.
 *
 * `--compute` names a folder into which another arm-compute is installed, which is played instead of 24. 25 needs Node 22:
 * `npm i --prefix /tmp/compute-25 @azure/arm-compute@25`, then `node --import tsx test/differential/main.ts --compute
 * /tmp/compute-25`.
 */
import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { explain } from "./explain.js";
import { Tally } from "./tally.js";

const { values } = parseArgs({
  options: {
    wires: { type: "string" },
    seed: { type: "string" },
    against: { type: "string" },
    compute: { type: "string" },
    workers: { type: "string" },
  },
});
const { against, compute } = values;
const seed = Number(values.seed ?? 1);

if (values.seed !== undefined && values.wires === undefined) {
  console.log(await explain(seed, { against, compute }));
} else {
  const wires = Number(values.wires ?? 20_000);
  const workers = Number(values.workers ?? availableParallelism());
  const share = Math.ceil(wires / workers);
  const startedAt = performance.now();
  const tallies = await Promise.all(
    Array.from({ length: workers }, (_, index) => {
      const first = seed + index * share;
      return work(first, Math.min(share, seed + wires - first));
    }),
  );
  const tally = Tally.sum(tallies);
  const seconds = (performance.now() - startedAt) / 1_000;
  console.log(tally.print());
  console.log(`${wires} wires in ${seconds.toFixed(1)} s on ${workers} workers.`);
  if (tally.worse > 0) process.exitCode = 1;
}

function work(first: number, count: number): Promise<Tally> {
  const worker = fork(fileURLToPath(new URL("worker.ts", import.meta.url)), [
    JSON.stringify({ first, count, against, compute }),
  ]);
  return new Promise((resolve, reject) => {
    worker.on("message", (message) => resolve(Tally.from(message)));
    worker.on("exit", (code) => reject(new Error(`A worker ended with ${code ?? "a signal"} at wires from ${first}.`)));
  });
}
