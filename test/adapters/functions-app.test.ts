/** The Functions app of `examples/functions`: its handlers with the real contexts, a real Azurite, and the emulator as Azure. */
import { HttpRequest, InvocationContext, type HttpResponseInit, type Timer } from "@azure/functions";
import { ComputeManagementClient } from "@azure/arm-compute";
import { AppendBlobClient, ContainerClient } from "@azure/storage-blob";
import { QueueClient } from "@azure/storage-queue";
import { withRemedy, type RemedyOptions } from "azure-remedy";
import { startEmulator, type Emulator, type EmulatorOptions } from "azure-remedy/emulator";
import { DummyOrchestrationContext, type OrchestrationContext } from "durable-functions";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { startAzurite, type Azurite } from "./azurite.js";

// The app has settings of its own: it is loaded as it stands, and compiled with them below.
const root = fileURLToPath(new URL("../..", import.meta.url));
const load = async <Module>(file: string): Promise<Module> =>
  (await import(/* @vite-ignore */ join(root, "examples/functions/src", `${file}.ts`))) as Module;
const { cloud } = await load<{
  cloud: {
    readonly resourceGroup: string;
    compute(options?: RemedyOptions): ComputeManagementClient;
    queue(name: string): QueueClient;
    journal(name: string): AppendBlobClient;
  };
}>("cloud");
const { startMachine, machineStatus } =
  await load<Record<"startMachine" | "machineStatus", (request: HttpRequest) => Promise<HttpResponseInit>>>(
    "functions/startMachine",
  );
const { nightlyDeallocation } = await load<{
  nightlyDeallocation: (timer: Timer, context: InvocationContext) => Promise<void>;
}>("functions/nightlyDeallocation");
const { createMachine } = await load<{
  createMachine: (message: unknown, context: InvocationContext) => Promise<void>;
}>("functions/createMachine");
const { startReliably, tryToStart } = await load<{
  tryToStart: (name: string) => Promise<unknown>;
  startReliably: (context: OrchestrationContext) => Generator<unknown, string>;
}>("functions/startOrchestration");

interface Order {
  readonly name: string;
  readonly machine: object;
  readonly resume?: object;
}

let azurite: Azurite;
let arm: Emulator;

beforeAll(async () => {
  azurite = await startAzurite();
  await new ContainerClient(azurite.connectionString, "journals").create();
}, 60_000);
afterAll(async () => {
  await azurite.stop();
  vi.restoreAllMocks();
});

/** The app against the emulator, with the deadline of the handler unless the story has one of its own. */
async function inCloud(options: EmulatorOptions, story: (limit: RemedyOptions) => Promise<void>): Promise<void> {
  arm = await startEmulator({ throttling: false, operations: { polls: 0 }, ...options });
  const limit: RemedyOptions = {};
  vi.spyOn(cloud, "resourceGroup", "get").mockReturnValue("rg");
  vi.spyOn(cloud, "compute").mockImplementation((given = {}) =>
    withRemedy(new ComputeManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions), {
      ...given,
      ...limit,
    }),
  );
  vi.spyOn(cloud, "queue").mockImplementation((name) => new QueueClient(azurite.connectionString, name));
  vi.spyOn(cloud, "journal").mockImplementation(
    (name) => new AppendBlobClient(azurite.connectionString, "journals", `${name}.jsonl`),
  );
  try {
    await story(limit);
  } finally {
    await arm.stop();
  }
}

const call = (name: string): HttpRequest =>
  new HttpRequest({ method: "POST", url: `https://app/api/machines/${name}/start`, params: { name } });

describe("the HTTP functions", () => {
  it("start a machine, and say where it is to be looked at when it takes longer", async () => {
    await inCloud({ operations: { durationMs: 3_000, retryAfterMs: 1_000 } }, async (limit) => {
      arm.addVm({ name: "web-01", powerState: "deallocated" });
      limit.deadline = Date.now() + 1_500;
      const accepted = await startMachine(call("web-01"));
      expect(accepted).toMatchObject({ status: 202, headers: { Location: "/api/machines/web-01" } });
      delete limit.deadline;
      await vi.waitFor(
        async () => {
          const { jsonBody } = (await machineStatus(call("web-01"))) as { jsonBody: { state: string } };
          expect(jsonBody.state).toBe("running");
        },
        { timeout: 10_000, interval: 200 },
      );
    });
  });

  it("answer 503 with the time to come back when it cannot be in time, and 404 for a machine that is not there", async () => {
    await inCloud({}, async () => {
      arm.addVm({ name: "web-01" });
      expect((await startMachine(call("gone-01"))).status).toBe(404);
      arm.throttle({ on: "POST virtualMachines/start", retryAfter: 600 });
      const late = await startMachine(call("web-01"));
      expect(late.status).toBe(503);
      expect(Number((late.headers as Record<string, string>)["Retry-After"])).toBeGreaterThan(500);
    });
  });
});

it("the timer deallocates what carries the tag, and goes on from its journal", async () => {
  await inCloud({}, async () => {
    arm.addVm({ name: "dev-01", tags: { env: "dev" } });
    arm.addVm({ name: "dev-02", tags: { env: "dev" } });
    arm.addVm({ name: "live-01", tags: { env: "prod" } });
    arm.fail("ScopeLocked", { on: "POST virtualMachines/dev-02/deallocate" });
    const logs: unknown[] = [];
    const context = new InvocationContext({ logHandler: (_level, ...args) => void logs.push(args.join(" ")) });
    const timer = {} as Timer;
    await nightlyDeallocation(timer, context);
    expect(["dev-01", "dev-02", "live-01"].map((name) => arm.vm(name)?.powerState)).toEqual([
      "deallocated",
      "running",
      "running",
    ]);
    expect(logs.join("\n")).toContain("1 × ScopeLocked");
    const journal = (await cloud.journal("nightly").downloadToBuffer()).toString();
    expect(journal).toContain('"type":"finished"');
    // The next night begins again.
    await nightlyDeallocation(timer, context);
    expect(arm.vm("dev-02")?.powerState).toBe("deallocated");
  });
});

