/** What a function does with a failure: the status for its caller, its deadline, and a message that comes back. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { invocationDeadline, reschedule, responseFor } from "azure-remedy/functions";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { remedyErrorOf } from "../support/outcome.js";
import { scene } from "../support/scene.js";

describe("the answer of an HTTP function", () => {
  it.each([
    ["VMSizeNotSupported", 409, "answer"],
    ["InvalidParameter.capture-prefix", 400, "answer"],
    ["VMNotFound", 404, "answer"],
    ["AllocationFailed", 409, "operation"],
    ["AuthorizationFailed", 502, "answer"],
  ] as const)("for %s is %i, with what to do", async (code, status, as) => {
    await scene("24", async ({ arm, client }) => {
      arm.addVm({ name: "web-01" });
      arm.fail(code, { on: "POST virtualMachines/start", as });
      const response = responseFor(await remedyErrorOf(client().start("web-01")));
      expect(response.status).toBe(status);
      expect(response.jsonBody.error.steps.length).toBeGreaterThan(0);
      expect(response.headers).toEqual({});
    });
  });

  it("is 503 with the time to come back when the deadline is too near", async () => {
    await scene("24", async ({ arm, client }) => {
      arm.addVm({ name: "web-01" });
      arm.throttle({ on: "POST virtualMachines/start", retryAfter: 600 });
      const error = await remedyErrorOf(client({ deadline: () => 60_000 }).start("web-01"));
      const response = responseFor(error, Date.now());
      expect(response.status).toBe(503);
      expect(Number(response.headers["Retry-After"])).toBeGreaterThan(500);
      expect(response.jsonBody.error.retryAt).toBe(error.retryAt?.toISOString());
    });
  });

  it("of any other error is 502 without its insides", () => {
    const response = responseFor(new TypeError("password=hunter2 is not a function"));
    expect(response.status).toBe(502);
    expect(JSON.stringify(response)).not.toContain("hunter2");
  });
});

describe("the deadline of an invocation", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "functions-"));
    vi.stubEnv("AzureWebJobsScriptRoot", folder);
    vi.useFakeTimers({ now: 0 });
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    vi.unstubAllEnvs();
    vi.useRealTimers();
  });

  it("is the app's own timeout less a margin, and counts down", () => {
    writeFileSync(join(folder, "host.json"), JSON.stringify({ version: "2.0", functionTimeout: "00:10:00" }));
    const left = invocationDeadline();
    expect(left()).toBe(590_000);
    vi.setSystemTime(60_000);
    expect(left()).toBe(530_000);
  });

  it.each([
    [undefined, {}, 290_000],
    ["01:00:00", {}, 3_590_000],
    ["1.00:00:00", { marginMs: 0 }, 86_400_000],
    ["-1", {}, 290_000],
    ["01:00:00", { http: true }, 220_000],
    ["01:00:00", { timeoutMs: 20_000, marginMs: 5_000 }, 15_000],
  ] as const)("with a setting of %s and %j is %i ms", (setting, options, expected) => {
    if (setting !== undefined) vi.stubEnv("AzureFunctionsJobHost__functionTimeout", setting);
    expect(invocationDeadline(options)()).toBe(expected);
  });

  it("refuses options by name", () => {
    expect(() => invocationDeadline({ timeout: 5 } as never)).toThrow(
      'invocationDeadline has no option "timeout"; did you mean timeoutMs?',
    );
    expect(() => invocationDeadline({ marginMs: -1 })).toThrow("marginMs must be a number of milliseconds");
  });
});

describe("a message", () => {
  const sent: { text: string; options: { visibilityTimeout: number } }[] = [];
  const queue = {
    sendMessage: (text: string, options: { visibilityTimeout: number }) =>
      Promise.resolve(void sent.push({ text, options })),
  };
  beforeEach(() => void sent.splice(0));
  const bodyOf = (text: string): unknown => JSON.parse(Buffer.from(text, "base64").toString());

  it("whose operation runs on comes back with what is needed to follow it", async () => {
    await scene(
      "24",
      async ({ client }) => {
        const error = await remedyErrorOf(client({ deadline: Date.now() + 15_000 }).create("web-01"));
        const at = await reschedule(queue, { name: "web-01" }, error, { now: Date.now() });
        expect(at).toBeInstanceOf(Date);
        expect(bodyOf(sent[0]?.text ?? "")).toEqual({ name: "web-01", resume: error.resume });
      },
      { operations: { durationMs: 60_000, retryAfterMs: 10_000 }, left: "some" },
    );
  });

  it("that will never pass, or fails for another reason, is not put back", async () => {
    await scene("24", async ({ arm, client }) => {
      arm.fail("InvalidParameter", { on: "PUT virtualMachines", as: "answer" });
      expect(await reschedule(queue, {}, await remedyErrorOf(client().create("web-01")))).toBeUndefined();
      expect(await reschedule(queue, {}, new Error("no"))).toBeUndefined();
      expect(sent).toEqual([]);
    });
  });
});
