/** Sources that are late: service events, resource health, the activity log. */
import { createDefaultHttpClient, createPipelineFromOptions, createPipelineRequest } from "@azure/core-rest-pipeline";
import { startEmulator, type Emulator, type EmulatorOptions } from "azure-remedy/emulator";
import { afterEach, describe, expect, it } from "vitest";
import { ask, vm } from "./direct.js";
import { manualClock } from "./manual-clock.js";

let arm: Emulator;
const clock = manualClock();
const start = async (options: EmulatorOptions = {}): Promise<void> => {
  arm = await startEmulator({ clock, ...options });
};
afterEach(() => arm.stop());

interface Found {
  readonly status: number;
  readonly value: Record<string, unknown>[];
  readonly code: string | undefined;
}
/** Through a pipeline of the SDK, as a look would ask. */
async function look(path: string, query: Record<string, string> = {}): Promise<Found> {
  const pipeline = arm.connect(createPipelineFromOptions({ retryOptions: { maxRetries: 0 } }));
  const url = new URL(`https://management.azure.com/subscriptions/${arm.subscriptionId}${path}`);
  for (const [key, value] of Object.entries({ "api-version": "2024-02-01", ...query }))
    url.searchParams.set(key, value);
  const request = createPipelineRequest({ url: url.href });
  const { status, bodyAsText } = await pipeline.sendRequest(createDefaultHttpClient(), request);
  const body = JSON.parse(bodyAsText ?? "{}") as { value?: Found["value"]; error?: { code: string } };
  return { status, value: body.value ?? [body], code: body.error?.code };
}

describe("service events", () => {
  it("are published late, narrowed by service and region, and end", async () => {
    await start();
    const outage = arm.outage({ location: "westeurope" });
    const path = "/providers/Microsoft.ResourceHealth/events";
    const filter = {
      $filter: "service eq 'Virtual Machines' and region eq 'West Europe'",
      queryStartTime: "12/31/2025",
    };
    expect((await look(path, filter)).value).toEqual([]);
    clock.advance(600_000);
    expect((await look(path, filter)).value).toMatchObject([
      {
        name: outage.trackingId,
        properties: {
          eventType: "ServiceIssue",
          status: "Active",
          impact: [{ impactedService: "Virtual Machines", impactedRegions: [{ impactedRegion: "West Europe" }] }],
        },
      },
    ]);
    expect((await look(path, { $filter: "region eq 'East US'" })).value).toEqual([]);
    expect((await look(path, { queryStartTime: "1/1/2099" })).value).toEqual([]);
    outage.resolve();
    expect((await look(`${path}/${outage.trackingId}`)).value[0]).toMatchObject({ properties: { status: "Resolved" } });
  });
});

describe("resource health", () => {
  const current = `${vm("web-01")}/providers/Microsoft.ResourceHealth/availabilityStatuses/current`;

  it("follows the machine, unless it is set", async () => {
    await start();
    arm.addVm({ name: "web-01" });
    expect((await look(current)).value[0]).toMatchObject({ properties: { availabilityState: "Available" } });
    arm.state.changeVm("web-01", { powerState: "stopped" });
    expect((await look(current)).value[0]).toMatchObject({
      properties: { availabilityState: "Unavailable", context: "Customer Initiated", reasonType: "UserInitiated" },
    });
    const condition = arm.health("web-01", { state: "Unavailable", title: "Stopping due to host failure" });
    expect((await look(current, { $expand: "recommendedactions" })).value[0]).toMatchObject({
      properties: {
        title: "Stopping due to host failure",
        reasonType: "Unplanned",
        occuredTime: new Date(clock.now()).toISOString(),
        recommendedActions: [{ actionUrl: "<#ResourceBlade>" }],
      },
    });
    condition.remove();
    arm.state.changeVm("web-01", { powerState: "running" });
    expect((await look(current)).value[0]).toMatchObject({ properties: { availabilityState: "Available" } });
  });

  it("is nothing for a machine that is not there, and refused where its provider is not registered", async () => {
    await start();
    expect((await look(current)).status).toBe(404);
    arm.state.setRegistration("Microsoft.ResourceHealth", "NotRegistered");
    expect(await look(current)).toMatchObject({ status: 409, code: "MissingSubscriptionRegistration" });
  });
});

