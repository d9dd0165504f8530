/** The table of docs/evidence.md says what the sources do: order, requests, rights and how long an answer is used. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { activityLog, standardEvidence, vmInspector } from "azure-remedy/evidence";
import { actions } from "../../src/evidence/reads.js";
import { skuCacheMs } from "../../src/evidence/sku-list.js";
import { scoresCacheMs } from "../../src/remedies/capacity/placement-scores.js";
import { eventsCacheMs } from "../../src/evidence/sources/health.js";
import { usageCacheMs } from "../../src/evidence/sources/usages.js";
import { root } from "./pages.js";

const page = readFileSync(join(root, "docs/evidence.md"), "utf8");
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => line.split("|").map((cell) => cell.trim()));
const column = (index: number): string[] => rows.map((row) => row[index] ?? "");
const sources = [...standardEvidence(), activityLog(), vmInspector({ upload: "https://a.example/c/r.zip" })];

it("names the sources in the order in which they look", () => {
  expect(column(1)).toEqual(sources.map(({ name }) => `\`${name}\``));
});

it("says how many requests each may send", () => {
  expect(column(3).map(Number)).toEqual(sources.map(({ requests }) => requests));
});

it("names every action that a look of ours may need, and no other", () => {
  const named = column(5).flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, action]) => action));
  expect(new Set(named)).toEqual(new Set(actions));
});

const hours = (ms: number): string => (ms === 3_600_000 ? "1 hour" : `${ms / 3_600_000} hours`);

it("says how long an answer is used", () => {
  const minutes = { usages: usageCacheMs, skus: skuCacheMs, health: eventsCacheMs, vmInspector: 3_600_000 };
  const scores = `scores ${scoresCacheMs / 60_000} minutes`;
  for (const [, source = "", , , , , used] of rows) {
    const name = source.replaceAll("`", "");
    const ms = minutes[name as keyof typeof minutes] as number | undefined;
    const words = ms === undefined ? "one failure" : ms === 60_000 ? "1 minute" : hours(ms);
    expect([name, used]).toEqual([name, name === "skus" ? `${words}; ${scores}` : words]);
  }
});
