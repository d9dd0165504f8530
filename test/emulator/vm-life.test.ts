import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generations, type Compute } from "./clients.js";
import { atOnce, thrownBy } from "./outcome.js";

describe.each(generations)("the life of a VM, seen by %s", (_, connect) => {
  let arm: Emulator;
  let vms: Compute["virtualMachines"];
  beforeEach(async () => {
    arm = await startEmulator({ runCommand: ({ script }) => ({ stdout: `ran ${script.join(";")}` }) });
    vms = connect(arm).virtualMachines;
  });
  afterEach(() => arm.stop());

  it("is created, read, stopped, started and deleted", async () => {
    const created = await vms.beginCreateOrUpdateAndWait("rg", "web-01", { location: "West Europe" }, atOnce);
    expect(created).toMatchObject({ name: "web-01", location: "westeurope", provisioningState: "Succeeded" });
    expect(arm.vm("web-01")).toMatchObject({ powerState: "running", size: "Standard_DS1_v2" });

    for (const [act, powerState] of [
      [vms.beginPowerOffAndWait, "stopped"],
      [vms.beginStartAndWait, "running"],
      [vms.beginRestartAndWait, "running"],
      [vms.beginRedeployAndWait, "running"],
      [vms.beginReapplyAndWait, "running"],
      [vms.beginReimageAndWait, "running"],
      [vms.beginDeallocateAndWait, "deallocated"],
      [vms.beginReapplyAndWait, "deallocated"],
      [vms.beginPowerOffAndWait, "deallocated"],
    ] as const) {
      await act.call(vms, "rg", "web-01", atOnce);
      expect(arm.vm("web-01")?.powerState).toBe(powerState);
    }
    const view = await vms.instanceView("rg", "web-01");
    expect(view.statuses?.map((status) => status.code)).toEqual([
      "ProvisioningState/succeeded",
      "PowerState/deallocated",
    ]);
    await vms.beginDeleteAndWait("rg", "web-01", atOnce);
    expect(arm.vm("web-01")).toBeUndefined();
    await vms.beginDeleteAndWait("rg", "web-01", atOnce); // 204: it is gone already
    expect(await thrownBy(vms.get("rg", "web-01"))).toMatchObject({ statusCode: 404, code: "ResourceNotFound" });
  });

  it("is created in 201, updated in 200, and followed by its operation", async () => {
    await vms.beginCreateOrUpdateAndWait("rg", "web-01", { location: "westeurope" }, atOnce);
    await vms.beginUpdateAndWait("rg", "web-01", { tags: { owner: "me" } }, atOnce);
    expect(arm.story).toEqual([
      "PUT virtualMachines/web-01 201",
      "GET operations/op-1 200 InProgress",
      "GET operations/op-1 200 Succeeded",
      "GET virtualMachines/web-01 200",
      "PATCH virtualMachines/web-01 200",
      "GET operations/op-2 200 InProgress",
      "GET operations/op-2 200 Succeeded",
      expect.stringMatching(/^GET (virtualMachines\/web-01|operations\/op-2) 200$/),
    ]);
  });

  it("runs commands and gives back what they print", async () => {
    arm.addVm({ name: "web-01" });
    const command = { commandId: "RunShellScript", script: ["uptime"] };
    const result = await vms.beginRunCommandAndWait("rg", "web-01", command, atOnce);
    expect(result.value?.[0]?.message).toContain("[stdout]\nran uptime");
    expect(arm.vm("web-01")?.commandsRun).toEqual([["uptime"]]);
  });

  it("takes another size of its series while it runs, and of another series only when deallocated", async () => {
    arm.addVm({ name: "web-01", size: "Standard_D2s_v5" });
    await vms.beginUpdateAndWait("rg", "web-01", { hardwareProfile: { vmSize: "Standard_D8s_v5" } }, atOnce);
    const other = { hardwareProfile: { vmSize: "Standard_E4s_v5" } };
    const refused = await thrownBy(vms.beginUpdateAndWait("rg", "web-01", other, atOnce));
    expect(refused).toMatchObject({ statusCode: 409, code: "OperationNotAllowed" });
    expect(refused.message).toContain("To resize your VM to Standard_E4s_v5 please deallocate");
    expect(arm.vm("web-01")?.size).toBe("Standard_D8s_v5");

    await vms.beginDeallocateAndWait("rg", "web-01", atOnce);
    await vms.beginUpdateAndWait("rg", "web-01", other, atOnce);
    expect(arm.vm("web-01")).toMatchObject({ size: "Standard_E4s_v5", powerState: "deallocated" });
  });

  it("takes any size after a create that failed, but keeps its zone", async () => {
    arm.fail("AllocationFailed", { on: "PUT virtualMachines" });
    const wanted = { location: "westeurope", zones: ["1"], hardwareProfile: { vmSize: "Standard_D2s_v5" } };
    await thrownBy(vms.beginCreateOrUpdateAndWait("rg", "web-01", wanted, atOnce));
    const moved = await thrownBy(vms.beginCreateOrUpdateAndWait("rg", "web-01", { ...wanted, zones: ["2"] }, atOnce));
    expect(moved).toMatchObject({ statusCode: 409, code: "PropertyChangeNotAllowed" });
    const other = { ...wanted, hardwareProfile: { vmSize: "Standard_E2s_v5" } };
    await vms.beginCreateOrUpdateAndWait("rg", "web-01", other, atOnce);
    expect(arm.vm("web-01")).toMatchObject({ size: "Standard_E2s_v5", powerState: "running", zones: ["1"] });
  });

  it.each<[string, (act: Compute["virtualMachines"]) => Promise<unknown>, string]>([
    ["ephemeral", (act) => act.beginDeallocateAndWait("rg", "ephemeral", atOnce), "using an ephemeral OS disk"],
    ["generalized", (act) => act.beginStartAndWait("rg", "generalized", atOnce), "since the VM is generalized"],
    ["deallocated", (act) => act.beginRestartAndWait("rg", "deallocated", atOnce), "either deallocated or marked"],
    ["stopped", (act) => act.beginRestartAndWait("rg", "stopped", atOnce), "requires the VM to be running"],
    [
      "stopped",
      (act) => act.beginRunCommandAndWait("rg", "stopped", { commandId: "RunShellScript" }, atOnce),
      "when the VM is not running",
    ],
    ["running", (act) => act.generalize("rg", "running"), "since the VM is running. Please power off"],
  ])("refuses what its state rules out: a VM that is %s", async (name, act, words) => {
    arm.addVm({
      name,
      ephemeralOsDisk: name === "ephemeral",
      generalized: name === "generalized",
      powerState:
        name === "deallocated" ? "deallocated" : name === "running" || name === "ephemeral" ? "running" : "stopped",
    });
    const refused = await thrownBy(act(vms));
    expect(refused).toMatchObject({ statusCode: 409, code: "OperationNotAllowed" });
    expect(refused.message).toContain(words);
  });
});
