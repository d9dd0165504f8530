/** VM extensions: written like resources, carried out by the agent in the guest. */
import type { ArmExchange } from "../exchange.js";
import { mergePatch } from "../json.js";
import { failureOf, outputOf, silentAgent } from "../extension-failure.js";
import { extensionView, illnessOf, isExtension, presentExtension, type Machine } from "../machine.js";
import type { OperationFailure } from "../operations.js";
import { pageOf } from "../paging.js";
import { newResource, partsOf, settle, type Resource } from "../resources.js";
import type { Route } from "../router.js";
import type { Reply } from "../wire.js";
import { agentAnswers } from "./machine-actions.js";
import { checkFree, existingMachine, machinePath } from "./machines.js";

const path = `${machinePath}/extensions/{extension}`;
const name = "virtualMachines/{vm}/extensions/{extension}";

export const extensionRoutes: readonly Route[] = [
  { method: "PUT", path, name, longRunning: true, handle: (exchange) => write(exchange, "replace") },
  { method: "PATCH", path, name, longRunning: true, handle: (exchange) => write(exchange, "merge") },
  { method: "GET", path, name, handle: get },
  { method: "DELETE", path, name, longRunning: true, handle: remove },
  { method: "GET", path: `${machinePath}/extensions`, name: "virtualMachines/{vm}/extensions", handle: list },
];

function write(exchange: ArmExchange, manner: "replace" | "merge"): Reply {
  const { resources } = exchange.cloud;
  const machine = existingMachine(exchange);
  const id = idOf(exchange, machine);
  const old = manner === "merge" ? exchange.existing(id) : resources.find(id);
  exchange.checkEtag(old);
  checkFree(exchange, machine, "write extension");
  agentAnswers(machine);
  const extension = old ?? resources.put(newResource(id, machine.location, exchange.body));
  if (old) {
    const { outer, properties } = partsOf(exchange.body);
    extension.outer = manner === "merge" ? mergePatch(old.outer, outer) : outer;
    extension.properties = manner === "merge" ? mergePatch(old.properties, properties) : properties;
  }
  settle(extension, old ? "Updating" : "Creating");
  return exchange.accept({
    ...workOn(extension),
    failure: runHandler(exchange, machine, extension),
    status: old ? 200 : 201,
    body: presentExtension(extension),
    style: "azure-async-operation",
    succeed: () => settle(extension, "Succeeded"),
    result: () => presentExtension(extension),
  });
}

/** The result of its handler in the guest: a failure, or none. */
function runHandler(exchange: ArmExchange, machine: Machine, extension: Resource): OperationFailure | undefined {
  const { output: _, failure: __, ...settings } = extension.properties;
  extension.properties = settings;
  if (illnessOf(machine.name, exchange.cloud).agent !== "ready") return silentAgent(machine.name);
  const failure = exchange.cloud.extensionFailures.get(extension.name.toLowerCase())?.shift();
  if (!failure) return undefined;
  extension.properties["output"] = outputOf(failure);
  return failureOf(extension, failure);
}

function get(exchange: ArmExchange): Reply {
  const extension = exchange.existing(idOf(exchange, existingMachine(exchange)));
  const document = presentExtension(extension);
  const expand = exchange.request.url.searchParams.get("$expand") === "instanceView";
  exchange.cloud.operations.lookedAtResource(extension.id);
  if (!expand) return { status: 200, body: document };
  const properties = { ...(document["properties"] as object), instanceView: extensionView(extension) };
  return { status: 200, body: { ...document, properties } };
}

function list(exchange: ArmExchange): Reply {
  const machine = existingMachine(exchange);
  return pageOf(exchange, exchange.cloud.resources.childrenOf(machine.id).filter(isExtension).map(presentExtension));
}

function remove(exchange: ArmExchange): Reply {
  const { resources } = exchange.cloud;
  const machine = existingMachine(exchange);
  const extension = resources.find(idOf(exchange, machine));
  if (!extension) return { status: 204 };
  checkFree(exchange, machine, "delete extension");
  agentAnswers(machine);
  settle(extension, "Deleting");
  return exchange.accept({
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

function idOf(exchange: ArmExchange, machine: Machine): string {
  return `${machine.id}/extensions/${exchange.param("extension")}`;
}
