/** Managed run commands: scripts as resources, whose outcome is only in their instance view. */
import type { ArmExchange } from "../exchange.js";
import { dig, digObjects, digText, type JsonObject } from "../json.js";
import type { Machine } from "../machine.js";
import { pageOf } from "../paging.js";
import { newResource, partsOf, present, settle, type Resource } from "../resources.js";
import type { Route } from "../router.js";
import { ArmError, type Reply } from "../wire.js";
import { agentAnswers } from "./machine-actions.js";
import { existingMachine, machinePath } from "./machines.js";

const path = `${machinePath}/runCommands/{command}`;
const name = "virtualMachines/{vm}/runCommands/{command}";
const type = "Microsoft.Compute/virtualMachines/runCommands";

export const runCommandRoutes: readonly Route[] = [
  { method: "PUT", path, name, longRunning: true, handle: write },
  { method: "PATCH", path, name, longRunning: true, handle: write },
  { method: "GET", path, name, handle: get },
  { method: "DELETE", path, name, longRunning: true, handle: remove },
  { method: "GET", path: `${machinePath}/runCommands`, name: "virtualMachines/{vm}/runCommands", handle: list },
];

function idOf(exchange: ArmExchange, machine: Machine): string {
  return `${machine.id}/runCommands/${exchange.param("command")}`;
}

/** The write is accepted, the script runs, and by default the write succeeds whatever the script's exit code. */
function write(exchange: ArmExchange): Reply {
  const { resources, clock, operations } = exchange.cloud;
  const machine = existingMachine(exchange);
  const id = idOf(exchange, machine);
  const old = resources.find(id);
  agentAnswers(machine);
  if (operations.running(id)) {
    throw new ArmError(
      409,
      "Conflict",
      "Run command extension execution is in progress. Please wait for completion before invoking a run command.",
    );
  }
  const command = old ?? resources.put(newResource(id, machine.location, exchange.body));
  if (old) Object.assign(command, partsOf(exchange.body));
  settle(command, old ? "Updating" : "Creating");
  const startedAt = clock.now();
  command.properties["instanceView"] = viewOf("Running", startedAt);
  const finish = (): void => {
    const { exitCode = 0, stdout = "", stderr = "" } = runScript(exchange, machine, command);
    const view = viewOf(exitCode === 0 ? "Succeeded" : "Failed", startedAt);
    command.properties["instanceView"] = {
      ...view,
      executionMessage: "Execution completed",
      exitCode,
      output: lastOf(stdout),
      error: lastOf(stderr),
      endTime: new Date(clock.now()).toISOString(),
    };
  };
  return exchange.accept({
    status: old ? 200 : 201,
    body: presentCommand(command, false),
    resourceId: id,
    location: machine.location,
    style: "azure-async-operation",
    succeed: () => {
      finish();
      const failed = dig(command.properties, "instanceView", "exitCode") !== 0;
      settle(
        command,
        failed && command.properties["treatFailureAsDeploymentFailure"] === true ? "Failed" : "Succeeded",
      );
    },
    fail: (failure) => {
      const view = viewOf("Failed", startedAt);
      command.properties["instanceView"] = { ...view, executionMessage: digText(failure.error, "message") ?? "" };
      settle(command, "Failed");
    },
    result: () => presentCommand(command, false),
  });
}

function runScript(exchange: ArmExchange, machine: Machine, command: Resource) {
  const script = digText(command.properties, "source", "script") ?? "";
  const lines = script.split("\n");
  machine.commandsRun.push(lines);
  const parameters = digObjects(command.properties, "parameters").map(
    (parameter) => [digText(parameter, "name") ?? "", digText(parameter, "value") ?? ""] as const,
  );
  return exchange.cloud.options.runCommand({
    vmName: machine.name,
    resourceGroup: machine.resourceGroup,
    commandId: command.name,
    script: lines,
    parameters: Object.fromEntries(parameters),
  });
}

function viewOf(executionState: string, startedAt: number): JsonObject {
  return {
    executionState,
    executionMessage: "",
    output: "",
    error: "",
    startTime: new Date(startedAt).toISOString(),
    statuses: [],
  };
}

/** The service keeps the last 4 KB of each stream. */
function lastOf(text: string): string {
  return text.slice(-4096);
}

function get(exchange: ArmExchange): Reply {
  const command = exchange.existing(idOf(exchange, existingMachine(exchange)));
  const expand = exchange.request.url.searchParams.get("$expand")?.toLowerCase() === "instanceview";
  const body = presentCommand(command, expand);
  exchange.cloud.operations.lookedAtResource(command.id);
  return { status: 200, body };
}

function list(exchange: ArmExchange): Reply {
  const machine = existingMachine(exchange);
  const commands = exchange.cloud.resources.childrenOf(machine.id).filter((child) => child.type === type);
  const expand = exchange.request.url.searchParams.get("$expand")?.toLowerCase() === "instanceview";
  return pageOf(
    exchange,
    commands.map((command) => presentCommand(command, expand)),
  );
}

function remove(exchange: ArmExchange): Reply {
  const { resources } = exchange.cloud;
  const machine = existingMachine(exchange);
  const command = resources.find(idOf(exchange, machine));
  if (!command) return { status: 204 };
  settle(command, "Deleting");
  return exchange.accept({
    status: 202,
    resourceId: command.id,
    location: command.location,
    style: "both",
    succeed: () => resources.delete(command.id),
    fail: () => settle(command, "Failed"),
  });
}

/** Protected parameters are write-only. */
function presentCommand(command: Resource, expand: boolean): JsonObject {
  const { instanceView, protectedParameters: _, ...properties } = command.properties;
  const shown = { treatFailureAsDeploymentFailure: false, asyncExecution: false, ...properties };
  return present({ ...command, properties: expand ? { ...shown, instanceView } : shown });
}
