/** `run` around an `az` that fails in many ways: what `run --help` says happens is what happens. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fakeAz, type FakeAzSays } from "./fake-az.js";
import { bundleProgram, run, type Ended } from "./program-under-test.js";

bundleProgram();

const shortly = "Please try again after '0.05' seconds.";
const throttled = `ERROR: (TooManyRequests) The server rejected the request because too many requests have been received. ${shortly}`;
const conflict = `ERROR: (AnotherOperationInProgress) Another operation on this or dependent resource is in progress. ${shortly}`;
const noName = `ERROR: getaddrinfo EAI_AGAIN management.azure.com. ${shortly}`;
const cutOff = `ERROR: read ECONNRESET. ${shortly}`;
const busy = `ERROR: (StorageAccountTooBusy) Storage account 'x' is too busy currently. Consider using another account. ${shortly}`;
const startGaveUp = `ERROR: (VMStartTimedOut) VM 'web-01' did not start in the allotted time. The VM may still start successfully. Please check the power state later. ${shortly}`;
const noRoom =
  "ERROR: (AllocationFailed) Allocation failed. We do not have sufficient capacity for the requested VM size in this region.";
const wrong = "ERROR: (InvalidParameter) The Admin Username specified is not allowed.";
const quota =
  "ERROR: (QuotaExceeded) Operation could not be completed as it results in exceeding approved Total Regional Cores quota.";
const unknown = "ERROR: argument --frobnicate: expected one argument";

interface Case {
  readonly failure: string;
  readonly says: FakeAzSays;
  readonly args: readonly string[];
  readonly flags?: readonly string[];
  readonly runs: number;
  readonly code: number;
  readonly reason: string;
}

const create = ["vm", "create", "-g", "rg", "-n", "web-01"];
const startVm = ["vm", "start", "-g", "rg", "-n", "web-01"];

const cases: readonly Case[] = [
  {
    failure: "throttling is waited out",
    says: { stderr: throttled, fails: 1 },
    args: create,
    runs: 2,
    code: 0,
    reason: "transient: again in 50 ms, as the service asked",
  },
  {
    failure: "a conflict is waited out",
    says: { stderr: conflict, fails: 1 },
    args: create,
    runs: 2,
    code: 0,
    reason: "ended well in run 2",
  },
  {
    failure: "no DNS is waited out",
    says: { stderr: noName, fails: 1 },
    args: create,
    runs: 2,
    code: 0,
    reason: "ended well in run 2",
  },
  {
    failure: "a cut connection is not repeated",
    says: { stderr: cutOff, exit: 4 },
    args: create,
    runs: 1,
    code: 4,
    reason: "outcome unknown",
  },
  {
    failure: "a cut connection is repeated with --idempotent",
    says: { stderr: cutOff, fails: 1 },
    args: create,
    flags: ["--idempotent"],
    runs: 2,
    code: 0,
    reason: "ended well in run 2",
  },
  {
    failure: "a cut connection is repeated where the words are harmless",
    says: { stderr: cutOff, fails: 1 },
    args: startVm,
    runs: 2,
    code: 0,
    reason: "ended well in run 2",
  },
  {
    failure: "what passes but may be half done is not repeated",
    says: { stderr: busy },
    args: create,
    runs: 1,
    code: 1,
    reason: "allow it with --idempotent",
  },
  {
    failure: "what passes but may be half done is repeated with --idempotent",
    says: { stderr: busy, fails: 1 },
    args: create,
    flags: ["--idempotent"],
    runs: 2,
    code: 0,
    reason: "ended well in run 2",
  },
  {
    failure: "what may still complete is not repeated",
    says: { stderr: startGaveUp, exit: 3 },
    args: startVm,
    runs: 1,
    code: 3,
    reason: "not run again: indeterminate",
  },
  {
    failure: "what may still complete is repeated with --idempotent",
    says: { stderr: startGaveUp, fails: 1 },
    args: startVm,
    flags: ["--idempotent"],
    runs: 2,
    code: 0,
    reason: "indeterminate: again in 50 ms",
  },
  {
    failure: "no capacity is left to the caller",
    says: { stderr: noRoom },
    args: create,
    runs: 1,
    code: 1,
    reason: "not run again: adaptable",
  },
  {
    failure: "a wrong value is not repeated",
    says: { stderr: wrong, exit: 2 },
    args: create,
    flags: ["--idempotent"],
    runs: 1,
    code: 2,
    reason: "not run again: permanent",
  },
  {
    failure: "a quota is not repeated",
    says: { stderr: quota },
    args: create,
    flags: ["--idempotent"],
    runs: 1,
    code: 1,
    reason: "not run again: permanent",
  },
  {
    failure: "what nobody knows is not repeated",
    says: { stderr: unknown, exit: 2 },
    args: create,
    flags: ["--idempotent"],
    runs: 1,
    code: 2,
    reason: "nothing is known about this failure",
  },
  {
    failure: "an error on stdout is read where stderr is empty",
    says: { stdout: throttled, fails: 1 },
    args: create,
    runs: 2,
    code: 0,
    reason: "ended well in run 2",
  },
  {
    failure: "of two errors the one that never passes decides",
    says: { stderr: `${throttled}\n${wrong}` },
    args: create,
    runs: 1,
    code: 1,
    reason: "not run again: permanent",
  },
  {
    failure: "retries end",
    says: { stderr: conflict },
    args: create,
    flags: ["--max-retries", "1"],
    runs: 2,
    code: 1,
    reason: "1 retry is used up",
  },
  {
    failure: "a wait past the deadline ends at once",
    says: { stderr: throttled.replace("0.05", "3600") },
    args: create,
    flags: ["--deadline", "10s"],
    runs: 1,
    code: 1,
    reason: "a new try makes sense in 60 min",
  },
];

const azureRemedyRun = (
  flags: readonly string[],
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ended> => run(["run", ...flags, "--", "az", ...args], { env });

describe("az fails", () => {
  it.concurrent.each(cases)("$failure", async ({ says, args, flags = [], runs, code, reason }) => {
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
    expect(stderr).toContain("there is no command no-such-command-here");
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