describe("the activity log", () => {
  const path = "/providers/Microsoft.Insights/eventtypes/management/values";
  const since = { "api-version": "2015-04-01", $filter: "eventTimestamp ge '2025-12-31T00:00:00Z'" };

  it("holds what was done and how it ended, minutes later, under the id that the client sent", async () => {
    await start({ operations: { durationMs: 60_000, polls: 0 } });
    arm.fail("AllocationFailed", { on: "PUT virtualMachines" });
    const correlationId = "11111111-2222-3333-4444-555555555555";
    const headers = { "x-ms-correlation-request-id": correlationId };
    const accepted = await ask(arm, "PUT", vm("web-01"), { location: "westeurope" }, headers);
    expect(accepted.headers.get("x-ms-correlation-request-id")).toBe(correlationId);
    clock.advance(60_000);
    const poll = await ask(arm, "GET", accepted.headers.get("azure-asyncoperation") ?? "");
    expect(poll.headers.get("x-ms-correlation-request-id")).not.toBe(correlationId);
    const narrowed = { ...since, $filter: `${since.$filter} and correlationId eq '${correlationId}'` };
    expect((await look(path, narrowed)).value).toEqual([]);
    clock.advance(300_000);
    const events = (await look(path, narrowed)).value;
    expect(events.map((event) => (event["status"] as { value: string }).value)).toEqual([
      "Failed",
      "Started",
      "Accepted",
    ]);
    const [failed] = events;
    expect(failed).toMatchObject({
      correlationId,
      eventName: { value: "EndRequest" },
      subStatus: { value: "Conflict" },
      operationName: { value: "Microsoft.Compute/virtualMachines/write" },
      level: "Error",
      resourceGroupName: "rg",
      properties: { statusCode: "Conflict", eventCategory: "Administrative" },
    });
    const { statusMessage } = failed?.["properties"] as { statusMessage: string };
    expect(JSON.parse(statusMessage)).toMatchObject({
      error: { code: "ResourceOperationFailure", details: [{ code: "AllocationFailed" }] },
    });
    const submitted =
      Date.parse(String(failed?.["submissionTimestamp"])) - Date.parse(String(failed?.["eventTimestamp"]));
    expect(submitted).toBe(300_000);
  });

  it("gives what is selected and no more, and shows an operation without an end as such", async () => {
    await start({ operations: { polls: Infinity } });
    arm.addVm({ name: "web-01" });
    await ask(arm, "POST", vm("web-01", "/restart"));
    clock.advance(300_000);
    const resource = `/subscriptions/${arm.subscriptionId}${vm("web-01")}`;
    const $filter = `${since.$filter} and resourceUri eq '${resource}'`;
    const { value } = await look(path, { ...since, $filter, $select: "eventName,status,operationName" });
    expect(value).toHaveLength(2);
    expect(Object.keys(value[0] ?? {}).sort()).toEqual(["eventName", "operationName", "status"]);
    expect(value.map((event) => event["operationName"])).toContainEqual({
      value: "Microsoft.Compute/virtualMachines/restart/action",
      localizedValue: "Microsoft.Compute/virtualMachines/restart/action",
    });
  });

  it("logs a refusal by policy in its own category, and no reads", async () => {
    await start();
    arm.denyByPolicy({ name: "loc", field: "location", allowed: ["northeurope"] });
    await ask(arm, "PUT", vm("web-01"), { location: "westeurope" });
    await ask(arm, "GET", vm("web-01"));
    clock.advance(300_000);
    const { value } = await look(path, since);
    expect(value.map((event) => (event["category"] as { value: string }).value)).toEqual(["Administrative", "Policy"]);
  });

  it.each([
    ["", "must have a start"],
    ["status eq 'Failed'", "is not supported"],
    ["eventTimestamp ge '2025-12-31' and resourceUri eq 'a' and correlationId eq 'b'", "is not supported"],
    ["eventTimestamp ge '2025-12-31' or correlationId eq 'b'", "is not supported"],
  ])("refuses the filter %j", async ($filter, words) => {
    await start();
    const url = `${arm.endpoint}/subscriptions/${arm.subscriptionId}${path}?api-version=2015-04-01`;
    const refused = await fetch(`${url}&$filter=${encodeURIComponent($filter)}`);
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain(words);
  });
});
