/** What events and errors are about: the resource by its ARM id, and for a poll the request that began the operation. */
import { describe, expect, it } from "vitest";
import { resourceIdOf } from "../../src/remedies/arm-url.js";
import { generations } from "../support/clients.js";
import { remedyErrorOf } from "../support/outcome.js";
import { scene } from "../support/scene.js";

const group = "/subscriptions/s/resourceGroups/rg";
const vm = `${group}/providers/Microsoft.Compute/virtualMachines/web-01`;
const host = "https://management.azure.com";

describe("the resource of a URL", () => {
  it.each([
    [`${host}${vm}?api-version=2024-07-01`, vm],
    [`${host}${vm}/start?api-version=2024-07-01`, vm],
    [`${host}${vm}/instanceView`, vm],
    [`${host}${vm}/extensions/script?x=1`, `${vm}/extensions/script`],
    [`${host}${vm}/providers/Microsoft.Insights/metrics?x=1`, undefined],
    [
      `${host}${vm}/providers/Microsoft.Maintenance/configurationAssignments/a`,
      `${vm}/providers/Microsoft.Maintenance/configurationAssignments/a`,
    ],
    [`${host}${group}/providers/Microsoft.Compute/virtualMachines`, undefined],
    [`${host}${group}?api-version=2021-04-01`, group],
    [`${host}/subscriptions/s/providers/Microsoft.Compute/locations/westeurope/operations/1?t=secret`, undefined],
    [`${host}/subscriptions/s/providers/Microsoft.Compute/register`, undefined],
    ["https://vault.vault.azure.net/secrets/password", undefined],
    ["not a URL", undefined],
    ["", undefined],
  ])("%s", (url, id) => expect(resourceIdOf(url)).toBe(id));
});

describe.each(generations)("with arm-compute %s", (generation) => {
  it("a poll that fails names the machine, and the request that began the operation", () =>
    scene(generation, async (told) => {
      told.arm.throttle({ on: "GET operations", retryAfter: 5 });
      await told.client().create("web-01");

      const retry = told.events.find(({ type }) => type === "retry");
      expect(retry).toMatchObject({
        resource: expect.stringMatching(/^\/subscriptions\/.*\/virtualMachines\/web-01$/) as string,
        request: { method: "GET", url: expect.stringContaining("/operations/") as string },
        operation: { method: "PUT", url: expect.stringContaining("/virtualMachines/web-01?") as string },
      });
    }));

  it("the requests that were added to a call are counted", () =>
    scene(generation, async (told) => {
      told.arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });
      await told.client().create("web-01");
      expect(told.events.at(-1)).toMatchObject({ type: "recovered", addedRequests: 1 });

      told.arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines", times: 2 });
      const error = await remedyErrorOf(told.client({ maxResubmissions: 1 }).create("web-02"));
      expect(error.addedRequests).toBe(1);
      expect(error.toJSON().addedRequests).toBe(1);
      expect(told.events.at(-1)).toMatchObject({ type: "failed", addedRequests: 1 });
    }));

  it("an error names it too, and says so in its JSON", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01" });
      told.arm.fail("OperationNotAllowed", { on: "POST virtualMachines/start" });
      const error = await remedyErrorOf(told.client().start("web-01"));

      expect(error.resource).toMatch(/^\/subscriptions\/.*\/virtualMachines\/web-01$/);
      expect(error.toJSON().resource).toBe(error.resource);
      expect(told.events.at(-1)).toMatchObject({ type: "failed", resource: error.resource });
    }));
});