describe("the queue function", () => {
  let queue: QueueClient;
  beforeEach(async () => {
    queue = new QueueClient(azurite.connectionString, "machines");
    await queue.createIfNotExists();
    await queue.clearMessages();
  });
  const order = (name: string): Order => ({ name, machine: { location: "westeurope" } });
  const next = async (): Promise<Order | undefined> => {
    const { receivedMessageItems } = await queue.receiveMessages();
    const text = receivedMessageItems[0]?.messageText;
    return text === undefined ? undefined : (JSON.parse(Buffer.from(text, "base64").toString()) as Order);
  };

  it("goes on with a create that outlives its invocation", async () => {
    await inCloud({ operations: { durationMs: 2_500, retryAfterMs: 1_000 } }, async (limit) => {
      limit.deadline = Date.now() + 1_200;
      vi.spyOn(cloud, "queue").mockReturnValue({
        sendMessage: (text: string) => queue.sendMessage(text, { visibilityTimeout: 1 }),
      } as unknown as QueueClient);
      await createMachine(order("web-01"), new InvocationContext());
      delete limit.deadline;
      let message: Order | undefined;
      await vi.waitFor(async () => expect((message = await next())).toBeDefined(), { timeout: 10_000, interval: 200 });
      expect(message?.resume).toBeDefined();
      await createMachine(message, new InvocationContext());
      expect(arm.vm("web-01")?.provisioningState).toBe("Succeeded");
      expect(arm.story.filter((line) => line.startsWith("PUT virtualMachines/web-01"))).toHaveLength(1);
    });
  });

  it("throws what will never pass, so that the message goes to the poison queue", async () => {
    await inCloud({}, async () => {
      arm.fail("InvalidParameter", { on: "PUT virtualMachines", as: "answer" });
      await expect(createMachine(order("web-01"), new InvocationContext())).rejects.toThrow("InvalidParameter");
      expect(await next()).toBeUndefined();
    });
  });
});

describe("the orchestrator", () => {
  /** Plays it, and hands it the outcomes in turn. */
  function play(outcomes: unknown[]): { steps: string[]; result: unknown } {
    const context = new DummyOrchestrationContext("startReliably");
    let now = Date.UTC(2026, 10, 30);
    const steps: string[] = [];
    context.df = {
      getInput: () => "web-01",
      get currentUtcDateTime() {
        return new Date(now);
      },
      callActivity: (name: string) => void steps.push(name),
      createTimer: (at: Date) => {
        steps.push(`wait ${(at.getTime() - now) / 1_000} s`);
        now = at.getTime();
      },
    } as never;
    const run = startReliably(context);
    let step = run.next();
    for (const queue = [...outcomes]; !step.done;) {
      step = steps.at(-1)?.startsWith("wait") ? run.next(undefined) : run.next(queue.shift());
    }
    return { steps, result: step.value };
  }

  it("waits as the diagnosis says, and a replay decides the same", async () => {
    await inCloud({}, async () => {
      arm.addVm({ name: "web-01", powerState: "deallocated" });
      arm.throttle({ on: "POST virtualMachines/start", retryAfter: 120 });
      const outcomes = [await tryToStart("web-01").catch((error: unknown) => error)];
      expect(outcomes[0]).toMatchObject({ done: false });
      const first = play([...outcomes, { done: true }]);
      expect(first.result).toBe("web-01 is running");
      expect(first.steps[1]).toMatch(/^wait 1\d\d(\.\d+)? s$/);
      expect(play([...outcomes, { done: true }])).toEqual(first);
    });
  });

  it("gives up what will never pass", async () => {
    await inCloud({}, async () => {
      arm.addVm({ name: "web-01" });
      arm.fail("ScopeLocked", { on: "POST virtualMachines/start" });
      expect(play([await tryToStart("web-01")]).result).toContain("web-01 was given up: ");
    });
  });
});

it("compiles with the settings that func init writes", () => {
  const cache = join(root, "node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "functions-app-"));
  try {
    const config = {
      extends: join(root, "examples/functions/tsconfig.json"),
      compilerOptions: {
        noEmit: true,
        rootDir: root,
        skipLibCheck: true,
        types: ["node"],
        typeRoots: [join(root, "node_modules/@types")],
        paths: pathsToBuild(),
        ignoreDeprecations: "6.0",
      },
      include: [join(root, "examples/functions/src")],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    execFileSync(process.execPath, [join(root, "node_modules/typescript/lib/tsc.js"), "-p", folder], {
      encoding: "utf8",
      stdio: "pipe",
    });
  } catch (error) {
    throw new Error((error as { stdout?: string }).stdout ?? String(error), { cause: error });
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 120_000);

/** The CommonJS build, as the app gets it from npm. */
function pathsToBuild(): Record<string, string[]> {
  const build = (path: string): string[] => [join(root, "dist/cjs", path)];
  return {
    "azure-remedy": build("index.d.ts"),
    "azure-remedy/fleet": build("fleet/index.d.ts"),
    "azure-remedy/capacity": build("remedies/capacity/index.d.ts"),
    "azure-remedy/functions": build("adapters/functions.d.ts"),
  };
}
