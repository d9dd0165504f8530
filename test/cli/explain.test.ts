/** `explain` as a process: what goes in by file, pipe, text or code, and what comes out for people and for programs. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bundleProgram, run, type StartOptions } from "./program-under-test.js";

bundleProgram();

const body = JSON.stringify({ error: { code: "VMNotFound", message: 'VM "web-01" cannot be found.' } });
const explainedJson = async (args: readonly string[], options?: StartOptions): Promise<Record<string, unknown>[]> => {
  const { stdout } = await run(["explain", "--json", ...args], options);
  return (JSON.parse(stdout) as { errors: Record<string, unknown>[] }).errors;
};
const fileWith = (content: string | Buffer, name = "error.log"): string => {
  const path = join(mkdtempSync(join(tmpdir(), "explain-")), name);
  writeFileSync(path, content);
  return path;
};

describe("what is explained", () => {
  it.concurrent.each([
    ["a pipe", [], { stdin: body }],
    ["standard input by name", ["-"], { stdin: body }],
    ["a file, also one that Windows PowerShell wrote", [fileWith(Buffer.from(`\ufeff${body}`, "utf16le"))], {}],
    ["a text", [body], {}],
    ["a code, in any case", ["vmnotfound"], {}],
  ] as const)("%s", async (_, args, options) => {
    expect(await explainedJson(args, options)).toMatchObject([{ code: "VMNotFound", category: "not-found" }]);
  });

  it("an HTTP status", async () => {
    expect(await explainedJson(["429"])).toMatchObject([{ basis: "status", retry: { helps: true } }]);
  });

  it("with rules of one's own before the catalog", async () => {
    const rule = {
      id: "Mine",
      code: "VMNotFound",
      disposition: "transient",
      explanation: "It comes in a minute.",
      steps: ["Wait."],
    };
    const rules = fileWith(JSON.stringify([rule]), "rules.json");
    expect(await explainedJson(["VMNotFound", "--rules", rules])).toMatchObject([{ rule: { id: "Mine" } }]);
  });
});

describe("what is printed", () => {
  it("a section for each error, in Chinese where it is asked for, and where more is known", async () => {
    const input = `Error: Code="OperationNotAllowed"\nERROR: ${body}\n`;
    const { stdout, code } = await run(["explain", "--lang", "zh", "--var", "vm=web-01"], { stdin: input });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^OperationNotAllowed {2}permanent/m);
    expect(stdout).toContain("azure-remedy catalog show OperationNotAllowed");
    expect(stdout).toMatch(/^VMNotFound {2}permanent · not-found/m);
    expect(stdout).toMatch(/中文 +找不到虚拟机"web-01"/);
    expect(stdout).toContain("此资源组和订阅中没有虚拟机 web-01。");
    expect(stdout).toContain("1. 查找它：az vm list");
    expect(stdout).toContain("否。重新发送没有帮助；请先排除原因。");
    expect(stdout).toContain("没有中文解释的规则显示英文。");
    // The labels start the lines, as wide in both languages: a Chinese character takes two columns.
    expect(stdout).toMatch(/^ {2}步骤 {6}1\. /m);
    expect(stdout).not.toMatch(/^ {2}(?:said|within|do|retry|also|note|known by|more|support) /m);
  });
});

describe("what is refused", () => {
  it.concurrent.each([
    ["nothing known about it", ["NoCodeOfOurs"], 1, ""],
    ["empty input", [], 2, "the input is empty"],
    ["a file that is not there", ["logs/terraform.log"], 2, "cannot read logs/terraform.log: no such file"],
    ["a folder", [tmpdir()], 2, "it is a directory"],
  ] as const)("%s", async (_, args, code, words) => {
    const ended = await run(["explain", ...args]);
    expect([ended.code, ended.stderr]).toEqual([code, expect.stringContaining(words)]);
  });
});
