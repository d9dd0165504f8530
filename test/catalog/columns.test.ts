/** The catalog ships as columns: what is read from them must be what `policies/` says, to the letter. */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { defaultCatalog, rulesOf } from "azure-remedy";
import { ColumnContent } from "../../src/catalog/columns.js";
import type { LayerContent } from "../../src/catalog/catalog.js";
import type { Family, Rule } from "../../src/catalog/rule.js";
import { readPolicies } from "../../scripts/read-policies.js";
import { writeAdvice, writeColumns } from "../../scripts/write-columns.js";

const withoutExamples = <T extends { examples: unknown; seen?: unknown }>(entry: T): Omit<T, "examples" | "seen"> => {
  const { examples: _, seen: __, ...rest } = entry;
  return rest;
};

const rule: Rule = {
  id: "DiskFull",
  code: "DiskFull",
  disposition: "permanent",
  category: "storage",
  explanation: "The disk is full.",
  steps: ["Make room."],
  docs: "https://learn.microsoft.com/azure",
  sources: [],
};
const family: Family = {
  id: "full",
  rank: 2,
  disposition: "permanent",
  category: "storage",
  explanation: "Something is full.",
  steps: ["Make room."],
  docs: "https://learn.microsoft.com/azure",
};
const roundTrip = (rules: readonly Rule[], families: readonly Family[]): LayerContent => {
  const content = new ColumnContent(writeColumns(rules, families));
  content.addAdvice(writeAdvice(rules, families));
  return { rules: content.rules, families: content.families };
};

describe("the catalog of the package", () => {
  const policies = readPolicies(fileURLToPath(new URL("../..", import.meta.url)));

  it("has every rule of policies/ in its order, field by field", () => {
    expect(rulesOf(defaultCatalog)).toStrictEqual(policies.rules.map(withoutExamples));
  });

  it("has every family of policies/", () => {
    const families = defaultCatalog.layers.flatMap((layer) => layer.families);
    expect(families).toStrictEqual(policies.families.map(withoutExamples));
  });
});

describe("columns", () => {
  it("write a repeated text once", () => {
    const later = { ...rule, id: "DiskFull.later" };
    const between = { ...rule, id: "DiskFull.between", explanation: "Another text." };
    const columns = writeColumns([rule, between, later], []);
    expect(columns.explanation).toBe("The disk is full.\nAnother text.\n=0");
    expect(writeAdvice([rule, between, later], []).steps).toBe("Make room.\n=\n=");
    expect(roundTrip([rule, between, later], []).rules).toStrictEqual([rule, between, later]);
  });

  it("keep what a rule does not have apart from what is empty", () => {
    const bare = roundTrip([rule], [family]);
    expect(Object.keys(bare.rules[0] ?? {})).not.toContain("message");
    expect(Object.keys(bare.families[0] ?? {})).not.toContain("codes");
    expect(bare.rules[0]?.sources).toEqual([]);
  });

  it("keep every field", () => {
    const fullRule: Rule = {
      ...rule,
      id: "Disk-Full.on-vm",
      code: "Disk-(Full)",
      message: "Disk '{diskName}' is \"full\" \\ 100 %.",
      messageZh: "磁盘已满。",
      status: 409,
      vague: true,
      automatic: "fallbackSizes",
      waitMs: 5,
      sources: [
        { document: "vm-management", row: 3 },
        { document: "vm-inspector", row: 14 },
      ],
    };
    const fullFamily: Family = {
      ...family,
      codes: ["*Full", "Full*"],
      phrases: ["is full", "no * left"],
      statuses: [507, 413],
      automatic: "fallbackZones",
      waitMs: 0,
    };
    expect(roundTrip([rule, fullRule], [family, fullFamily])).toStrictEqual({
      rules: [rule, fullRule],
      families: [family, fullFamily],
    });
  });

  it("tell more values apart than there are letters", () => {
    const rules = Array.from({ length: 300 }, (_, index) => ({
      ...rule,
      docs: `https://learn.microsoft.com/${index}`,
    }));
    expect(roundTrip(rules, []).rules).toStrictEqual(rules);
  });

  it.each(["two\nlines", "a\ttab", "=12", ""])("refuse a text that a line cannot hold: %j", (explanation) => {
    expect(() => writeColumns([{ ...rule, explanation }], [])).toThrow("no tabs and line breaks");
  });

  it("refuse an id that its code does not begin", () => {
    expect(() => writeColumns([{ ...rule, id: "Other" }], [])).toThrow("id Other");
  });
});
