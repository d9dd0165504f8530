/** The core in a real browser, against a service of another origin. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browserPath, inBrowser, launchBrowser } from "../support/browser.js";
import type { BrowserStory } from "./browser-story.js";

/** Everything is bundled for the browser; an import of Node's own modules would fail the build. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("browser-story.ts", import.meta.url))],
    bundle: true,
    write: false,
    platform: "browser",
    format: "iife",
    target: "es2023",
    logLevel: "silent",
    // By its public name, so that what is built in dist/ is what runs.
    tsconfigRaw: {},
  });
  return outputFiles[0]?.text ?? "";
}

it("bundles for the browser without Node's modules", async () => {
  const code = await bundle();
  expect(code).toContain("AllocationFailed");
  expect(code).not.toMatch(/(?:require\(|from ?)"node:/);
}, 60_000);

const refusal = {
  error: {
    code: "OperationNotAllowed",
    message: "Operation 'resize' is not allowed on VM 'web-01' since the VM is generalized.",
  },
};

describe.skipIf(browserPath === undefined)(inBrowser, () => {
  let server: Server;
  const requests: string[] = [];
  const service = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  beforeAll(async () => {
    server = createServer((request, response) => {
      response.setHeader("Access-Control-Allow-Origin", "*");
      response.setHeader("Access-Control-Allow-Headers", "*");
      response.setHeader("Access-Control-Allow-Methods", "*");
      response.setHeader("Access-Control-Expose-Headers", "Retry-After");
      if (request.method === "OPTIONS") return void response.writeHead(204).end();
      if (request.url === "/") return void response.end('<!doctype html><link rel="icon" href="data:,">');
      requests.push(`${request.method ?? ""} ${request.url ?? ""}`);
      response.setHeader("Content-Type", "application/json");
      if (request.url === "/refused") return void response.writeHead(409).end(JSON.stringify(refusal));
      if (requests.length === 1) {
        const body = { error: { code: "TooManyRequests", message: "Too many requests." } };
        return void response.writeHead(429, { "Retry-After": "1" }).end(JSON.stringify(body));
      }
      response.end("{}");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it("waits out a 429 and explains a 409", async () => {
    const code = await bundle();
    const running = await launchBrowser();
    try {
      const page = await running.newPage();
      // A page of another origin (localhost is none of 127.0.0.1), as a portal would be.
      await page.goto(service().replace("127.0.0.1", "localhost"));
      await page.addScriptTag({ content: code });
      const story = await page.evaluate(
        (url) => (globalThis as unknown as { tell: (url: string) => Promise<BrowserStory> }).tell(url),
        service(),
      );
      expect(requests).toEqual(["GET /throttled", "GET /throttled", "PUT /refused"]);
      expect(story.throttled.status).toBe(200);
      expect(story.throttled.events.length).toBeGreaterThan(0);
      expect(story.refused.code).toBe("OperationNotAllowed");
      expect(story.refused.message).toContain("What to do");
      expect(story.refused.sends).toBe(1);
    } finally {
      await running.close();
    }
  }, 60_000);
});
