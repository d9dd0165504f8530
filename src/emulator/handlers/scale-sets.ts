/**
 * Scale sets, uniform and flexible. The set succeeds when its model is applied; failed instances show only in their own
 * states and in the counts of the set's instance view.
 */
import { randomBytes } from "node:crypto";
import type { ArmExchange } from "../exchange.js";
import { dig, digObject, digObjects, digText, mergePatch, type JsonObject } from "../json.js";
import { instanceView, machineType, newMachine, presentMachine, setSize, type Machine } from "../machine.js";
import { failureOf, outputOf } from "../extension-failure.js";
import type { InstanceFailure } from "../instance-failure.js";
import { pageOf } from "../paging.js";
import { newResource, partsOf, present, settle, type Resource } from "../resources.js";
import type { Route } from "../router.js";
import { ArmError, type Reply } from "../wire.js";
import { checkQuota } from "./allocation.js";
import { linksOf } from "./boot-diagnostics.js";

const inGroup =
  "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachineScaleSets";
const path = `${inGroup}/{set}`;
const name = "virtualMachineScaleSets/{set}";
const instance = `${path}/virtualMachines/{instance}`;
const instanceName = `${name}/virtualMachines/{instance}`;
const setType = "Microsoft.Compute/virtualMachineScaleSets";

export const scaleSetRoutes: readonly Route[] = [
  { method: "PUT", path, name, longRunning: true, handle: (exchange) => write(exchange, "replace") },
  { method: "PATCH", path, name, longRunning: true, handle: (exchange) => write(exchange, "merge") },
  { method: "GET", path, name, handle: get },
  { method: "DELETE", path, name, longRunning: true, handle: remove },
  { method: "GET", path: inGroup, name: "virtualMachineScaleSets", handle: listInGroup },
  {
    method: "GET",
    path: "/subscriptions/{subscription}/providers/Microsoft.Compute/virtualMachineScaleSets",
    name: "virtualMachineScaleSets",
    handle: listAll,
  },
  { method: "GET", path: `${path}/instanceView`, name: `${name}/instanceView`, handle: getSummary },
  { method: "GET", path: `${path}/rollingUpgrades/latest`, name: `${name}/rollingUpgrades/latest`, handle: getUpgrade },
  { method: "GET", path: `${path}/virtualMachines`, name: `${name}/virtualMachines`, handle: listInstances },
  { method: "GET", path: instance, name: instanceName, handle: getInstance },
  { method: "GET", path: `${instance}/instanceView`, name: `${instanceName}/instanceView`, handle: getInstanceView },
  {
    method: "POST",
    path: `${instance}/retrieveBootDiagnosticsData`,
    name: `${instanceName}/retrieveBootDiagnosticsData`,
    handle: (exchange) => ({ status: 200, body: linksOf(exchange, existingInstance(exchange)) }),
  },
];

function idOf(exchange: ArmExchange): string {
  return exchange.id("Microsoft.Compute", "virtualMachineScaleSets", exchange.param("set"));
}

function isFlexible(set: Resource): boolean {
  return digText(set.properties, "orchestrationMode") === "Flexible";
}

function capacityOf(set: Resource): number {
  return Number(dig(set.outer, "sku", "capacity") ?? 0);
}

