/** `catalog` as a process: searching, showing, and checking rule files. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bundleProgram, run } from "./program-under-test.js";

bundleProgram();

const fileWith = (name: string, content: string): string => {
  const path = join(mkdtempSync(join(tmpdir(), "catalog-")), name);
  writeFileSync(path, content);
  return path;
};

describe("searching", () => {
  it("finds what holds every word, one line to a rule in a pipe", async () => {
    const { stdout, code } = await run(["catalog", "quota", "permanent"]);
    const [titles, , ...rows] = stdout.trimEnd().split("\n");
    expect(code).toBe(0);
    expect(titles).toMatch(/^RULE +DISPOSITION +CATEGORY +WHAT HAPPENED$/);
    expect(rows.length).toBeGreaterThan(3);
    expect(rows.every((row) => /quota/i.test(row) && row.includes("permanent"))).toBe(true);
  });

  it("--json gives the rules as they are", async () => {
    const found = JSON.parse((await run(["catalog", "list", "VMStartTimedOut", "--json"])).stdout) as {
      code: string;
    }[];
    expect(found).toMatchObject([{ code: "VMStartTimedOut", disposition: "indeterminate" }]);
  });

  it("1 when nothing holds the words", async () => {
    const { code, stderr } = await run(["catalog", "no", "such", "words"]);
    expect([code, stderr]).toEqual([1, "azure-remedy: nothing in the catalog contains no and such and words.\n"]);
  });
});

describe("showing", () => {
  it("all rules of a code, with message, advice and source", async () => {
    const { stdout } = await run(["catalog", "show", "allocationfailed"]);
    expect(stdout).toMatch(/^AllocationFailed {2}adaptable · capacity/m);
    expect(stdout).toMatch(/^AllocationFailed\.internal-error {2}transient/m);
    expect(stdout).toMatch(/automatic fallbackSizes/);
    expect(stdout).toMatch(/source +vm-management row \d+/);
  });

  it("1 and what was perhaps meant", async () => {
    const { code, stderr } = await run(["catalog", "show", "AlocationFailed"]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("Did you mean AllocationFailed")]);
  });
});

describe("checking rule files", () => {
  const good = fileWith(
    "House.yaml",
    [
      "code: HouseRule",
      "disposition: transient",
      "category: conflict",
      "docs: https://example.com/rules",
      "rules:",
      "  - id: HouseRule.nightly",
      '    message: "The nightly freeze of {resource} is on."',
      '    explanation: "Nobody changes {resource} while the freeze is on."',
      "    steps:",
      '      - "Come back at six in the morning."',
      "    examples:",
      '      - "The nightly freeze of web-01 is on."',
      "",
    ].join("\n"),
  );

  it("says so when there is nothing to say", async () => {
    const { code, stdout } = await run(["catalog", "lint", good]);
    expect([code, stdout]).toEqual([0, "1 rule in 1 file, no mistakes.\n"]);
  });

  it("names file and line of each mistake, and gives 1", async () => {
    const bad = fileWith(
      "bad.json",
      '[\n  { "id": "A", "code": "A", "disposition": "maybe",\n    "explanation": "x {y}", "steps": ["z"] },\n  { "id": "A" }\n]\n',
    );
    const { code, stdout } = await run(["catalog", "lint", good, bad]);
    expect(code).toBe(1);
    expect(stdout).toContain(
      `${bad}:2 disposition must be equal to one of the allowed values: transient, indeterminate, adaptable, permanent\n`,
    );
    expect(stdout).toContain(`${bad}:4 it must have required property 'code'\n`);
  });

  it("--json for programs", async () => {
    const { stdout } = await run(["catalog", "lint", good, "--json"]);
    expect(JSON.parse(stdout)).toEqual({ files: [good], rules: 1, mistakes: [] });
  });
});
