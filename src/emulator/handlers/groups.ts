/** Subscriptions and resource groups. Deleting a group is the one operation that is followed by `Location` alone. */
import type { Call } from "../call.js";
import { digObject, type JsonObject } from "../json.js";
import { present, type ResourceGroup } from "../resources.js";
import type { Route } from "../router.js";
import { ArmError, type Reply } from "../wire.js";

const subscriptionPath = "/subscriptions/{subscription}";
const path = `${subscriptionPath}/resourceGroups/{group}`;
const name = "resourceGroups/{group}";

export const groupRoutes: readonly Route[] = [
  { method: "GET", path: "/subscriptions", name: "subscriptions", handle: listSubscriptions },
  { method: "GET", path: subscriptionPath, name: "subscriptions/{subscription}", handle: getSubscription },
  { method: "GET", path: `${subscriptionPath}/resourceGroups`, name: "resourceGroups", handle: listGroups },
  { method: "PUT", path, name, handle: putGroup },
  { method: "PATCH", path, name, handle: patchGroup },
  { method: "GET", path, name, handle: (call) => ({ status: 200, body: presentGroup(call.group) }) },
  { method: "HEAD", path, name, handle: headGroup },
  { method: "DELETE", path, name, longRunning: true, handle: deleteGroup },
  { method: "GET", path: `${path}/resources`, name: `${name}/resources`, handle: listResources },
];

function presentSubscription(call: Call): JsonObject {
  const { subscriptionId, tenantId } = call.cloud.options;
  return {
    id: `/subscriptions/${subscriptionId}`,
    subscriptionId,
    tenantId,
    displayName: "azure-remedy emulator",
    state: "Enabled",
  };
}

function getSubscription(call: Call): Reply {
  return { status: 200, body: presentSubscription(call) };
}

function listSubscriptions(call: Call): Reply {
  return { status: 200, body: { value: [presentSubscription(call)] } };
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

function putGroup(call: Call): Reply {
  const name = call.param("group");
  const old = call.cloud.resources.group(name);
  if (old && old.location !== call.location) {
    throw new ArmError(
      409,
      "InvalidResourceGroupLocation",
      `Invalid resource group location '${call.location}'. The Resource group already exists in location '${old.location}'.`,
    );
  }
  // Through `call.group`, which refuses a group that is being deleted.
  const known = old && call.group;
  const group = call.cloud.resources.putGroup(name, call.location, digObject(call.body, "tags"));
  return { status: known ? 200 : 201, body: presentGroup(group) };
}

function patchGroup(call: Call): Reply {
  const { group } = call;
  group.tags = { ...group.tags, ...digObject(call.body, "tags") };
  return { status: 200, body: presentGroup(group) };
}

function headGroup(call: Call): Reply {
  return { status: call.cloud.resources.group(call.param("group")) ? 204 : 404 };
}

function listGroups(call: Call): Reply {
  return { status: 200, body: { value: call.cloud.resources.groups.map(presentGroup) } };
}

function listResources(call: Call): Reply {
  const topLevel = call.cloud.resources.inGroup(call.group.name).filter(({ type }) => type.split("/").length === 2);
  return { status: 200, body: { value: topLevel.map(present) } };
}

function deleteGroup(call: Call): Reply {
  const { group } = call;
  const { resources, operations } = call.cloud;
  for (const resource of resources.inGroup(group.name)) operations.preempt(resource.id);
  group.provisioningState = "Deleting";
  return call.accept({
    status: 202,
    resourceId: group.id,
    namespace: "Microsoft.Resources",
    location: group.location,
    style: "location",
    succeed: () => resources.deleteGroup(group.name),
    fail: () => (group.provisioningState = "Failed"),
  });
}
