/**
 * How long the page takes to its first paint, in the Chromium of this machine, from its file: the median of eleven fresh
 * browsers' contexts. `npm run bench:paint`. Exits with 1 above the limit.
 */
import { fileURLToPath, pathToFileURL } from "node:url";
import { browserPath, launchBrowser } from "../../test/support/browser.js";

const limitMs = 200;
const runs = 11;

if (browserPath === undefined) throw new Error("No Chromium on the PATH.");
const page = pathToFileURL(fileURLToPath(new URL("../../site/dist/index.html", import.meta.url))).href;
const browser = await launchBrowser();
const paints: number[] = [];
try {
  for (let run = 0; run < runs; run++) paints.push(await firstPaint());
} finally {
  await browser.close();
}
paints.sort((left, right) => left - right);
const median = paints[Math.floor(runs / 2)] ?? NaN;
console.log(
  `first contentful paint: median ${median.toFixed(0)} ms of ${runs} (${format(paints)}), limit ${limitMs} ms`,
);
process.exitCode = median <= limitMs ? 0 : 1;

/** Milliseconds from the navigation to the first content. */
async function firstPaint(): Promise<number> {
  const context = await browser.newContext();
  const tab = await context.newPage();
  await tab.goto(page);
  // Paints are the browser's own entries; the types at hand are Node's.
  const paint = await tab.evaluate<number>(
    `new Promise((resolve) => new PerformanceObserver((list) =>
      list.getEntriesByName("first-contentful-paint").forEach(({ startTime }) => resolve(startTime))
    ).observe({ type: "paint", buffered: true }))`,
  );
  await context.close();
  return paint;
}

function format(values: readonly number[]): string {
  return values.map((value) => value.toFixed(0)).join(" ");
}
