/**
 * The az commands in the steps of the catalog. A command begins with `az` at the start of a step, behind a colon or behind `&&`,
 * and goes to the step's end or to the next `&&`, so that what a reader copies runs. `az` anywhere else is a mistake.
 */
import { readFileSync } from "node:fs";
import type { RuleKnowledge } from "../../src/catalog/rule.js";

export interface AzCommand {
  /** The id of the rule or family. */
  readonly rule: string;
  /** As the step has it, with its placeholders. */
  readonly text: string;
  /** Without `az`, in the shell's words, with plausible values for the placeholders. */
  readonly words: readonly string[];
}

/** What the real CLI requires and knows; each option in all its spellings. */
export interface CommandForm {
  readonly required: readonly (readonly string[])[];
  readonly requiredUnlessIds: readonly (readonly string[])[];
  readonly options: readonly string[];
}

export interface KnownCommands {
  /** Of the CLI whose parser was asked. */
  readonly version: string;
  readonly commands: Readonly<Record<string, CommandForm>>;
}

/**
 * Commands whose arguments Debian's CLI cannot load, since it lacks the package `azure.keyvault`, or checks against a file that
 * must be there. Their forms are from https://learn.microsoft.com/cli/azure/keyvault.
 */
export const formsByHand: Readonly<Record<string, CommandForm>> = {
  "keyvault certificate import": {
    required: [["--file", "-f"], ["--name", "-n"], ["--vault-name"]],
    requiredUnlessIds: [],
    options: ["--disabled", "--file", "--name", "--password", "--policy", "--tags", "--vault-name", "-f", "-n", "-p"],
  },
  "keyvault key list": {
    required: [],
    requiredUnlessIds: [],
    options: ["--hsm-name", "--id", "--include-managed", "--maxresults", "--vault-name"],
  },
  "keyvault secret set-attributes": {
    required: [],
    requiredUnlessIds: [],
    options: [
      "--content-type",
      "--enabled",
      "--expires",
      "--id",
      "--name",
      "--not-before",
      "--tags",
      "--vault-name",
      "-n",
    ],
  },
};

const commandStart = /(?:^|: |&& )az [a-z]/;

export function commandsOf({ id, steps }: RuleKnowledge): readonly AzCommand[] {
  return steps.flatMap((step) =>
    textsOf(step).map((text) => ({ rule: id, text, words: filled(shellWords(text).slice(1)) })),
  );
}

function textsOf(step: string): readonly string[] {
  const start = commandStart.exec(step);
  if (!start) return [];
  return step.slice(step.indexOf("az ", start.index)).split(/ && (?=az )/);
}

/** A mention of az that nobody can copy and run, or nothing. */
export function strayCommand(step: string): string | undefined {
  const from = commandStart.exec(step)?.index ?? step.length;
  const inProse = /\baz [a-z][\w-]*/.exec(step.slice(0, from));
  return inProse?.[0] ?? textsOf(step).find((text) => /[.;,]$/.test(text));
}

/** Splits as a shell does, for single and double quotes. */
function shellWords(text: string): readonly string[] {
  const words = text.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) =>
    word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ""),
  );
}

const vm =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm";

/** Values for options that take no free text. */
const valuesOfOptions: Readonly<Record<string, string>> = {
  "--ids": `${vm}/extensions/extension`,
  "--expiry": "2030-01-01T00:00Z",
  "--hyper-v-generation": "V2",
  "--max-price": "0.05",
  "--os-type": "Linux",
  "--size-gb": "64",
  "--sku": "Premium_LRS",
  "--zone": "1",
};

function filled(words: readonly string[]): readonly string[] {
  return words.map((word, index) => {
    if (!/[<{]\w/.test(word)) return word;
    return valuesOfOptions[words[index - 1] ?? ""] ?? word.replaceAll(/<[^<>]+>|\{\w+\}/g, "value");
  });
}

/** What the real parser said when `npm run az:commands` was last run. */
export function knownCommands(): KnownCommands {
  return JSON.parse(readFileSync(new URL("commands.json", import.meta.url), "utf8")) as KnownCommands;
}

const optionsOfAll = ["--query", "--output", "-o", "--subscription", "--only-show-errors"];

/** What is wrong with a command by the forms that are known, or nothing. */
export function mistakeIn({ words }: AzCommand, { commands }: KnownCommands): string | undefined {
  const name = nameOf(words);
  const form = commands[name] ?? formsByHand[name];
  if (!form) return `az ${name} is not among the known commands; run npm run az:commands`;
  const options = words.filter((word) => /^--?[a-z]/.test(word));
  const unknown = options.find((option) => !form.options.includes(option) && !optionsOfAll.includes(option));
  if (unknown !== undefined) return `az ${name} has no option ${unknown}`;
  const required = options.includes("--ids") ? form.required : [...form.required, ...form.requiredUnlessIds];
  const missing = required.find((spellings) => !spellings.some((spelling) => options.includes(spelling)));
  return missing && `az ${name} requires ${missing.join(" or ")}`;
}

/** The words before the first option; no command of the catalog takes arguments by place. */
function nameOf(words: readonly string[]): string {
  const end = words.findIndex((word) => word.startsWith("-"));
  return (end < 0 ? words : words.slice(0, end)).join(" ");
}

export const isByHand = ({ words }: AzCommand): boolean => nameOf(words) in formsByHand;
