/** Scale sets whose instances fail behind a set that succeeds, managed run commands, reservations, hosts, images, rules. */
import { startEmulator, type Emulator, type EmulatorOptions } from "azure-remedy/emulator";
import { afterEach, describe, expect, it } from "vitest";
import { compute22, compute24 } from "./clients.js";
import { ask, compute, network, vm } from "./direct.js";
import { atOnce } from "./outcome.js";

let arm: Emulator;
const start = async (options: EmulatorOptions = {}): Promise<void> => {
  arm = await startEmulator(options);
};
afterEach(() => arm.stop());

/** By the methods that both generations have. */
const clients: readonly (readonly [string, typeof compute22])[] = [
  ["22", compute22],
  ["24", compute24 as unknown as typeof compute22],
];
const model = (mode: "Uniform" | "Flexible", capacity: number) => ({
  location: "westeurope",
  sku: { name: "Standard_D2s_v5", capacity },
  orchestrationMode: mode,
  virtualMachineProfile: { diagnosticsProfile: { bootDiagnostics: { enabled: true } } },
});
const body = (mode: "Uniform" | "Flexible", capacity: number, more: object = {}): object => {
  const { location, sku, orchestrationMode, virtualMachineProfile } = model(mode, capacity);
  return { location, sku, properties: { orchestrationMode, virtualMachineProfile, ...more } };
};
async function settled(method: string, path: string, content: object): Promise<void> {
  const accepted = await ask(arm, method, path, content);
  expect(accepted.status).toBeLessThan(300);
  arm.finishOperations();
}

describe.each(clients)("a scale set, by arm-compute %s", (_, client) => {
  it.each(["Uniform", "Flexible"] as const)("%s: succeeds while instances of it failed", async (mode) => {
    await start();
    arm.failInstances("web", { count: 2, code: "OSProvisioningTimedOut" });
    const { virtualMachineScaleSets, virtualMachineScaleSetVMs } = client(arm);
    const made = await virtualMachineScaleSets.beginCreateOrUpdateAndWait("rg", "web", model(mode, 5), atOnce);
    expect(made.provisioningState).toBe("Succeeded");
    const summary = await virtualMachineScaleSets.getInstanceView("rg", "web");
    expect(summary.virtualMachine?.statusesSummary).toEqual([
      { code: "ProvisioningState/failed/OSProvisioningTimedOut", count: 2 },
      { code: "PowerState/running", count: 5 },
      { code: "ProvisioningState/succeeded", count: 3 },
    ]);
    expect(summary.statuses?.[0]?.code).toBe("ProvisioningState/succeeded");
    const instances = [];
    for await (const instance of virtualMachineScaleSetVMs.list("rg", "web", { expand: "instanceView" }))
      instances.push(instance);
    expect(instances).toHaveLength(5);
    const [failed] = instances.filter(({ provisioningState }) => provisioningState === "Failed");
    expect(failed?.instanceView?.statuses?.[0]).toMatchObject({ level: "Error", displayStatus: "Provisioning failed" });
    const one = await virtualMachineScaleSetVMs.getInstanceView("rg", "web", failed?.instanceId ?? "");
    expect(one.statuses?.[0]?.code).toBe("ProvisioningState/failed/OSProvisioningTimedOut");
    const links = await virtualMachineScaleSetVMs.retrieveBootDiagnosticsData("rg", "web", failed?.instanceId ?? "");
    expect((await fetch(links.serialConsoleLogBlobUri ?? "")).status).toBe(200);
    // A flexible instance is a machine of its own.
    expect(arm.state.vms).toHaveLength(mode === "Flexible" ? 5 : 0);
  });

  it("managed run commands have their exit code in the instance view alone", async () => {
    await start({ runCommand: () => ({ stdout: "step 2\n", stderr: "E: lock held\n", exitCode: 3 }) });
    arm.addVm({ name: "web-01" });
    const { virtualMachineRunCommands } = client(arm);
    const command = { location: "westeurope", source: { script: "apt install" } };
    await virtualMachineRunCommands.beginCreateOrUpdateAndWait("rg", "web-01", "setup", command, atOnce);
    const plain = await virtualMachineRunCommands.getByVirtualMachine("rg", "web-01", "setup");
    expect(plain).toMatchObject({ provisioningState: "Succeeded", treatFailureAsDeploymentFailure: false });
    expect(plain.instanceView).toBeUndefined();
    const seen = await virtualMachineRunCommands.getByVirtualMachine("rg", "web-01", "setup", {
      expand: "instanceView",
    });
    expect(seen.instanceView).toMatchObject({
      executionState: "Failed",
      exitCode: 3,
      executionMessage: "Execution completed",
      output: "step 2\n",
      error: "E: lock held\n",
    });
    expect(arm.vm("web-01")?.extensions).toEqual({});
  });
});

