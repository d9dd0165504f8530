import { describe, expect, it } from "vitest";
import { defaultCatalog, rulesOf } from "azure-remedy";
import { documentRows } from "./documents.js";

describe("the documents", () => {
  it("have 159 and 39 rows, two later ones and three solutions", () => {
    const count = (document: string): number => documentRows.filter((row) => row.document === document).length;
    expect(["vm-management", "vm-inspector", "vm-management-newer", "vm-inspector-solutions"].map(count)).toEqual([
      159, 39, 2, 3,
    ]);
  });

  it.each(documentRows)("$document row $row $code is the source of exactly one rule", ({ document, row, code }) => {
    const named = rulesOf(defaultCatalog).filter((rule) =>
      rule.sources.some((source) => source.document === document && source.row === row),
    );
    expect(named.map((rule) => rule.id)).toHaveLength(1);
    if (code !== undefined) expect(named[0]?.code).toBe(code);
  });

  it("are named by no rule with a row they do not have", () => {
    const known = new Set(documentRows.map(({ document, row }) => `${document}/${row}`));
    const named = rulesOf(defaultCatalog).flatMap((rule) =>
      rule.sources.map(({ document, row }) => `${document}/${row}`),
    );
    expect(named.filter((source) => !known.has(source))).toEqual([]);
  });
});
