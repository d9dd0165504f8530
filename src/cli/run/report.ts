/** What `run` prints on stderr: sentences for people, or one JSON object per line. stdout belongs to the command. */
import type { Diagnosis } from "../../catalog/diagnosis.js";
import type { Decision } from "../../decision/decide.js";
import { formatDuration } from "../../time/format-duration.js";
import { failureOf } from "../../recovery/events.js";
import { systemClock } from "../../time/clock.js";
import type { CommandEnd } from "./child-command.js";
import { exitCodes } from "../exit-codes.js";
import { Terminal } from "../terminal.js";
import type { GithubReport } from "./github.js";

export class RunReport {
  readonly #err = new Terminal(process.stderr);

  /** @param startedAt epoch milliseconds of the first run */
  constructor(
    private readonly asJson: boolean,
    private readonly startedAt: number,
    private readonly github?: GithubReport,
  ) {}

  again(exitCode: number, run: number, diagnosis: Diagnosis, decision: Decision & { action: "retry" }): void {
    const { delayMs, reason } = decision;
    this.github?.again(diagnosis, decision);
    if (this.asJson) this.#json({ event: "again", run, exitCode, delayMs, reason, failure: failureOf(diagnosis) });
    else this.#say(`${titleOf(diagnosis)} ${reason}.`);
  }

  recovered(run: number): void {
    this.github?.recovered();
    const elapsedMs = systemClock.now() - this.startedAt;
    if (this.asJson) this.#json({ event: "recovered", runs: run, elapsedMs });
    else this.#say(`succeeded in run ${run}, after ${formatDuration(elapsedMs)}.`);
  }

  /** @returns the command's own exit code */
  stopped(exitCode: number, run: number, diagnosis: Diagnosis, decision: Decision): number {
    this.github?.stopped(diagnosis, decision, systemClock.now());
    const { reason } = decision;
    const retryAfterMs = decision.action === "fail" ? decision.retryAfterMs : undefined;
    const isUnknown = decision.action === "fail" && decision.outcome === "unknown";
    if (this.asJson) {
      const { steps, docs } = diagnosis.remedy;
      const later = retryAfterMs === undefined ? {} : { retryAfterMs };
      this.#json({
        event: "stopped",
        runs: run,
        exitCode,
        reason,
        ...later,
        failure: failureOf(diagnosis),
        steps,
        docs,
      });
      return exitCode;
    }
    if (diagnosis.basis === "none") {
      this.#say("not run again: nothing is known about this failure.");
      return exitCode;
    }
    this.#say(titleOf(diagnosis));
    diagnosis.remedy.steps.forEach((step, index) => this.#say(`  ${index + 1}. ${step}`));
    this.#say(`not run again: ${reason}.`);
    if (isUnknown) this.#say("if running it twice is harmless, allow it with --idempotent.");
    if (retryAfterMs !== undefined) this.#say(`try again in ${formatDuration(retryAfterMs)}.`);
    return exitCode;
  }

  /** @returns 127 or 126, as in shells */
  notStarted(command: string, { code, message }: CommandEnd & { kind: "not started" }): number {
    const isMissing = code === "ENOENT";
    const exitCode = isMissing ? exitCodes.notFound : exitCodes.notExecutable;
    if (this.asJson) this.#json({ event: "notStarted", command, exitCode, code, message });
    else {
      this.#say(
        isMissing
          ? `command not found: ${command}. Check the spelling and the PATH. Shell built-ins need a shell: run -- sh -c "…"`
          : `${command} cannot be executed: ${message}`,
      );
    }
    return exitCode;
  }

  #say(sentence: string): void {
    this.#err.line(`${this.#err.style("dim", "azure-remedy:")} ${sentence}`);
  }

  #json(value: object): void {
    this.#err.line(JSON.stringify(value));
  }
}

const titleOf = ({ code, explanation }: Diagnosis): string => [code, explanation].filter(Boolean).join(": ");