describe("a scale set", () => {
  const set = compute("virtualMachineScaleSets/web");
  const valueOf = async (query: string): Promise<Record<string, unknown>[]> => {
    const url = `${arm.endpoint}/subscriptions/${arm.subscriptionId}${set}/virtualMachines?api-version=2024-07-01${query}`;
    return ((await (await fetch(url)).json()) as { value: Record<string, unknown>[] }).value;
  };

  it("scales, counts in quota, and shows instances of an old model", async () => {
    await start();
    arm.quota("standardDSv5Family", 8);
    await settled("PUT", set, body("Uniform", 2));
    const refused = await ask(arm, "PATCH", set, { sku: { name: "Standard_D2s_v5", capacity: 5 } });
    expect(refused.error.message).toContain("Current Usage: 4, Additional Required: 6");
    expect((await ask(arm, "GET", set)).body["sku"]).toMatchObject({ capacity: 2 });
    await settled("PATCH", set, { properties: { virtualMachineProfile: { priority: "Regular" } } });
    await settled("PATCH", set, { sku: { name: "Standard_D2s_v5", capacity: 3 } });
    expect(await valueOf("")).toHaveLength(3);
    expect(await valueOf(`&$filter=${encodeURIComponent("properties/latestModelApplied eq false")}`)).toHaveLength(2);
    const running = "startswith(instanceView/statuses/code,'PowerState') eq true";
    expect(await valueOf(`&$expand=instanceView&$filter=${encodeURIComponent(running)}`)).toHaveLength(3);
    await settled("PATCH", set, { sku: { name: "Standard_D2s_v5", capacity: 1 } });
    expect(await valueOf("")).toHaveLength(1);
  });

  it("runs the extensions of its model, and counts how they ended", async () => {
    await start();
    arm.failExtension("setup", { exitCode: 4, stderr: "no such package" });
    const extensions = [{ name: "setup", properties: { publisher: "p", type: "CustomScript" } }];
    const { virtualMachineProfile } = model("Uniform", 3);
    const profile = { ...virtualMachineProfile, extensionProfile: { extensions } };
    await settled("PUT", set, body("Uniform", 3, { virtualMachineProfile: profile }));
    const summary = await ask(arm, "GET", `${set}/instanceView`);
    expect(summary.body["extensions"]).toEqual([
      {
        name: "setup",
        statusesSummary: [
          { code: "ProvisioningState/failed/4", count: 1 },
          { code: "ProvisioningState/succeeded", count: 2 },
        ],
      },
    ]);
    const [failed] = await valueOf("&$expand=instanceView");
    expect(failed).toMatchObject({
      name: "web_0",
      properties: {
        provisioningState: "Failed",
        instanceView: { extensions: [{ substatuses: [{}, { message: "no such package" }] }] },
      },
    });
  });

  it("shows a rolling upgrade that stopped", async () => {
    await start();
    arm.failInstances("web", { code: "OSProvisioningTimedOut", message: "It did not start." });
    await settled("PUT", set, body("Uniform", 2, { upgradePolicy: { mode: "Rolling" } }));
    const latest = await ask(arm, "GET", `${set}/rollingUpgrades/latest`);
    expect(latest.body.properties).toMatchObject({
      runningStatus: { code: "Faulted" },
      progress: { successfulInstanceCount: 1, failedInstanceCount: 1 },
    });
    expect(JSON.stringify(latest.body.properties)).toContain("The most impactful error is: It did not start.");
  });
});

