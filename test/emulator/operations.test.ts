import { startEmulator, type Emulator, type EmulatorOptions, type PollingStyle } from "azure-remedy/emulator";
import { afterEach, describe, expect, it } from "vitest";
import { compute22, generations } from "./clients.js";
import { ask, compute, vm } from "./direct.js";
import { manualClock } from "./manual-clock.js";
import { atOnce } from "./outcome.js";

let arm: Emulator;
const start = async (options: EmulatorOptions = {}): Promise<void> => {
  arm = await startEmulator(options);
};
afterEach(() => arm.stop());

const location = { location: "westeurope" };
const linkIn = (headers: Headers, name = "azure-asyncoperation"): string => headers.get(name) ?? "";

describe("an operation", () => {
  it("is followed by its status document", async () => {
    const clock = manualClock();
    await start({ clock, operations: { durationMs: 5000, polls: 0, retryAfterMs: 1500 } });
    const accepted = await ask(arm, "PUT", vm("web-01"), location);
    expect(accepted.status).toBe(201);
    expect(accepted.body.properties?.["provisioningState"]).toBe("Creating");
    expect(accepted.headers.get("retry-after")).toBe("2");
    const link = linkIn(accepted.headers);
    expect(link).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+\/subscriptions\/.+\/Microsoft\.Compute\/locations\/westeurope\/operations\//,
    );

    clock.advance(4999);
    const running = await ask(arm, "GET", link);
    expect(running.body).toEqual({
      name: expect.any(String) as string,
      startTime: "2026-01-01T00:00:00.000Z",
      status: "InProgress",
    });
    expect(running.headers.get("retry-after")).toBe("2");
    clock.advance(1);
    const done = await ask(arm, "GET", link);
    expect(done.body).toMatchObject({ status: "Succeeded", endTime: "2026-01-01T00:00:05.000Z" });
    expect(done.headers.get("retry-after")).toBeNull();
    expect(arm.vm("web-01")?.provisioningState).toBe("Succeeded");
  });

  it("is followed by status codes where only Location is given", async () => {
    await start({ resourceGroups: ["rg", "old"] });
    const accepted = await ask(arm, "DELETE", "/resourceGroups/old");
    expect(accepted.status).toBe(202);
    expect(accepted.headers.get("azure-asyncoperation")).toBeNull();
    const running = await ask(arm, "GET", linkIn(accepted.headers, "location"));
    expect(running.status).toBe(202);
    const done = await ask(arm, "GET", linkIn(running.headers, "location"));
    expect(done.status).toBe(200);
    expect((await ask(arm, "HEAD", "/resourceGroups/old")).status).toBe(404);
  });

  it("ends in 200, 204 or the error's status when polled by Location", async () => {
    await start({ operations: { polls: 0 } });
    arm.addVm({ name: "web-01" });
    const started = await ask(arm, "POST", vm("web-01", "/start"));
    expect((await ask(arm, "GET", linkIn(started.headers, "location"))).status).toBe(200);
    arm.fail(
      { status: 409, body: { error: { code: "Busy", message: "Not now." } } },
      {
        on: "POST virtualMachines/restart",
        as: "operation",
      },
    );
    const failed = await ask(arm, "POST", vm("web-01", "/restart"));
    const end = await ask(arm, "GET", linkIn(failed.headers, "location"));
    expect(end.status).toBe(409);
    expect(end.error).toEqual({ code: "Busy", message: "Not now." });
    const deleted = await ask(arm, "DELETE", vm("web-01"));
    expect((await ask(arm, "GET", linkIn(deleted.headers, "location"))).status).toBe(204);
  });

  it("is unknown by a link that nobody handed out", async () => {
    await start();
    const path = "/providers/Microsoft.Compute/locations/westeurope/operations/00000000-0000-0000-0000-000000000000";
    const answer = await ask(arm, "GET", path);
    expect(answer.status).toBe(404);
    expect(answer.error.code).toBe("NotFound");
  });

  it("holds off other writes of its VM, until a delete takes the VM over", async () => {
    await start();
    const created = await ask(arm, "PUT", vm("web-01"), location);
    const second = await ask(arm, "POST", vm("web-01", "/restart"));
    expect(second.status).toBe(409);
    expect(second.error.message).toBe(
      "Operation 'restart' is not allowed on VM 'web-01' since another operation is in progress.",
    );
    expect((await ask(arm, "DELETE", vm("web-01"))).status).toBe(202);
    const preempted = await ask(arm, "GET", linkIn(created.headers));
    expect(preempted.body).toMatchObject({ status: "Canceled", error: { code: "OperationPreempted" } });
    const third = await ask(arm, "PUT", vm("web-01"), location);
    expect(third.error.message).toContain("since the VM is marked for deletion");
  });

  it("runs to its end when told to", async () => {
    await start({ operations: { durationMs: 3_600_000 } });
    await ask(arm, "PUT", vm("web-01"), location);
    arm.finishOperations();
    expect(arm.vm("web-01")?.powerState).toBe("running");
    expect(arm.state.operations).toMatchObject([{ name: "op-1", method: "PUT", status: "Succeeded" }]);
  });

  it("without a link is seen in the resource alone", async () => {
    await start();
    arm.longRunning({ on: "PUT virtualMachines", style: "body", polls: 2 });
    const accepted = await ask(arm, "PUT", vm("web-01"), location);
    expect(linkIn(accepted.headers)).toBe("");
    const states = [];
    for (let look = 0; look < 3; look += 1) {
      states.push((await ask(arm, "GET", vm("web-01"))).body.properties?.["provisioningState"]);
    }
    expect(states).toEqual(["Creating", "Creating", "Succeeded"]);
  });
});

