/** Pictures of the page, for the README and for whoever changes it: `npm run screenshots -- FOLDER`. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { BrowserContextOptions } from "playwright-core";
import { samples } from "../site/src/samples.js";
import { browserPath, launchBrowser } from "../test/support/browser.js";

if (browserPath === undefined) throw new Error("No Chromium on the PATH.");

interface Shot extends BrowserContextOptions {
  readonly name: string;
  /** Index of an example of the page. */
  readonly sample?: number;
  readonly hash?: string;
}

const wide = { width: 1_280, height: 960 };
const narrow = { width: 360, height: 760 };

const shots: readonly Shot[] = [
  { name: "page", sample: 0, viewport: wide },
  { name: "dark", sample: 0, viewport: wide, colorScheme: "dark" },
  { name: "narrow", sample: 0, viewport: narrow },
  { name: "chinese", sample: 0, viewport: wide, locale: "zh-CN" },
  { name: "empty", viewport: wide },
  { name: "catalog", hash: "#catalog", viewport: wide },
  { name: "catalog-chinese", hash: "#catalog", viewport: wide, locale: "zh-CN" },
  { name: "catalog-narrow", hash: "#catalog", viewport: narrow },
  { name: "rule", hash: "#AllocationFailed", viewport: wide },
  { name: "rule-chinese", hash: "#AllocationFailed", viewport: wide, locale: "zh-CN", colorScheme: "dark" },
  ...samples.slice(1).map((_, index) => ({ name: `sample-${index + 2}`, sample: index + 1, viewport: wide })),
];

const folder = process.argv[2] ?? fileURLToPath(new URL("../docs/images", import.meta.url));
/** Only the first is shown in the README. */
const wanted = process.argv[2] === undefined ? shots.slice(0, 1) : shots;
mkdirSync(folder, { recursive: true });
const address = pathToFileURL(fileURLToPath(new URL("../site/dist/index.html", import.meta.url))).href;
const browser = await launchBrowser();
try {
  for (const { name, sample, hash = "", ...options } of wanted) {
    const context = await browser.newContext({ locale: "en-US", deviceScaleFactor: 1, ...options });
    const page = await context.newPage();
    await page.goto(address + hash);
    await page.locator("#main").waitFor();
    if (sample !== undefined)
      await page
        .locator("textarea")
        .first()
        .fill(samples[sample]?.text ?? "");
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: options.viewport?.width === narrow.width });
    await context.close();
  }
} finally {
  await browser.close();
}
