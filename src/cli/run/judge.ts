/** Decides about a failed run: the pipeline's decision about the command's output, within the budget of `run`. */
import type { Catalog } from "../../catalog/catalog.js";
import { defaultCatalog } from "../../catalog/default-catalog.js";
import type { Diagnosis } from "../../catalog/diagnosis.js";
import { decide, defaultBudget, type Decision } from "../../decision/decide.js";
import { systemClock } from "../../time/clock.js";
import { decidingFailure } from "../text/diagnose-text.js";
import type { CommandEnd } from "./child-command.js";
import type { RunFlags } from "./flags.js";
import { isHarmlessByWords } from "./harmless-commands.js";

/** What is known about the command, its budget, and how much of it is used. */
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

  /** @param run 1 for the first */
  judge(end: CommandEnd & { kind: "exited" }, run: number): { diagnosis: Diagnosis; decision: Decision } {
    const said = end.stderr.trim() === "" ? end.stdoutTail : end.stderr;
    const diagnosis = decidingFailure(said, this.catalog);
    const decision = this.#decide(diagnosis, run);
    if (decision.action === "retry" && decision.counts) this.#retries += 1;
    return { diagnosis, decision };
  }

  #decide(diagnosis: Diagnosis, run: number): Decision {
    const { deadline, maxRetries } = this.flags;
    const elapsedMs = systemClock.now() - this.startedAt;
    return decide(diagnosis, {
      method: "POST",
      idempotent: this.#isHarmlessAfter(diagnosis),
      attempt: run,
      retries: this.#retries,
      elapsedMs,
      ...(deadline !== undefined && { remainingMs: deadline - elapsedMs }),
      maxRetries,
      maxElapsedMs: Math.max(defaultBudget.maxElapsedMs, deadline ?? 0),
      random: Math.random(),
    });
  }

  /**
   * Words show that a command is harmless to repeat once it has failed; if it may still be running, only the user can
   * know.
   */
  #isHarmlessAfter({ disposition }: Diagnosis): boolean {
    if (this.flags.idempotent) return true;
    return disposition === "transient" && isHarmlessByWords(this.command, this.args);
  }
}
