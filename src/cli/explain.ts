/** `azure-remedy explain`: what an error means, whichever tool printed it. */
import { existsSync } from "node:fs";
import { rulesOf, type Catalog } from "../catalog/catalog.js";
import { defaultCatalog } from "../catalog/default-catalog.js";
import type { Diagnosis } from "../catalog/diagnosis.js";
import { diagnose, diagnoseAll, type DiagnoseOptions } from "../diagnose.js";
import type { BlankValues } from "./explain/fill-blanks.js";
import type { Evidence } from "../recovery/evidence.js";
import { CliError } from "./cli-error.js";
import { exitCodes } from "./exit-codes.js";
import { explain, explanationJson, explanationLines, type Explanation } from "./explain/explanation.js";
import { readInputFile, readStandardInput, type Input } from "./text/input.js";
import { Terminal } from "./terminal.js";

export interface ExplainFlags {
  readonly json?: true;
  readonly lang: "en" | "zh";
  readonly var?: BlankValues;
  readonly rules?: readonly string[];
  readonly investigate?: true;
  readonly emulator?: string;
}

/** @param what a file, `-`, a code or a text; without it, standard input is read if something is piped in */
export async function explainCommand(what: string | undefined, flags: ExplainFlags): Promise<number> {
  const catalog = flags.rules
    ? await (await import("./rules/rule-catalog.js")).catalogOfFiles(flags.rules)
    : defaultCatalog;
  const { text, isCut } = await textOf(what);
  const out = new Terminal(process.stdout);
  const err = new Terminal(process.stderr);
  if (text.trim() === "")
    throw new CliError("nothing to explain: the input is empty", "Pipe in the error text, or name a file or a code.");
  if (isCut) err.line("azure-remedy: the input is long; only its end was read.");

  const rules = new Map(rulesOf(catalog).map((rule) => [rule.id, rule]));
  const options = {
    blanks: flags.var ?? new Map<string, string>(),
    ruleOf: (id: string) => rules.get(id),
    lang: flags.lang,
  };
  const language = flags.lang === "zh" ? (await import("../zh.js")).zh : undefined;
  const explanations = failuresIn(text, { catalog, ...(language && { language }) }).map(({ diagnosis, occurrences }) =>
    explain(diagnosis, occurrences, options),
  );
  if (!flags.json) print(explanations, catalog, flags, out);
  const evidence = flags.investigate ? await lookAround(text, explanations[0]?.diagnosis, flags, out) : undefined;
  if (flags.json) {
    const errors = explanations.map(explanationJson);
    out.line(JSON.stringify({ errors, ...(evidence && { evidence }) }, undefined, 2));
  }
  return explanations.every(({ diagnosis }) => diagnosis.basis === "none") ? exitCodes.no : exitCodes.ok;
}

/** Gathers evidence about the resource that the text names. */
async function lookAround(
  text: string,
  diagnosis: Diagnosis | undefined,
  { emulator, json }: ExplainFlags,
  out: Terminal,
): Promise<Evidence | undefined> {
  const [id] = /\/subscriptions\/[\w-]+\/resourceGroups\/[^/\s'"]+\/providers\/[\w./-]+/i.exec(text) ?? [];
  if (id === undefined || !diagnosis) {
    throw new CliError(
      "the text names no resource to investigate",
      "Give its id to azure-remedy investigate /subscriptions/…/providers/… instead.",
    );
  }
  if (!json) out.line();
  const { investigateFailure } = await import("./investigate.js");
  return investigateFailure(diagnosis, id.replace(/[.-]+$/, ""), {
    json,
    ...(emulator !== undefined && { emulator }),
  });
}

async function textOf(what: string | undefined): Promise<Input> {
  if (what === "-" || (what === undefined && !process.stdin.isTTY)) return readStandardInput();
  if (what === undefined) {
    throw new CliError(
      "nothing to explain",
      "Name a file or a code (azure-remedy explain AllocationFailed), or pipe an error in (az vm start … 2>&1 | azure-remedy explain).",
    );
  }
  if (existsSync(what)) return readInputFile(what);
  if (/^[\w.~-]*[/\\]|\.(?:json|txt|log|out|err)$/i.test(what) && !/\s/.test(what)) return readInputFile(what);
  return { text: what, isCut: false };
}

/** A bare number is an HTTP status, and a bare word is a code, in any case. */
function failuresIn(
  text: string,
  options: DiagnoseOptions & { readonly catalog: Catalog },
): readonly { readonly diagnosis: Diagnosis; readonly occurrences: number }[] {
  const word = text.trim();
  if (/^[1-5]\d\d$/.test(word)) {
    return [{ diagnosis: diagnose({ status: Number(word), bodyAsText: "" }, options), occurrences: 1 }];
  }
  const code = rulesOf(options.catalog).find((rule) => rule.code.toLowerCase() === word.toLowerCase())?.code;
  return diagnoseAll(code ?? text, options);
}

function print(explanations: readonly Explanation[], catalog: Catalog, flags: ExplainFlags, out: Terminal): void {
  explanations.forEach((explanation, index) => {
    if (index > 0) out.line();
    out.lines(explanationLines(explanation, (style, text) => out.style(style, text), flags.lang));
    const hint = hintFor(explanation.diagnosis, catalog);
    if (hint !== undefined) out.line(`  ${out.style("dim", hint)}`);
  });
  if (flags.lang === "zh" && explanations.some(({ diagnosis }) => !/\p{Script=Han}/u.test(diagnosis.explanation))) {
    out.line();
    out.line(out.style("dim", "没有中文解释的规则显示英文。"));
  }
}

/** A code with many meanings whose message fits no rule: one of the others may be closer. */
function hintFor({ code, basis }: Diagnosis, catalog: Catalog): string | undefined {
  if (code === undefined || basis !== "code") return undefined;
  const count = rulesOf(catalog).filter((rule) => rule.code.toLowerCase() === code.toLowerCase()).length;
  return count < 2
    ? undefined
    : `${code} has ${count} rules; the message decides which one applies: azure-remedy catalog show ${code}`;
}
