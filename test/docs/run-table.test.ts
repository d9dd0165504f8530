/** The table of what `run` does holds the cases that its tests run, with what they ask for. */
import { expect, it } from "vitest";
import { runCases } from "../cli/run-cases.js";
import { tableRows } from "./pages.js";

it("what `run` does is what its tests ask for", () => {
  const [, ...rows] = tableRows("docs/command-line.md", "What run does");
  const inTests = runCases.map(({ failure, flags = [], runs, code }) => [
    failure + (flags.length > 0 && !failure.includes("--") ? ` (\`${flags.join(" ")}\`)` : ""),
    String(runs),
    String(code),
  ]);
  expect(rows.map(([failure, , runs, code]) => [failure, runs, code])).toEqual(inTests);
});
