/** The system's time is set back or ahead while a call waits: it takes what it would have taken, as with the SDK alone. */
import {
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  defaultRetryPolicy,
  type HttpClient,
  type PipelinePolicy,
  type PipelineResponse,
} from "@azure/core-rest-pipeline";
import { createThrottle, remedyPolicy } from "azure-remedy";
import { afterEach, describe, expect, it, vi } from "vitest";
import { AttemptTimeouts } from "../../src/time/attempt-timeout.js";
import { systemClock, untilDue } from "../../src/time/clock.js";
import { generations } from "../support/clients.js";
import { scene } from "../support/scene.js";
import { inVirtualTime, type VirtualTime } from "../support/virtual-time.js";

const second = 1_000;
const hour = 3_600 * second;
const url =
  "https://management.azure.com/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/v";
const jumps = [-24 * hour, -hour, -10 * second, 10 * second, hour];

/** A service that refuses so many times. */
function refusing(times: number, status: number, headers: Record<string, string>): HttpClient {
  let sends = 0;
  return {
    sendRequest: (request) => {
      sends += 1;
      const response: PipelineResponse = {
        request,
        status: sends > times ? 200 : status,
        headers: createHttpHeaders(),
      };
      if (sends <= times) response.headers = createHttpHeaders(headers);
      return Promise.resolve({ ...response, bodyAsText: "{}" });
    },
  };
}

function callWith(policy: PipelinePolicy, service: HttpClient): () => Promise<PipelineResponse> {
  const pipeline = createEmptyPipeline();
  pipeline.addPolicy(policy, { phase: "Retry" });
  return () => pipeline.sendRequest(service, createPipelineRequest({ url }));
}

const ours = (): PipelinePolicy => remedyPolicy({ throttle: createThrottle({ random: () => 0 }), random: () => 0 });

/** Seconds that calls take, the first of which meets a service that refuses; the clock jumps in its first wait. */
async function play(time: VirtualTime, call: () => Promise<PipelineResponse>, jumpMs: number): Promise<number[]> {
  const took = async (): Promise<number> => {
    expect((await call()).status).toBe(200);
    return Math.round(time.elapsedMs() / second);
  };
  const first = took();
  await time.sleep(second);
  const later = took();
  await time.sleep(second);
  time.shiftClock(jumpMs);
  return Promise.all([first, later]);
}

describe.each(jumps)("the clock jumps by %d ms", (jumpMs) => {
  it.each<[string, number, Record<string, string>]>([
    ["a window", 429, { "retry-after": "30" }],
    ["an outage", 503, { "retry-after": "30" }],
  ])("in the wait of %s", (_, status, headers) =>
    inVirtualTime(async (time) => {
      const alone = await play(time, callWith(defaultRetryPolicy(), refusing(1, status, headers)), 0);
      expect(alone[0]).toBe(30);
      const startedAt = time.elapsedMs() / second;
      const took = await play(time, callWith(ours(), refusing(1, status, headers)), jumpMs);
      for (const end of took) expect(end - startedAt).toBeLessThanOrEqual(40);
    }),
  );
});

describe.each(generations)("arm-compute %s: the clock is set back by an hour", (generation) => {
  it("before a resubmission is due", () =>
    scene(generation, async (told) => {
      told.arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines", as: "operation", times: 2 });
      const created = told.client().create("web-01");
      await told.time.sleep(3 * second);
      told.time.shiftClock(-hour);
      await created;
      expect(told.time.elapsedMs()).toBeLessThan(120 * second);
    }));

  it("while a circuit is open", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01" });
      told.arm.fail("InternalServerError", { on: "GET virtualMachines", times: 21 });
      const compute = told.client({ maxRetries: 30 });
      const calls = Array.from({ length: 20 }, () => compute.get("web-01"));
      await told.time.sleep(second);
      told.time.shiftClock(-hour);
      await Promise.all(calls);
      expect(told.time.elapsedMs()).toBeLessThan(120 * second);
    }));
});

it("an attempt never joins a span whose end is nearer than its time", () =>
  inVirtualTime(async (time) => {
    const timeouts = new AttemptTimeouts(300 * second, systemClock);
    const early = timeouts.signal(Date.now());
    await time.sleep(290 * second);
    time.shiftClock(-hour);
    const late = timeouts.signal(Date.now());
    await time.sleep(60 * second);
    expect([early.aborted, late.aborted]).toEqual([true, false]);
  }));

it("a wait is over when the clock says a time before it began", () => {
  const due = { begunAt: 1_000, dueAt: 5_000 };
  expect([999, 1_000, 4_000, 6_000].map((now) => untilDue(due, now))).toEqual([0, 4_000, 1_000, 0]);
});

describe("fake timers of the caller's own tests", () => {
  afterEach(() => void vi.useRealTimers());

  it.each([0, Date.UTC(2020, 0, 1), Date.UTC(2099, 0, 1)])("from %d on: a wait passes with them", async (now) => {
    const call = callWith(ours(), refusing(2, 429, { "retry-after": "30" }));
    vi.useFakeTimers({ now });
    const response = call();
    await vi.advanceTimersByTimeAsync(100 * second);
    expect((await response).status).toBe(200);
    expect(Date.now() - now).toBe(100 * second);
  });

  it("that come and go leave the process's throttle as it was", async () => {
    const policy = ours();
    vi.useFakeTimers({ now: Date.UTC(2099, 0, 1) });
    const left = callWith(policy, refusing(1, 429, { "retry-after": "30" }))();
    await vi.advanceTimersByTimeAsync(second);
    vi.useRealTimers();
    const began = Date.now();
    expect((await callWith(policy, refusing(0, 200, {}))()).status).toBe(200);
    expect(Date.now() - began).toBeLessThan(second);
    void left;
  });
});
