/** `action.yml`, run as the runner runs it: inputs by environment, environment files, logging commands. The service is not there. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import { fakeAz } from "./fake-az.js";
import { bundleProgram, programFile, run } from "./program-under-test.js";
import { throttled } from "./run-cases.js";

bundleProgram();

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string; readonly required?: boolean }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: {
    readonly steps: readonly [{ readonly run: string; readonly env: Readonly<Record<string, string>> }];
  };
}

const action = parse(readFileSync(fileURLToPath(new URL("../../action.yml", import.meta.url)), "utf8")) as Action;
const [step] = action.runs.steps;

const folder = mkdtempSync(join(tmpdir(), "github-action-"));
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(() => {
  // npx, which would fetch the published package, starts the program at hand.
  writeFileSync(
    join(folder, "npx"),
    `#!/bin/sh\necho "$1 $2" > "$FAKE_NPX"\nshift 2\nexec "${process.execPath}" "${programFile()}" "$@"\n`,
    { mode: 0o755 },
  );
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly summary: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly npx: string;
}

/** What the runner makes of a step: inputs with their defaults, two environment files, bash. */
function runAction(inputs: Readonly<Record<string, string>>, env: Readonly<Record<string, string>>): Promise<Ended> {
  const own = mkdtempSync(join(folder, "step-"));
  const file = (name: string): string => {
    writeFileSync(join(own, name), "");
    return join(own, name);
  };
  const [summary, output, npx] = [file("summary"), file("output"), file("npx")];
  const given = Object.fromEntries(
    Object.entries(step.env).map(([name, template]) => {
      const input = /^\$\{\{ inputs\.([\w-]+) \}\}$/.exec(template)?.[1] ?? "";
      return [name, inputs[input] ?? action.inputs[input]?.default ?? ""];
    }),
  );
  const path = [folder, env["PATH"] ?? process.env["PATH"]].join(delimiter);
  return new Promise((resolve) => {
    const child = execFile(
      "bash",
      ["--noprofile", "--norc", "-eo", "pipefail", "-c", step.run],
      {
        env: {
          ...process.env,
          ...env,
          ...given,
          PATH: path,
          FAKE_NPX: npx,
          GITHUB_STEP_SUMMARY: summary,
          GITHUB_OUTPUT: output,
        },
      },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : Number(error.code);
        const text = (name: string): string => readFileSync(name, "utf8");
        resolve({ code, stdout, stderr, summary: text(summary), outputs: outputsIn(text(output)), npx: text(npx) });
      },
    );
    child.stdin?.end();
  });
}

/** As the runner reads `GITHUB_OUTPUT`: `name<<delimiter`, the value's lines, the delimiter. */
function outputsIn(text: string): Record<string, string> {
  const outputs: Record<string, string> = {};
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    const [name, end] = (lines[at] ?? "").split("<<");
    if (name === undefined || end === undefined) continue;
    const until = lines.indexOf(end, at + 1);
    outputs[name] = lines.slice(at + 1, until).join("\n");
    at = until;
  }
  return outputs;
}

const allocationFailed =
  "ERROR: (AllocationFailed) Allocation failed. 100% of `x` | y: <b>, try\nCode: AllocationFailed\nMessage: Allocation failed.";

it("stops at a failure that stays: annotation, summary, outputs, and the command's own exit code", async () => {
  using az = fakeAz({ stderr: allocationFailed });
  const { code, stderr, summary, outputs, npx } = await runAction({ run: "az vm create -g rg -n web-01" }, az.env);
  expect(code).toBe(1);
  expect(npx.trim()).toBe("--yes azure-remedy@latest");
  expect(az.runs).toEqual(["vm create -g rg -n web-01"]);
  const annotations = stderr.split("\n").filter((line) => line.startsWith("::"));
  expect(annotations).toHaveLength(1);
  expect(annotations[0]).toMatch(/^::error title=AllocationFailed::.*%0A1\. .*%0ANot run again: /);
  expect(summary).toMatch(/^### ✕ AllocationFailed$/m);
  expect(summary).toContain("**What to do**");
  expect(summary).toMatch(/^\| 1 \| AllocationFailed \| adaptable \| stopped: /m);
  expect(summary.replaceAll(/```[^]*?```/g, "")).not.toContain("<b>");
  expect(outputs).toEqual({ disposition: "adaptable", code: "AllocationFailed", "retry-at": "", runs: "1" });
});

it("runs again while the failure will pass, and says so in the summary", async () => {
  using az = fakeAz({ stderr: throttled, fails: 1 });
  const { code, stdout, stderr, summary, outputs } = await runAction({ run: "az vm show -g rg -n web-01" }, az.env);
  expect(code).toBe(0);
  expect(stdout).toContain("Succeeded");
  expect(stderr).not.toContain("::error");
  expect(summary).toContain("### ✓ Succeeded in run 2");
  expect(outputs).toMatchObject({ disposition: "transient", code: "TooManyRequests", runs: "1" });
});

it("says when to come back, where the wait is longer than the deadline", async () => {
  const longWait = "ERROR: (TooManyRequests) Please try again after '600' seconds.";
  using az = fakeAz({ stderr: longWait });
  const before = Date.now();
  const { code, outputs } = await runAction({ run: "az vm list", deadline: "5s" }, az.env);
  expect(code).toBe(1);
  const retryAt = Date.parse(outputs["retry-at"] ?? "");
  expect(retryAt).toBeGreaterThanOrEqual(before + 590_000);
  expect(retryAt).toBeLessThan(Date.now() + 610_000);
});

it("writes nothing where nothing failed", async () => {
  const { code, stdout, summary, outputs } = await runAction({ run: "echo one\necho two" }, {});
  expect([code, stdout, summary, outputs]).toEqual([0, "one\ntwo\n", "", {}]);
});

it("cannot be talked into another command or output by what is printed or passed in", async () => {
  using az = fakeAz({ stderr: "ERROR: (X::error::) \r\n::set-output name=code::evil\ncode<<x\nevil\nx" });
  const { stderr, outputs } = await runAction({ run: 'az "$(echo a; echo b)"', "max-retries": "0" }, az.env);
  expect(outputs["code"]).not.toBe("evil");
  const ours = stderr.split("\n").filter((line) => line.startsWith("::error"));
  expect(ours.join("\n")).not.toContain("evil\n");
});

it("goes on where the files of the runner cannot be written", async () => {
  using az = fakeAz({ stderr: allocationFailed });
  const { code, stderr } = await run(["run", "--github", "--", "az", "vm", "create"], {
    env: { ...az.env, GITHUB_STEP_SUMMARY: join(folder, "none", "summary"), GITHUB_OUTPUT: "" },
  });
  expect(code).toBe(1);
  expect(stderr).toContain("GITHUB_STEP_SUMMARY could not be written");
  expect(stderr).toContain("GITHUB_OUTPUT is not set");
});

it("has every output that it declares", () => {
  expect(Object.keys(action.outputs).sort()).toEqual(["code", "disposition", "retry-at", "runs"]);
  for (const [name, { value }] of Object.entries(action.outputs))
    expect(value).toBe(`\${{ steps.run.outputs.${name} }}`);
});
