/** `azure-remedy emulator`: the local ARM as its own process, for curl, scripts and other languages. */
import { setTimeout as sleep } from "node:timers/promises";
import { startEmulator, type Emulator, type Exchange } from "../emulator/index.js";
import { CliError } from "./cli-error.js";
import { untilInterrupted } from "./end-signals.js";
import { exitCodes } from "./exit-codes.js";
import { Terminal } from "./terminal.js";

export interface EmulatorFlags {
  readonly json?: true;
  readonly port: number;
  readonly fault?: readonly string[];
  readonly on?: readonly string[];
  readonly times: number;
  readonly vm?: readonly string[];
}

/** Every write on a virtual machine: where scripts fail. */
const usualTargets = ["PUT virtualMachines", "PATCH virtualMachines", "POST virtualMachines", "DELETE virtualMachines"];

const lookEveryMs = 50;

export async function emulatorCommand(flags: EmulatorFlags): Promise<number> {
  const out = new Terminal(process.stdout);
  const interrupted = untilInterrupted();
  const arm = await start(flags.port);
  try {
    plant(arm, flags);
    for (const name of flags.vm ?? []) arm.addVm({ name });
    if (flags.json)
      out.line(JSON.stringify({ event: "listening", endpoint: arm.endpoint, subscriptionId: arm.subscriptionId }));
    else out.lines(welcome(arm, flags, out));
    await printStory(arm, out, flags.json ?? false, interrupted);
  } finally {
    await arm.stop();
  }
  return exitCodes.ok;
}

async function start(port: number): Promise<Emulator> {
  try {
    return await startEmulator({ port, onUnknownRequest: "answer", historyLimit: 10_000 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE")
      throw new CliError(`port ${port} is taken`, "Give another one, or omit --port to use any free port.");
    if (code === "EACCES") throw new CliError(`no permission to use port ${port}`, "Use one above 1023.");
    throw error;
  }
}

function plant(arm: Emulator, { fault = [], on = usualTargets, times }: EmulatorFlags): void {
  for (const code of fault) {
    try {
      arm.fail(code, { on, times });
    } catch (error) {
      if (error instanceof TypeError) throw new CliError(error.message, "See the codes with: azure-remedy catalog");
      throw error;
    }
  }
}

function welcome(arm: Emulator, { fault = [], on = usualTargets, times }: EmulatorFlags, out: Terminal): string[] {
  const { endpoint, subscriptionId } = arm;
  const group = `${endpoint}/subscriptions/${subscriptionId}/resourceGroups/rg`;
  const machine = `${group}/providers/Microsoft.Compute/virtualMachines/web-01?api-version=2024-07-01`;
  const often = times === Infinity ? "always" : times === 1 ? "once" : `${times} times`;
  return [
    `${out.style("bold", "Local ARM")} on ${out.style("cyan", endpoint)}`,
    `  subscription    ${subscriptionId}`,
    "  resource group  rg",
    ...fault.map((code) => `  fault           ${code}, ${often}, on ${on.join(", ")}`),
    "",
    "With curl, without a token:",
    `  curl -X PUT -H 'content-type: application/json' -d '{"location":"westeurope"}' '${machine}'`,
    "",
    "With an SDK client:",
    `  const client = new ComputeManagementClient(credential, "${subscriptionId}", {`,
    `    endpoint: "${endpoint}", allowInsecureConnection: true });`,
    '  client.pipeline.removePolicy({ name: "bearerTokenAuthenticationPolicy" });  // tokens go over https only',
    "",
    out.style("dim", "Ctrl-C ends it."),
    "",
  ];
}

/** Prints every exchange once it has ended, in order of arrival. */
async function printStory(arm: Emulator, out: Terminal, asJson: boolean, interrupted: AbortSignal): Promise<void> {
  let printed = 0;
  while (!interrupted.aborted) {
    for (const exchange of arm.exchanges.filter(({ number }) => number > printed)) {
      if (exchange.outcome === "pending") break;
      out.line(asJson ? JSON.stringify(publicPart(exchange)) : storyLine(exchange, out));
      printed = exchange.number;
    }
    await sleep(lookEveryMs, undefined, { signal: interrupted }).catch(() => undefined);
  }
}

/** Without headers and body, to keep tokens and passwords out of logs. */
function publicPart({
  number,
  at,
  method,
  name,
  path,
  status,
  outcome,
  operationStatus,
  code,
  retryAfter,
}: Exchange): object {
  return {
    event: "exchange",
    number,
    at: new Date(at).toISOString(),
    method,
    name,
    path,
    status,
    outcome,
    operationStatus,
    code,
    retryAfter,
  };
}

function storyLine(
  { at, method, name, status, outcome, operationStatus, code, retryAfter }: Exchange,
  out: Terminal,
): string {
  const result = outcome === "answered" ? String(status) : outcome;
  const isBad = outcome !== "answered" || (status ?? 0) >= 400 || code !== undefined;
  const wait = retryAfter === undefined ? "" : out.style("dim", ` retry-after ${retryAfter}`);
  const time = out.style("dim", new Date(at).toISOString().slice(11, 23));
  const end = [result, operationStatus, code].filter((word) => word !== undefined).join(" ");
  return `${time}  ${method.padEnd(6)} ${name}  ${out.style(isBad ? "red" : "green", end)}${wait}`;
}
