/**
 * What `run --github` adds in GitHub Actions: an annotation on failure, a job summary, and outputs for later steps.
 * Formats: https://docs.github.com/actions/reference/workflow-commands-for-github-actions. They are a few lines each,
 * and `@actions/core` would bring an HTTP client with it.
 */
import { randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";
import type { Diagnosis } from "../../catalog/diagnosis.js";
import type { Decision } from "../../decision/decide.js";
import { formatDuration } from "../../time/format-duration.js";

/** The files that GitHub Actions reads. */
export interface GithubEnvironment {
  readonly GITHUB_STEP_SUMMARY?: string | undefined;
  readonly GITHUB_OUTPUT?: string | undefined;
}

interface Attempt {
  readonly diagnosis: Diagnosis;
  readonly then: string;
}

export class GithubReport {
  readonly #attempts: Attempt[] = [];

  /** @param say prints one line to the log of the step */
  constructor(
    private readonly environment: GithubEnvironment,
    private readonly say: (line: string) => void,
  ) {}

  again(diagnosis: Diagnosis, { delayMs }: Decision & { action: "retry" }): void {
    this.#attempts.push({ diagnosis, then: `run again after ${formatDuration(delayMs)}` });
  }

  recovered(): void {
    const last = this.#attempts.at(-1)?.diagnosis;
    if (last === undefined) return;
    this.#writeSummary([`### ✓ Succeeded in run ${this.#attempts.length + 1}`, "", ...this.#table()]);
    this.#writeOutputs(last, undefined);
  }

  /** @param now epoch milliseconds */
  stopped(diagnosis: Diagnosis, decision: Decision, now: number): void {
    this.#attempts.push({ diagnosis, then: `stopped: ${decision.reason}` });
    const later = decision.action === "fail" ? decision.retryAfterMs : undefined;
    const title = titleOf(diagnosis);
    const steps = diagnosis.remedy.steps.map((step, index) => `${index + 1}. ${step}`);
    const message = [diagnosis.explanation, ...steps, `Not run again: ${decision.reason}.`].join("\n");
    this.say(`::error title=${escapeProperty(title)}::${escapeData(message)}`);
    this.#writeSummary([
      `### ✕ ${inline(title)}`,
      "",
      inline(diagnosis.explanation),
      "",
      `**${diagnosis.disposition}** · ${diagnosis.category}. Not run again: ${inline(decision.reason)}.`,
      "",
      ...(steps.length > 0 ? ["**What to do**", "", ...steps.map(inline), ""] : []),
      ...(diagnosis.message === "" ? [] : ["**The service said**", "", ...fenced(diagnosis.message), ""]),
      ...this.#table(),
      "",
      `[Read more](${diagnosis.remedy.docs})`,
    ]);
    this.#writeOutputs(diagnosis, later === undefined ? undefined : now + later);
  }

  #table(): string[] {
    return [
      "| run | failure | kind | then |",
      "| --: | --- | --- | --- |",
      ...this.#attempts.map(
        ({ diagnosis, then }, index) =>
          `| ${index + 1} | ${cell(titleOf(diagnosis))} | ${diagnosis.disposition} | ${cell(then)} |`,
      ),
    ];
  }

  #writeSummary(lines: readonly string[]): void {
    this.#append("GITHUB_STEP_SUMMARY", `${lines.join("\n")}\n\n`);
  }

  #writeOutputs({ disposition, code = "" }: Diagnosis, retryAt: number | undefined): void {
    const outputs = {
      disposition,
      code,
      "retry-at": retryAt === undefined ? "" : new Date(retryAt).toISOString(),
      runs: String(this.#attempts.length),
    };
    // A delimiter that no value can contain, so that no value can start another output.
    const delimiter = `azure-remedy-${randomUUID()}`;
    const lines = Object.entries(outputs).map(([name, value]) => `${name}<<${delimiter}\n${value}\n${delimiter}\n`);
    this.#append("GITHUB_OUTPUT", lines.join(""));
  }

  /** If a file cannot be written, the report is lost but the step is not affected. */
  #append(name: keyof GithubEnvironment, text: string): void {
    const path = this.environment[name];
    if (path === undefined || path === "") {
      this.say(`azure-remedy: ${name} is not set, so that part of the report is missing.`);
      return;
    }
    try {
      appendFileSync(path, text);
    } catch (error) {
      this.say(`azure-remedy: ${name} could not be written: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

const titleOf = ({ code, status }: Diagnosis): string =>
  code ?? (status === undefined ? "The command failed" : `HTTP ${status}`);

const escapeData = (text: string): string =>
  text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");

const escapeProperty = (text: string): string => escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");

/** Text from a service is not Markdown or HTML. */
const inline = (text: string): string =>
  text
    .replaceAll(/\s+/g, " ")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(/[\\`*_[\]|~]/g, String.raw`\$&`);

const cell = inline;

/** A fence longer than any in the text. */
function fenced(text: string): string[] {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(Math.max(3, longest + 1));
  return [`${fence}text`, text, fence];
}
