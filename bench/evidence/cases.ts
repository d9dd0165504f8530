/** Failures whose error does not say why, and what truly is the matter with each. */
import type { Emulator } from "azure-remedy/emulator";
import { activityLog, type DefinedEvidence } from "azure-remedy/evidence";
import type { Cloud } from "./clients.js";

export interface Case {
  readonly title: string;
  /** How things are in the cloud. */
  prepare(arm: Emulator): void | Promise<void>;
  act(cloud: Cloud, arm: Emulator): Promise<unknown>;
  /** How the true root is named, in a finding or the explanation. */
  readonly root: RegExp;
  /** Default the standard. */
  readonly evidence?: () => readonly DefinedEvidence[];
  /** It passes once the root is known. */
  readonly passes?: true;
}

const create = (cloud: Cloud): Promise<unknown> => cloud.create("web-01");
const bare = (arm: Emulator, code: string, message: string, on = "PUT virtualMachines", status = 409): void =>
  void arm.fail(code, { on, message, status, as: "answer", times: Infinity });

const machine = (name: string, size = "Standard_D2s_v5", more: object = {}): object => ({
  type: "Microsoft.Compute/virtualMachines",
  apiVersion: "2024-07-01",
  name,
  location: "westeurope",
  properties: { hardwareProfile: { vmSize: size }, diagnosticsProfile: { bootDiagnostics: { enabled: true } } },
  ...more,
});
const nested = (name: string, resources: readonly object[]): object => ({
  type: "Microsoft.Resources/deployments",
  apiVersion: "2021-04-01",
  name,
  properties: { mode: "Incremental", template: { resources } },
});

/** Guests that do not come up: the create says only that it took too long. */
const sick = (illness: Parameters<Emulator["sick"]>[1], root: RegExp): Case => ({
  title: `does not come up: ${illness}`,
  prepare: (arm) => void arm.sick("web-01", illness),
  act: create,
  root,
});

const deployed = (title: string, prepare: Case["prepare"], resources: readonly object[], root: RegExp): Case => ({
  title: `deployment: ${title}`,
  prepare,
  act: (cloud) => cloud.deploy("main", resources),
  root,
});

const extension = (title: string, exitCode: number, stderr: string, root: RegExp): Case => ({
  title: `extension: ${title}`,
  prepare: (arm) => {
    arm.addVm({ name: "web-01" });
    const message = "VM has reported a failure when processing extension 'setup'.";
    arm.failExtension("setup", { exitCode, stderr, message, times: 1_000 });
  },
  act: (cloud) => cloud.extend("web-01", "setup"),
  root,
});

const quota = (
  title: string,
  counter: string,
  limit: number,
  body: Parameters<Cloud["create"]>[1],
  root: RegExp,
): Case => ({
  title: `quota: ${title}`,
  prepare: (arm) => {
    arm.quota(counter, limit);
    bare(arm, "QuotaExceeded", "The request exceeds a quota of the subscription.");
  },
  act: (cloud) => cloud.create("web-01", body),
  root,
});

const size = (title: string, prepare: Case["prepare"], body: Parameters<Cloud["create"]>[1], root: RegExp): Case => ({
  title: `size: ${title}`,
  prepare: async (arm) => {
    await prepare(arm);
    bare(arm, "SkuNotAvailable", "The requested size is currently not available.");
  },
  act: (cloud) => cloud.create("web-01", body),
  root,
});

