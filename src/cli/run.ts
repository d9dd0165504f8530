/**
 * `azure-remedy run -- COMMAND`: runs a command and repeats it while its output shows a transient failure. It decides
 * as the pipeline does: the output becomes a diagnosis, the decision becomes a wait. This is loaded only when the first
 * run fails, so that a successful command is hardly slower.
 */
import type { Clock } from "../time/clock.js";
import { exitCodes, signalExitCode } from "./exit-codes.js";
import { startCommand, type CommandEnd } from "./run/child-command.js";
import type { RunFlags } from "./run/flags.js";
import { Interruption } from "./run/interruption.js";
import type { GithubReport } from "./run/github.js";
import type { Judge } from "./run/judge.js";
import type { RunReport } from "./run/report.js";
import { Terminal } from "./terminal.js";

/** Who judges a failed run, who reports it, and which clock waits. */
interface Court {
  readonly clock: Clock;
  readonly judge: Judge;
  readonly report: RunReport;
}

export async function runCommand(command: string, args: readonly string[], flags: RunFlags): Promise<number> {
  const catalog = flags.rules && (await (await import("./rules/rule-catalog.js")).catalogOfFiles(flags.rules));
  const startedAt = Date.now();
  const convene = async (): Promise<Court> => {
    const { systemClock: clock } = await import("../time/clock.js");
    const { Judge } = await import("./run/judge.js");
    const { RunReport } = await import("./run/report.js");
    const judge = new Judge(command, args, flags, startedAt, catalog);
    const github = flags.github && (await githubReport());
    return { clock, judge, report: new RunReport(flags.json ?? false, startedAt, github) };
  };
  const interruption = new Interruption();
  try {
    return await runUntilDone(command, args, convene, interruption);
  } finally {
    interruption.dispose();
  }
}

async function githubReport(): Promise<GithubReport> {
  const { GithubReport } = await import("./run/github.js");
  const err = new Terminal(process.stderr);
  return new GithubReport(process.env, (line) => err.line(line));
}

async function runUntilDone(
  command: string,
  args: readonly string[],
  convene: () => Promise<Court>,
  interruption: Interruption,
): Promise<number> {
  let court: Court | undefined;
  for (let run = 1; ; run++) {
    const child = startCommand(command, args);
    interruption.passTo((signal) => child.kill(signal));
    const end = await child.ended;
    interruption.passTo(undefined);
    if (end.kind === "exited" && end.exitCode === 0) {
      court?.report.recovered(run);
      return exitCodes.ok;
    }
    if (end.kind !== "not started" && (end.kind === "killed" || interruption.hasCome)) return codeOf(end);

    court ??= await convene();
    const { clock, judge, report } = court;
    if (end.kind === "not started") return report.notStarted(command, end);
    const { diagnosis, decision } = judge.judge(end, run);
    if (decision.action !== "retry") return report.stopped(end.exitCode, run, diagnosis, decision);
    report.again(end.exitCode, run, diagnosis, decision);
    const signal = await interruption.wait(decision.delayMs, clock);
    if (signal !== undefined) return signalExitCode(signal);
  }
}

function codeOf(end: Exclude<CommandEnd, { kind: "not started" }>): number {
  return end.kind === "killed" ? signalExitCode(end.signal) : end.exitCode;
}
