/** The log of what really ran, and how often. */
import fc from "../support/properties.js";
import { startEmulator } from "azure-remedy/emulator";
import { expect, it } from "vitest";
import { ask, compute, network, vm } from "./direct.js";

const location = { location: "westeurope" };

it("counts what ran twice, though one answer was lost, and nothing that was refused", async () => {
  await using arm = await startEmulator({ operations: { polls: 0 } });
  arm.reset({ on: "PUT virtualMachines", after: "after-execution" });
  arm.reset({ on: "PUT virtualMachines", after: "before-execution" });
  await ask(arm, "PUT", vm("web-01"), location).catch(() => undefined);
  await ask(arm, "PUT", vm("web-01"), location).catch(() => undefined);
  arm.finishOperations();
  await ask(arm, "PUT", vm("web-01"), location);
  arm.finishOperations();
  await ask(arm, "POST", vm("web-01", "/start"));
  await ask(arm, "POST", vm("web-01", "/generalize")); // refused: it runs
  await ask(arm, "GET", vm("web-01"));
  const id = `/subscriptions/${arm.subscriptionId}${vm("web-01")}`;
  expect(arm.executions).toEqual([
    { request: "PUT virtualMachines/web-01", resource: id, count: 2 },
    { request: "POST virtualMachines/web-01/start", resource: `${id}/start`, count: 1 },
  ]);
});

it("knows what a deployment wrote, and no looks", async () => {
  await using arm = await startEmulator();
  arm.addVm({ name: "old", bootDiagnostics: true });
  await ask(arm, "POST", vm("old", "/retrieveBootDiagnosticsData"));
  const resource = { type: "Microsoft.Compute/virtualMachines", apiVersion: "2024-07-01", name: "new", ...location };
  await ask(arm, "PUT", "/resourceGroups/rg/providers/Microsoft.Resources/deployments/app", {
    properties: { mode: "Incremental", template: { resources: [resource] } },
  });
  arm.finishOperations();
  expect(arm.executions.map(({ request, count }) => [request, count])).toEqual([
    ["PUT deployments/app", 1],
    ["PUT virtualMachines/new", 1],
  ]);
  arm.clearStory();
  expect(arm.executions).toEqual([]);
});

it("a PATCH that is refused changes nothing", async () => {
  const target = fc.constantFrom(
    vm("web-01"),
    compute("disks/data"),
    compute("virtualMachineScaleSets/set"),
    network("networkSecurityGroups/nsg"),
    vm("web-01", "/extensions/setup"),
  );
  const value = fc.constantFrom<unknown>(
    null,
    "Standard_D8s_v5",
    "Standard_E4s_v5",
    1,
    [{ lun: 0 }, { lun: 0 }],
    { id: "/subscriptions/x/resourceGroups/rg/providers/Microsoft.Compute/disks/none" },
    [{ lun: 1, managedDisk: { id: "/subscriptions/x/none" } }],
    [{ id: "/subscriptions/x/resourceGroups/rg/providers/Microsoft.Network/networkInterfaces/none" }],
  );
  const patch = fc.record(
    {
      tags: fc.dictionary(fc.constantFrom("a", "b"), fc.constantFrom("1", "2")),
      zones: fc.constantFrom(["1"], ["2"]),
      sku: fc.record({ name: fc.constantFrom("Standard_D2s_v5"), capacity: fc.integer({ min: 0, max: 50 }) }),
      properties: fc.record(
        {
          hardwareProfile: fc.record({ vmSize: value }),
          storageProfile: fc.record({ dataDisks: value }),
          networkProfile: fc.record({ networkInterfaces: value }),
          osProfile: fc.record({ adminUsername: fc.constantFrom("root", "azureuser") }),
          diskSizeGB: fc.integer({ min: 1, max: 100 }),
          securityRules: value,
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  );
  await using arm = await startEmulator({ throttling: false });
  arm.quota("standardDSv5Family", 8);
  arm.addVm({ name: "web-01", size: "Standard_D2s_v5", properties: { osProfile: { adminUsername: "azureuser" } } });
  await ask(arm, "PUT", compute("disks/data"), { ...location, properties: { diskSizeGB: 64 } });
  await ask(arm, "PUT", network("networkSecurityGroups/nsg"), location);
  await ask(arm, "PUT", compute("virtualMachineScaleSets/set"), {
    ...location,
    sku: { name: "Standard_D2s_v5", capacity: 1 },
  });
  await ask(arm, "PUT", vm("web-01", "/extensions/setup"), { ...location, properties: { publisher: "p", type: "t" } });
  arm.finishOperations();
  let refusals = 0;
  await fc.assert(
    fc.asyncProperty(target, patch, fc.boolean(), async (path, body, isStruck) => {
      const before = await ask(arm, "GET", path);
      const struck = isStruck ? arm.fail("Conflict", { on: "PATCH *", as: "answer" }) : undefined;
      const answer = await ask(arm, "PATCH", path, body);
      struck?.remove();
      if (answer.status >= 400) {
        refusals += 1;
        expect(answer.error.code).not.toBe("EmulatorDefect");
        expect((await ask(arm, "GET", path)).body).toEqual(before.body);
      }
      arm.finishOperations();
    }),
    { numRuns: 150 },
  );
  expect(refusals).toBeGreaterThan(25);
});
