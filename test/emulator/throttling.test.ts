import fc from "../support/properties.js";
import { startEmulator, type Emulator, type EmulatorOptions } from "azure-remedy/emulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TokenBucket } from "../../src/emulator/buckets.js";
import { ask, compute, vm, type Answer } from "./direct.js";
import { manualClock, type ManualClock } from "./manual-clock.js";

let arm: Emulator;
let clock: ManualClock;
const start = async (throttling: EmulatorOptions["throttling"]): Promise<void> => {
  clock = manualClock();
  arm = await startEmulator({ clock, ...(throttling !== undefined && { throttling }) });
  arm.addVm({ name: "web-01" });
};
afterEach(() => arm.stop());

const asPrincipal = async (principal: string): Promise<Record<string, string>> => ({
  authorization: `Bearer ${(await arm.credentialOf(principal).getToken("scope")).token}`,
});
const readGroup = (headers: Record<string, string> = {}): Promise<Answer> =>
  ask(arm, "GET", "/resourceGroups/rg", undefined, headers);
const left = (answer: Answer, kind: string): string | null =>
  answer.headers.get(`x-ms-ratelimit-remaining-subscription-${kind}`);

describe("with the documented numbers", () => {
  beforeEach(() => start(undefined));

  it("tells what remains of reads, writes and deletes, for the principal and for all", async () => {
    const read = await readGroup();
    expect([left(read, "reads"), left(read, "global-reads")]).toEqual(["249", "3749"]);
    const write = await ask(arm, "PUT", "/resourceGroups/rg", { location: "westeurope" });
    expect([left(write, "writes"), left(write, "global-writes")]).toEqual(["199", "2999"]);
    const deletion = await ask(arm, "DELETE", vm("none"));
    expect([left(deletion, "deletes"), left(deletion, "global-deletes")]).toEqual(["199", "2999"]);
  });

  it("tells what remains of Compute's operation groups, one line each", async () => {
    const answer = await ask(arm, "POST", vm("web-01", "/restart"));
    expect(answer.headers.get("x-ms-ratelimit-remaining-resource")).toBe(
      "Microsoft.Compute/UpdateVMResource;11, Microsoft.Compute/UpdateVMSubscription;1499",
    );
    const deallocated = await ask(arm, "DELETE", vm("web-01"));
    expect(deallocated.headers.get("x-ms-ratelimit-remaining-resource")).toContain("DeleteVMResource;11");
    expect((await readGroup()).headers.get("x-ms-ratelimit-remaining-resource")).toBeNull();
  });

  it("counts looks at boot logs with the cheap reads, and summaries of a scale set for themselves", async () => {
    const log = await ask(arm, "POST", vm("web-01", "/retrieveBootDiagnosticsData"));
    expect(log.headers.get("x-ms-ratelimit-remaining-resource")).toContain("LowCostGetResource;35");
    const summary = await ask(arm, "GET", compute("virtualMachineScaleSets/web/instanceView"));
    expect(summary.headers.get("x-ms-ratelimit-remaining-resource")).toBe(
      "Microsoft.Compute/ScaleSetInstanceViewResource;29, Microsoft.Compute/ScaleSetInstanceViewSubscription;1079",
    );
  });

  it("counts all lists of machines together, and no other read with them", async () => {
    const all = "/providers/Microsoft.Compute/virtualMachines";
    const states = `${arm.endpoint}/subscriptions/${arm.subscriptionId}${all}?statusOnly=true&api-version=2024-07-01`;
    const remaining: (string | null)[] = [];
    for (const path of [compute("virtualMachines"), all, vm("web-01"), states]) {
      remaining.push((await ask(arm, "GET", path)).headers.get("x-ms-ratelimit-remaining-resource"));
    }
    expect(remaining).toEqual([
      "Microsoft.Compute/HighCostGetSubscription;899",
      "Microsoft.Compute/HighCostGetSubscription;898",
      "Microsoft.Compute/LowCostGetResource;35, Microsoft.Compute/LowCostGetSubscription;23999",
      "Microsoft.Compute/HighCostGetSubscription;897",
    ]);
  });

  it("refuses the 13th update of one VM in a minute, in Compute's way", async () => {
    for (let call = 0; call < 12; call += 1) await ask(arm, "POST", vm("web-01", "/restart"));
    clock.advance(20_000);
    const refused = await ask(arm, "POST", vm("web-01", "/restart"));
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("40");
    expect(refused.body).toMatchObject({
      code: "OperationNotAllowed",
      details: [{ code: "TooManyRequests", target: "UpdateVMResource" }],
    });
    clock.advance(40_000);
    expect(
      (await ask(arm, "POST", vm("web-01", "/restart"))).headers.get("x-ms-ratelimit-remaining-resource"),
    ).toContain("UpdateVMResource;3");
  });
});

