/** What a service asks for is what a request waits: beside the SDK's own retry policy, in the same time. */
import {
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  defaultRetryPolicy,
  type HttpClient,
  type PipelinePolicy,
  type PipelineRequest,
} from "@azure/core-rest-pipeline";
import { createThrottle, remedyPolicy, type RemedyOptions } from "azure-remedy";
import { describe, expect, it } from "vitest";
import { remedyErrorOf } from "../support/outcome.js";
import { inVirtualTime, storyStart } from "../support/virtual-time.js";

const second = 1_000;
const arm =
  "https://management.azure.com/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/v";
const vault = "https://v.vault.azure.net/secrets/s";

interface Reply {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** Milliseconds until it comes. */
  readonly afterMs?: number;
}

/** Sends one request to a service that gives these replies, and 200 after them; gives the seconds of each send. */
async function play(
  policy: PipelinePolicy,
  replies: readonly Reply[],
  asked: Partial<PipelineRequest> & { url: string },
): Promise<readonly number[]> {
  const sends: number[] = [];
  const service: HttpClient = {
    async sendRequest(request) {
      const { status = 200, headers = {}, afterMs = 0 } = replies[sends.length] ?? {};
      sends.push((Date.now() - storyStart) / second);
      await new Promise<void>((resolve, reject) => {
        setTimeout(resolve, afterMs);
        request.abortSignal?.addEventListener("abort", () =>
          reject(Object.assign(new Error("aborted"), { name: "AbortError" })),
        );
      });
      return { request, status, headers: createHttpHeaders(headers), bodyAsText: "{}" };
    },
  };
  const pipeline = createEmptyPipeline();
  pipeline.addPolicy(policy, { phase: "Retry" });
  await pipeline.sendRequest(service, createPipelineRequest(asked));
  return sends;
}

const ours = (options: RemedyOptions = {}): PipelinePolicy => remedyPolicy({ throttle: createThrottle(), ...options });
const told = (seconds: number): Reply => ({ status: 429, headers: { "retry-after": String(seconds) } });

describe.each([arm, vault])("a lone request to %s", (url) => {
  it.each([[[1]], [[4]], [[4, 4]], [[4, 4, 4]], [[1, 1, 1, 1]].slice(0, 1)])(
    "that is told to wait %j s waits that long",
    (waits) =>
      inVirtualTime(async () => {
        const sends = await play(ours(), waits.map(told), { url });
        const asked = waits.reduce((sum, wait) => sum + wait, 0);
        expect(sends).toHaveLength(waits.length + 1);
        expect(sends.at(-1)).toBeGreaterThanOrEqual(asked);
        expect(sends.at(-1)).toBeLessThanOrEqual(asked * 1.3 + 0.1);
      }),
  );

  it("waits as long as the SDK does, three times in a row", async () => {
    const sdk = await inVirtualTime(() => play(defaultRetryPolicy(), [4, 4, 4].map(told), { url }));
    const own = await inVirtualTime(() => play(ours(), [4, 4, 4].map(told), { url }));
    expect(sdk.at(-1)).toBeCloseTo(12, 1);
    expect(own.at(-1)).toBeLessThan((sdk.at(-1) ?? 0) * 1.3);
  });

  it("reads a date against the service's own clock", () =>
    inVirtualTime(async () => {
      const hourAhead = storyStart + 3_600 * second;
      const headers = {
        date: new Date(hourAhead).toUTCString(),
        "retry-after": new Date(hourAhead + 10 * second).toUTCString(),
      };
      const sends = await play(ours(), [{ status: 503, headers }], { url });
      expect(sends.at(-1)).toBe(10);
    }));

  it.each(["9".repeat(300), "99999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])(
    "that is told %s gets a RemedyError, and closes nothing for others",
    (hint) =>
      inVirtualTime(async () => {
        const policy = ours({ failedResponses: "throw" });
        const error = await remedyErrorOf(play(policy, [{ status: 429, headers: { "retry-after": hint } }], { url }));
        expect(error.statusCode).toBe(429);
        expect(() => JSON.stringify(error)).not.toThrow();
        expect((await play(policy, [], { url })).at(-1)).toBeLessThan(60);
      }),
  );
});

describe("a slow answer", () => {
  it.each([
    ["of a vault after 10 min", { url: vault }, 600, {}],
    ["to a PUT after 150 s", { url: arm, method: "PUT" }, 150, {}],
    ["within the request's own timeout", { url: arm, timeout: 300 * second }, 250, { attemptTimeoutMs: 120 * second }],
  ] as const)("%s is waited for", (_, asked, afterSeconds, options) =>
    inVirtualTime(async () => {
      const sends = await play(ours(options), [{ afterMs: afterSeconds * second }], asked);
      expect(sends).toEqual([0]);
    }),
  );

  it("of Resource Manager is given up after five minutes, and the error names the limit", () =>
    inVirtualTime(async () => {
      const error = await remedyErrorOf(play(ours({ maxRetries: 0 }), [{ afterMs: 900 * second }], { url: arm }));
      expect(error.message).toContain("No complete response came within 5 min, the limit of attemptTimeoutMs.");
    }));
});
