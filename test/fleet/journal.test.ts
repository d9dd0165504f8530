/** A run that was cut short goes on from its journal, and nothing runs twice that may not. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile, appendFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileJournal, runFleet, type FleetResult } from "azure-remedy/fleet";
import type { Emulator } from "azure-remedy/emulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generations } from "../support/clients.js";
import { scene } from "../support/scene.js";
import { memoryJournal } from "./memory-journal.js";

let folder: string;
let journal: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fleet-"));
  journal = join(folder, "run.jsonl");
});
afterEach(() => rm(folder, { recursive: true }));

const names = ["vm-1", "vm-2", "vm-3"];

async function statuses(run: AsyncIterable<FleetResult<string, unknown>>): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { key, status } of run) found[key] = status;
  return found;
}

describe("which run it is", () => {
  it("under the same name, what succeeded is skipped and what failed runs again", async () => {
    const first = await statuses(
      runFleet(names, (name) => (name === "vm-2" ? Promise.reject(new Error("no")) : name), { journal, run: "may" }),
    );
    expect(first).toEqual({ "vm-1": "succeeded", "vm-2": "failed", "vm-3": "succeeded" });
    const second = await statuses(runFleet(names, (name) => name, { journal, run: "may" }));
    expect(second).toEqual({ "vm-1": "skipped", "vm-2": "succeeded", "vm-3": "skipped" });
    const other = await statuses(runFleet(names, (name) => name, { journal, run: "june" }));
    expect(other).toEqual({ "vm-1": "succeeded", "vm-2": "succeeded", "vm-3": "succeeded" });
  });

  it("without a name, a finished run starts over every night, and the file does not grow", async () => {
    const sizes: number[] = [];
    for (let night = 0; night < 4; night++) {
      expect(await runFleet(names, (name) => name, { journal }).summary).toMatchObject({ succeeded: 3 });
      sizes.push((await stat(journal)).size);
    }
    expect(sizes[3]).toBe(sizes[1]);
  });

  it("without a name, an interrupted run continues", async () => {
    const ending = new AbortController();
    const first = await statuses(
      runFleet(
        names,
        (name) => {
          ending.abort();
          return name;
        },
        { journal, signal: ending.signal, concurrency: 1 },
      ),
    );
    expect(first).toEqual({ "vm-1": "succeeded", "vm-2": "notStarted", "vm-3": "notStarted" });
    expect(await statuses(runFleet(names, (name) => name, { journal }))).toEqual({
      "vm-1": "skipped",
      "vm-2": "succeeded",
      "vm-3": "succeeded",
    });
  });
});

describe("the file", () => {
  it("is readable by its owner only", async () => {
    await runFleet(names, (name) => name, { journal }).summary;
    expect((await stat(journal)).mode & 0o777).toBe(0o600);
  });

  it("is written by one run at a time", async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const first = runFleet(names, () => held, { journal });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await expect(
      runFleet(names, (name) => name, { journal: fileJournal(journal, { waitMs: 0 }) }).summary,
    ).rejects.toThrow("is in use by another run");
    release();
    expect(await first.summary).toMatchObject({ succeeded: 3 });
  });

  it("makes a process that ends in the middle of a run fail", async () => {
    const script = join(folder, "script.ts");
    const fleet = new URL("../../src/fleet/index.ts", import.meta.url).href;
    await writeFile(
      script,
      `import { runFleet } from ${JSON.stringify(fleet)};
       runFleet(["vm-1"], () => new Promise(() => {}), { journal: ${JSON.stringify(journal)} });`,
    );
    const child = spawn(process.execPath, ["--import", "tsx", script], { stdio: "inherit" });
    const [code] = (await once(child, "exit")) as [number | null];
    expect(code).toBe(13);
  }, 60_000);

  it("has one listener for all runs of a process, and none after the last", async () => {
    const before = process.listenerCount("beforeExit");
    const during: number[] = [];
    const work = (): void => void during.push(process.listenerCount("beforeExit"));
    const runs = Array.from({ length: 12 }, (_, run) => runFleet(["vm-1"], work, { journal: join(folder, `${run}`) }));
    await Promise.all(runs.map(({ summary }) => summary));
    expect(during).toHaveLength(12);
    expect(Math.max(...during) - before).toBe(1);
    expect(process.listenerCount("beforeExit")).toBe(before);
  });

  it("may end in half a line", async () => {
    await runFleet(names, (name) => name, { journal, run: "may" }).summary;
    await appendFile(journal, '{"type":"result","key":"vm-9","sta');
    expect(await runFleet([...names, "vm-9"], (name) => name, { journal, run: "may" }).summary).toMatchObject({
      skipped: 3,
      succeeded: 1,
    });
    for (const line of (await readFile(journal, "utf8")).trim().split("\n")) JSON.parse(line);
  });

  it.each([
    ["hello\n", "is not a journal of azure-remedy"],
    ['{"journal":"azure-remedy","version":99}\n', "has version 99; this release reads version 1"],
  ])("that is something else is refused and left alone: %j", async (content, message) => {
    await writeFile(journal, content);
    await expect(runFleet(names, (name) => name, { journal }).summary).rejects.toThrow(message);
    expect(await readFile(journal, "utf8")).toBe(content);
  });
});

const posts = (arm: Emulator): string[] => arm.story.filter((line) => line.startsWith("POST"));

describe.each(generations)("after a crash, with arm-compute %s", (generation) => {
  it("follows the running operation instead of sending its request again", async () => {
    await scene(
      generation,
      async ({ arm, client, time }) => {
        for (const name of names) arm.addVm({ name });
        const patch = (name: string): Promise<unknown> => client().runCommand(name, ["patch"]);
        const before = memoryJournal();
        const killed = runFleet(names, patch, { journal: before });
        await time.sleep(5_000);
        expect(posts(arm)).toHaveLength(3);
        const resumed = await statuses(runFleet(names, patch, { journal: before.copy() }));
        expect(resumed).toEqual({ "vm-1": "succeeded", "vm-2": "succeeded", "vm-3": "succeeded" });
        expect(posts(arm)).toHaveLength(3);
        await killed.summary;
      },
      { operations: { durationMs: 60_000, retryAfterMs: 10_000 }, left: "some" },
    );
  });

  it("sends again what may be repeated and was not answered", async () => {
    await scene(generation, async ({ arm, client }) => {
      arm.addVm({ name: "vm-1" });
      const journal = memoryJournal();
      const start = (name: string): Promise<unknown> => client().start(name);
      await runFleet(["vm-1"], start, { journal, run: "may" }).summary;
      const cut = journal.lines.filter((line) => !/"answered"|"operation"|"result"|"finished"/.test(line));
      expect(await statuses(runFleet(["vm-1"], start, { journal: memoryJournal(cut) }))).toEqual({
        "vm-1": "succeeded",
      });
      expect(posts(arm)).toHaveLength(2);
    });
  });

  it("does not run a script again whose reply never came, and says that the outcome is unknown", async () => {
    await scene(generation, async ({ arm, client }) => {
      arm.addVm({ name: "vm-1" });
      const journal = memoryJournal();
      const run = (...script: string[]): Promise<Record<string, string>> =>
        statuses(runFleet(["vm-1"], (name) => client().runCommand(name, script), { journal, run: "may" }));
      arm.reset({ on: "POST virtualMachines/runCommand", after: "after-execution" });
      expect(await run("once")).toEqual({ "vm-1": "unknown" });
      expect(await run("once")).toEqual({ "vm-1": "unknown" });
      expect(posts(arm)).toHaveLength(1);
      expect(await run("something else")).toEqual({ "vm-1": "succeeded" });
    });
  });

  it("repeats the answer of a script that ran before a later step failed", async () => {
    await scene(generation, async ({ arm, client }) => {
      arm.addVm({ name: "vm-1" });
      const journal = memoryJournal();
      const patchAndRestart = async (name: string): Promise<void> => {
        await client().runCommand(name, ["patch"]);
        await client().deallocate(name);
      };
      arm.fail("OperationNotAllowed", { on: "POST virtualMachines/deallocate" });
      const run = (): Promise<Record<string, string>> =>
        statuses(runFleet(["vm-1"], patchAndRestart, { journal, run: "may" }));
      expect(await run()).toEqual({ "vm-1": "failed" });
      expect(await run()).toEqual({ "vm-1": "succeeded" });
      expect(posts(arm).filter((line) => line.includes("runCommand"))).toHaveLength(1);
    });
  });

  it("runs a script again that was refused, or whose operation failed", async () => {
    await scene(generation, async ({ arm, client }) => {
      arm.addVm({ name: "vm-1" });
      const journal = memoryJournal();
      const run = (): Promise<Record<string, string>> =>
        statuses(runFleet(["vm-1"], (name) => client().runCommand(name, ["patch"]), { journal, run: "may" }));
      arm.fail("InvalidParameter", { on: "POST virtualMachines/runCommand", as: "answer" });
      expect(await run()).toEqual({ "vm-1": "failed" });
      arm.fail("VMExtensionProvisioningError", { on: "POST virtualMachines/runCommand" });
      expect(await run()).toEqual({ "vm-1": "failed" });
      expect(await run()).toEqual({ "vm-1": "succeeded" });
      expect(posts(arm)).toHaveLength(3);
    });
  });
});

it("contains no request body and no password", async () => {
  await scene("24", async ({ arm, client }) => {
    const journal = memoryJournal();
    const create = (name: string): Promise<unknown> =>
      client().create(name, { osProfile: { computerName: name, adminUsername: "me", adminPassword: "S3cret-word!" } });
    expect(await runFleet(["vm-1"], create, { journal }).summary).toMatchObject({ succeeded: 1 });
    expect(arm.vm("vm-1")).toBeDefined();
    expect(journal.lines.join("\n")).not.toContain("S3cret-word!");
  });
});

describe.each(generations)("where the service has forgotten an operation, with arm-compute %s", (generation) => {
  /** Runs once, and again as if the process had been killed before the end, after so long that no operation is known any more. */
  async function resumed(work: "start" | "runCommand", sawTheEnd: boolean): Promise<string[]> {
    let outcome: string[] = [];
    await scene(
      generation,
      async ({ arm, client }) => {
        arm.addVm({ name: "vm-1", powerState: work === "start" ? "deallocated" : "running" });
        const doIt = (name: string): Promise<unknown> =>
          work === "start" ? client().start(name) : client().runCommand(name, ["patch"]);
        const journal = memoryJournal();
        await runFleet(["vm-1"], doIt, { journal }).summary;
        const lost = sawTheEnd ? /"result"|"finished"/ : /"result"|"finished"|"operation","key"/;
        const lines = journal.lines.filter((line) => !lost.test(line));
        const forgotten = lines.map((line) => line.replaceAll(/operations\/[-\w]+/g, "operations/forgotten"));
        const [status = ""] = Object.values(
          await statuses(runFleet(["vm-1"], doIt, { journal: memoryJournal(forgotten) })),
        );
        outcome = [status, `${posts(arm).length} sent`];
      },
      { operations: { durationMs: 30_000, retryAfterMs: 10_000 }, left: "some" },
    );
    return outcome;
  }

  it.each([
    ["start", false, ["succeeded", "2 sent"]],
    ["start", true, ["succeeded", "1 sent"]],
    ["runCommand", false, ["unknown", "1 sent"]],
    ["runCommand", true, ["succeeded", "1 sent"]],
  ] as const)("%s, its end seen: %s", async (work, sawTheEnd, expected) => {
    expect(await resumed(work, sawTheEnd)).toEqual(expected);
  });
});