describe("with small buckets", () => {
  beforeEach(() => start({ reads: { capacity: 3, refill: 2, everyMs: 10_000 } }));

  it("refuses in Resource Manager's way when the bucket is empty, and says when to come back", async () => {
    const owner = await asPrincipal("worker-1");
    for (let call = 0; call < 3; call += 1) expect((await readGroup(owner)).status).toBe(200);
    clock.advance(3500);
    const refused = await readGroup(owner);
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("7");
    expect(refused.headers.get("x-ms-failure-cause")).toBe("gateway");
    expect(left(refused, "reads")).toBe("0");
    expect(refused.error).toMatchObject({ code: "SubscriptionRequestsThrottled" });
    expect(refused.error.message).toContain("Number of 'read' requests");
    expect(refused.error.message).toContain("actor 'worker-1' exceeded. Please try again after '7' seconds");
    expect(arm.exchanges.at(-1)).toMatchObject({ executed: false, retryAfter: "7" });
  });

  it("keeps a bucket for each principal", async () => {
    const [one, other] = [await asPrincipal("worker-1"), await asPrincipal("worker-2")];
    for (let call = 0; call < 4; call += 1) await readGroup(one);
    expect((await readGroup(one)).status).toBe(429);
    expect((await readGroup(other)).status).toBe(200);
  });

  it("adds tokens in steps, not as a stream", async () => {
    for (let call = 0; call < 3; call += 1) await readGroup();
    clock.advance(9999);
    expect((await readGroup()).status).toBe(429);
    clock.advance(1);
    expect(left(await readGroup(), "reads")).toBe("1");
  });
});

it("renews the lock for whoever comes early, under a penalty", async () => {
  await start({ reads: { capacity: 1, refill: 1 }, penaltyMs: 10_000 });
  await readGroup();
  expect((await readGroup()).headers.get("retry-after")).toBe("10");
  clock.advance(9000);
  expect((await readGroup()).headers.get("retry-after")).toBe("10");
  clock.advance(9999);
  expect((await readGroup()).status).toBe(429);
  clock.advance(10_000);
  expect((await readGroup()).status).toBe(200);
});

it("counts nothing when it is off", async () => {
  await start(false);
  for (let call = 0; call < 14; call += 1) {
    expect((await ask(arm, "POST", vm("web-01", "/generalize"))).status).toBe(409);
  }
  expect(left(await readGroup(), "reads")).toBeNull();
});

it.each([
  [{ reads: { capacity: -1, refill: 1 } }, "throttling.reads.capacity must be a number of at least 0, not -1."],
  [{ penaltyMs: 0 }, "throttling.penaltyMs must be a number of at least 1, not 0."],
])("refuses %j", async (throttling, words) => {
  await start(undefined);
  await expect(startEmulator({ throttling })).rejects.toThrow(words);
});

describe("a bucket", () => {
  it("never lets through more than its capacity and its refill, and lets in who waited as told", () => {
    const sizes = fc.record({
      capacity: fc.integer({ min: 1, max: 20 }),
      refill: fc.integer({ min: 1, max: 5 }),
      everyMs: fc.integer({ min: 1, max: 1000 }),
    });
    const waits = fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 60 });
    fc.assert(
      fc.property(sizes, waits, (size, gaps) => {
        const time = manualClock(0);
        const bucket = new TokenBucket(size, time);
        let taken = 0;
        for (const gap of gaps) {
          time.advance(gap);
          if (!bucket.admits()) {
            time.advance(bucket.waitMs);
            expect(bucket.admits()).toBe(true);
          }
          bucket.take();
          taken += 1;
          const steps = Math.floor(time.now() / size.everyMs);
          expect(taken).toBeLessThanOrEqual(size.capacity + steps * size.refill);
          expect(bucket.remaining).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});