const styles: readonly PollingStyle[] = ["azure-async-operation", "location", "both", "body"];
const pairs = generations.flatMap(([name, connect]) => styles.map((style) => [name, style, connect] as const));

it.each(pairs)("%s follows a create by %s to its end", async (_, style, connect) => {
  await start();
  arm.longRunning({ on: "PUT virtualMachines", style });
  const created = await connect(arm).virtualMachines.beginCreateOrUpdateAndWait("rg", "web-01", location, atOnce);
  expect(created).toMatchObject({ name: "web-01", provisioningState: "Succeeded" });
});

it.each(generations)("%s follows a start by Location alone", async (_, connect) => {
  await start();
  arm.addVm({ name: "web-01", powerState: "deallocated" });
  arm.longRunning({ on: "POST virtualMachines/start", style: "location" });
  await connect(arm).virtualMachines.beginStartAndWait("rg", "web-01", atOnce);
  expect(arm.vm("web-01")?.powerState).toBe("running");
  expect(arm.story.slice(0, 3)).toEqual([
    "POST virtualMachines/web-01/start 202",
    "GET operations/op-1 202",
    "GET operations/op-1 200",
  ]);
});

it("hands its links back on the origin that the caller meant", async () => {
  await start();
  const compute22Client = compute22(arm);
  const poller = await compute22Client.virtualMachines.beginCreateOrUpdate("rg", "web-01", location, atOnce);
  const state = JSON.parse(poller.toString()) as { state: { config: { operationLocation: string } } };
  expect(state.state.config.operationLocation).toMatch(/^https:\/\/management\.azure\.com\/subscriptions\//);
  await poller.pollUntilDone();
});

it("lets disks be created and deleted by both links", async () => {
  await start();
  const disks = compute22(arm).disks;
  const disk = { ...location, sku: { name: "Premium_LRS" }, creationData: { createOption: "Empty" }, diskSizeGB: 64 };
  const created = await disks.beginCreateOrUpdateAndWait("rg", "data-01", disk, atOnce);
  expect(created).toMatchObject({ name: "data-01", diskSizeGB: 64, diskState: "Unattached" });
  await disks.beginDeleteAndWait("rg", "data-01", atOnce);
  expect((await ask(arm, "GET", compute("disks/data-01"))).status).toBe(404);
});
