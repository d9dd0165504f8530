/** What callers give and do that nobody plans for. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, rmdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ComputeManagementClient } from "@azure/arm-compute";
import { install } from "@sinonjs/fake-timers";
import {
  fileJournal,
  runFleet,
  summarize,
  type FleetEvent,
  type FleetResult,
  type JournalStore,
} from "azure-remedy/fleet";
import { describe, expect, it } from "vitest";
import { scene } from "../support/scene.js";
import { memoryJournal } from "./memory-journal.js";

async function allOf<Item, Value>(run: AsyncIterable<FleetResult<Item, Value>>): Promise<FleetResult<Item, Value>[]> {
  const results: FleetResult<Item, Value>[] = [];
  for await (const result of run) results.push(result);
  return results;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const never = new Promise<never>(() => undefined);

describe("a source", () => {
  it("that is slow does not delay its first item", async () => {
    const started: string[] = [];
    let goOn = (): void => undefined;
    const wait = new Promise<void>((resolve) => (goOn = resolve));
    async function* slow(): AsyncGenerator<string> {
      yield "vm-1";
      await wait;
      yield "vm-2";
    }
    const run = runFleet(slow(), (name) => started.push(name));
    for (let turns = 0; turns < 20; turns++) await turn();
    expect(started).toEqual(["vm-1"]);
    goOn();
    expect(await run.summary).toMatchObject({ succeeded: 2 });
  });

  it("that hangs does not delay the end of a run", async () => {
    const ending = new AbortController();
    async function* stuck(): AsyncGenerator<string> {
      yield "vm-1";
      await never;
    }
    const run = runFleet(stuck(), (name) => name, { signal: ending.signal });
    const [first] = [await run[Symbol.asyncIterator]().next()];
    expect(first.value).toMatchObject({ key: "vm-1", status: "succeeded" });
    ending.abort();
    expect(await run.summary).toMatchObject({ succeeded: 1, notStarted: 0 });
  });

  it("that is a list starts nothing if one item has no name", async () => {
    const called: unknown[] = [];
    const run = runFleet(["vm-1", 7, "vm-3"], (item) => called.push(item));
    const seen: string[] = [];
    await expect(
      (async () => {
        for await (const { key, status } of run) seen.push(`${key} ${status}`);
      })(),
    ).rejects.toThrow("an item has no id (it is 7)");
    expect([called, seen]).toEqual([[], ["vm-1 notStarted", "vm-3 notStarted"]]);
  });

  it("that fails lets running items finish", async () => {
    let finish = (): void => undefined;
    const work = new Promise<void>((resolve) => (finish = resolve));
    async function* failing(): AsyncGenerator<string> {
      yield "vm-1";
      await turn();
      throw new Error("page 2 is gone");
    }
    let wasAborted = false;
    const run = runFleet(failing(), async (_, { signal }) => {
      await work;
      wasAborted = signal.aborted;
    });
    for (let turns = 0; turns < 10; turns++) await turn();
    finish();
    await expect(run.summary).rejects.toThrow("page 2 is gone");
    expect(wasAborted).toBe(false);
  });

  it("of two subscriptions continues with one while the other is throttled", async () => {
    const id = (subscription: string, index: number): string => `/subscriptions/${subscription}/vm-${index}`;
    const items = Array.from({ length: 100 }, (_, index) => [id("busy", index), id("free", index)]).flat();
    const ending = new AbortController();
    const done: string[] = [];
    const run = runFleet(items, async (key) => (key.includes("busy") ? never : void done.push(key)), {
      signal: ending.signal,
      clock: { now: () => Date.now(), sleep: () => Promise.resolve() },
    });
    for (let turns = 0; turns < 200; turns++) await turn();
    expect(done).toHaveLength(100);
    ending.abort();
    await run.summary;
  });

  it("of objects takes turns by their ids, whatever their keys are", async () => {
    const vms = ["a", "a", "a", "b"].map((group, index) => ({
      id: `/subscriptions/${group}/x`,
      name: `${group}${index}`,
    }));
    const order: string[] = [];
    await runFleet(vms, ({ name }) => order.push(name), { key: ({ name }) => name, concurrency: 1 }).summary;
    expect(order).toEqual(["a0", "b3", "a1", "a2"]);
  });
});

describe("a function", () => {
  it.each([undefined, null, "a word", 7, Object.freeze({ code: "AllocationFailed" })])(
    "that throws %j fails, and is counted among the causes",
    async (thrown) => {
      const run = runFleet(["vm-1"], () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- what a caller's code may do
        throw thrown;
      });
      const [result] = await allOf(run);
      expect(result).toEqual({ key: "vm-1", item: "vm-1", status: "failed", error: thrown });
      expect((await run.summary).causes).toMatchObject([{ count: 1, keys: ["vm-1"] }]);
    },
  );

  it("that wraps an error whose outcome is unknown ends as unknown", async () => {
    await scene("24", async ({ arm, client }) => {
      arm.addVm({ name: "vm-1" });
      arm.reset({ on: "POST virtualMachines/runCommand", after: "after-execution" });
      const run = runFleet(["vm-1"], (name) =>
        client()
          .runCommand(name, ["patch"])
          .catch((error: unknown) => {
            throw new Error("the patch failed", { cause: error });
          }),
      );
      expect(await run.summary).toMatchObject({ unknown: 1, failed: 0 });
    });
  });

  it("that is ended between two writes leaves the item unknown; one that waits for its first, not started", async () => {
    await scene(
      "24",
      async ({ arm, client, time }) => {
        for (const name of ["vm-1", "vm-2"]) arm.addVm({ name, powerState: "deallocated" });
        arm.throttle({ on: "POST virtualMachines/vm-2/start", retryAfter: 600 });
        const ending = new AbortController();
        const run = runFleet(
          ["vm-1", "vm-2"],
          async (name, { signal }) => {
            await client().start(name, { abortSignal: signal });
            await time.sleep(60_000);
            await client().runCommand(name, ["patch"], { abortSignal: signal });
          },
          { signal: ending.signal },
        );
        setTimeout(() => ending.abort(), 90_000);
        const results = await allOf(run);
        expect(results.map(({ key, status }) => `${key} ${status}`).sort()).toEqual([
          "vm-1 unknown",
          "vm-2 notStarted",
        ]);
        expect(arm.story.filter((line) => line.includes("runCommand"))).toEqual([]);
        await time.sleep(600_000);
      },
      { operations: { durationMs: 40_000, retryAfterMs: 10_000 }, left: "some" },
    );
  });

  it.each([
    ["a date", () => new Date(0)],
    ["milliseconds", () => 0],
    ["a function", () => () => -5],
  ])("is not called after a deadline that is past, given as %s", async (_, deadline) => {
    const called: string[] = [];
    const run = runFleet(["vm-1", "vm-2"], (name) => called.push(name), { deadline: deadline() });
    expect(await run.summary).toMatchObject({ notStarted: 2, succeeded: 0 });
    expect(called).toEqual([]);
  });
});

describe("events", () => {
  it("carry the item and its key, also where items are objects", async () => {
    await scene("24", async ({ arm, client }) => {
      for (const name of ["vm-1", "vm-2"]) arm.addVm({ name });
      arm.fail("InternalServerError", { on: "POST virtualMachines/vm-2/deallocate" });
      const compute = client().client as ComputeManagementClient;
      const events: FleetEvent<{ name?: string }>[] = [];
      const run = runFleet(
        compute.virtualMachines.listAll(),
        (vm) => compute.virtualMachines.deallocate("rg", vm.name ?? ""),
        { onEvent: (event) => events.push(event) },
      );
      expect(await run.summary).toMatchObject({ succeeded: 2 });
      expect(new Set(events.map(({ item }) => item.name))).toEqual(new Set(["vm-2"]));
      expect(events.every(({ key }) => key.endsWith("/virtualMachines/vm-2"))).toBe(true);
      expect(events.every((event) => "resource" in event && event.resource.endsWith("/virtualMachines/vm-2"))).toBe(
        true,
      );
    });
  });

  it("and errors are summarized alike, separately or mixed, also after JSON", async () => {
    await scene("24", async ({ arm, client, events }) => {
      for (const name of ["vm-1", "vm-2"]) arm.addVm({ name });
      arm.fail("ScopeLocked", { on: "POST virtualMachines/start", times: Infinity });
      const errors = await Promise.all(
        ["vm-1", "vm-2"].map((name) =>
          client()
            .start(name)
            .catch((error: unknown) => error),
        ),
      );
      const expected = [["ScopeLocked", 2]];
      const counted = (failures: unknown[]): unknown =>
        summarize(failures).causes.map(({ code, count }) => [code, count]);
      expect(counted(errors)).toEqual(expected);
      expect(counted(events)).toEqual(expected);
      expect(counted(JSON.parse(JSON.stringify(events)) as unknown[])).toEqual(expected);
      expect(counted([errors[0], events.find(({ type }) => type === "failed")])).toEqual(expected);
      expect(summarize([]).causes).toEqual([]);
    });
  });
});

describe("a run", () => {
  it("is a new one each time, even if the clock stands still", async () => {
    const journal = memoryJournal();
    const clock = { now: () => 1_000, sleep: () => Promise.resolve() };
    for (let night = 0; night < 3; night++)
      expect(await runFleet(["vm-1"], (name) => name, { journal, clock }).summary).toMatchObject({ succeeded: 1 });
  });

  it("rejects when its journal cannot be opened or written, and says so to whoever iterates", async () => {
    const broken = (where: "open" | "append"): JournalStore => ({
      open: () =>
        where === "open"
          ? Promise.reject(new Error("no such container"))
          : Promise.resolve({
              lines: [],
              append: () => Promise.reject(new Error("the disk is full")),
              rewrite: () => Promise.resolve(),
              close: () => Promise.resolve(),
            }),
    });
    await expect(runFleet(["vm-1"], (name) => name, { journal: broken("open") }).summary).rejects.toThrow("container");
    await expect(allOf(runFleet(["vm-1"], (name) => name, { journal: broken("append") }))).rejects.toThrow(
      "disk is full",
    );
  });
});

describe("the lock of a journal", () => {
  const holder = `const { lock } = require("proper-lockfile");
    lock(process.argv[1], { realpath: false }).then(() => process.send("held"));
    setInterval(() => undefined, 1000);`;

  it("that another process holds is waited for, and named; an abort ends the wait", async () => {
    const folder = await mkdtemp(join(tmpdir(), "fleet-"));
    const journal = join(folder, "run.jsonl");
    const other = spawn(process.execPath, ["-e", holder, journal], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    try {
      await once(other, "message");
      const called: string[] = [];
      const refused = runFleet(["vm-1"], (name) => called.push(name), { journal: fileJournal(journal, { waitMs: 0 }) });
      await expect(refused.summary).rejects.toThrow("is in use by another run");
      const ending = new AbortController();
      const waiting = runFleet(["vm-1"], (name) => called.push(name), { journal, signal: ending.signal });
      ending.abort();
      expect(await waiting.summary).toMatchObject({ notStarted: 1 });
      expect(called).toEqual([]);
    } finally {
      other.kill("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("that is taken away while the process stood still ends the run, not the process", async () => {
    const folder = await mkdtemp(join(tmpdir(), "fleet-"));
    const journal = join(folder, "run.jsonl");
    const clock = install({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      let finish = (): void => undefined;
      const work = new Promise<void>((resolve) => (finish = resolve));
      let begin = (): void => undefined;
      const begun = new Promise<void>((resolve) => (begin = resolve));
      const run = runFleet(
        ["vm-1"],
        () => {
          begin();
          return work;
        },
        { journal },
      );
      await begun;
      await rmdir(`${journal}.lock`);
      // The lock is looked at every 1250 ms, on the disk.
      clock.tick(1_300);
      for (let looks = 0; looks < 50; looks++) await stat(folder);
      finish();
      await expect(run.summary).rejects.toThrow("is in use by another run");
    } finally {
      clock.uninstall();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
