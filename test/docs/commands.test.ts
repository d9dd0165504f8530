/**
 * Every command line of the pages is run, with a fake `az`, `terraform` and `pwsh` on the PATH; rule files are checked by
 * `catalog lint`. What would install something is not run; that the scripts it names exist is checked.
 */
import { spawn } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleProgram, programFile, run } from "../cli/program-under-test.js";
import { blocksIn, blocksOf, outputPattern, pages, root, type Block } from "./pages.js";

bundleProgram();

const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  scripts: Readonly<Record<string, string>>;
};

const bin = mkdtempSync(join(tmpdir(), "pages-bin-"));
afterAll(() => rmSync(bin, { recursive: true }));

beforeAll(() => {
  const executable = (name: string, text: string): void => writeFileSync(join(bin, name), text, { mode: 0o755 });
  executable("azure-remedy", `#!/bin/sh\nexec "${process.execPath}" "${programFile()}" "$@"\n`);
  executable("npx", '#!/bin/sh\nexec "$@"\n');
  for (const name of ["az", "terraform", "pwsh"]) {
    copyFileSync(join(root, "test/cli/fake-az.sh"), join(bin, name));
    chmodSync(join(bin, name), 0o755);
  }
});

/** A folder in which a page's commands run, with the files that the page shows. */
function folderFor(page: string): string {
  const folder = mkdtempSync(join(tmpdir(), "page-"));
  for (const { word, text, language } of blocksOf(page)) {
    if (word !== undefined && ["yaml", "json"].includes(language)) writeFileSync(join(folder, word), text);
  }
  mkdirSync(join(folder, "home"));
  return folder;
}

/** Commands that run until they are interrupted, or for long: their first words are enough. */
const runsOn = /\bazure-remedy (?:emulator|throttle|demo)\b/;

/** What `az` says in the pages unless the block is given something else: busy once, then done. */
const busyOnce = {
  FAKE_AZ_STDERR:
    "ERROR: (TooManyRequests) Too many requests have been received. Please try again after '0.05' seconds.",
  FAKE_AZ_FAILS: "1",
};

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

function shell(script: string, cwd: string, untilFirstWords: boolean): Promise<Ended> {
  return new Promise((resolve) => {
    const { NO_COLOR: _, FORCE_COLOR: __, ...outer } = process.env;
    const child = spawn("bash", ["-c", `exec 2>&1\n${script}`], {
      cwd,
      detached: true,
      stdio: ["ignore", "pipe", "inherit"],
      env: {
        ...outer,
        ...busyOnce,
        FAKE_AZ_RUNS: join(cwd, "runs"),
        HOME: join(cwd, "home"),
        PATH: bin + delimiter + (process.env["PATH"] ?? ""),
      },
    });
    let said = "";
    let isInterrupted = false;
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      said += chunk;
      // To the whole group: bash waits for what it started. What has ended by itself is left alone.
      if (untilFirstWords && !isInterrupted && child.exitCode === null && child.pid !== undefined) {
        isInterrupted = true;
        process.kill(-child.pid, "SIGINT");
      }
    });
    child.once("close", (code) => resolve({ code, said }));
  });
}

/** One command to a line; a line that ends in a backslash goes on. */
const commandsOf = ({ text }: Block): string[] =>
  text
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"));

/** Asked wrongly, a defect, not executable, not found. */
const badCodes = [2, 70, 126, 127];

describe("commands of the pages", () => {
  it.concurrent.each(blocksIn("sh"))("$place", async (block) => {
    const cwd = folderFor(block.page);
    let said = "";
    for (const command of commandsOf(block)) {
      if (command.startsWith("npm ")) {
        const named = [...command.matchAll(/npm (?:run )?([\w:]+)/g)].map(([, name = ""]) => name);
        expect(named.filter((name) => !["ci", "install"].includes(name) && scripts[name] === undefined)).toEqual([]);
        continue;
      }
      expect(command).toMatch(/azure-remedy|^export |^az /);
      const script = `${block.given?.text ?? ""}\n${command}`;
      rmSync(join(cwd, "runs"), { force: true });
      const ended = await shell(script, cwd, runsOn.test(command));
      expect(badCodes, `${command}\n${ended.said}`).not.toContain(ended.code);
      expect(ended.said).not.toMatch(/^error: /m);
      said += ended.said;
    }
    if (block.output !== undefined) {
      const printed = `${said.replaceAll(/[ \t]+$/gm, "").trimEnd()}\n`;
      expect(printed).toMatch(outputPattern(block.output));
    }
    rmSync(cwd, { recursive: true });
  });
});

describe("files of the pages", () => {
  it.each(blocksIn("json"))("$place is JSON", ({ text }) => {
    expect(() => JSON.parse(text) as unknown).not.toThrow();
  });

  it.concurrent.each(blocksIn("yaml"))("$place holds rules", async ({ text }) => {
    const file = join(mkdtempSync(join(tmpdir(), "page-rules-")), "rules.yaml");
    writeFileSync(file, text);
    expect(await run(["catalog", "lint", file])).toMatchObject({ code: 0 });
  });
});

it.each(pages)("every block of %s is of a kind that is run or read", (page) => {
  const fences = readFileSync(join(root, page), "utf8").match(/^[ \t]*(?:```|~~~).*$/gm) ?? [];
  const openings = fences.filter((_, index) => index % 2 === 0);
  expect(
    openings.filter((fence) => !/^```(?:ts|js|sh|json|yaml|kusto|text|mermaid)(?: [\w.-]+)?$/.test(fence)),
  ).toEqual([]);
});
