/**
 * Real processes against the emulator on a real socket, in real time: Resource Manager's bucket of writes as documented,
 * each strategy with one, four and sixteen processes, and ours once more with a real Redis where one is installed.
 */
import { build } from "esbuild";
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startEmulator } from "../../../src/emulator/index.js";
import { redisBinary, startRedis } from "../../../test/throttle/redis-server.js";
import { workerStrategies, type Work, type WorkDone, type WorkerStrategy } from "./work.js";

const calls = 600;
const writes = { capacity: 200, refill: 10 };
/** The bucket's first step comes a second after its first request. */
const leastMs = ((calls - writes.capacity) / writes.refill) * 1_000;
/** Long enough for a strategy that takes a quarter more than the least possible. */
const patienceMs = 50_000;
const targets: Readonly<Record<string, Readonly<Record<number, { ratio: number; rejected: number }>>>> = {
  "azure-remedy": {
    1: { ratio: 1.05, rejected: 5 },
    4: { ratio: 1.1, rejected: 20 },
    16: { ratio: 1.1, rejected: 100 },
  },
  "azure-remedy with Redis": { 4: { ratio: 1.05, rejected: 2 }, 16: { ratio: 1.05, rejected: 2 } },
};

const withRedis: WorkerStrategy = "azure-remedy with Redis";
const peers = workerStrategies.slice(2);

interface Contest {
  readonly processes: number;
  readonly strategy: WorkerStrategy;
}

const contests = (processes: number, strategies: readonly WorkerStrategy[]): Contest[] =>
  strategies.map((strategy) => ({ processes, strategy }));

/**
 * What runs at the same time, each against an emulator of its own. Sixteen processes are as many as a small machine bears,
 * and those who wait for the second in which a token falls due want it to themselves; the peers send everything at once.
 */
const batches: readonly (readonly Contest[])[] = [
  [...contests(1, ["azure-remedy"]), ...contests(4, ["azure-remedy"])],
  contests(4, [withRedis]),
  contests(16, ["azure-remedy"]),
  contests(16, [withRedis]),
  [...contests(1, peers), ...contests(4, peers)],
  contests(16, peers),
];

/** @returns the number of targets that are missed */
export async function printProcesses(): Promise<number> {
  console.log(
    `\nREAL PROCESSES, REAL TIME, THE EMULATOR (${calls} calls at once, 200 + 10/s; T* = ${leastMs / 1_000} s)`,
  );
  const heads = ["served", "rejected", "time / T*", "p99 s", "fairness", "in closed", "trips/call", "target"];
  console.log(`${"".padEnd(42)}${heads.map((head) => head.padStart(11)).join("")}`);
  const redis = redisBinary === undefined ? undefined : await startRedis();
  if (!redis) console.log("  neither redis-server nor valkey-server is installed: the rows with Redis are left out");
  const folder = await mkdtemp(join(tmpdir(), "throttle-bench-"));
  let missed = 0;
  try {
    const workerFile = await bundleWorker(folder);
    for (const batch of batches) {
      const together = batch.filter(({ strategy }) => redis !== undefined || strategy !== withRedis);
      const measured = await Promise.all(together.map((contest) => measure(contest, workerFile, redis?.port)));
      together.forEach((contest, index) => {
        const outcome = measured[index];
        if (outcome && !printRow(contest, outcome)) missed++;
      });
    }
  } finally {
    await redis?.stop();
    await rm(folder, { recursive: true });
  }
  return missed;
}

/** One file, so that sixty-four processes start in a eventTime. */
async function bundleWorker(folder: string): Promise<string> {
  const outfile = join(folder, "worker.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("worker.ts", import.meta.url))],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
  return outfile;
}

async function measure(
  { processes, strategy }: Contest,
  workerFile: string,
  redisPort: number | undefined,
): Promise<Measured> {
  const emulator = await startEmulator({ throttling: { writes, compute: false }, onUnknownRequest: "answer" });
  const { endpoint, subscriptionId } = emulator;
  const workers = Array.from({ length: processes }, () => startWorker(workerFile));
  try {
    await Promise.all(
      workers.map((worker, index) => {
        const part = Math.floor(((index + 1) * calls) / processes) - Math.floor((index * calls) / processes);
        const work: Work = {
          endpoint,
          subscriptionId,
          strategy,
          calls: part,
          inFlight: calls,
          halfMs: leastMs / 2,
          ...(redisPort !== undefined && { redisPort }),
        };
        worker.send(work);
        return once(worker, "message");
      }),
    );
    const startedAt = Date.now();
    const answers = workers.map(async (worker) => (await once(worker, "message"))[0] as WorkDone);
    for (const worker of workers) worker.send("go");
    const patience = setTimeout(() => workers.forEach((worker) => worker.connected && worker.send("stop")), patienceMs);
    const results = await Promise.all(answers);
    clearTimeout(patience);
    return { startedAt, results, rejected: rejectedBy(emulator.story) };
  } finally {
    for (const worker of workers) worker.kill("SIGKILL");
    await emulator.stop();
  }
}

interface Measured {
  readonly startedAt: number;
  readonly results: readonly WorkDone[];
  readonly rejected: number;
}

function startWorker(file: string): ChildProcess {
  return fork(file, { execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] });
}

const rejectedBy = (story: readonly string[]): number => story.filter((line) => line.includes(" 429")).length;

/** @returns whether the target, if there is one, is met */
function printRow({ processes, strategy }: Contest, { startedAt, results, rejected }: Measured): boolean {
  const sum = (of: (result: WorkDone) => number): number => results.reduce((total, result) => total + of(result), 0);
  const served = sum((result) => result.served);
  const all = served === calls;
  const ratio = (Math.max(...results.map((result) => result.finishedAt)) - startedAt) / leastMs;
  const latencies = results.flatMap((result) => result.latenciesMs).sort((one, other) => one - other);
  const p99 = latencies[Math.floor(latencies.length * 0.99)] ?? NaN;
  const closed = sum((result) => result.sentWhileClosed);
  const trips = sum((result) => result.roundTrips) / calls;
  const target = targets[strategy]?.[processes];
  const passes = target && all && closed === 0 && ratio <= target.ratio && rejected <= target.rejected;
  const cells = [
    all ? "100 %" : `${served}/${calls}`,
    String(rejected),
    all ? ratio.toFixed(3) : "–",
    (p99 / 1_000).toFixed(1),
    jain(results.map((result) => result.servedAtHalf)).toFixed(2),
    String(closed),
    trips === 0 ? "–" : trips.toFixed(2),
  ].map((cell) => cell.padStart(11));
  const mark = target ? `   ${passes ? "✓" : "✗"} ≤ ${target.ratio}, ≤ ${target.rejected}` : "";
  console.log(
    `${`${processes} process${processes === 1 ? "  " : "es"}`.padStart(14)}  ${strategy.padEnd(26)}${cells.join("")}${mark}`,
  );
  return !target || passes === true;
}

/** Jain's index: 1 when all have come equally far. */
function jain(progress: readonly number[]): number {
  const sum = progress.reduce((total, part) => total + part, 0);
  const squares = progress.reduce((total, part) => total + part * part, 0);
  return squares === 0 ? 1 : (sum * sum) / (progress.length * squares);
}
