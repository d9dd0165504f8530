import { defaultCatalog, rulesOf } from "azure-remedy";
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FaultContext } from "../../src/emulator/fault-context.js";
import { fillPlaceholders } from "../../src/emulator/placeholders.js";
import { ask, vm, type Answer } from "./direct.js";
import { manualClock, type ManualClock } from "./manual-clock.js";

let arm: Emulator;
let clock: ManualClock;
beforeEach(async () => {
  clock = manualClock();
  arm = await startEmulator({ clock });
  arm.addVm({ name: "web-01" });
});
afterEach(() => arm.stop());

const location = { location: "westeurope" };
const read = (name = "web-01"): Promise<Answer> => ask(arm, "GET", vm(name));
const create = (name = "new-01"): Promise<Answer> => ask(arm, "PUT", vm(name), location);

describe("a failure by catalog code", () => {
  it("has the catalog's status and words, with the names of the request in them", async () => {
    const [rule] = rulesOf(defaultCatalog).filter(({ id }) => id === "OperationNotAllowed.vm-generalized");
    expect(rule?.status).toBe(409);
    arm.fail({ rule: "OperationNotAllowed.vm-generalized" }, { on: "POST virtualMachines/start" });
    const answer = await ask(arm, "POST", vm("web-01", "/start"));
    expect(answer.status).toBe(409);
    expect(answer.error.code).toBe("OperationNotAllowed");
    expect(answer.error.message).toBe("Operation 'start' is not allowed on VM 'web-01' since the VM is generalized.");
  });

  it("finds the code whatever its case, and takes parameters, a message, headers and more of the error", async () => {
    arm.fail("storageaccounttoobusy", {
      on: "GET virtualMachines",
      as: "answer",
      parameters: { storageAccount: "disks42" },
      error: { target: "osDisk", details: [{ code: "ServerBusy", message: "m" }] },
      headers: { "x-ms-failure-cause": "service" },
      retryAfter: 12,
      status: 503,
    });
    const answer = await read();
    expect(answer.status).toBe(503);
    expect(answer.error.message).toContain("'disks42' is too busy");
    expect(answer.error).toMatchObject({
      code: "StorageAccountTooBusy",
      target: "osDisk",
      details: [{ code: "ServerBusy" }],
    });
    expect(answer.headers.get("x-ms-failure-cause")).toBe("service");
    expect(answer.headers.get("retry-after")).toBe("12");
  });

  it("comes as the end of an operation or as an answer, by what it is", async () => {
    arm.fail("OSProvisioningTimedOut", { on: "PUT virtualMachines" });
    arm.fail("InvalidParameter", { on: "PUT virtualMachines" });
    expect((await create("vm-1")).status).toBe(201);
    expect((await create("vm-2")).status).toBe(400);
    arm.finishOperations();
    expect(arm.vm("vm-1")).toMatchObject({
      provisioningState: "Failed",
      powerState: "running",
      failure: { code: "OSProvisioningTimedOut" },
    });
    expect(arm.vm("vm-2")).toBeUndefined();
    const view = await ask(arm, "GET", vm("vm-1", "/instanceView"));
    expect(view.body["statuses"]).toMatchObject([
      { code: "ProvisioningState/failed/OSProvisioningTimedOut" },
      { code: "PowerState/running" },
    ]);
  });

  it("is an answer where nothing would be followed", async () => {
    arm.fail("AllocationFailed", { on: "GET virtualMachines" });
    expect((await read()).status).toBe(409);
  });

  it("fills every template of the catalog with values, never with the placeholder's name", () => {
    const path = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-01";
    const request = { method: "PUT", name: "virtualMachines/web-01", body: {} };
    const params = { group: "rg", vm: "web-01" };
    const cloud = { options: { subscriptionId: "s", tenantId: "t", location: "westeurope", resourceGroups: ["rg"] } };
    const context = { request, params, path, cloud } as unknown as FaultContext;
    const names = rulesOf(defaultCatalog).flatMap(({ message = "" }) => message.match(/\{[A-Za-z]\w*\}/g) ?? []);
    const left = [...new Set(names)].filter((name) => fillPlaceholders(name, context, {}) === name.slice(1, -1));
    expect(left).toEqual([]);
  });

  it.each([
    ["AlocationFailed", /no code "AlocationFailed".*Did you mean AllocationFailed/],
    ["AADSTS90033", /comes from Entra ID.*arm\.failToken/],
    ["TypeError", /the client's own/],
  ])("refuses %s at once", (code, words) => {
    expect(() => arm.fail(code, { on: "PUT virtualMachines" })).toThrow(words);
  });

  it("refuses what cannot be", () => {
    const on = "GET virtualMachines";
    expect(() => arm.fail({ rule: "AllocationFailed.none" }, { on })).toThrow(/no rule "AllocationFailed\.none"/);
    expect(() => arm.fail("AllocationFailed", { on, as: "operation" })).toThrow(/never begins an operation/);
    expect(() => arm.fail("InvalidParameter", { on, completesAnyway: true })).toThrow(/completesAnyway needs/);
    expect(() => arm.fail("InvalidParameter", { on, times: 0 })).toThrow(/times must be/);
    expect(() => arm.html({ on, status: 42 })).toThrow(/status must be a number from 200 to 599, not 42/);
    expect(() => arm.longRunning({ on, polls: 1 })).toThrow(/nothing that GET virtualMachines means/);
  });

  it.each<[string, (emulator: Emulator) => unknown, RegExp]>([
    [
      "a fault without a place",
      (emulator) => emulator.fail("AllocationFailed", undefined as never),
      /fail needs where/,
    ],
    ["a place that is no text", (emulator) => emulator.reset({ on: 7 as never }), /on must be text .* not 7/],
    [
      "a misspelt option",
      (emulator) => emulator.html({ on: "*", stauts: 500 } as never),
      /html has no option "stauts"/,
    ],
    ["a VM that is only a name", (emulator) => emulator.addVm("web-03" as never), /addVm needs an object .* "web-03"/],
    [
      "a VM without a name",
      (emulator) => emulator.addVm({ size: "Standard_D2s_v5" } as never),
      /name must be .* undefined/,
    ],
    [
      "a power state with its prefix",
      (emulator) => emulator.addVm({ name: "web-03", powerState: "PowerState/running" as never }),
      /powerState must be one of starting, .* not "PowerState\/running"/,
    ],
  ])("refuses %s by name", (_what, plant, words) => {
    expect(() => plant(arm)).toThrow(words);
  });
});

describe("where and how often a fault strikes", () => {
  it("strikes as often as it is planted for, first planted first", async () => {
    const twice = arm.fail({ status: 500 }, { on: "GET virtualMachines", times: 2 });
    arm.fail({ status: 503 }, { on: "GET virtualMachines" });
    const statuses = [];
    for (let call = 0; call < 4; call += 1) statuses.push((await read()).status);
    expect(statuses).toEqual([500, 500, 503, 200]);
    expect(twice).toMatchObject({ hits: 2, remaining: 0 });
  });

  it("strikes one name, one action, or what a predicate picks", async () => {
    arm.addVm({ name: "web-02" });
    arm.fail({ status: 500 }, { on: "GET virtualMachines/web-02", times: Infinity });
    arm.fail({ status: 418 }, { on: (request) => request.headers["if-match"] === "x", times: Infinity });
    arm.fail({ status: 503 }, { on: "PUT virtualMachines", when: ({ body }) => body?.["location"] === "westus2" });
    expect((await read("web-01")).status).toBe(200);
    expect((await read("web-02")).status).toBe(500);
    expect((await ask(arm, "GET", vm("web-01"), undefined, { "if-match": "x" })).status).toBe(418);
    expect((await create("a")).status).toBe(201);
    expect((await ask(arm, "PUT", vm("b"), { location: "westus2" })).status).toBe(503);
  });

  it("is taken back by hand", async () => {
    const fault = arm.fail({ status: 500 }, { on: "GET virtualMachines", times: Infinity });
    fault.remove();
    expect((await read()).status).toBe(200);
    arm.reset({ on: "*", times: Infinity });
    arm.clearFaults();
    expect((await read()).status).toBe(200);
  });

  it("waits for a request that is accepted before it fails an operation", async () => {
    arm.addVm({ name: "off-01", powerState: "deallocated" });
    const fault = arm.fail("VMStartTimedOut", { on: "POST virtualMachines" });
    expect((await ask(arm, "POST", vm("off-01", "/restart"))).error.code).toBe("OperationNotAllowed");
    expect(fault.hits).toBe(0);
    expect((await ask(arm, "POST", vm("off-01", "/start"))).status).toBe(202);
    expect(fault.hits).toBe(1);
  });
});

describe("what the service did", () => {
  it("did nothing when the fault struck before, and all of it when it struck after", async () => {
    const on = "PUT virtualMachines";
    arm.reset({ on });
    await expect(create("before")).rejects.toThrow();
    arm.reset({ on, after: "after-execution" });
    await expect(create("after")).rejects.toThrow();
    arm.html({ on, status: 504, after: "after-execution" });
    expect((await create("page")).status).toBe(504);
    arm.cutBody({ on });
    await expect(create("cut")).rejects.toThrow();
    arm.finishOperations();
    expect(arm.state.vms.map(({ name }) => name)).toEqual(["web-01", "after", "page", "cut"]);
    expect(arm.exchanges.map(({ name, outcome, executed }) => [name.split("/")[1], outcome, executed])).toEqual([
      ["before", "reset", false],
      ["after", "reset", true],
      ["page", "answered", true],
      ["cut", "cut", true],
    ]);
  });

  it("completes later what its operation gave up", async () => {
    arm.fail("OSProvisioningTimedOut", { on: "PUT virtualMachines", completesAnyway: true });
    const created = await create();
    const link = created.headers.get("azure-asyncoperation") ?? "";
    await ask(arm, "GET", link);
    expect((await ask(arm, "GET", link)).body.status).toBe("Failed");
    const states = [];
    for (let look = 0; look < 2; look += 1) {
      states.push((await read("new-01")).body.properties?.["provisioningState"]);
    }
    expect(states).toEqual(["Creating", "Succeeded"]);
    expect(arm.vm("new-01")?.powerState).toBe("running");
  });

  it("leaves a VM whose start failed as it was, and marked as failed", async () => {
    arm.addVm({ name: "off-01", powerState: "deallocated" });
    arm.fail("AllocationFailed", { on: "POST virtualMachines/start" });
    await ask(arm, "POST", vm("off-01", "/start"));
    expect(arm.vm("off-01")?.powerState).toBe("starting");
    arm.finishOperations();
    expect(arm.vm("off-01")).toMatchObject({ powerState: "deallocated", provisioningState: "Failed" });
    await ask(arm, "POST", vm("off-01", "/start"));
    arm.finishOperations();
    expect(arm.vm("off-01")).toMatchObject({
      powerState: "running",
      provisioningState: "Succeeded",
      failure: undefined,
    });
  });
});

describe("time", () => {
  it("answers later under latency, by the emulator's clock", async () => {
    arm.latency({ on: "GET virtualMachines", ms: 30_000 });
    let answered = false;
    const call = read().then(() => (answered = true));
    await expect.poll(() => clock.sleeping).toBe(1);
    expect(answered).toBe(false);
    clock.advance(30_000);
    await call;
    expect(arm.story).toEqual(["GET virtualMachines/web-01 200"]);
  });

  it.each([
    ["header", "5", true],
    ["date", "Thu, 01 Jan 2026 00:00:05 GMT", false],
    ["text", null, true],
    ["none", null, false],
  ] as const)("says the wait of a throttle in its %s", async (hint, header, inText) => {
    arm.throttle({ on: "GET virtualMachines", retryAfter: 5, hint });
    const answer = await read();
    expect(answer.status).toBe(429);
    expect(answer.headers.get("retry-after")).toBe(header);
    expect(answer.error.message?.includes("'5' seconds")).toBe(inText);
  });

  it("sends any Retry-After it is told to", async () => {
    arm.fail({ status: 503 }, { on: "GET virtualMachines", retryAfter: new Date(Date.UTC(2026, 0, 2)) });
    arm.fail({ status: 503 }, { on: "GET virtualMachines", retryAfter: "abc" });
    expect((await read()).headers.get("retry-after")).toBe("Fri, 02 Jan 2026 00:00:00 GMT");
    expect((await read()).headers.get("retry-after")).toBe("abc");
  });
});

describe("chaos", () => {
  const run = async (seed: number): Promise<readonly string[]> => {
    await using other = await startEmulator({ throttling: false });
    other.addVm({ name: "web-01" });
    other.chaos({
      seed,
      rate: 0.5,
      faults: [
        { on: "GET virtualMachines", fail: { status: 500 } },
        { on: "*", html: 503, weight: 3 },
        { on: "POST virtualMachines", fail: "VMStartTimedOut" },
      ],
    });
    for (let call = 0; call < 40; call += 1) await ask(other, "GET", vm("web-01"));
    return other.story;
  };

  it("meets the same requests with the same faults", async () => {
    const [one, again, another] = await Promise.all([run(7), run(7), run(8)]);
    expect(again).toEqual(one);
    expect(another).not.toEqual(one);
    const struck = one.filter((line) => !line.endsWith(" 200"));
    expect(struck.length).toBeGreaterThan(10);
    expect(struck.length).toBeLessThan(30);
    expect(struck.filter((line) => line.endsWith("503")).length).toBeGreaterThan(struck.length / 2);
  });

  it("refuses what it cannot do", () => {
    const faults = [{ on: "*", fail: "EAI_AGAIN" }];
    expect(() => arm.chaos({ seed: 1, rate: 2, faults: [] })).toThrow(/rate must be a number from 0 to 1, not 2/);
    expect(() => arm.chaos({ seed: 0.5, rate: 1, faults: [] })).toThrow(/seed must be a whole number/);
    expect(() => arm.chaos({ seed: 1, rate: 1, faults })).toThrow(/client's own/);
  });
});