export const cases: readonly Case[] = [
  deployed(
    "a size that is closed",
    (arm) => void arm.restrict("Standard_D2s_v5"),
    [machine("web-01")],
    /Standard_D2s_v5 is not available to this subscription/,
  ),
  deployed(
    "no room for the size",
    (arm) => void arm.shortage("Standard_D2s_v5"),
    [machine("web-01")],
    /AllocationFailed|SkuNotAvailable|lacks room/,
  ),
  deployed(
    "no room, two levels down",
    (arm) => void arm.shortage("Standard_D2s_v5"),
    [nested("inner", [machine("web-01")])],
    /virtualMachines web-01 failed: (?:\w*Allocation\w*|SkuNotAvailable)/,
  ),
  deployed(
    "a policy, one level down",
    (arm) =>
      void arm.denyByPolicy({
        name: "allowed-locations",
        field: "location",
        allowed: ["northeurope"],
        type: "Microsoft.Compute/virtualMachines",
      }),
    [nested("inner", [machine("web-01")])],
    /westeurope.*northeurope|RequestDisallowedByPolicy/,
  ),
  deployed(
    "a policy, two levels down",
    (arm) =>
      void arm.denyByPolicy({
        name: "allowed-locations",
        displayName: "Allowed locations",
        field: "location",
        allowed: ["northeurope"],
        type: "Microsoft.Compute/virtualMachines",
      }),
    [nested("outer", [nested("inner", [machine("web-01")])])],
    /Policy "Allowed locations".*location is westeurope, allowed: northeurope/,
  ),
  deployed(
    "no room, and an error without a size",
    (arm) => bare(arm, "AllocationFailed", "Allocation failed."),
    [machine("web-01")],
    /Standard_D2s_v5 may be used by this subscription in westeurope.*lacks room/,
  ),
  deployed(
    "a guest without data source",
    (arm) => void arm.sick("web-01", "missing-datasource"),
    [machine("web-01")],
    /data source|provisioning disk/,
  ),
  deployed(
    "a spot quota",
    (arm) => arm.quota("lowPriorityCores", 1),
    [
      machine("web-01", "Standard_D2s_v5", {
        properties: { hardwareProfile: { vmSize: "Standard_D2s_v5" }, priority: "Spot" },
      }),
    ],
    /Spot.*1.*2|1 too few|LowPriorityCores/i,
  ),
  deployed(
    "one resource of several",
    (arm) => void arm.restrict("Standard_D4s_v5"),
    [machine("web-01"), machine("web-02", "Standard_D4s_v5")],
    /web-02 failed: SkuNotAvailable/,
  ),

  sick("missing-datasource", /provisioning disk|no data source/),
  sick("metadata-unreachable", /169\.254\.169\.254/),
  sick("no-network-interface", /no network interface/),
  sick("absent-disk", /\/etc\/fstab/),
  sick("damaged-file-system", /file system of the guest is damaged/),
  sick("root-disk-not-found", /did not find its root disk/),
  sick("kernel-panic", /initramfs of the kernel is missing/),
  sick("disk-full", /OS disk of the guest is full/),
  sick("not-generalized", /without being generalized/),
  sick("windows-first-boot", /setup at the first boot \(sysprep, OOBE\) has not ended/),

  extension("a script that ends with 9", 9, "apt: no space left", /exit code 9: apt: no space left/),
  extension(
    "a command that is not there",
    127,
    "setup.sh: line 3: jq: command not found",
    /exit code 127.*jq: command not found/,
  ),
  extension("an assertion of the script", 1, "config.json is missing", /config\.json is missing/),
  {
    title: "extension: the agent has stopped",
    prepare: (arm) => {
      arm.addVm({ name: "web-01" });
      arm.sick("web-01", "silent-agent");
    },
    act: (cloud) => cloud.extend("web-01", "setup"),
    root: /VM agent is not ready: VM Agent is unresponsive/,
  },

  quota("cores of the region", "cores", 1, {}, /Total Regional vCPUs in westeurope: 0 of 1 used, 2 more needed/),
  quota(
    "cores of the family",
    "standardDSv5Family",
    1,
    {},
    /DSv5 Family vCPUs in westeurope: 0 of 1 used, 2 more needed/,
  ),
  quota("spot cores", "lowPriorityCores", 1, { priority: "Spot" }, /0 of 1 used, 2 more needed: 1 too few/),

  size(
    "closed in the region",
    (arm) => void arm.restrict("Standard_D2s_v5"),
    {},
    /not available to this subscription in westeurope \(NotAvailableForSubscription\)/,
  ),
  size(
    "closed to this kind of offer",
    (arm) => void arm.restrict("Standard_D2s_v5", { reason: "QuotaId" }),
    {},
    /\(QuotaId\)/,
  ),
  size(
    "closed in one zone",
    (arm) => void arm.restrict("Standard_D2s_v5", { zones: ["2"] }),
    { zones: ["2"] },
    /not available to this subscription in zone 2.*open: zone 1, 3/,
  ),
  size("open, so there is no room", () => undefined, {}, /lacks room for it right now/),
  size("unknown in the region", () => undefined, { size: "Standard_X9s_v9" }, /not one of the sizes in westeurope/),

  {
    title: "lock: a delete, with notes",
    prepare: (arm) => {
      arm.addVm({ name: "web-01" });
      arm.lock("web-01", "CanNotDelete", { name: "keep", notes: "Ann keeps it for the audit" });
    },
    act: (cloud) => cloud.remove("web-01"),
    root: /Lock keep \(CanNotDelete\).*Ann keeps it for the audit/,
  },
  {
    title: "lock: a start in a frozen group",
    prepare: (arm) => {
      arm.addVm({ name: "web-01", powerState: "deallocated" });
      arm.lock("rg", "ReadOnly", { name: "freeze", notes: "Change freeze until January" });
    },
    act: (cloud) => cloud.start("web-01"),
    root: /Lock freeze \(ReadOnly\).*Change freeze until January/,
  },
  {
    title: "lock: a create in a frozen group",
    prepare: (arm) => void arm.lock("rg", "ReadOnly", { name: "freeze", notes: "Change freeze until January" }),
    act: create,
    root: /Lock freeze \(ReadOnly\).*Change freeze until January/,
  },

  {
    title: "rights: an action that is lacking",
    prepare: (arm) => {
      arm.addVm({ name: "web-01" });
      arm.deny("Microsoft.Compute/virtualMachines/delete");
    },
    act: (cloud) => cloud.remove("web-01"),
    root: /caller lacks Microsoft\.Compute\/virtualMachines\/delete/,
  },
  {
    title: "rights: a grant that is on its way",
    prepare: (arm) => {
      arm.addVm({ name: "web-01" });
      arm.deny("Microsoft.Compute/virtualMachines/start/action", { arrivesInMs: 45_000 });
    },
    act: (cloud) => cloud.start("web-01"),
    root: /grant is fresh/,
    passes: true,
  },

  {
    title: "policy: a location",
    prepare: (arm) =>
      void arm.denyByPolicy({
        name: "allowed-locations",
        displayName: "Allowed locations",
        field: "location",
        allowed: ["northeurope"],
      }),
    act: create,
    root: /Policy "Allowed locations".*location is westeurope, allowed: northeurope/,
  },
  {
    title: "policy: a tag that is missing",
    prepare: (arm) =>
      void arm.denyByPolicy({
        name: "owner-tag",
        displayName: "Owner tag",
        field: "tags.owner",
        type: "Microsoft.Compute/virtualMachines",
      }),
    act: create,
    root: /Policy "Owner tag".*owner/,
  },
  {
    title: "policy: a size, from a management group",
    prepare: (arm) =>
      void arm.denyByPolicy({
        name: "sizes",
        displayName: "Allowed sizes",
        field: "Microsoft.Compute/virtualMachines/sku.name",
        allowed: ["Standard_B2s"],
        inherited: true,
      }),
    act: create,
    root: /Policy "Allowed sizes".*Standard_D2s_v5, allowed: Standard_B2s/,
  },

  {
    title: "policy: an initiative at the subscription",
    prepare: (arm) =>
      void arm.denyByPolicy({ name: "cost-tag", displayName: "Cost tag", field: "tags.cost", initiative: "Baseline" }),
    act: create,
    root: /Policy "Cost tag".*cost/,
  },

  {
    title: "outage: Azure has announced it",
    prepare: (arm) => {
      arm.outage({ lateMs: 0, title: "Virtual Machines - West Europe - Errors on create" });
      arm.fail("InternalServerError", { on: "PUT virtualMachines", status: 500, as: "answer", times: 8 });
    },
    act: create,
    root: /Azure reports an outage: Virtual Machines - West Europe - Errors on create/,
    passes: true,
  },
  {
    title: "health: the host of the machine has failed",
    prepare: (arm) => {
      arm.addVm({ name: "web-01", powerState: "deallocated" });
      arm.health("web-01", { state: "Unavailable", title: "Stopping due to host failure" });
      arm.fail("InternalServerError", { on: "POST virtualMachines/start", status: 500, as: "answer", times: Infinity });
    },
    act: (cloud) => cloud.start("web-01"),
    root: /machine is unavailable since .*Stopping due to host failure \(Unplanned\)/,
  },

  {
    title: "activity log: a deallocation holds the machine",
    prepare: (arm) => {
      arm.addVm({ name: "web-01" });
      arm.longRunning({ on: "POST virtualMachines/deallocate", durationMs: 10 * 3_600_000 });
      return begin(arm, "POST", "virtualMachines/web-01/deallocate");
    },
    act: (cloud) => cloud.start("web-01"),
    evidence: () => [activityLog()],
    root: /Microsoft\.Compute\/virtualMachines\/deallocate\/action has begun at /,
  },
  {
    title: "conflict: a deallocation holds the machine",
    prepare: (arm) => {
      arm.addVm({ name: "web-01" });
      arm.longRunning({ on: "POST virtualMachines/deallocate", durationMs: 10 * 3_600_000 });
      return begin(arm, "POST", "virtualMachines/web-01/deallocate");
    },
    act: (cloud) => cloud.start("web-01"),
    root: /has been updating since 20\S+: a deallocation is at work/,
  },
  {
    title: "conflict: an extension holds the machine",
    prepare: (arm) => {
      arm.addVm({ name: "web-01" });
      arm.longRunning({ on: "PUT virtualMachines/extensions", durationMs: 10 * 3_600_000 });
      bare(arm, "Conflict", "Another operation is in progress.", "POST virtualMachines/start");
      const properties = { publisher: "Microsoft.Azure.Extensions", type: "CustomScript", typeHandlerVersion: "2.1" };
      return begin(arm, "PUT", "virtualMachines/web-01/extensions/setup", { location: "westeurope", properties });
    },
    act: (cloud) => cloud.start("web-01"),
    root: /Extension setup is at work; an extension has 90 min/i,
  },
  {
    title: "conflict: a run command holds the machine",
    prepare: (arm) => {
      arm.addVm({ name: "web-01" });
      arm.longRunning({ on: "PUT virtualMachines/runCommands", durationMs: 10 * 3_600_000 });
      const body = { location: "westeurope", properties: { source: { script: "sleep 36000" } } };
      bare(arm, "Conflict", "Another operation is in progress.", "POST virtualMachines/start");
      return begin(arm, "PUT", "virtualMachines/web-01/runCommands/patch", body);
    },
    act: (cloud) => cloud.start("web-01"),
    root: /Run command patch is running since 20\S+; a run command has 90 min/,
  },
  {
    title: "run command: its script runs already",
    prepare: (arm) => {
      arm.addVm({ name: "web-01" });
      arm.longRunning({ on: "PUT virtualMachines/runCommands", durationMs: 10 * 3_600_000 });
      const body = { location: "westeurope", properties: { source: { script: "sleep 36000" } } };
      return begin(arm, "PUT", "virtualMachines/web-01/runCommands/patch", body);
    },
    act: (cloud) => cloud.runScript("web-01", "patch"),
    root: /Run command patch is running since 20/,
  },

  {
    title: "scale set: instances that were not allocated",
    prepare: (arm) => {
      arm.failInstances("workers", { count: 2, code: "AllocationFailed" });
      setFails(arm);
    },
    act: (cloud) => cloud.createSet("workers", 3),
    root: /2 of the set's instances failed: ProvisioningState\/failed\/AllocationFailed \(2\)/,
  },
  {
    title: "scale set: a guest that did not come up",
    prepare: (arm) => {
      arm.failInstances("workers", { count: 1, code: "OSProvisioningTimedOut" });
      setFails(arm);
    },
    act: (cloud) => cloud.createSet("workers", 2),
    root: /Instance \S+: Provisioning failed with OSProvisioningTimedOut/,
  },

  {
    title: "reservation: it is full",
    prepare: async (arm) => {
      await reserve(arm, 1);
      bare(arm, "AllocationFailed", "Allocation failed.");
    },
    act: (cloud) => cloud.create("web-01", { reservationGroup: "reserved" }),
    root: /Reservation d2s is full: 1 of 1 machines/,
  },
  {
    title: "reservation: it is for another size",
    prepare: async (arm) => {
      await reserve(arm, 5);
      bare(arm, "AllocationFailed", "Allocation failed.");
    },
    act: (cloud) => cloud.create("web-01", { reservationGroup: "reserved", size: "Standard_D4s_v5" }),
    root: /Reservation d2s has room \(1 of 5\), so it must be for another size or zone than Standard_D4s_v5/,
  },
  {
    title: "dedicated host: no room for the size",
    prepare: async (arm) => {
      const sku = { name: "DSv5-Type1" };
      await begin(arm, "PUT", "hostGroups/hosts", {
        location: "westeurope",
        properties: { platformFaultDomainCount: 1 },
      });
      await begin(arm, "PUT", "hostGroups/hosts/hosts/h1", { location: "westeurope", sku });
      for (const name of ["a", "b", "c", "d"])
        arm.addVm({ name, size: "Standard_D16s_v5", properties: onHost(arm, "h1") });
      bare(arm, "AllocationFailed", "Allocation failed.");
    },
    act: (cloud) => cloud.create("web-01", { host: "h1" }),
    root: /Host h1 has room for 0 more of Standard_D2s_v5/,
  },
  size(
    "spot, with room in another zone",
    (arm) => void arm.shortage("Standard_D2s_v5", { zones: ["2"] }),
    { zones: ["2"], priority: "Spot" },
    /Placement scores of spot Standard_D2s_v5 in westeurope: zone 1 High, zone 2 Low, zone 3 High/,
  ),
  {
    title: "marketplace: terms that are not accepted",
    prepare: (arm) =>
      bare(
        arm,
        "MarketplacePurchaseEligibilityFailed",
        "Marketplace purchase eligibilty check returned errors. See inner errors for details.",
        "PUT virtualMachines",
        400,
      ),
    act: (cloud) => cloud.create("web-01", { plan: { publisher: "contoso", product: "firewall", name: "byol" } }),
    root: /terms of contoso:firewall:byol are not accepted/,
  },
];

