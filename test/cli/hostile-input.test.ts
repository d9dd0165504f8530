/** What others wrote never commands the terminal, shows no secret, and keeps nobody waiting. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { shownIn, spelled, spellings } from "../support/spellings.js";
import { bundleProgram, run, type Ended } from "./program-under-test.js";

bundleProgram();

const folder = mkdtempSync(join(tmpdir(), "hostile-"));
const fileWith = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

/** A title, a colour, the clipboard, C1 sequences, a bell, text turned around. */
const commands = "\u001b]0;mine\u0007\u001b[31m\u001b]52;c;eA==\u001b\\\u009b2J\u0007\u202e\r";
// eslint-disable-next-line no-control-regex -- none of these may come out
const obeyed = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
const all = ({ stdout, stderr }: Ended): string => stdout + stderr;

const error = JSON.stringify({ error: { code: `Disk${commands}Busy`, message: `m ${commands} n`, target: commands } });
const rules = (text: string): string => `code: ${JSON.stringify(text)}\nrules: 5\n`;
const aliases = ["a", "b", "c", "d", "e", "f", "g", "h"];
const bomb = aliases
  .map(
    (name, at) =>
      `${name}: &${name} [${Array<string>(9)
        .fill(at === 0 ? "x" : `*${aliases[at - 1]}`)
        .join(",")}]`,
  )
  .join("\n");

describe("control characters", () => {
  it.concurrent.each<[where: string, args: readonly string[], stdin?: string]>([
    ["an error", ["explain"], error],
    ["an error, as JSON", ["explain", "--json"], error],
    ["a text", ["explain", `Error: (DiskBusy) ${commands} m`]],
    ["a file that is not there", ["explain", join(folder, `none${commands}.log`)]],
    ["a command", [`bad${commands}`]],
    ["an option", ["explain", `--bad${commands}`]],
    ["a rule file's name", ["catalog", "lint", fileWith("evil\u001b[31m\u009b.yaml", rules("DiskBusy"))]],
    ["a rule file", ["catalog", "lint", fileWith("words.yaml", rules(`Disk${commands}`))]],
    ["a search", ["catalog", `none${commands}`]],
  ])("of %s do not come out", async (_, args, stdin = "") => {
    const ended = await run(args, { stdin });
    expect(all(ended)).not.toBe("");
    expect(all(ended)).not.toMatch(obeyed);
  });
});

describe("secrets", () => {
  const log = Object.keys(spellings)
    .map((name) => `Error: (DiskBusy) ${JSON.stringify(spelled(name))}`)
    .join("\n");
  it.concurrent.each([["explain"], ["explain", "--json"]])(
    "of a log are in nothing that %s %s prints",
    async (...args) => {
      const ended = await run(args, { stdin: log });
      expect(all(ended)).toContain("DiskBusy");
      expect(shownIn([all(ended)])).toEqual([]);
    },
  );
});

describe("an end comes soon, with an answer", () => {
  it("for aliases that stand for a hundred million words", async () => {
    const ended = await run(["catalog", "lint", fileWith("bomb.yaml", `${bomb}\ncode: DiskBusy\nrules: *h\n`)]);
    expect(ended.code).toBe(1);
    expect(all(ended)).toContain("bomb.yaml:1 cannot be read: Excessive alias count");
  });

  it("for a file of rules that is nested a hundred thousand deep", async () => {
    const ended = await run(["catalog", "lint", fileWith("deep.yaml", `rules: ${"[".repeat(100_000)}`)]);
    expect(all(ended)).not.toContain("a defect of azure-remedy");
  });

  it("for 5 MB of log", async () => {
    const ended = await run(["explain", "--json"], { stdin: "password: x\n(DiskBusy) m\n".repeat(200_000) });
    expect(ended.code).not.toBe(70);
    expect(ended.stdout).toContain("DiskBusy");
  });
});
