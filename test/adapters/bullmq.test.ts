/** Three workers, one of which is killed, and a Redis that is restarted once: each operation ends exactly once. */
import { fork, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Queue, QueueEvents, Worker } from "bullmq";
import { remedyProcessor } from "azure-remedy/bullmq";
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { remedyErrorOf } from "../support/outcome.js";
import { scene } from "../support/scene.js";
import { redisBinary, startRedis, type RedisServer } from "../throttle/redis-server.js";

const machines = 200;
/** Of `bullmq-worker.ts`. */
const workerConcurrency = 20;
const workerFile = fileURLToPath(new URL("bullmq-worker.ts", import.meta.url));

describe.skipIf(redisBinary === undefined)("BullMQ (needs redis-server)", () => {
  let redis: RedisServer;
  let folder: string;
  let arm: Emulator;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "bullmq-"));
    redis = await startRedis({ folder });
    arm = await startEmulator({ throttling: false, operations: { durationMs: 1_500, retryAfterMs: 1_000 } });
  });
  afterAll(async () => {
    for (const child of children) child.kill("SIGKILL");
    await arm.stop();
    await redis.stop();
    rmSync(folder, { recursive: true });
  });

  const startWorker = (): Promise<ChildProcess> =>
    new Promise((resolve) => {
      const env = {
        ...process.env,
        REDIS_PORT: String(redis.port),
        ARM: arm.endpoint,
        SUBSCRIPTION: arm.subscriptionId,
      };
      const child = fork(workerFile, {
        execArgv: ["--import", "tsx"],
        env,
        stdio: ["ignore", "ignore", "inherit", "ipc"],
      });
      children.push(child);
      child.once("message", () => resolve(child));
    });

  it("runs each script once, though a worker is killed and Redis is restarted", async () => {
    const names = Array.from({ length: machines }, (_, index) => `vm-${index}`);
    for (const name of names) arm.addVm({ name });
    const connection = { host: "127.0.0.1", port: redis.port, maxRetriesPerRequest: null };
    const queue = new Queue("machines", { connection });
    queue.on("error", () => undefined);
    await queue.addBulk(names.map((vm) => ({ name: "patch", data: { vm } })));
    const [first] = await Promise.all([startWorker(), startWorker(), startWorker()]);
    await until(async () => (await queue.getCompletedCount()) > 30);
    first.kill("SIGKILL");
    await until(async () => (await queue.getCompletedCount()) > 80);
    await redis.restart();
    await until(
      async () =>
        (await queue.getCompletedCount().catch(() => 0)) + (await queue.getFailedCount().catch(() => 0)) >= machines,
    );
    // A script that was being sent when its worker was killed may have run: such a job ends as unknown, and is not run again.
    const failed = await queue.getFailed();
    expect(failed.length).toBeLessThanOrEqual(workerConcurrency);
    for (const { failedReason } of failed) expect(failedReason).toMatch(/unknown/);
    const ran = arm.exchanges.filter(({ method, name }) => method === "POST" && name.endsWith("/runCommand"));
    expect(new Set(ran.map(({ name }) => name)).size).toBe(ran.length);
    expect(ran.length).toBeGreaterThanOrEqual(machines - failed.length);
    await queue.close();
  }, 90_000);

  it("delays a job until a new try makes sense, and gives up on one that will never pass", async () => {
    await scene("24", async ({ arm: other, client }) => {
      other.addVm({ name: "vm-1" });
      other.throttle({ on: "POST virtualMachines/start", retryAfter: 600 });
      const throttled = await remedyErrorOf(client({ deadline: () => 60_000 }).start("vm-1"));
      other.fail("InvalidParameter", { on: "POST virtualMachines/start", as: "answer" });
      const permanent = await remedyErrorOf(client().start("vm-1"));
      return Promise.resolve({ throttled, permanent }).then((errors) => void Object.assign(outcomes, errors));
    });
    const connection = { host: "127.0.0.1", port: redis.port, maxRetriesPerRequest: null };
    const queue = new Queue("verdicts", { connection });
    const events = new QueueEvents("verdicts", { connection });
    await events.waitUntilReady();
    const worker = new Worker<{ which: keyof typeof outcomes }>(
      "verdicts",
      remedyProcessor((job) => Promise.reject(outcomes[job.data.which] as Error), { maxAgeMs: 1e15 }),
      { connection },
    );
    const late = await queue.add("a", { which: "throttled" }, { attempts: 5 });
    const never = await queue.add("b", { which: "permanent" }, { attempts: 5 });
    await expect(never.waitUntilFinished(events)).rejects.toThrow("InvalidParameter");
    await until(async () => (await queue.getJob(late.id ?? ""))?.delay !== 0 || (await late.getState()) === "delayed");
    expect((await queue.getJob(never.id ?? ""))?.attemptsMade).toBe(1);
    await worker.close();
    await events.close();
    await queue.close();
  });
});

const outcomes: { throttled?: unknown; permanent?: unknown } = {};

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50));
}
