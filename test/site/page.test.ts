/** The page in a real browser, opened from its file: pasting, searching, addresses, the keyboard, both languages and schemes. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import type * as axeCore from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { build } from "vite";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { diagnoseAll } from "azure-remedy/diagnose";
import { browserPath, inBrowser, launchBrowser } from "../support/browser.js";
import { payloadTexts } from "../support/payload-texts.js";

const outDir = mkdtempSync(join(tmpdir(), "azure-remedy-site-"));
beforeAll(async () => {
  const configFile = fileURLToPath(new URL("../../site/vite.config.ts", import.meta.url));
  await build({ configFile, logLevel: "error", build: { outDir } });
}, 60_000);
afterAll(() => rmSync(outDir, { recursive: true }));

const pageFile = (): string => join(outDir, "index.html");

it("is one file of at most 200 kB, gzipped, that loads nothing else", () => {
  const html = readFileSync(pageFile());
  expect(gzipSync(html, { level: 9 }).length).toBeLessThanOrEqual(200_000);
  const tags = html.toString("utf8").match(/<(?:script|link|img)[^>]*(?:src|href)="(?!data:)[^"]*"/g);
  expect(tags).toBeNull();
});

describe.skipIf(browserPath === undefined)(inBrowser, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  }, 30_000);
  afterAll(() => browser.close());

  /** Requests and complaints of all pages of a test. */
  let beyondThePage: string[] = [];
  afterEach(() => {
    const seen = beyondThePage;
    beyondThePage = [];
    expect(seen).toEqual([]);
  });

  async function open(hash = "", options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ locale: "en-US", ...options });
    const page = await context.newPage();
    const address = pathToFileURL(pageFile()).href;
    page.on("request", (request) => {
      if (!request.url().startsWith(address) && !request.url().startsWith("data:")) beyondThePage.push(request.url());
    });
    page.on("pageerror", (error) => beyondThePage.push(error.message));
    page.on("console", (message) => beyondThePage.push(message.text()));
    await page.goto(address + hash);
    // What is painted first is the heading alone.
    await page.locator("#main").waitFor();
    return page;
  }

  const explain = (page: Page, text: string): Promise<void> => page.getByLabel("The error").fill(text);
  const verdicts = (page: Page): Promise<string[]> =>
    page
      .locator("article.card")
      .evaluateAll((cards) =>
        cards.map((card) => `${card.querySelector("h2")?.textContent ?? ""} ${card.classList.item(1) ?? ""}`),
      );

  it("explains what is pasted: what happened, whether a retry helps, what to do, how it was nested", async () => {
    const page = await open();
    await page.getByRole("button", { name: "Deployment", exact: true }).click();
    const card = page.getByRole("article");
    await expect.poll(() => card.getByRole("heading", { level: 2 }).textContent()).toBe("AllocationFailed");
    expect(await card.locator(".retry").textContent()).toContain("No.");
    expect(await card.locator(".steps li").count()).toBeGreaterThan(0);
    expect(await card.locator(".tree li strong").allTextContents()).toEqual([
      "DeploymentFailed",
      "ResourceDeploymentFailure",
      "AllocationFailed",
    ]);
    expect(await card.locator(".tree .root strong").last().textContent()).toBe("AllocationFailed");
    expect(await page.locator("mark").first().textContent()).toBe("AllocationFailed");
    await page.context().close();
  });

  it("lists several failures of a log, and goes to the one that is chosen", async () => {
    const page = await open();
    await page.getByRole("button", { name: "Terraform" }).click();
    await expect
      .poll(() => verdicts(page))
      .toEqual(["SkuNotAvailable adaptable", "RetryableErrorDueToAnotherOperation transient"]);
    await page.locator(".failure-list button").nth(1).click();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("failure-1");
    await page.context().close();
  });

  it("says when to try again, as the service asks", async () => {
    const page = await open();
    await page.getByRole("button", { name: "429" }).click();
    await expect.poll(() => page.locator(".retry").textContent()).toContain("Yes, after 17 s, as the service asks.");
    await page.context().close();
  });

  it("shows the verdict of the library for every known payload", async () => {
    const page = await open();
    const payloads = payloadTexts();
    expect(payloads.length).toBeGreaterThan(100);
    for (const text of payloads) {
      await explain(page, text);
      const expected = diagnoseAll(text)
        .filter(({ diagnosis }) => diagnosis.basis !== "none")
        .map(({ diagnosis: { code, status, rule, disposition } }) => {
          const name = code ?? (status === undefined ? (rule?.id ?? "?") : `HTTP ${status}`);
          return `${name} ${disposition}`;
        });
      expect(await verdicts(page), text.slice(0, 200)).toEqual(expected);
    }
    await page.context().close();
  }, 120_000);

  it("removes secrets before anything is drawn", async () => {
    const page = await open();
    const secret = "S3cr3t-of-the-test";
    await explain(page, `{"error":{"code":"InvalidParameter","message":"adminPassword: ${secret} is too weak"}}`);
    await page.getByText("1 secret was removed.").waitFor();
    const drawn = await page.evaluate(
      () => document.documentElement.outerHTML + (document.querySelector("textarea")?.value ?? ""),
    );
    expect(drawn).toContain("InvalidParameter");
    expect(drawn).not.toContain(secret);
    await page.context().close();
  });

  it("says so where nothing is known", async () => {
    const page = await open();
    await explain(page, "The weather is fine.");
    await page.getByRole("heading", { name: "No failure is known in this text." }).waitFor();
    await page.context().close();
  });

  it("fills the names into commands and copies them", async () => {
    const page = await open("#AllocationFailed", { permissions: ["clipboard-read", "clipboard-write"] });
    await page.getByRole("textbox", { name: "resource-group" }).first().fill("rg web");
    await page.getByRole("textbox", { name: "vm", exact: true }).first().fill("web-01");
    const resize = page.getByRole("button", { name: /^Copy: az vm resize/ }).first();
    await resize.click();
    await expect.poll(() => resize.textContent()).toBe("Copied");
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
      "az vm resize -g 'rg web' -n web-01 --size <size>",
    );
    await page.context().close();
  });

  it("searches the catalog and narrows it down", async () => {
    const page = await open("#catalog");
    const count = (): Promise<number> => page.locator(".rule-list li").count();
    expect(await count()).toBe(50);
    await page.getByLabel("Search the catalog").fill("quota cores");
    await expect.poll(count).toBeLessThan(50);
    expect(await count()).toBeGreaterThan(0);
    await page.getByLabel("Search the catalog").fill("");
    await page.getByLabel("Category").selectOption("capacity");
    await page.getByLabel("Kind").selectOption("adaptable");
    await page.getByLabel("Document").selectOption("vm-management");
    await expect.poll(() => page.locator(".rule-list").textContent()).toContain("AllocationFailed");
    await page.getByRole("link", { name: "AllocationFailed", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "AllocationFailed" }).waitFor();
    expect(page.url()).toMatch(/#AllocationFailed$/);
    await page.goBack();
    await page.getByRole("heading", { level: 1, name: "Catalog" }).waitFor();
    await page.context().close();
  });

  it.each([
    ["#AllocationFailed", "AllocationFailed"],
    ["#allocationfailed", "allocationfailed"],
    ["#NoSuchCode", "The catalog has no rule NoSuchCode."],
    ["#%E0%A4%A", "The catalog has no rule %E0%A4%A."],
  ])("has an address for %s", async (hash, title) => {
    const page = await open(hash);
    await page.getByRole("heading", { level: 1, name: title, exact: true }).waitFor();
    await page.context().close();
  });

  it("is used with the keyboard alone", async () => {
    const page = await open("", { permissions: ["clipboard-read", "clipboard-write"] });
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.className)).toBe("skip");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("text");
    await page.keyboard.type("VMNotFound");
    const focused = (): Promise<string | null | undefined> =>
      page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
    for (let presses = 0; presses < 30 && !(await focused())?.startsWith("Copy:"); presses += 1)
      await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^az /);
    await page.context().close();
  });

  const views = [
    ["#", ""],
    ["#", "Terraform"],
    ["#catalog", ""],
    ["#AllocationFailed", ""],
  ] as const;
  const languages = ["en-US", "zh-CN"] as const;
  // Colours do not depend on the width, nor does the layout on the colours.
  const sights = [
    { colorScheme: "light", width: 1280 },
    { colorScheme: "dark", width: 360 },
  ] as const;
  const axeFile = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
  const complaints = (page: Page, rules: axeCore.RunOptions["runOnly"]): Promise<string[]> =>
    page.evaluate(async (runOnly) => {
      const { axe } = globalThis as unknown as { axe: typeof axeCore };
      const { violations } = await axe.run(document, { ...(runOnly !== undefined && { runOnly }) });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
    }, rules);
  const allRules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  /** What can differ between two sights of one document. */
  const rulesOfSight = ["color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable"];

  it.each(views.flatMap(([hash, sample]) => languages.map((locale) => ({ hash, sample, locale }))))(
    "is accessible and fits: $hash $sample, $locale",
    async ({ hash, sample, locale }) => {
      const page = await open(hash, { locale });
      if (sample !== "") await page.getByRole("button", { name: sample }).click();
      expect(await page.evaluate(() => document.documentElement.lang)).toBe(locale === "zh-CN" ? "zh-CN" : "en");
      await page.addScriptTag({ path: axeFile });
      for (const [index, { colorScheme, width }] of sights.entries()) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 800 });
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        const rules = index === 0 ? allRules : rulesOfSight;
        expect(await complaints(page, rules), `${colorScheme}, ${width} px`).toEqual([]);
      }
      await page.context().close();
    },
  );

  it("explains in Chinese what the documents list", async () => {
    const page = await open("", { locale: "zh-CN" });
    await page.getByLabel("错误内容").fill("VMStartTimedOut");
    await expect.poll(() => page.locator(".card .explanation").textContent()).toMatch(/[\u4e00-\u9fff]/);
    expect(await page.locator(".steps li").first().textContent()).toMatch(/[\u4e00-\u9fff]/);
    await page.context().close();
  });

  it("shows the catalog and each rule in Chinese, with the names that a message would give", async () => {
    const page = await open("#catalog", { locale: "zh-CN" });
    await page.getByRole("searchbox").fill("VMStartTimedOut");
    const chinese = /[\u4e00-\u9fff]/;
    await expect.poll(() => page.locator(".rule-list .explanation").first().textContent()).toMatch(chinese);
    await page.getByRole("link", { name: "VMStartTimedOut", exact: true }).click();
    await expect.poll(() => page.locator(".rule-page .card > .explanation").first().textContent()).toMatch(chinese);
    for (const step of await page.locator(".rule-page .steps li").allTextContents()) expect(step).toMatch(chinese);

    const named = await open("#AttachDiskWhileBeingDetached", { locale: "zh-CN" });
    const explanation = named.locator(".rule-page .card > .explanation").first();
    await expect.poll(() => explanation.locator("i").allTextContents()).not.toEqual([]);
    for (const name of await explanation.locator("i").allTextContents()) expect(name).toMatch(/^\{\w+\}$/);
    await page.context().close();
    await named.context().close();
  });

  it("remembers language and colours, and changes them at once", async () => {
    const page = await open();
    await page.getByLabel("Language").selectOption("zh");
    await page.getByText("粘贴任意 Azure 错误").waitFor();
    await page.getByLabel("颜色").selectOption("dark");
    const background = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await expect.poll(background).toBe("rgb(17, 20, 24)");
    await page.reload();
    await page.getByText("粘贴任意 Azure 错误").waitFor();
    expect(await background()).toBe("rgb(17, 20, 24)");
    await page.context().close();
  }, 60_000);
});
