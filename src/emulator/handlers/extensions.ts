/** VM extensions: written like resources, carried out by the agent in the guest. */
import type { Call } from "../call.js";
import { mergePatch } from "../json.js";
import { extensionView, type Machine } from "../machine.js";
import type { OperationFailure } from "../operations.js";
import { newResource, partsOf, present, settle, type Resource } from "../resources.js";
import type { Route } from "../router.js";
import type { Reply } from "../wire.js";
import { agentAnswers } from "./machine-actions.js";
import { checkFree, existingMachine, machinePath } from "./machines.js";

const path = `${machinePath}/extensions/{extension}`;
const name = "virtualMachines/{vm}/extensions/{extension}";

export const extensionRoutes: readonly Route[] = [
  { method: "PUT", path, name, longRunning: true, handle: (call) => write(call, "replace") },
  { method: "PATCH", path, name, longRunning: true, handle: (call) => write(call, "merge") },
  { method: "GET", path, name, handle: get },
  { method: "DELETE", path, name, longRunning: true, handle: remove },
  { method: "GET", path: `${machinePath}/extensions`, name: "virtualMachines/{vm}/extensions", handle: list },
];

function write(call: Call, manner: "replace" | "merge"): Reply {
  const { resources } = call.cloud;
  const machine = existingMachine(call);
  const id = idOf(call, machine);
  const old = manner === "merge" ? call.existing(id) : resources.find(id);
  call.checkEtag(old);
  checkFree(call, machine, "write extension");
  agentAnswers(machine);
  const extension = old ?? resources.put(newResource(id, machine.location, call.body));
  if (old) {
    const { outer, properties } = partsOf(call.body);
    extension.outer = manner === "merge" ? mergePatch(old.outer, outer) : outer;
    extension.properties = manner === "merge" ? mergePatch(old.properties, properties) : properties;
  }
  settle(extension, old ? "Updating" : "Creating");
  return call.accept({
    ...workOn(extension),
    status: old ? 200 : 201,
    body: presentExtension(extension),
    style: "azure-async-operation",
    succeed: () => settle(extension, "Succeeded"),
    result: () => presentExtension(extension),
  });
}

function get(call: Call): Reply {
  const extension = call.existing(idOf(call, existingMachine(call)));
  const document = presentExtension(extension);
  const expand = call.request.url.searchParams.get("$expand") === "instanceView";
  call.cloud.operations.lookedAtResource(extension.id);
  if (!expand) return { status: 200, body: document };
  const properties = { ...(document["properties"] as object), instanceView: extensionView(extension) };
  return { status: 200, body: { ...document, properties } };
}

function list(call: Call): Reply {
  const machine = existingMachine(call);
  return { status: 200, body: { value: call.cloud.resources.childrenOf(machine.id).map(presentExtension) } };
}

function remove(call: Call): Reply {
  const { resources } = call.cloud;
  const machine = existingMachine(call);
  const extension = resources.find(idOf(call, machine));
  if (!extension) return { status: 204 };
  checkFree(call, machine, "delete extension");
  agentAnswers(machine);
  settle(extension, "Deleting");
  return call.accept({
    ...workOn(extension),
    status: 202,
    style: "both",
    succeed: () => resources.delete(extension.id),
  });
}

function workOn(extension: Resource) {
  return {
    resourceId: extension.id,
    location: extension.location,
    fail: (failure: OperationFailure) => {
      extension.properties["failure"] = failure.error;
      settle(extension, "Failed");
    },
  };
}

function idOf(call: Call, machine: Machine): string {
  return `${machine.id}/extensions/${call.param("extension")}`;
}

/** Protected settings go in and never come out; why it failed stands in the instance view alone. */
function presentExtension(extension: Resource) {
  const { protectedSettings: _, failure: __, ...properties } = extension.properties;
  return present({ ...extension, properties });
}
