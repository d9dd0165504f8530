/** Subscriptions and resource groups. Deleting a group is the one operation followed only by `Location`. */
import type { ArmExchange } from "../exchange.js";
import { displayName, regions, zonesOfRegion } from "../locations.js";
import { digObject, type JsonObject } from "../json.js";
import { pageOf } from "../paging.js";
import { present, type ResourceGroup } from "../resources.js";
import type { Route } from "../router.js";
import { ArmError, type Reply } from "../wire.js";

const subscriptionPath = "/subscriptions/{subscription}";
const path = `${subscriptionPath}/resourceGroups/{group}`;
const name = "resourceGroups/{group}";

export const groupRoutes: readonly Route[] = [
  { method: "GET", path: "/subscriptions", name: "subscriptions", handle: listSubscriptions },
  { method: "GET", path: subscriptionPath, name: "subscriptions/{subscription}", handle: getSubscription },
  { method: "GET", path: `${subscriptionPath}/locations`, name: "locations", handle: listLocations },
  { method: "GET", path: `${subscriptionPath}/resourceGroups`, name: "resourceGroups", handle: listGroups },
  { method: "PUT", path, name, handle: putGroup },
  { method: "PATCH", path, name, handle: patchGroup },
  { method: "GET", path, name, handle: (exchange) => ({ status: 200, body: presentGroup(exchange.group) }) },
  { method: "HEAD", path, name, handle: headGroup },
  { method: "DELETE", path, name, longRunning: true, handle: deleteGroup },
  { method: "GET", path: `${path}/resources`, name: `${name}/resources`, handle: listResources },
];

function presentSubscription(exchange: ArmExchange): JsonObject {
  const { subscriptionId, tenantId } = exchange.cloud.options;
  return {
    id: `/subscriptions/${subscriptionId}`,
    subscriptionId,
    tenantId,
    displayName: "azure-remedy emulator",
    state: "Enabled",
  };
}

function getSubscription(exchange: ArmExchange): Reply {
  return { status: 200, body: presentSubscription(exchange) };
}

function listSubscriptions(exchange: ArmExchange): Reply {
  return { status: 200, body: { value: [presentSubscription(exchange)] } };
}

/** Zone numbers are logical: each subscription has its own map of them. */
function listLocations(exchange: ArmExchange): Reply {
  const { subscriptionId } = exchange.cloud.options;
  const first = Number.parseInt(subscriptionId.slice(0, 2), 16) || 0;
  const value = regions.map((name) => ({
    id: `/subscriptions/${subscriptionId}/locations/${name}`,
    name,
    type: "Region",
    displayName: displayName(name),
    regionalDisplayName: displayName(name),
    metadata: { regionType: "Physical", regionCategory: "Recommended" },
    availabilityZoneMappings: zonesOfRegion.map((logicalZone, index) => ({
      logicalZone,
      physicalZone: `${name}-az${((first + index) % zonesOfRegion.length) + 1}`,
    })),
  }));
  return { status: 200, body: { value } };
}

function presentGroup(group: ResourceGroup): JsonObject {
  return {
    id: group.id,
    name: group.name,
    type: "Microsoft.Resources/resourceGroups",
    location: group.location,
    tags: group.tags,
    properties: { provisioningState: group.provisioningState },
  };
}

function putGroup(exchange: ArmExchange): Reply {
  const name = exchange.param("group");
  const old = exchange.cloud.resources.group(name);
  if (old && old.location !== exchange.location) {
    throw new ArmError(
      409,
      "InvalidResourceGroupLocation",
      `Invalid resource group location '${exchange.location}'. The Resource group already exists in location '${old.location}'.`,
    );
  }
  // Through `exchange.group`, which refuses a group that is being deleted.
  const known = old && exchange.group;
  const group = exchange.cloud.resources.putGroup(name, exchange.location, digObject(exchange.body, "tags"));
  return { status: known ? 200 : 201, body: presentGroup(group) };
}

function patchGroup(exchange: ArmExchange): Reply {
  const { group } = exchange;
  group.tags = { ...group.tags, ...digObject(exchange.body, "tags") };
  return { status: 200, body: presentGroup(group) };
}

function headGroup(exchange: ArmExchange): Reply {
  return { status: exchange.cloud.resources.group(exchange.param("group")) ? 204 : 404 };
}

function listGroups(exchange: ArmExchange): Reply {
  return pageOf(exchange, exchange.cloud.resources.groups.map(presentGroup));
}

function listResources(exchange: ArmExchange): Reply {
  const topLevel = exchange.cloud.resources
    .inGroup(exchange.group.name)
    .filter(({ type }) => type.split("/").length === 2);
  return pageOf(exchange, topLevel.map(present));
}

function deleteGroup(exchange: ArmExchange): Reply {
  const { group } = exchange;
  const { resources, operations } = exchange.cloud;
  for (const resource of resources.inGroup(group.name)) operations.preempt(resource.id);
  group.provisioningState = "Deleting";
  return exchange.accept({
    status: 202,
    resourceId: group.id,
    namespace: "Microsoft.Resources",
    location: group.location,
    style: "location",
    succeed: () => {
      resources.deleteGroup(group.name);
      exchange.cloud.locks.deleteWithin(group.id);
      const below = `${group.id.toLowerCase()}/`;
      for (const id of exchange.cloud.deployments.keys())
        if (id.startsWith(below)) exchange.cloud.deployments.delete(id);
    },
    fail: () => (group.provisioningState = "Failed"),
  });
}
