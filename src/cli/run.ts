/**
 * `azure-remedy run -- COMMAND`: runs a command, and again while what it prints says that it will pass. The judgement is that
 * of the pipeline; this file only turns words into a diagnosis and a decision into a wait.
 */
import type { Catalog } from "../catalog/catalog.js";
import { defaultCatalog } from "../catalog/default-catalog.js";
import type { Diagnosis } from "../catalog/diagnosis.js";
import { decide, defaultBudget, inWords, type Decision } from "../decision/decide.js";
import { systemClock } from "../time/clock.js";
import { decidingError } from "./text/diagnose-text.js";
import { exitCodes, signalExitCode } from "./exit-codes.js";
import { isHarmlessByWords } from "./run/harmless-commands.js";
import { startCommand, type CommandEnd } from "./run/child-command.js";
import { Interruption } from "./run/interruption.js";
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
  const catalog = flags.rules
    ? await (await import("./rules/rule-catalog.js")).catalogOfFiles(flags.rules)
    : defaultCatalog;
  const report = new RunReport(flags.json ?? false);
  const interruption = new Interruption();
  try {
    return await runUntilDone(new Judge(command, args, flags, catalog), report, interruption);
  } finally {
    interruption.dispose();
  }
}

async function runUntilDone(judge: Judge, report: RunReport, interruption: Interruption): Promise<number> {
  for (let run = 1; ; run++) {
    const child = startCommand(judge.command, judge.args);
    interruption.passTo((signal) => child.kill(signal));
    const end = await child.ended;
    interruption.passTo(undefined);
    if (end.kind === "not started") return report.notStarted(judge.command, end);
    if (end.kind === "exited" && end.exitCode === 0) {
      if (run > 1) report.recovered(run, judge.elapsedMs);
      return exitCodes.ok;
    }
    if (end.kind === "killed" || interruption.hasCome) return codeOf(end);

    const { diagnosis, decision } = judge.judge(end, run);
    if (decision.action !== "retry") return report.stopped(end.exitCode, run, diagnosis, decision, judge.isIdempotent);
    report.again(end.exitCode, run, diagnosis, decision);
    const signal = await interruption.wait(decision.delayMs);
    if (signal !== undefined) return signalExitCode(signal);
  }
}

function codeOf(end: Exclude<CommandEnd, { kind: "not started" }>): number {
  return end.kind === "killed" ? signalExitCode(end.signal) : end.exitCode;
}

/** What is known of the command, its budget, and what has been used of it. */
class Judge {
  readonly #startedAt = systemClock.now();
  #retries = 0;

  constructor(
    readonly command: string,
    readonly args: readonly string[],
    private readonly flags: RunFlags,
    private readonly catalog: Catalog,
  ) {}

  get elapsedMs(): number {
    return systemClock.now() - this.#startedAt;
  }

  /** The caller said so, or the words of the command do. */
  get isIdempotent(): boolean {
    return (this.flags.idempotent ?? false) || isHarmlessByWords(this.command, this.args);
  }

  judge(end: CommandEnd & { kind: "exited" }, run: number): { diagnosis: Diagnosis; decision: Decision } {
    const diagnosis = decidingError(end.stderr.trim() === "" ? end.stdoutTail : end.stderr, this.catalog);
    const decision = this.#onlyRetryOrFail(diagnosis, this.#decide(diagnosis, run));
    if (decision.action === "retry" && decision.counts) this.#retries += 1;
    return { diagnosis, decision };
  }

  #decide(diagnosis: Diagnosis, run: number): Decision {
    const { deadline, maxRetries, idempotent = false } = this.flags;
    return decide(diagnosis, {
      method: "POST",
      idempotent: this.isIdempotent,
      attempt: run,
      retries: this.#retries,
      elapsedMs: this.elapsedMs,
      ...(deadline !== undefined && { remainingMs: deadline - this.elapsedMs }),
      maxRetries,
      maxElapsedMs: Math.max(defaultBudget.maxElapsedMs, deadline ?? 0),
      // Of a command nothing can be read back. Where its user says that twice is as good as once, the next run tells.
      readable: idempotent,
      random: Math.random(),
    });
  }

  #onlyRetryOrFail(diagnosis: Diagnosis, decision: Decision): Decision {
    if (decision.action !== "readBack") return decision;
    const { disposition } = diagnosis;
    if (this.#retries >= this.flags.maxRetries) {
      return {
        action: "fail",
        outcome: "unknown",
        reason: `${disposition}: outcome unknown, and ${this.flags.maxRetries} retries are used up`,
      };
    }
    const { delayMs } = decision;
    const reason = `${disposition}: it may have run; again in ${inWords(delayMs)}, since repeating it is harmless`;
    return { action: "retry", delayMs, counts: true, reason };
  }
}
