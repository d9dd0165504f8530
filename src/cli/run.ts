/**
 * `azure-remedy run -- COMMAND`: runs a command, and again while what it prints says that it will pass. The judgement is that
 * of the pipeline; here words are turned into a diagnosis, and a decision into a wait. It is loaded when the first run fails:
 * a command that ends well is hardly slower than without us.
 */
import { systemClock } from "../time/clock.js";
import { exitCodes, signalExitCode } from "./exit-codes.js";
import { startCommand, type CommandEnd } from "./run/child-command.js";
import { Interruption } from "./run/interruption.js";
import type { Judge } from "./run/judge.js";
import { RunReport } from "./run/report.js";

export interface RunFlags {
  readonly json?: true;
  /** Milliseconds. */
  readonly deadline?: number;
  readonly maxRetries: number;
  readonly idempotent?: true;
  readonly rules?: readonly string[];
}

export async function runCommand(command: string, args: readonly string[], flags: RunFlags): Promise<number> {
  const rules = flags.rules && (await (await import("./rules/rule-catalog.js")).catalogOfFiles(flags.rules));
  const startedAt = systemClock.now();
  let judge: Promise<Judge> | undefined;
  const loadJudge = (): Promise<Judge> =>
    (judge ??= import("./run/judge.js").then(({ Judge }) => new Judge(command, args, flags, startedAt, rules)));

  const interruption = new Interruption();
  try {
    return await runUntilDone(command, args, loadJudge, new RunReport(flags.json ?? false, startedAt), interruption);
  } finally {
    interruption.dispose();
  }
}

async function runUntilDone(
  command: string,
  args: readonly string[],
  loadJudge: () => Promise<Judge>,
  report: RunReport,
  interruption: Interruption,
): Promise<number> {
  for (let run = 1; ; run++) {
    const child = startCommand(command, args);
    interruption.passTo((signal) => child.kill(signal));
    const end = await child.ended;
    interruption.passTo(undefined);
    if (end.kind === "not started") return report.notStarted(command, end);
    if (end.kind === "exited" && end.exitCode === 0) {
      if (run > 1) report.recovered(run);
      return exitCodes.ok;
    }
    if (end.kind === "killed" || interruption.hasCome) return codeOf(end);

    const judge = await loadJudge();
    const { diagnosis, decision } = judge.judge(end, run);
    if (decision.action !== "retry") return report.stopped(end.exitCode, run, diagnosis, decision);
    report.again(end.exitCode, run, diagnosis, decision);
    const signal = await interruption.wait(decision.delayMs);
    if (signal !== undefined) return signalExitCode(signal);
  }
}

function codeOf(end: Exclude<CommandEnd, { kind: "not started" }>): number {
  return end.kind === "killed" ? signalExitCode(end.signal) : end.exitCode;
}