function write(exchange: ArmExchange, manner: "replace" | "merge"): Reply {
  const { resources, operations } = exchange.cloud;
  const id = idOf(exchange);
  const old = manner === "merge" ? exchange.existing(id) : resources.find(id);
  exchange.checkEtag(old);
  if (old && operations.running(id)) {
    throw new ArmError(
      409,
      "OperationNotAllowed",
      `Operation 'VMScaleSet.PUT' is not allowed on VM Scale Set '${old.name}' since another operation is in progress.`,
    );
  }
  const next = newResource(id, old?.location ?? exchange.location, exchange.body);
  if (old) {
    const { outer, properties } = partsOf(exchange.body);
    next.outer = mergePatch(old.outer, outer);
    next.properties = mergePatch(old.properties, properties);
  }
  next.properties["orchestrationMode"] ??= "Uniform";
  next.properties["uniqueId"] ??= randomBytes(8).toString("hex");
  const added = capacityOf(next) - (old ? capacityOf(old) : 0);
  if (added > 0) checkQuota(exchange, next.location, demandOf(next, added));
  const isNewModel =
    old &&
    JSON.stringify(old.properties["virtualMachineProfile"]) !==
      JSON.stringify(next.properties["virtualMachineProfile"]);
  const set = old ? Object.assign(old, next) : resources.put(next);
  settle(set, old ? "Updating" : "Creating");
  return exchange.accept({
    status: old ? 200 : 201,
    body: presentSet(set),
    resourceId: id,
    location: set.location,
    style: "azure-async-operation",
    succeed: () => {
      if (isNewModel) for (const member of instancesOf(exchange, set)) member.outer = { ...member.outer, stale: true };
      scale(exchange, set);
      settle(set, "Succeeded");
    },
    fail: () => settle(set, "Failed"),
    result: () => presentSet(set),
  });
}

function demandOf(set: Resource, count: number): { size: string; isSpot: boolean; count: number } {
  const isSpot = digText(set.properties, "virtualMachineProfile", "priority") === "Spot";
  return { size: digText(set.outer, "sku", "name") ?? "", isSpot, count };
}

/** Creates and removes instances until there are as many as the set wants. */
export function scale(exchange: Pick<ArmExchange, "cloud">, set: Resource): void {
  const { resources, instanceFailures } = exchange.cloud;
  const members = instancesOf(exchange, set);
  for (const member of members.slice(capacityOf(set))) resources.delete(member.id);
  const failures = instanceFailures.get(set.name.toLowerCase()) ?? [];
  for (let count = members.length; count < capacityOf(set); count += 1) {
    addInstance(exchange, set, failures.shift());
  }
}

function addInstance({ cloud }: Pick<ArmExchange, "cloud">, set: Resource, failure: InstanceFailure | undefined): void {
  const { resources, clock } = cloud;
  const profile = digObject(set.properties, "virtualMachineProfile");
  const number = Number(set.outer["nextInstance"] ?? 0);
  set.outer = { ...set.outer, nextInstance: number + 1 };
  const group = set.id.slice(0, set.id.indexOf("/providers/"));
  const ownName = `${set.name}_${randomBytes(4).toString("hex")}`;
  const id = isFlexible(set) ? `${group}/providers/${machineType}/${ownName}` : `${set.id}/virtualMachines/${number}`;
  const properties = {
    storageProfile: profile["storageProfile"],
    diagnosticsProfile: profile["diagnosticsProfile"],
    priority: profile["priority"],
    ...(isFlexible(set) && { virtualMachineScaleSet: { id: set.id } }),
  };
  const machine = newMachine(id, set.location, { properties }, clock);
  setSize(machine, digText(set.outer, "sku", "name") ?? "Standard_DS1_v2");
  machine.powerState = failure && !failure.code.startsWith("OSProvisioning") ? "unknown" : "running";
  machine.failure = failure && { ...failure };
  settle(machine, failure ? "Failed" : "Succeeded");
  resources.put(machine);
  if (!failure) for (const body of digObjects(profile, "extensionProfile", "extensions")) extend(cloud, machine, body);
}

/** Runs an extension of the model on a new instance. If it fails, the instance keeps running but is failed. */
function extend(cloud: ArmExchange["cloud"], machine: Machine, body: JsonObject): void {
  const name = digText(body, "name") ?? "";
  const extension = newResource(`${machine.id}/extensions/${name}`, machine.location, body);
  const failure = cloud.extensionFailures.get(name.toLowerCase())?.shift();
  if (failure) {
    const ended = failureOf(extension, failure);
    extension.properties["output"] = outputOf(failure);
    extension.properties["failure"] = ended.error;
    settle(extension, "Failed");
    machine.failure = ended.error;
    settle(machine, "Failed");
  }
  cloud.resources.put(extension);
}

