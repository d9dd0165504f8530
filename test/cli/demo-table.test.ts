/** The table of the demo, at the widths of terminals. */
import { expect, it } from "vitest";
import { demoFaults } from "../../src/cli/demo/faults.js";
import { demoTable, type Row } from "../../src/cli/demo/report.js";

const longest = "The long-running operation has failed. undefined. Allocation failed. Please try reducing the VM size.";
const rows = demoFaults.map((fault): Row => {
  const run = { outcome: "failed", error: longest, requests: 12, elapsedMs: 12_345, truth: "no VM", steps: [] };
  return { fault, plain: run, remedied: { ...run, outcome: "passed", steps: [longest] } } as unknown as Row;
});

it.each([60, 80, 99, 100, 120, 200])("fits %i columns, with every fault and both sides", (width) => {
  const lines = demoTable(rows, (_, text) => text, width);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(width);
  const text = lines.join("\n");
  // A long code takes two lines.
  for (const { code } of demoFaults) expect(text).toContain(code.slice(0, 16));
  expect(text.match(/12\.3 s/g)).toHaveLength(2 * rows.length);
});