/** A set that fails as a whole without saying which instances did. */
const setFails = (arm: Emulator): void =>
  void arm.fail("VMExtensionProvisioningError", {
    on: "PUT virtualMachineScaleSets",
    as: "operation",
    completesAnyway: true,
    status: 409,
    message: "Multiple VM extensions failed to be provisioned on the VM.",
    times: Infinity,
  });

/** A reservation for two vCPUs each, with one machine in it. */
async function reserve(arm: Emulator, capacity: number): Promise<void> {
  const group = "capacityReservationGroups/reserved";
  const sku = { name: "Standard_D2s_v5", capacity };
  await begin(arm, "PUT", group, { location: "westeurope" });
  await begin(arm, "PUT", `${group}/capacityReservations/d2s`, { location: "westeurope", sku });
  const capacityReservation = { capacityReservationGroup: { id: idOf(arm, group) } };
  arm.addVm({ name: "db-01", size: "Standard_D2s_v5", properties: { capacityReservation } });
}

const onHost = (arm: Emulator, host: string): { host: { id: string } } => ({
  host: { id: idOf(arm, `hostGroups/hosts/hosts/${host}`) },
});

const idOf = (arm: Emulator, path: string): string =>
  `/subscriptions/${arm.subscriptionId}/resourceGroups/rg/providers/Microsoft.Compute/${path}`;

/** What somebody else has asked for. */
async function begin(arm: Emulator, method: string, path: string, body?: object): Promise<void> {
  const url = `${arm.endpoint}${idOf(arm, path)}?api-version=2024-07-01`;
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
}