export function instancesOf({ cloud }: Pick<ArmExchange, "cloud">, set: Resource): Machine[] {
  const { resources } = cloud;
  const found = isFlexible(set)
    ? resources
        .ofType(machineType)
        .filter(
          ({ properties }) =>
            digText(properties, "virtualMachineScaleSet", "id")?.toLowerCase() === set.id.toLowerCase(),
        )
    : resources.childrenOf(set.id).filter(({ type }) => type === `${setType}/virtualMachines`);
  return found as Machine[];
}

function get(exchange: ArmExchange): Reply {
  const set = exchange.existing(idOf(exchange));
  const body = presentSet(set);
  exchange.cloud.operations.lookedAtResource(set.id);
  return { status: 200, body };
}

function presentSet(set: Resource): JsonObject {
  const { nextInstance: _, ...outer } = set.outer;
  return present({ ...set, outer });
}

function listInGroup(exchange: ArmExchange): Reply {
  return pageOf(exchange, exchange.cloud.resources.ofType(setType, exchange.group.name).map(presentSet));
}

function listAll(exchange: ArmExchange): Reply {
  return pageOf(exchange, exchange.cloud.resources.ofType(setType).map(presentSet));
}

function remove(exchange: ArmExchange): Reply {
  const { resources, operations } = exchange.cloud;
  const set = resources.find(idOf(exchange));
  if (!set) return { status: 204 };
  exchange.checkEtag(set);
  operations.preempt(set.id);
  settle(set, "Deleting");
  return exchange.accept({
    status: 202,
    resourceId: set.id,
    location: set.location,
    style: "both",
    succeed: () => {
      for (const member of instancesOf(exchange, set)) resources.delete(member.id);
      resources.delete(set.id);
    },
    fail: () => settle(set, "Failed"),
  });
}

/** How many instances are in which state. */
function getSummary(exchange: ArmExchange): Reply {
  const set = exchange.existing(idOf(exchange));
  const views = instancesOf(exchange, set).map((member) => instanceView(member, exchange.cloud));
  const extensions = views.flatMap((view) => digObjects(view, "extensions"));
  const names = [...new Set(extensions.map((extension) => digText(extension, "name") ?? ""))];
  const state = set.provisioningState.toLowerCase();
  return {
    status: 200,
    body: {
      virtualMachine: { statusesSummary: countsOf(views) },
      ...(names.length > 0 && {
        extensions: names.map((name) => ({
          name,
          statusesSummary: countsOf(extensions.filter((extension) => extension["name"] === name)),
        })),
      }),
      statuses: [
        {
          code: `ProvisioningState/${state}`,
          level: "Info",
          displayStatus: `Provisioning ${state}`,
          time: new Date(exchange.cloud.clock.now()).toISOString(),
        },
      ],
      orchestrationServices: [{ serviceName: "AutomaticRepairs", serviceState: "NotRunning" }],
    },
  };
}

function countsOf(views: readonly JsonObject[]): { code: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const status of views.flatMap((view) => digObjects(view, "statuses"))) {
    const code = digText(status, "code") ?? "";
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  return [...counts].map(([code, count]) => ({ code, count }));
}

function getUpgrade(exchange: ArmExchange): Reply {
  const set = exchange.existing(idOf(exchange));
  if (digText(set.properties, "upgradePolicy", "mode") !== "Rolling") {
    throw new ArmError(404, "NotFound", `No rolling upgrade was found for VM Scale Set '${set.name}'.`);
  }
  const members = instancesOf(exchange, set);
  const failed = members.filter(({ provisioningState }) => provisioningState === "Failed");
  const [worst] = failed;
  return {
    status: 200,
    body: {
      location: set.location,
      properties: {
        policy: {
          maxBatchInstancePercent: 20,
          maxUnhealthyInstancePercent: 20,
          maxUnhealthyUpgradedInstancePercent: 20,
        },
        runningStatus: {
          code: worst ? "Faulted" : "Completed",
          startTime: new Date(exchange.cloud.clock.now()).toISOString(),
        },
        progress: {
          successfulInstanceCount: members.length - failed.length,
          failedInstanceCount: failed.length,
          inProgressInstanceCount: 0,
          pendingInstanceCount: 0,
        },
        ...(worst && {
          error: {
            code: "MaxUnhealthyUpgradedInstancePercentExceededInRollingUpgrade",
            message: `Rolling Upgrade failed after exceeding the MaxUnhealthyUpgradedInstancePercent defined in the RollingUpgradePolicy. ${Math.ceil((100 * failed.length) / members.length)}% of instances are in an unhealthy state after being upgraded - more than the threshold of 20%. The most impactful error is: ${digText(worst.failure, "message") ?? ""}`,
          },
        }),
      },
    },
  };
}

