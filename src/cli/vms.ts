/**
 * `azure-remedy vms`: one action on many machines, with progress on a terminal, plain lines in a pipe, a journal to
 * resume from, and at the end each cause once with what to do.
 */
import { runFleet, type FleetResult, type FleetRun, type FleetSummary } from "../fleet/index.js";
import { CliError } from "./cli-error.js";
import { untilInterrupted } from "./end-signals.js";
import { exitCodes, signalExitCode } from "./exit-codes.js";
import { Terminal } from "./terminal.js";
import { azureCloud, rehearsalCloud, type Cloud, type MachineAction } from "./vms/cloud.js";
import { chooseMachines, type MachineChoice } from "./vms/machines.js";
import { causeLines, countLine, resultLine, wayOn } from "./vms/report.js";
import { FleetScreen } from "./vms/screen.js";

export interface VmsFlags extends MachineChoice {
  readonly journal?: string;
  readonly run?: string;
  readonly concurrency?: number;
  /** Milliseconds. */
  readonly deadline?: number;
  readonly dryRun?: true;
  readonly json?: true;
  /** How many machines a rehearsal has. */
  readonly emulator?: number;
  /** The share of requests that meet a fault, 0 to 1. */
  readonly chaos?: number;
}

/** A table in a pipe is read later, in a window of unknown width. */
const usualWidth = 100;

export async function vmsCommand(action: MachineAction, flags: VmsFlags): Promise<number> {
  checkFlags(flags);
  // A reader that has seen enough (`| head`) leaves machines half-way no more than it makes the run a success.
  process.stdout.on("error", ignoreClosedPipe);
  const interrupted = untilInterrupted();
  const cloud = await connect(flags);
  try {
    const ids = await chooseMachines(flags, cloud);
    if (flags.dryRun) return printIds(ids, action, flags);
    return await act(action, ids, cloud, flags, interrupted);
  } finally {
    await cloud.close();
  }
}

function checkFlags({ ids, group, tag, run, journal }: VmsFlags): void {
  if (ids !== undefined && (group !== undefined || tag !== undefined))
    throw new CliError("--ids names the machines already", "Leave out --group and --tag.");
  if (run !== undefined && journal === undefined)
    throw new CliError("--run names a run of a journal", "Give --journal <file> with it.");
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

async function connect({ emulator, chaos, subscription }: VmsFlags): Promise<Cloud> {
  if (emulator !== undefined) return rehearsalCloud(emulator, chaos ?? 0);
  if (chaos !== undefined) throw new CliError("--chaos works only in a rehearsal", "Add --emulator <count>.");
  return azureCloud(subscription);
}

function printIds(ids: readonly string[], action: MachineAction, { json }: VmsFlags): number {
  const out = new Terminal(process.stdout);
  if (json) out.lines(ids.map((id) => JSON.stringify({ key: id, action, dryRun: true })));
  else
    out.lines([
      ...ids,
      "",
      `${ids.length === 1 ? "1 machine" : `${ids.length} machines`} would be asked to ${action}. Nothing was sent.`,
    ]);
  return exitCodes.ok;
}

async function act(
  action: MachineAction,
  ids: readonly string[],
  cloud: Cloud,
  flags: VmsFlags,
  interrupted: AbortSignal,
): Promise<number> {
  const { journal, run: name, concurrency, deadline, json } = flags;
  const out = new Terminal(process.stdout);
  const screen = !json && out.isLive ? new FleetScreen(out, action, ids.length) : undefined;
  const run = runFleet(ids, (id, { signal }) => cloud.act(action, id, signal), {
    signal: interrupted,
    ...(journal !== undefined && { journal }),
    ...(name !== undefined && { run: name }),
    ...(concurrency !== undefined && { concurrency }),
    ...(deadline !== undefined && { deadline: Date.now() + deadline }),
    ...(screen && { onProgress: (progress) => screen.show(progress) }),
  });
  const summary = await follow(run, out, screen, flags);
  if (json) out.line(JSON.stringify({ summary }));
  else {
    out.lines(["", countLine(summary, action, out), ...causeLines(summary, out, out.columns ?? usualWidth)]);
    if (summary.unknown + summary.notStarted > 0) out.lines(["", ...wayOn(journal, out.columns ?? usualWidth)]);
  }
  if (interrupted.aborted) return signalExitCode(interrupted.reason as NodeJS.Signals);
  return summary.failed + summary.unknown + summary.notStarted === 0 ? exitCodes.ok : exitCodes.no;
}

async function follow(
  run: FleetRun<string, unknown>,
  out: Terminal,
  screen: FleetScreen | undefined,
  { json, journal }: VmsFlags,
): Promise<FleetSummary> {
  try {
    for await (const result of run) {
      if (json) out.line(JSON.stringify(publicPart(result)));
      else if (screen) screen.tell(result);
      else out.line(resultLine(result));
    }
    return await run.summary;
  } catch (error) {
    throw asJournalError(error, journal);
  } finally {
    screen?.end();
  }
}

/** What ends the whole run is the journal's, unless it is a defect. */
function asJournalError(error: unknown, journal: string | undefined): unknown {
  if (!(error instanceof Error) || journal === undefined) return error;
  if (error.name === "JournalInUseError")
    return new CliError(error.message, "The run that holds it prints its own progress.");
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined) return new CliError(`the journal ${journal} cannot be used (${code})`, "Give another path.");
  return error.message.startsWith("azure-remedy: ")
    ? new CliError(error.message.replace("azure-remedy: ", ""), "Give another path with --journal.")
    : error;
}

function publicPart({ key, status, error }: FleetResult<string, unknown>): object {
  return { key, status, ...(error !== undefined && { error: toJson(error) }) };
}

/** A RemedyError knows what is safe to log; for any other error the message is enough. */
function toJson(error: unknown): unknown {
  const { toJSON } = error as { toJSON?: () => unknown };
  if (typeof toJSON === "function") return toJSON.call(error);
  return { message: error instanceof Error ? error.message : String(error) };
}
