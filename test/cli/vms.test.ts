/** `vms` as a process, against the local ARM. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseIds } from "../../src/cli/vms/machines.js";
import { bundleProgram, run, start } from "./program-under-test.js";

bundleProgram();

// Most of a rehearsal is waiting, so that they wait together.
describe.concurrent("vms", () => {
  it("acts on every machine, prints a line for each, and ends with 0", async () => {
    const { code, stdout } = await run(["vms", "deallocate", "--emulator", "5"]);
    const lines = stdout.trim().split("\n");
    expect(lines.filter((line) => line.startsWith("succeeded\t/subscriptions/"))).toHaveLength(5);
    expect(lines.at(-1)).toBe("deallocate: 5 succeeded");
    expect(code).toBe(0);
  });

  it("says each reason once, with what to do, and ends with 1 when some have not done it", async () => {
    const { code, stdout } = await run(["vms", "start", "--emulator", "20", "--chaos", "0.5"]);
    expect(stdout).toMatch(/COUNT +CODE +WHAT HAPPENED +MACHINES/);
    expect(stdout).toContain("What to do about ");
    expect(code).toBe(1);
  });

  it("prints JSON lines, the summary last", async () => {
    const { stdout } = await run(["vms", "power-off", "--emulator", "3", "--json"]);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.slice(0, 3).map(({ status }) => status)).toEqual(["succeeded", "succeeded", "succeeded"]);
    expect(lines[3]).toMatchObject({ summary: { succeeded: 3, failed: 0, causes: [] } });
  });

  it("sends nothing in a dry run", async () => {
    const { code, stdout } = await run(["vms", "restart", "--emulator", "2", "--dry-run"]);
    expect(stdout).toContain("/virtualMachines/vm-0002");
    expect(stdout).toContain("2 machines would be asked to restart. Nothing was sent.");
    expect(code).toBe(0);
  });

  it("ends after Ctrl-C with a result for each machine and a journal to go on from", async () => {
    const folder = await mkdtemp(join(tmpdir(), "vms-"));
    const journal = join(folder, "run.jsonl");
    const running = start(["vms", "deallocate", "--emulator", "30", "--concurrency", "2", "--journal", journal]);
    await running.said("succeeded");
    running.process.kill("SIGINT");
    const { code, stdout } = await running.ended;
    expect(
      stdout
        .trim()
        .split("\n")
        .filter((line) => line.includes("\t/subscriptions/")),
    ).toHaveLength(30);
    expect(stdout).toMatch(/deallocate: \d+ succeeded.*\d+ not started/);
    expect(code).toBe(130);
    expect(stdout).toContain("To go on, give the same command again");
    expect(await readFile(journal, "utf8")).toContain('"status":"succeeded"');
    const resumed = await run(["vms", "deallocate", "--emulator", "30", "--journal", journal]);
    expect(resumed.stdout).toMatch(/deallocate: \d+ succeeded, \d+ done before\n/);
    expect(resumed.code).toBe(0);
    await rm(folder, { recursive: true });
  });

  it.each([
    [["vms", "start"], "no machines were chosen", 2],
    [["vms", "start", "--chaos", "0.5"], "--chaos works only in a rehearsal", 2],
    [["vms", "start", "--emulator", "0"], "no machines", 2],
    [["vms", "start", "--emulator", "3", "--chaos", "7"], "Give a share from 0 to 1", 2],
    [["vms", "start", "--emulator", "3", "--concurrency", "0"], "Give a whole number, 1 or more", 2],
    [["vms", "start", "--emulator", "3", "--group", "other"], "the machines cannot be listed", 2],
    [["vms", "start", "--emulator", "3", "--group", "rg", "--ids", "-"], "--ids names the machines already", 2],
    [["vms", "start", "--emulator", "3", "--run", "may"], "--run names a run of a journal", 2],
    [["vms", "start", "--emulator", "3", "--journal", "/"], "the journal / cannot be used", 2],
    [["vms", "start", "--emulator", "3", "--journal", "package.json"], "is not a journal of azure-remedy", 2],
  ] as const)("%j is refused in words", async (args, message, exitCode) => {
    const { code, stderr } = await run(args, { env: { AZURE_SUBSCRIPTION_ID: "" } });
    expect(stderr).toContain(message);
    expect(code).toBe(exitCode);
  });

  it("goes on when nobody reads its lines any more, and does not call that a success", async () => {
    const running = start(["vms", "start", "--emulator", "20", "--chaos", "0.5"]);
    await running.said("\t/subscriptions/");
    running.process.stdout?.destroy();
    const { code, stderr } = await running.ended;
    expect([code, stderr]).toEqual([1, ""]);
  });

  it("takes ids from standard input and names a line that is none", async () => {
    const { code, stderr } = await run(["vms", "start", "--emulator", "1", "--ids", "-"], { stdin: "web-01\n" });
    expect(stderr).toContain('standard input holds "web-01", which is not the id of a virtual machine');
    expect(code).toBe(2);
  });
});

it("reads ids as az prints them, in tsv and in JSON", () => {
  const id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-01";
  expect(parseIds(`${id}\r\n\n# a comment\n`, "-")).toEqual([id]);
  expect(parseIds(`  "${id}",\n`, "-")).toEqual([id]);
});