/** `instanceId` of a flexible instance is the name of its machine. */
function instanceIdOf(set: Resource, member: Machine): string {
  return isFlexible(set) ? member.name : (member.id.split("/").at(-1) ?? "");
}

/** Name of a uniform instance: `web_0`. */
function nameOfInstance(set: Resource, member: Machine): string {
  return isFlexible(set) ? member.name : `${set.name}_${instanceIdOf(set, member)}`;
}

function presentInstance(exchange: ArmExchange, set: Resource, member: Machine, expand: boolean): JsonObject {
  const { stale, ...outer } = member.outer;
  const named = { ...member, outer, name: nameOfInstance(set, member) };
  const document = presentMachine(named, exchange.cloud, expand);
  return {
    ...document,
    id: `${set.id}/virtualMachines/${instanceIdOf(set, member)}`,
    type: `${setType}/virtualMachines`,
    instanceId: instanceIdOf(set, member),
    sku: { name: digText(set.outer, "sku", "name"), tier: "Standard" },
    properties: {
      ...digObject(document, "properties"),
      latestModelApplied: stale !== true,
      ...(isFlexible(set) && { virtualMachineResourceId: member.id }),
    },
  };
}

function listInstances(exchange: ArmExchange): Reply {
  const { searchParams } = exchange.request.url;
  const set = exchange.existing(idOf(exchange));
  const expand = searchParams.get("$expand")?.toLowerCase() === "instanceview";
  const fits = filterOf(searchParams.get("$filter"));
  const found = instancesOf(exchange, set).filter((member) => fits(exchange, member));
  return pageOf(
    exchange,
    found.map((member) => presentInstance(exchange, set, member, expand)),
  );
}

/** The two filters of the service's documentation. */
function filterOf(text: string | null): (exchange: ArmExchange, member: Machine) => boolean {
  if (text === null) return () => true;
  const prefix = /^startswith\(instanceView\/statuses\/code,\s*'([^']*)'\) eq true$/i.exec(text.trim())?.[1];
  if (prefix !== undefined) {
    return (exchange, member) => {
      const { statuses } = instanceView(member, exchange.cloud);
      return (statuses as readonly { readonly code: string }[]).some(({ code }) => code.startsWith(prefix));
    };
  }
  const applied = /^properties\/latestModelApplied eq (true|false)$/i.exec(text.trim())?.[1];
  if (applied !== undefined)
    return (_, member) => (member.outer["stale"] !== true) === (applied.toLowerCase() === "true");
  throw new ArmError(400, "InvalidParameter", `The $filter '${text}' is not supported.`, { target: "$filter" });
}

function existingInstance(exchange: ArmExchange): Machine {
  const set = exchange.existing(idOf(exchange));
  const wanted = exchange.param("instance");
  const found = instancesOf(exchange, set).find((member) => instanceIdOf(set, member) === wanted);
  if (found) return { ...found, name: nameOfInstance(set, found) };
  throw new ArmError(
    404,
    "NotFound",
    `The instanceId ${wanted} is not an active Virtual Machine Scale Set VM instanceId.`,
  );
}

function getInstance(exchange: ArmExchange): Reply {
  const set = exchange.existing(idOf(exchange));
  const member = existingInstance(exchange);
  const expand = exchange.request.url.searchParams.get("$expand")?.toLowerCase() === "instanceview";
  return { status: 200, body: presentInstance(exchange, set, member, expand) };
}

function getInstanceView(exchange: ArmExchange): Reply {
  return { status: 200, body: instanceView(existingInstance(exchange), exchange.cloud) };
}
