/** `run` around an `az` that fails in many ways: what `run --help` says happens is what happens. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fakeAz } from "./fake-az.js";
import { bundleProgram, run, type Ended } from "./program-under-test.js";
import { create, runCases, throttled } from "./run-cases.js";

bundleProgram();

const azureRemedyRun = (
  flags: readonly string[],
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ended> => run(["run", ...flags, "--", "az", ...args], { env });

describe("az fails", () => {
  it.concurrent.each(runCases)("$failure", async ({ says, args, flags = [], runs, code, reason }) => {
    using az = fakeAz(says);
    const ended = await azureRemedyRun(flags, args, az.env);
    expect(az.runs).toEqual(Array.from({ length: runs }, () => args.join(" ")));
    expect(ended.code).toBe(code);
    expect(ended.stderr).toContain(reason);
  });
});

describe("streams", () => {
  it("stdout is the command's alone, and stderr holds what the command said there", async () => {
    using az = fakeAz({ stderr: throttled, fails: 1 });
    const { stdout, stderr } = await azureRemedyRun([], create, az.env);
    expect(stdout).toBe('\n{"provisioningState":"Succeeded"}\n');
    expect(stderr.split("\n")[0]).toBe(throttled);
  });

  it("bytes pass through as they are", async () => {
    const bytes = "process.stdout.write(Buffer.from([0, 255, 13, 10, 0xe2, 0x82]))";
    const script = `process.stdin.pipe(process.stderr); ${bytes}`;
    const { stdout, stderr, code } = await run(["run", "--", process.execPath, "-e", script], { stdin: "in\n" });
    expect(stdout).toBe(Buffer.from([0, 255, 13, 10, 0xe2, 0x82]).toString("utf8"));
    expect([stderr, code]).toEqual(["in\n", 0]);
  });

  it("--json says what happens as JSON lines", async () => {
    using az = fakeAz({ stderr: throttled, fails: 1 });
    const { stderr } = await azureRemedyRun(["--json"], create, az.env);
    const events = stderr
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.map(({ event }) => event)).toEqual(["again", "recovered"]);
    expect(events[0]).toMatchObject({
      run: 1,
      exitCode: 1,
      delayMs: 50,
      failure: { code: "TooManyRequests", disposition: "transient" },
    });
  });
});

describe("starting", () => {
  it("127 when there is no such command", async () => {
    const { code, stderr } = await run(["run", "--", "no-such-command-here"]);
    expect(code).toBe(127);
    expect(stderr).toContain("command not found: no-such-command-here");
  });

  it("126 when it cannot be executed", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "not-executable-")), "script");
    writeFileSync(path, "no program");
    expect((await run(["run", "--", path])).code).toBe(126);
  });

  it("options behind the command are the command's", async () => {
    using az = fakeAz({ fails: 0 });
    await run(["run", "az", "--version", "--json"], { env: az.env });
    expect(az.runs).toEqual(["--version --json"]);
  });

  it("rules that cannot be read are refused before anything is run", async () => {
    using az = fakeAz({ fails: 0 });
    const { code, stderr } = await run(["run", "--rules", "nowhere.yaml", "--", "az"], { env: az.env });
    expect([code, az.runs, stderr]).toEqual([2, [], expect.stringContaining("cannot read nowhere.yaml")]);
  });

  it("--rules come before the catalog", async () => {
    using az = fakeAz({ stderr: "ERROR: (HouseRule) Come back in a moment.", fails: 1 });
    const path = join(mkdtempSync(join(tmpdir(), "rules-")), "rules.yaml");
    writeFileSync(
      path,
      "- { id: HouseRule, code: HouseRule, disposition: transient, category: conflict, explanation: Busy., steps: [Wait.], waitMs: 20 }",
    );
    const { code, stderr } = await run(["run", "--rules", path, "--", "az", "vm", "create"], { env: az.env });
    expect([code, az.runs.length]).toEqual([0, 2]);
    expect(stderr).toContain("HouseRule: Busy.");
  });
});
