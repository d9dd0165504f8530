/** The page's table of what is served, against the routes that serve it. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { ingredients } from "../../src/emulator/chaos.js";
import { allRoutes } from "../../src/emulator/handlers/all-routes.js";
import { illnesses } from "../../src/emulator/illnesses.js";

/** `| Microsoft.Compute | virtualMachines/{vm} | GET, PUT |` for each name of a provider. */
function servedRows(): string[] {
  const methods = new Map<string, Set<string>>();
  for (const { path, name, method, isOutside } of allRoutes) {
    const provider = isOutside
      ? "Blob Storage"
      : (/.*\/providers\/(Microsoft\.\w+)/.exec(path)?.[1] ?? "Microsoft.Resources");
    const key = `${provider} | \`${name}\``;
    methods.set(key, (methods.get(key) ?? new Set()).add(method));
  }
  return [...methods].map(([key, found]) => `${key} | ${[...found].sort().join(", ")}`).sort();
}

it("the page lists all that is served, and nothing else", () => {
  const page = readFileSync(new URL("../../docs/emulator.md", import.meta.url), "utf8");
  const section = page.slice(page.indexOf("## What it serves"));
  const rows = section
    .split("\n")
    .filter((line) => /^\| (Microsoft\.|Blob)/.test(line))
    .map((line) =>
      line
        .replace(/^\| | \|$/g, "")
        .split("|")
        .map((cell) => cell.trim())
        .join(" | "),
    );
  expect(rows).toEqual(servedRows());
});

/** The first cell of each row of a table, below its head. */
function firstColumn(heading: RegExp): string[] {
  const page = readFileSync(new URL("../../docs/emulator.md", import.meta.url), "utf8");
  const lines = page.split("\n");
  const head = lines.findIndex((line) => heading.test(line));
  const rows = lines.slice(head + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith("|")),
    )
    .map((line) => /`([^`]+)`/.exec(line)?.[1] ?? "");
}

it("the page lists every fault of chaos, and nothing else", () => {
  expect(firstColumn(/^\| fault {2}.*\| what /).sort()).toEqual([...ingredients].sort());
});

it("the page names every illness", () => {
  const page = readFileSync(new URL("../../docs/emulator.md", import.meta.url), "utf8");
  for (const name of Object.keys(illnesses)) expect(page).toContain(`\`${name}\``);
});
