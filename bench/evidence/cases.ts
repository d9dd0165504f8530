/** Failures whose error does not say why, and what truly is the matter with each. */
import type { Emulator } from "azure-remedy/emulator";
import type { Cloud } from "./clients.js";

export interface Case {
  readonly title: string;
  /** How things are in the cloud. */
  prepare(arm: Emulator): void;
  act(cloud: Cloud, arm: Emulator): Promise<unknown>;
  /** How the true root is named, in a finding or the explanation. */
  readonly root: RegExp;
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
  prepare: (arm) => {
    prepare(arm);
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
    /Standard_D2s_v5 is closed to this subscription/,
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
  sick("windows-first-boot", /Windows could not/),

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
    /closed to this subscription in westeurope \(NotAvailableForSubscription\)/,
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
    /closed to this subscription in zone 2.*open: zone 1, 3/,
  ),
  size("open, so there is no room", () => undefined, {}, /lacks room for it right now/),
  size("unknown in the region", () => undefined, { size: "Standard_X9s_v9" }, /not among the sizes of westeurope/),

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
];
