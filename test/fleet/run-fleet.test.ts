/** One function over many machines, through the real clients of two generations. */
import type { ComputeManagementClient } from "@azure/arm-compute";
import { runFleet, summarize, type FleetEvent, type FleetProgress, type FleetResult } from "azure-remedy/fleet";
import { describe, expect, it } from "vitest";
import { generations } from "../support/clients.js";
import { scene } from "../support/scene.js";

const named = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `vm-${String(index).padStart(3, "0")}`);

async function allOf<Item, Value>(run: AsyncIterable<FleetResult<Item, Value>>): Promise<FleetResult<Item, Value>[]> {
  const results: FleetResult<Item, Value>[] = [];
  for await (const result of run) results.push(result);
  return results;
}

describe.each(generations)("a run with arm-compute %s", (generation) => {
  it("gives one result for each item as it ends, and a summary by reason", async () => {
    await scene(generation, async ({ arm, client }) => {
      const names = named(6);
      for (const name of names) arm.addVm({ name, powerState: "deallocated" });
      arm.fail("AllocationFailed", { on: "POST virtualMachines/vm-001/start" });
      arm.fail("AllocationFailed", { on: "POST virtualMachines/vm-004/start" });
      const compute = client();
      const run = runFleet(names, (name) => compute.start(name));
      const results = await allOf(run);
      expect(results.map(({ key, status }) => `${key} ${status}`).sort()).toEqual([
        "vm-000 succeeded",
        "vm-001 failed",
        "vm-002 succeeded",
        "vm-003 succeeded",
        "vm-004 failed",
        "vm-005 succeeded",
      ]);
      const summary = await run.summary;
      expect(summary).toMatchObject({ succeeded: 4, failed: 2, unknown: 0, skipped: 0, notStarted: 0 });
      expect(summary.causes).toHaveLength(1);
      expect(summary.causes[0]).toMatchObject({
        code: "AllocationFailed",
        disposition: "adaptable",
        count: 2,
        keys: ["vm-001", "vm-004"],
      });
      expect(names.map((name) => arm.vm(name)?.powerState).filter((state) => state === "running")).toHaveLength(4);
    });
  });

  it("passes on the clients' events with the item they belong to", async () => {
    await scene(generation, async ({ arm, client }) => {
      for (const name of named(3)) arm.addVm({ name });
      arm.fail("InternalServerError", { on: "POST virtualMachines/vm-001/deallocate" });
      const events: FleetEvent[] = [];
      const compute = client();
      const run = runFleet(named(3), (name) => compute.deallocate(name), { onEvent: (event) => events.push(event) });
      expect(await run.summary).toMatchObject({ succeeded: 3 });
      expect(new Set(events.map(({ key, type }) => `${key} ${type}`))).toContain("vm-001 recovered");
      expect(events.every(({ item }) => item === "vm-001")).toBe(true);
    });
  });
});

it("waits for the poller that the function returns without awaiting it", async () => {
  await scene("24", async ({ arm, client }) => {
    for (const name of named(3)) arm.addVm({ name });
    const compute = client().client as ComputeManagementClient;
    const run = runFleet(named(3), (name) => compute.virtualMachines.deallocate("rg", name));
    expect(await run.summary).toMatchObject({ succeeded: 3 });
    expect(named(3).map((name) => arm.vm(name)?.powerState)).toEqual(Array(3).fill("deallocated"));
  });
});

it("reads the pages of the SDK's pager, and reports progress", async () => {
  await scene("24", async ({ arm, client }) => {
    for (const name of named(5)) arm.addVm({ name });
    const compute = client().client as ComputeManagementClient;
    const progress: FleetProgress[] = [];
    const run = runFleet(
      compute.virtualMachines.listAll(),
      (vm) => compute.virtualMachines.powerOff("rg", vm.name ?? ""),
      { onProgress: (now) => progress.push(now) },
    );
    expect(await run.summary).toMatchObject({ succeeded: 5 });
    expect(progress).toHaveLength(5);
    expect(progress.at(-1)).toMatchObject({ known: 5, succeeded: 5 });
  });
});

it("keeps to a number of items at a time", async () => {
  let running = 0;
  let most = 0;
  const run = runFleet(
    named(20),
    async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    },
    { concurrency: 3 },
  );
  expect(await run.summary).toMatchObject({ succeeded: 20 });
  expect(most).toBe(3);
});

it("lets the subscriptions take turns", async () => {
  const id = (subscription: string, name: string): string => `/subscriptions/${subscription}/virtualMachines/${name}`;
  const items = [...["a1", "a2", "a3", "a4"].map((name) => id("A", name)), id("B", "b1"), id("C", "c1"), id("B", "b2")];
  const order: string[] = [];
  await runFleet(items, (key) => order.push(key.slice(-2)), { concurrency: 1 }).summary;
  expect(order).toEqual(["a1", "b1", "c1", "a2", "b2", "a3", "a4"]);
});