describe("a run command", () => {
  it("waits for its turn, and can fail its own write", async () => {
    await start({ runCommand: () => ({ exitCode: 1 }) });
    arm.addVm({ name: "web-01" });
    const path = vm("web-01", "/runCommands/setup");
    const command = {
      location: "westeurope",
      properties: { source: { script: "x" }, treatFailureAsDeploymentFailure: true },
    };
    await ask(arm, "PUT", path, command);
    expect((await ask(arm, "PUT", path, command)).error).toMatchObject({ code: "Conflict" });
    arm.finishOperations();
    expect((await ask(arm, "GET", path)).body.properties?.["provisioningState"]).toBe("Failed");
  });
});

describe("a capacity reservation group", () => {
  const group = compute("capacityReservationGroups/crg");
  const id = (): string => `/subscriptions/${arm.subscriptionId}${group}`;
  const reserved = (name: string, vmSize: string): Promise<void> =>
    settled("PUT", vm(name), {
      location: "westeurope",
      properties: { hardwareProfile: { vmSize }, capacityReservation: { capacityReservationGroup: { id: id() } } },
    });

  it("shows what of it is used, and by whom", async () => {
    await start();
    await settled("PUT", group, { location: "westeurope" });
    await settled("PUT", `${group}/capacityReservations/d2`, { sku: { name: "Standard_D2s_v5", capacity: 1 } });
    await reserved("a", "Standard_D2s_v5");
    await reserved("b", "Standard_D2s_v5");
    await reserved("other-size", "Standard_D4s_v5");
    const url = `${arm.endpoint}${id()}?api-version=2024-07-01&$expand=instanceView`;
    const { properties } = (await (await fetch(url)).json()) as { properties: Record<string, unknown> };
    expect(properties["instanceView"]).toMatchObject({
      capacityReservations: [
        {
          name: "d2",
          utilizationInfo: {
            currentCapacity: 1,
            virtualMachinesAllocated: [
              { id: expect.stringMatching(/\/a$/) as string },
              { id: expect.stringMatching(/\/b$/) as string },
            ],
          },
        },
      ],
    });
    arm.shortage("Standard_D2s_v5");
    const refused = await ask(arm, "PUT", `${group}/capacityReservations/more`, {
      sku: { name: "Standard_D2s_v5", capacity: 1 },
    });
    expect(refused.error.code).toBe("SkuNotAvailable");
    expect((await ask(arm, "DELETE", group)).error.code).toBe("OperationNotAllowed");
  });
});

describe("a dedicated host", () => {
  it("has room until it is full", async () => {
    await start();
    const host = compute("hostGroups/hg/hosts/h1");
    await settled("PUT", compute("hostGroups/hg"), {
      location: "westeurope",
      properties: { platformFaultDomainCount: 1 },
    });
    await settled("PUT", host, { location: "westeurope", sku: { name: "DSv5-Type1" } });
    const id = `/subscriptions/${arm.subscriptionId}${host}`;
    const guest = {
      location: "westeurope",
      properties: { hardwareProfile: { vmSize: "Standard_D16s_v5" }, host: { id } },
    };
    for (const name of ["a", "b", "c", "d"]) await settled("PUT", vm(name), guest);
    const accepted = await ask(arm, "PUT", vm("e"), guest);
    arm.finishOperations();
    expect((await ask(arm, "GET", accepted.headers.get("azure-asyncoperation") ?? "")).error.code).toBe(
      "AllocationFailed",
    );
    const seen = await fetch(`${arm.endpoint}${id}?api-version=2024-07-01&$expand=instanceView`);
    const { properties } = (await seen.json()) as { properties: { instanceView: object; virtualMachines: object[] } };
    expect(properties.virtualMachines).toHaveLength(4);
    expect(properties.instanceView).toMatchObject({
      availableCapacity: { allocatableVMs: [{ vmSize: "Standard_D2s_v5" }, {}, {}, {}] },
    });
  });
});

