/** What holds for every command: help, version, colours, pipes, completion. */
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { bundleProgram, run, start } from "./program-under-test.js";

bundleProgram();

describe("colours", () => {
  it.concurrent.each([
    ["none in a pipe", {}, false],
    ["where they are asked for", { FORCE_COLOR: "1" }, true],
    ["not where they are refused", { NO_COLOR: "1" }, false],
  ])("%s", async (_, env, expected) => {
    const { stdout } = await run(["explain", "AllocationFailed"], { env });
    expect(stdout.includes("\u001b[")).toBe(expected);
  });
});

describe("mistakes", () => {
  it.concurrent.each([
    [[], "Usage: azure-remedy"],
    [["explian"], "Did you mean explain?"],
    [["explain", "--jsn"], "Did you mean --json?"],
    [["run", "--deadline", "soon", "--", "az"], "Give a duration"],
    [["throttle", "--callers", "none"], "Give a whole number"],
    [["emulator", "--port", "70000"], "Give a port from 0 to 65535"],
  ])("%j", async (args, words) => {
    const { code, stderr } = await run(args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
  });
});

it("--version is the package's", async () => {
  expect(await run(["--version"])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
  });
});

it("a reader that has seen enough is no error", async () => {
  const running = start(["catalog"]);
  running.process.stdout?.destroy();
  const { code, stderr } = await running.ended;
  expect([code, stderr]).toEqual([0, ""]);
});

it("completion works in bash, which is given candidates one to a line", async () => {
  const { stdout: script } = await run(["completion", "bash"]);
  expect((await run(["__complete", "--", "catalog", "show", "VMStart"])).stdout).toBe("VMStartTimedOut\n");
  // The function is called as bash calls it, with an `azure-remedy` that tells what it was asked.
  const calls = `azure-remedy() { printf '%s ' "$@"; }\n${script}\nCOMP_WORDS=(azure-remedy explain All) COMP_CWORD=2\n_azure_remedy; echo "\${COMPREPLY[0]}"`;
  expect(spawnSync("bash", ["-c", calls], { encoding: "utf8" }).stdout.trim()).toBe("__complete -- explain All");
});