describe("ended before its time", () => {
  it("by a signal, nothing more is sent, and each item still gets its result", async () => {
    await scene(
      "24",
      async ({ arm, client }) => {
        for (const name of named(8)) arm.addVm({ name });
        const ending = new AbortController();
        const compute = client();
        const run = runFleet(named(8), (name) => compute.deallocate(name), { signal: ending.signal, concurrency: 2 });
        const results: FleetResult<string, unknown>[] = [];
        for await (const result of run) {
          results.push(result);
          if (results.length === 2) ending.abort();
        }
        const by = (status: string): string[] =>
          results.filter((result) => result.status === status).map(({ key }) => key);
        expect(results).toHaveLength(8);
        expect(by("succeeded").sort()).toEqual(["vm-000", "vm-001"]);
        expect(by("unknown").length + by("notStarted").length).toBe(6);
        const begun = arm.story.filter((line) => line.startsWith("POST")).length;
        expect(begun).toBe(2 + by("unknown").length);
        expect(await run.summary).toMatchObject({ succeeded: 2, notStarted: by("notStarted").length });
      },
      { operations: { durationMs: 60_000, retryAfterMs: 10_000 }, left: "some" },
    );
  });

  it("by its deadline, an operation that runs on is unknown, and says how to follow it", async () => {
    await scene(
      "24",
      async ({ arm, client, time }) => {
        for (const name of named(2)) arm.addVm({ name });
        const compute = client();
        const run = runFleet(named(2), (name, { signal }) => compute.deallocate(name, { abortSignal: signal }), {
          deadline: Date.now() + 15_000,
        });
        const results = await allOf(run);
        expect(results.map(({ status }) => status)).toEqual(["unknown", "unknown"]);
        expect(time.elapsedMs()).toBeLessThan(30_000);
      },
      { operations: { durationMs: 60_000, retryAfterMs: 10_000 }, left: "some" },
    );
  });

  it("by break, the rest is not started", async () => {
    const begun: string[] = [];
    const run = runFleet(named(5), (name) => begun.push(name), { concurrency: 1 });
    for await (const { key } of run) {
      expect(key).toBe("vm-000");
      break;
    }
    const summary = await run.summary;
    expect(summary.notStarted + begun.length).toBe(5);
    expect(begun.length).toBeLessThan(5);
  });
});

it("fails the second of two items with the same key without running it", async () => {
  const results = await allOf(runFleet(["vm-1", "vm-2", "vm-1"], (name) => name));
  expect(results.map(({ key, status }) => `${key} ${status}`).sort()).toEqual([
    "vm-1 failed",
    "vm-1 succeeded",
    "vm-2 succeeded",
  ]);
});

it("ends with what its source throws, after what came before it", async () => {
  async function* failing(): AsyncGenerator<string> {
    yield* ["vm-1", "vm-2"];
    await Promise.resolve();
    throw new Error("page 2 is gone");
  }
  const run = runFleet(failing(), (name) => name);
  const seen: string[] = [];
  await expect(
    (async () => {
      for await (const { key } of run) seen.push(key);
    })(),
  ).rejects.toThrow("page 2 is gone");
  expect(seen).toEqual(["vm-1", "vm-2"]);
  await expect(run.summary).rejects.toThrow("page 2 is gone");
});

it("does not mind what a listener throws", async () => {
  const run = runFleet(named(2), (name) => name, {
    onProgress: () => {
      throw new Error("oops");
    },
  });
  expect(await run.summary).toMatchObject({ succeeded: 2 });
});

it.each([
  [{ concurrency: 0 }, "concurrency must be 1 or more; it is 0"],
  [{ journal: "" }, 'journal must be a path or a store with open(); it is ""'],
  [{ run: 7 }, "run must be a name; it is 7"],
  [{ deadline: new Date(NaN) }, "deadline must be a valid Date"],
  [{ paralel: 3 }, 'runFleet has no option "paralel"'],
])("refuses the options %j by name", (options, message) => {
  expect(() => runFleet([], () => undefined, options as never)).toThrow(message);
});

it("says which item has no name", async () => {
  await expect(runFleet([{ id: "" }], () => undefined).summary).rejects.toThrow("an item has no id");
});

describe("a sum of failures", () => {
  it("gives the steps once for each reason, and names a machine only if there is just one", async () => {
    await scene("24", async ({ arm, client, events }) => {
      for (const name of named(3)) arm.addVm({ name });
      arm.fail("AllocationFailed", { on: "POST virtualMachines/start", times: Infinity });
      const compute = client();
      const errors = await Promise.all(named(3).map((name) => compute.start(name).catch((error: unknown) => error)));
      const byErrors = summarize([...errors, new TypeError("x is not a function")]).causes;
      expect(byErrors.map(({ code, count }) => [code, count])).toEqual([
        ["AllocationFailed", 3],
        [undefined, 1],
      ]);
      expect(byErrors[0]?.steps.length).toBeGreaterThan(0);
      const byEvents = summarize(events).causes;
      expect(byEvents.map(({ code, count }) => [code, count])).toEqual([["AllocationFailed", 3]]);
      expect(byEvents[0]?.steps.length).toBeGreaterThan(0);
      expect(byEvents[0]?.keys[0]).toContain("/virtualMachines/vm-000");
    });
  });
});