describe("lists that scripts read", () => {
  it("snapshots take size and system from their disk", async () => {
    await start();
    await settled("PUT", vm("web-01"), {
      location: "westeurope",
      properties: { storageProfile: { imageReference: { offer: "WindowsServer" } } },
    });
    const disk = `/subscriptions/${arm.subscriptionId}${compute("disks/web-01_OsDisk_1")}`;
    await settled("PUT", compute("snapshots/s1"), {
      location: "westeurope",
      properties: { creationData: { createOption: "Copy", sourceResourceId: disk } },
    });
    expect((await ask(arm, "GET", compute("snapshots"))).body["value"]).toMatchObject([
      { name: "s1", properties: { osType: "Windows", diskSizeGB: 30, provisioningState: "Succeeded" } },
    ]);
    const lost = await ask(arm, "PUT", compute("snapshots/s2"), {
      location: "westeurope",
      properties: { creationData: { createOption: "Copy", sourceResourceId: `${disk}x` } },
    });
    expect(lost.error).toMatchObject({ code: "NotFound", target: "sourceResourceId" });
  });

  it("images by publisher, offer, SKU and version, as plain arrays", async () => {
    await start();
    const base = "/providers/Microsoft.Compute/locations/westeurope/publishers";
    const names = async (path: string): Promise<string[]> => {
      const { text } = await ask(arm, "GET", `${base}${path}`);
      return (JSON.parse(text) as { name: string }[]).map(({ name }) => name);
    };
    const offer = "/Canonical/artifacttypes/vmimage/offers/ubuntu-24_04-lts/skus";
    expect(await names("")).toEqual(["Canonical", "MicrosoftWindowsServer"]);
    expect(await names(offer)).toEqual(["server", "server-gen1", "server-arm64"]);
    const version = await ask(arm, "GET", `${base}${offer}/server-arm64/versions/latest`);
    expect(version.body.properties).toMatchObject({ hyperVGeneration: "V2", architecture: "Arm64" });
    expect((await ask(arm, "GET", `${base}${offer}/nothing/versions`)).status).toBe(404);
  });

  it("security rules beside the default ones, and refusals of wrong ones", async () => {
    await start();
    const rule = (priority: number) => ({
      properties: { priority, direction: "Inbound", access: "Allow", protocol: "Tcp", destinationPortRange: "22" },
    });
    await settled("PUT", network("networkSecurityGroups/nsg"), {
      location: "westeurope",
      properties: { securityRules: [{ name: "ssh", ...rule(100) }] },
    });
    const group = await ask(arm, "GET", network("networkSecurityGroups/nsg"));
    expect(group.body.properties?.["securityRules"]).toMatchObject([{ name: "ssh" }]);
    expect(group.body.properties?.["defaultSecurityRules"]).toHaveLength(6);
    const path = network("networkSecurityGroups/nsg/securityRules/other");
    expect((await ask(arm, "PUT", path, rule(100))).error.code).toBe("SecurityRuleConflict");
    expect((await ask(arm, "PUT", path, rule(1))).error.code).toBe("SecurityRuleInvalidPriority");
    await settled("PUT", path, rule(110));
    expect((await ask(arm, "GET", network("networkSecurityGroups/nsg/securityRules"))).body["value"]).toHaveLength(2);
  });

  it("regions map logical zones to physical ones, by subscription", async () => {
    await start({ subscriptionId: "01000000-0000-0000-0000-000000000001" });
    const regions = (await ask(arm, "GET", "/locations")).body["value"] as Record<string, unknown>[];
    expect(regions.find(({ name }) => name === "westeurope")).toMatchObject({
      displayName: "West Europe",
      availabilityZoneMappings: [
        { logicalZone: "1", physicalZone: "westeurope-az2" },
        { logicalZone: "2", physicalZone: "westeurope-az3" },
        { logicalZone: "3", physicalZone: "westeurope-az1" },
      ],
    });
  });

  it("machines come in pages", async () => {
    await start({ pageSize: 2 });
    for (const name of ["a", "b", "c"]) arm.addVm({ name });
    const names = [];
    for await (const machine of compute22(arm).virtualMachines.listAll()) names.push(machine.name);
    expect(names).toEqual(["a", "b", "c"]);
    expect(arm.story).toEqual(["GET virtualMachines 200", "GET virtualMachines 200"]);
  });
});
