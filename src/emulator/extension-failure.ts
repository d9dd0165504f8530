/** How an extension fails: its script's exit code and output, and the error of its write. */
import type { Resource } from "./resources.js";
import { digText, type JsonObject } from "./json.js";
import type { OperationFailure } from "./operations.js";

export interface ExtensionFailure {
  /** Of the script. Default 1. */
  readonly exitCode?: number;
  readonly stdout?: string;
  readonly stderr?: string;
  /** Default `VMExtensionProvisioningError`. */
  readonly code?: string;
  /** Default: the service's message around the exit code and the output. */
  readonly message?: string;
}

/** The message of the extension's handler, which the instance view repeats. */
function handlerMessage({ exitCode = 1, stdout = "", stderr = "" }: ExtensionFailure): string {
  return `Enable failed: failed to execute command: command terminated with exit status=${exitCode}\n[stdout]\n${stdout}\n[stderr]\n${stderr}`;
}

/** What the extension keeps of it for its instance view. */
export function outputOf(failure: ExtensionFailure): JsonObject {
  const { exitCode = 1, stdout = "", stderr = "" } = failure;
  return { exitCode, stdout, stderr, message: handlerMessage(failure) };
}

export function failureOf(extension: Resource, failure: ExtensionFailure): OperationFailure {
  const publisher = digText(extension.properties, "publisher") ?? "";
  const type = digText(extension.properties, "type") ?? "";
  const message =
    failure.message ??
    `VM has reported a failure when processing extension '${extension.name}' (publisher '${publisher}' and type '${type}'). Error message: '${handlerMessage(failure)}'. More information on troubleshooting is available at https://aka.ms/VMExtensionCSELinuxTroubleshoot.`;
  return operationFailure({ code: failure.code ?? "VMExtensionProvisioningError", message });
}

/** The host waits for a report that never comes. */
export function silentAgent(machineName: string): OperationFailure {
  return operationFailure({
    code: "VMAgentStatusCommunicationError",
    message: `VM '${machineName}' has not reported status for VM agent or extensions. Verify that the OS is up and healthy, the VM has a running VM agent, and that it can establish outbound connections to Azure storage. Please refer to https://aka.ms/vmextensionlinuxtroubleshoot for additional VM agent troubleshooting information.`,
  });
}

function operationFailure(error: JsonObject): OperationFailure {
  return { status: "Failed", error, httpStatus: 409, completesAnyway: false };
}
