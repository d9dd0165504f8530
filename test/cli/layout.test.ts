import { describe, expect, it } from "vitest";
import fc from "../support/properties.js";
import { fit, table, wrap } from "../../src/cli/layout.js";

describe("wrap", () => {
  it.each([
    ["one two three", 7, ["one two", "three"]],
    ["abcdefgh", 3, ["abc", "def", "gh"]],
    ["a abcdef b", 3, ["a", "abc", "def", "b"]],
    ["one\ntwo", 10, ["one", "two"]],
    ["", 5, [""]],
  ])("%j in %i", (text, width, lines) => {
    expect(wrap(text, width)).toEqual(lines);
  });

  it("never makes a line too long, and loses no letter", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 20 }), (text, width) => {
        const lines = wrap(text, width);
        expect(lines.every((line) => line.length <= width)).toBe(true);
        expect(lines.join("").replaceAll(/\s/g, "")).toBe(text.replaceAll(/\s/g, ""));
      }),
    );
  });
});

it.each([
  ["abc", 5, "abc  "],
  ["abcdef", 4, "abc…"],
  ["abc", 0, ""],
])("fit %j into %i", (text, width, expected) => {
  expect(fit(text, width)).toBe(expected);
});

describe("table", () => {
  const columns = [{ title: "NAME" }, { title: "COUNT", right: true }, { title: "WORDS", shrinksTo: 5 }];

  it("fits its widest cells where there is room", () => {
    expect(table(columns, [[{ text: "a" }, { text: "10" }, { text: "some words" }]])).toEqual([
      "NAME  COUNT  WORDS",
      "────  ─────  ──────────",
      "a        10  some words",
    ]);
  });

  it("wraps the columns that may shrink", () => {
    const [, , ...rows] = table(columns, [[{ text: "a" }, { text: "10" }, { text: "some words" }]], 18);
    expect(rows).toEqual(["a        10  some", "             words"]);
  });

  it("paints the text alone, so that colours take no room", () => {
    const rows = table(
      [{ title: "A" }, { title: "B" }],
      [[{ text: "x", paint: (text) => `<${text}>` }, { text: "y" }]],
    );
    expect(rows[2]).toBe("<x>  y");
  });

  it("is never wider than asked, where its columns may shrink", () => {
    const cell = fc.record({ text: fc.string({ maxLength: 60 }) });
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell)), fc.integer({ min: 24, max: 80 }), (rows, width) => {
        const shrinking = [
          { title: "ONE", shrinksTo: 5 },
          { title: "TWO", shrinksTo: 5 },
        ];
        expect(table(shrinking, rows, width).every((line) => line.length <= width)).toBe(true);
      }),
    );
  });
});
