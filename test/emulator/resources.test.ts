/** What stands around a VM: disks, network, extensions, images, availability sets. */
import { NetworkManagementClient } from "@azure/arm-network";
import { ComputeManagementClient } from "arm-compute-22";
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ask, compute, network, vm, type Answer } from "./direct.js";
import { atOnce } from "./outcome.js";

let arm: Emulator;
beforeEach(async () => {
  arm = await startEmulator({ operations: { polls: 0 } });
});
afterEach(() => arm.stop());

const location = { location: "westeurope" };
const idOf = (path: string): string => `/subscriptions/${arm.subscriptionId}${path}`;
const codeOf = ({ status, error }: Answer): unknown[] => [status, error.code];
const disk = (diskSizeGB: number): object => ({
  ...location,
  properties: { diskSizeGB, creationData: { createOption: "Empty" } },
});
const attached = (name: string, lun = 0): object => ({
  createOption: "Attach",
  lun,
  managedDisk: { id: idOf(compute(`disks/${name}`)) },
});
const setDisks = (name: string, ...dataDisks: object[]): Promise<Answer> =>
  ask(arm, "PATCH", vm(name), { properties: { storageProfile: { dataDisks } } });

describe("disks", () => {
  beforeEach(async () => {
    arm.addVm({ name: "web-01" });
    arm.addVm({ name: "web-02" });
    await ask(arm, "PUT", compute("disks/data-01"), disk(64));
  });

  it("belong to one VM at a time", async () => {
    expect((await setDisks("web-01", attached("data-01"))).status).toBe(200);
    expect(arm.state.resource(idOf(compute("disks/data-01")))).toMatchObject({
      managedBy: arm.vm("web-01")?.id,
      properties: { diskState: "Attached" },
    });
    const stolen = await setDisks("web-02", attached("data-01"));
    expect(codeOf(stolen)).toEqual([409, "ConflictingUserInput"]);
    expect(stolen.error.message).toContain("Disk 'data-01' cannot be attached as the disk is already owned by VM");
    const deleted = await ask(arm, "DELETE", compute("disks/data-01"));
    expect(codeOf(deleted)).toEqual([409, "OperationNotAllowed"]);
    await setDisks("web-01");
    expect((await setDisks("web-02", attached("data-01"))).status).toBe(200);
  });

  it("grow only while their VM is deallocated, and never shrink", async () => {
    await setDisks("web-01", attached("data-01"));
    const grow = (): Promise<Answer> =>
      ask(arm, "PATCH", compute("disks/data-01"), { properties: { diskSizeGB: 128 } });
    expect((await grow()).error.message).toContain("requires the virtual machine to be deallocated");
    arm.state.changeVm("web-01", { powerState: "deallocated" });
    expect((await grow()).status).toBe(202);
    expect(codeOf(await ask(arm, "PUT", compute("disks/data-01"), disk(32)))).toEqual([400, "BadRequest"]);
  });

  it("are refused where the LUN is taken, the size is full, or the disk is not there", async () => {
    expect(codeOf(await setDisks("web-01", attached("data-01", 1), { createOption: "Empty", lun: 1 }))).toEqual([
      400,
      "InvalidParameter",
    ]);
    const five = Array.from({ length: 5 }, (_, lun) => ({ createOption: "Empty", lun, diskSizeGB: 4 }));
    expect((await setDisks("web-01", ...five)).error.message).toBe(
      "The maximum number of data disks allowed to be attached to a VM of this size is 4.",
    );
    expect(codeOf(await setDisks("web-01", attached("none")))).toEqual([404, "NotFound"]);
  });

  it("are made with their VM, stay when it goes, and go along where it says so", async () => {
    const storageProfile = {
      imageReference: { offer: "0001-com-ubuntu-server-jammy", publisher: "Canonical", sku: "22_04-lts" },
      osDisk: { createOption: "FromImage", deleteOption: "Delete" },
      dataDisks: [{ createOption: "Empty", lun: 0, diskSizeGB: 8, name: "logs" }],
    };
    await ask(arm, "PUT", vm("new-01"), { ...location, properties: { storageProfile } });
    expect(arm.state.resource(idOf(compute("disks/new-01_OsDisk_1")))).toMatchObject({
      managedBy: arm.vm("new-01")?.id,
    });
    await ask(arm, "DELETE", vm("new-01"));
    expect(arm.vm("new-01")).toBeUndefined();
    expect(arm.state.resource(idOf(compute("disks/new-01_OsDisk_1")))).toBeUndefined();
    expect(arm.state.resource(idOf(compute("disks/logs")))).toMatchObject({ properties: { diskState: "Unattached" } });
  });

  it("attached to a running VM do not change their size through it", async () => {
    await setDisks("web-01", { createOption: "Empty", lun: 0, diskSizeGB: 8 });
    const refused = await setDisks("web-01", { createOption: "Empty", lun: 0, diskSizeGB: 16, name: "web-01_disk_0" });
    expect(codeOf(refused)).toEqual([409, "Conflict"]);
    expect(refused.error.message).toBe(
      "Disk resizing is allowed only when creating a VM or when the VM is deallocated.",
    );
  });
});

