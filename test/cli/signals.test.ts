/** Signals while `run` runs a command, and while it waits. */
import { describe, expect, it } from "vitest";
import { fakeAz } from "./fake-az.js";
import { bundleProgram, start } from "./program-under-test.js";

bundleProgram();

const longWait = "ERROR: (TooManyRequests) Too many requests. Please try again after '60' seconds.";

describe.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)("%s", (signal, code) => {
  it.concurrent("ends a wait at once, and nothing is started after it", async () => {
    using az = fakeAz({ stderr: longWait });
    const running = start(["run", "--", "az", "vm", "create"], { env: az.env });
    await running.said("again in 60 s");
    running.process.kill(signal);
    const ended = await running.ended;
    expect([ended.code, az.runs.length]).toEqual([code, 1]);
  });

  it.concurrent("reaches the command, whose own exit code is returned", async () => {
    const script = `trap "exit 7" ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`;
    const running = start(["run", "--", "sh", "-c", script]);
    await running.said("ready");
    running.process.kill(signal);
    expect((await running.ended).code).toBe(7);
  });

  it.concurrent("that kills the command gives 128 + n", async () => {
    const running = start(["run", "--", "sh", "-c", "echo ready; exec sleep 60"]);
    await running.said("ready");
    running.process.kill(signal);
    expect((await running.ended).code).toBe(code);
  });
});

it("a command that kills itself is not run again", async () => {
  const ended = await start(["run", "--idempotent", "--", "sh", "-c", `echo "${longWait}" >&2; kill -9 $$`]).ended;
  expect(ended.code).toBe(137);
});

it("a reader that has seen enough does not end the command", async () => {
  const script = `console.log("x".repeat(1e6)); setTimeout(() => process.exit(5), 50); process.stdout.on("error", () => {})`;
  const running = start(["run", "--", process.execPath, "-e", script]);
  running.process.stdout?.destroy();
  expect((await running.ended).code).toBe(5);
});
