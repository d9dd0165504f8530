/** What to do about a run that failed: the pipeline's judgement of what the command printed, within the budget of `run`. */
import type { Catalog } from "../../catalog/catalog.js";
import { defaultCatalog } from "../../catalog/default-catalog.js";
import type { Diagnosis } from "../../catalog/diagnosis.js";
import { decide, defaultBudget, inWords, type Decision } from "../../decision/decide.js";
import { systemClock } from "../../time/clock.js";
import type { RunFlags } from "../run.js";
import { decidingError } from "../text/diagnose-text.js";
import type { CommandEnd } from "./child-command.js";
import { isHarmlessByWords } from "./harmless-commands.js";

/** What is known of the command, its budget, and what has been used of it. */
export class Judge {
  #retries = 0;

  /** @param startedAt epoch milliseconds of the first run */
  constructor(
    private readonly command: string,
    private readonly args: readonly string[],
    private readonly flags: RunFlags,
    private readonly startedAt: number,
    private readonly catalog: Catalog = defaultCatalog,
  ) {}

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
    const elapsedMs = systemClock.now() - this.startedAt;
    return decide(diagnosis, {
      method: "POST",
      idempotent: this.isIdempotent,
      attempt: run,
      retries: this.#retries,
      elapsedMs,
      ...(deadline !== undefined && { remainingMs: deadline - elapsedMs }),
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