describe("the network", () => {
  it("carries a VM script of arm-network and arm-compute, and holds together while it is used", async () => {
    const client = new NetworkManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions);
    await client.virtualNetworks.beginCreateOrUpdateAndWait(
      "rg",
      "net",
      {
        ...location,
        addressSpace: { addressPrefixes: ["10.0.0.0/16"] },
        subnets: [{ name: "default", addressPrefix: "10.0.0.0/24" }],
      },
      atOnce,
    );
    const address = await client.publicIPAddresses.beginCreateOrUpdateAndWait("rg", "ip", location, atOnce);
    const subnet = await client.subnets.get("rg", "net", "default");
    const configuration = { name: "main", subnet: { id: subnet.id ?? "" }, publicIPAddress: { id: address.id ?? "" } };
    const nic = await client.networkInterfaces.beginCreateOrUpdateAndWait(
      "rg",
      "nic",
      { ...location, ipConfigurations: [configuration] },
      atOnce,
    );
    const networkInterfaces = [{ id: nic.id ?? "" }];
    await new ComputeManagementClient(
      arm.credential,
      arm.subscriptionId,
      arm.clientOptions,
    ).virtualMachines.beginCreateOrUpdateAndWait(
      "rg",
      "web-01",
      { ...location, networkProfile: { networkInterfaces } },
      atOnce,
    );
    expect((await client.networkInterfaces.get("rg", "nic")).virtualMachine?.id).toBe(arm.vm("web-01")?.id);

    const second = { ...location, properties: { networkProfile: { networkInterfaces } } };
    expect(codeOf(await ask(arm, "PUT", vm("web-02"), second))).toEqual([400, "NicInUse"]);
    for (const [path, code] of [
      ["networkInterfaces/nic", "NicInUse"],
      ["publicIPAddresses/ip", "PublicIPAddressCannotBeDeleted"],
      ["virtualNetworks/net", "InUseSubnetCannotBeDeleted"],
      ["virtualNetworks/net/subnets/default", "InUseSubnetCannotBeDeleted"],
    ] as const) {
      expect(codeOf(await ask(arm, "DELETE", network(path)))).toEqual([400, code]);
    }
    await ask(arm, "DELETE", vm("web-01"));
    for (const path of ["networkInterfaces/nic", "publicIPAddresses/ip", "virtualNetworks/net"]) {
      expect((await ask(arm, "DELETE", network(path))).status).toBe(202);
    }
    expect(arm.state.resource(idOf(network("virtualNetworks/net/subnets/default")))).toBeUndefined();
  });

  it("refuses what refers to nothing", async () => {
    const nic = { ...location, properties: { ipConfigurations: [{ properties: { subnet: { id: "/none" } } }] } };
    expect(codeOf(await ask(arm, "PUT", network("networkInterfaces/nic"), nic))).toEqual([
      400,
      "InvalidResourceReference",
    ]);
    const networkInterfaces = [{ id: idOf(network("networkInterfaces/none")) }];
    const machine = { ...location, properties: { networkProfile: { networkInterfaces } } };
    expect(codeOf(await ask(arm, "PUT", vm("web-01"), machine))).toEqual([400, "InvalidResourceReference"]);
  });

  it("refuses a second write while the first still runs", async () => {
    arm.longRunning({ on: "PUT virtualNetworks", polls: 1 });
    await ask(arm, "PUT", network("virtualNetworks/net"), location);
    const second = await ask(arm, "PUT", network("virtualNetworks/net"), location);
    expect(codeOf(second)).toEqual([409, "AnotherOperationInProgress"]);
  });
});

describe("extensions", () => {
  const path = vm("web-01", "/extensions/agent");
  const body = {
    ...location,
    properties: { publisher: "Microsoft.Azure.Extensions", type: "CustomScript", protectedSettings: { password: "x" } },
  };

  it("are written to a running VM, show in it, and never give their secrets back", async () => {
    arm.addVm({ name: "web-01" });
    expect((await ask(arm, "PUT", path, body)).status).toBe(201);
    expect((await ask(arm, "PUT", path, body)).status).toBe(200);
    const read = await ask(arm, "GET", path);
    expect(read.body.properties).toMatchObject({ provisioningState: "Succeeded", type: "CustomScript" });
    expect(read.text).not.toContain("password");
    expect(arm.vm("web-01")?.extensions).toEqual({ agent: { provisioningState: "Succeeded" } });
    expect((await ask(arm, "DELETE", path)).status).toBe(202);
    expect(arm.vm("web-01")?.extensions).toEqual({});
    expect((await ask(arm, "DELETE", path)).status).toBe(204);
  });

  it("want a VM that runs", async () => {
    arm.addVm({ name: "web-01", powerState: "deallocated" });
    expect((await ask(arm, "PUT", path, body)).error.message).toBe(
      "Cannot modify extensions in the VM when the VM is not running.",
    );
  });

  it("say in their instance view why they failed", async () => {
    arm.addVm({ name: "web-01" });
    arm.fail("VMExtensionProvisioningError", { on: "PUT virtualMachines/extensions" });
    await ask(arm, "PUT", path, body);
    expect(arm.vm("web-01")?.extensions).toEqual({ agent: { provisioningState: "Failed" } });
    const url = `${arm.endpoint}${idOf(path)}?api-version=2024-07-01&$expand=instanceView`;
    const view = (await ask(arm, "GET", url)).body.properties?.["instanceView"];
    expect(view).toMatchObject({ statuses: [{ code: "ProvisioningState/failed", level: "Error" }] });
    expect(JSON.stringify(view)).toContain("extension 'agent'");
  });
});

