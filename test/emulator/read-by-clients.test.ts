/** Lists and details that scripts read, through the real clients, page by page. */
import { ComputeManagementClient as Compute24 } from "@azure/arm-compute";
import { NetworkManagementClient } from "@azure/arm-network";
import { ComputeManagementClient as Compute22 } from "arm-compute-22";
import { ResourceManagementClient } from "arm-resources-5";
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ask, compute, network, vm } from "./direct.js";

let arm: Emulator;
beforeEach(async () => {
  arm = await startEmulator({ operations: { polls: 0 }, pageSize: 1 });
});
afterEach(() => arm.stop());

async function namesOf(list: AsyncIterable<{ name?: string }>): Promise<(string | undefined)[]> {
  const names = [];
  for await (const { name } of list) names.push(name);
  return names.sort();
}

const location = { location: "westeurope" };
const pages = (name: string): number => arm.story.filter((line) => line === `GET ${name} 200`).length;

describe.each([
  ["22", Compute22],
  ["24", Compute24],
] as const)("arm-compute %s", (_, Client) => {
  const client = (): Compute22 | Compute24 => new Client(arm.credential, arm.subscriptionId, arm.clientOptions);

  it("reads machines and snapshots in pages, and the sizes that a machine can take", async () => {
    for (const name of ["web-01", "web-02"]) arm.addVm({ name, size: "Standard_D2s_v5" });
    for (const name of ["s1", "s2", "s3"])
      await ask(arm, "PUT", compute(`snapshots/${name}`), {
        ...location,
        properties: { creationData: { createOption: "Empty" }, diskSizeGB: 4 },
      });
    const { virtualMachines, snapshots } = client();
    expect(await namesOf(virtualMachines.list("rg"))).toEqual(["web-01", "web-02"]);
    expect(await namesOf(snapshots.listByResourceGroup("rg"))).toEqual(["s1", "s2", "s3"]);
    expect([pages("virtualMachines"), pages("snapshots")]).toEqual([2, 3]);
    expect(await namesOf(virtualMachines.listAvailableSizes("rg", "web-01"))).toContain("Standard_D4s_v5");
  });

  it("reads in one list which machines are at work: states and nothing of their models, page by page", async () => {
    for (const name of ["web-01", "web-02"]) arm.addVm({ name, powerState: "deallocated", tags: { role: "web" } });
    arm.longRunning({ on: "POST virtualMachines/web-01/start", durationMs: 600_000 });
    await ask(arm, "POST", vm("web-01", "/start"));
    const listed = new Map<string | undefined, unknown>();
    for await (const machine of client().virtualMachines.listAll({ statusOnly: "true" })) {
      listed.set(
        machine.name,
        machine.instanceView?.statuses?.map(({ code }) => code),
      );
      expect(machine.vmId).toMatch(/./);
      expect([machine.tags, machine.hardwareProfile, machine.storageProfile]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    }
    expect(Object.fromEntries(listed)).toEqual({
      "web-01": ["ProvisioningState/updating", "PowerState/starting"],
      "web-02": ["ProvisioningState/succeeded", "PowerState/deallocated"],
    });
    expect(pages("virtualMachines")).toBe(2);
    const states = new Map<string | undefined, unknown>();
    for await (const { name, provisioningState } of client().virtualMachines.list("rg"))
      states.set(name, provisioningState);
    expect(Object.fromEntries(states)).toEqual({ "web-01": "Updating", "web-02": "Succeeded" });
  });

  it("expands a list only for the machines of one scale set, on every page of it", async () => {
    arm.addVm({ name: "web-01" });
    const made = await ask(arm, "PUT", compute("virtualMachineScaleSets/web"), {
      ...location,
      sku: { name: "Standard_D2s_v5", capacity: 2 },
      properties: { orchestrationMode: "Flexible", virtualMachineProfile: {} },
    });
    arm.finishOperations();
    const { virtualMachines } = client();
    const filter = `'virtualMachineScaleSet/id' eq '${String(made.body["id"])}'`;
    const found = [];
    for await (const machine of virtualMachines.list("rg", { filter, expand: "instanceView" })) found.push(machine);
    expect(found.map(({ instanceView }) => instanceView?.statuses?.at(-1)?.code)).toEqual([
      "PowerState/running",
      "PowerState/running",
    ]);
    await expect(namesOf(virtualMachines.listAll({ expand: "instanceView" }))).rejects.toMatchObject({
      statusCode: 400,
      code: "InvalidParameter",
    });
    await expect(namesOf(virtualMachines.listAll({ filter: "name eq 'web-01'" }))).rejects.toMatchObject({
      statusCode: 400,
    });
  });

  it("reads images by publisher, offer, SKU and version", async () => {
    const { virtualMachineImages: images } = client();
    const publishers = await images.listPublishers("westeurope");
    expect(publishers.map(({ name }) => name)).toContain("Canonical");
    const versions = await images.list("westeurope", "Canonical", "ubuntu-24_04-lts", "server");
    const image = await images.get(
      "westeurope",
      "Canonical",
      "ubuntu-24_04-lts",
      "server",
      versions.at(-1)?.name ?? "",
    );
    expect(image).toMatchObject({ osDiskImage: { operatingSystem: "Linux" }, hyperVGeneration: "V2" });
  });
});

it("arm-network reads rules, addresses and usages in pages", async () => {
  const rule = (priority: number): object => ({
    properties: { priority, direction: "Inbound", access: "Allow", protocol: "Tcp", destinationPortRange: "22" },
  });
  await ask(arm, "PUT", network("networkSecurityGroups/nsg"), location);
  for (const [name, priority] of [
    ["ssh", 100],
    ["http", 110],
  ] as const)
    await ask(arm, "PUT", network(`networkSecurityGroups/nsg/securityRules/${name}`), rule(priority));
  for (const name of ["ip-1", "ip-2"]) await ask(arm, "PUT", network(`publicIPAddresses/${name}`), location);
  const client = new NetworkManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions);
  expect(await namesOf(client.securityRules.list("rg", "nsg"))).toEqual(["http", "ssh"]);
  expect(await namesOf(client.publicIPAddresses.list("rg"))).toEqual(["ip-1", "ip-2"]);
  expect(pages("publicIPAddresses")).toBe(2);
  const { ipAddress } = await client.publicIPAddresses.get("rg", "ip-1");
  expect(ipAddress).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  const usages = [];
  for await (const usage of client.usages.list("westeurope")) usages.push(usage);
  expect(usages.find(({ name }) => name.value === "PublicIPAddresses")).toMatchObject({ currentValue: 2 });
});

it("arm-resources reads groups, what is in them, and their providers", async () => {
  await ask(arm, "PUT", vm("web-01"), location);
  await ask(arm, "PUT", network("publicIPAddresses/ip-1"), location);
  const client = new ResourceManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions);
  expect(await namesOf(client.resourceGroups.list())).toEqual(["rg"]);
  expect(await namesOf(client.resources.listByResourceGroup("rg"))).toEqual(expect.arrayContaining(["ip-1", "web-01"]));
  expect((await client.providers.get("Microsoft.Compute")).registrationState).toBe("Registered");
});