describe("images and availability sets", () => {
  const imageOf = (name: string): object => ({
    ...location,
    properties: { sourceVirtualMachine: { id: idOf(vm(name)) } },
  });

  it("an image wants a generalized VM", async () => {
    arm.addVm({ name: "web-01", powerState: "stopped" });
    expect(codeOf(await ask(arm, "PUT", compute("images/golden"), imageOf("none")))).toEqual([404, "NotFound"]);
    expect(codeOf(await ask(arm, "PUT", compute("images/golden"), imageOf("web-01")))).toEqual([
      409,
      "OperationNotAllowed",
    ]);
    expect((await ask(arm, "POST", vm("web-01", "/generalize"))).status).toBe(200);
    expect((await ask(arm, "PUT", compute("images/golden"), imageOf("web-01"))).status).toBe(201);
    expect((await ask(arm, "GET", compute("images"))).body["value"]).toMatchObject([{ name: "golden" }]);
  });

  it("a capture wants a generalized VM with blob disks", async () => {
    arm.addVm({ name: "web-01", generalized: true, powerState: "stopped" });
    const capture = (body: object): Promise<Answer> => ask(arm, "POST", vm("web-01", "/capture"), body);
    expect(codeOf(await capture({}))).toEqual([400, "InvalidParameter"]);
    const accepted = await capture({ vhdPrefix: "img", destinationContainerName: "vhds", overwriteVhds: true });
    const result = await ask(arm, "GET", accepted.headers.get("location") ?? "");
    expect(result.body["contentVersion"]).toBe("1.0.0.0");
  });

  it("an availability set stays while a VM is in it", async () => {
    const set = compute("availabilitySets/front");
    expect((await ask(arm, "PUT", set, location)).status).toBe(200);
    arm.addVm({ name: "web-01", properties: { availabilitySet: { id: idOf(set) } } });
    expect((await ask(arm, "DELETE", set)).error.message).toContain("does not contain any VM");
    await ask(arm, "DELETE", vm("web-01"));
    expect(arm.vm("web-01")).toBeUndefined();
    expect((await ask(arm, "DELETE", set)).status).toBe(200);
  });
});

describe("virtual machines, by hand", () => {
  it("are listed in the group and the subscription, and expanded on demand", async () => {
    arm.addVm({ name: "web-01" });
    arm.addVm({ name: "db-01", resourceGroup: "data" });
    const names = async (path: string): Promise<unknown> => (await ask(arm, "GET", path)).body["value"];
    expect(await names(compute("virtualMachines"))).toMatchObject([{ name: "web-01" }]);
    expect(await names("/providers/Microsoft.Compute/virtualMachines")).toMatchObject([
      { name: "web-01" },
      { name: "db-01" },
    ]);
    const url = `${arm.endpoint}${idOf(vm("web-01"))}?api-version=2024-07-01&$expand=instanceView`;
    expect((await ask(arm, "GET", url)).body.properties).toHaveProperty("instanceView.vmAgent");
  });

  it("keep their secrets and what is fixed about them", async () => {
    const osProfile = { adminUsername: "azureuser", adminPassword: "hunter2", customData: "c2VjcmV0" };
    const created = await ask(arm, "PUT", vm("web-01"), { ...location, properties: { osProfile } });
    expect(created.text).not.toMatch(/hunter2|c2VjcmV0/);
    const changed = await ask(arm, "PATCH", vm("web-01"), { properties: { osProfile: { adminUsername: "root" } } });
    expect(codeOf(changed)).toEqual([409, "PropertyChangeNotAllowed"]);
    expect(changed.error.target).toBe("osProfile.adminUsername");
  });

  it("are evicted when they are Spot, and only then", async () => {
    arm.addVm({ name: "spot", properties: { priority: "Spot", evictionPolicy: "Deallocate" } });
    arm.addVm({ name: "gone", properties: { priority: "Spot", evictionPolicy: "Delete" } });
    arm.addVm({ name: "web-01" });
    expect((await ask(arm, "POST", vm("spot", "/simulateEviction"))).status).toBe(204);
    expect((await ask(arm, "POST", vm("gone", "/simulateEviction"))).status).toBe(204);
    expect(codeOf(await ask(arm, "POST", vm("web-01", "/simulateEviction")))).toEqual([409, "OperationNotAllowed"]);
    expect(arm.vm("spot")?.powerState).toBe("deallocated");
    expect(arm.vm("gone")).toBeUndefined();
  });
});
