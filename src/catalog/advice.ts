/** The words of a diagnosis: the texts of its rule, with the parameters of the message filled in. */
import { namesPublicHost } from "./cloud.js";
import type { RemedyAdvice } from "./diagnosis.js";
import type { RuleKnowledge } from "./rule.js";
import { cutText, fillIn, isFilledBy, valueOf, type CutText, type Parameters } from "./template.js";
import { withoutMissing } from "./missing-placeholders.js";

interface Texts {
  readonly explanation: CutText;
  readonly steps: readonly CutText[];
  readonly summary: string;
  readonly namesHost: boolean;
  /** The explanation without the names that a message did not give, by those names. */
  readonly incomplete: Map<string, CutText>;
}

/** Cutting a text costs more than filling it in, and rules are few: each is cut when first needed. */
const textsOfRules = new WeakMap<RuleKnowledge, Texts>();

function textsOf(knowledge: RuleKnowledge): Texts {
  const known = textsOfRules.get(knowledge);
  if (known) return known;
  const { explanation, steps } = knowledge;
  const texts: Texts = {
    explanation: cutText(explanation),
    steps: steps.map(cutText),
    summary: summaryOf(knowledge),
    namesHost: steps.some(namesPublicHost),
    incomplete: new Map(),
  };
  // Steps that are not loaded yet must be looked up again.
  if (steps.length > 0) textsOfRules.set(knowledge, texts);
  return texts;
}

/**
 * What happened, and what to do.
 *
 * @param refinement knows more than the rule: its explanation comes first; its steps and page replace the rule's
 */
export function renderAdvice(
  knowledge: RuleKnowledge,
  parameters: Parameters,
  refinement?: RuleKnowledge,
): { explanation: string; remedy: RemedyAdvice } {
  const { automatic } = knowledge;
  const { docs } = refinement ?? knowledge;
  const { explanation, summary } = textsOf(knowledge);
  const steps: string[] = [];
  for (const step of textsOf(refinement ?? knowledge).steps) steps.push(fillInStep(step, parameters));
  const explained = isFilledBy(explanation, parameters)
    ? fillIn(explanation, parameters)
    : explainWithoutMissing(knowledge, parameters);
  return {
    explanation: refinement ? `${refinement.explanation} ${explained}` : explained,
    remedy: automatic === undefined ? { summary, steps, docs } : { summary, steps, automatic, docs },
  };
}

/** Whether the steps may name a host of the public cloud: their own words do, or a value may bring one. */
export function mayNameHost(knowledge: RuleKnowledge, parameters: Parameters): boolean {
  return textsOf(knowledge).namesHost || Object.values(parameters).some(namesPublicHost);
}

/**
 * Fills in a step. A message may contain anything, and commands are pasted: in a command, a value with meaning to a
 * shell stays a placeholder.
 */
function fillInStep({ literals, names }: CutText, parameters: Parameters): string {
  let filled = literals[0] ?? "";
  if (names.length === 0) return filled;
  let isCommand = beginsCommand.test(filled);
  for (let index = 0; index < names.length; index++) {
    const name = names[index] ?? "";
    const read = valueOf(parameters, name);
    const value = isCommand && read !== undefined ? asArgument(read, filled) : read;
    const literal = literals[index + 1] ?? "";
    filled += (value ?? `<${name}>`) + literal;
    isCommand ||= beginsCommand.test(literal);
  }
  return filled;
}

/** In prose a command follows a colon. */
const beginsCommand = /(?:^|: |&& )(?:az|npx|curl|kubectl|nslookup|sudo|ssh) /;

/**
 * Only characters without meaning to a shell; values with blanks (`West US`) only between quotation marks; otherwise
 * undefined.
 */
function asArgument(value: string, before: string): string | undefined {
  if (/^[\w./:@+][\w./:@+,=-]{0,999}$/.test(value)) return value;
  if (!/^[\w/][\w./:@+,=()-]*(?: [\w./:@+,=()-]+){0,15}$/.test(value) || value.length > 200) return undefined;
  return /["']$/.test(before) ? value : `"${value}"`;
}

function explainWithoutMissing(knowledge: RuleKnowledge, parameters: Parameters): string {
  const { explanation, incomplete } = textsOf(knowledge);
  const isRead = (name: string): boolean => valueOf(parameters, name) !== undefined;
  const missing = explanation.names.filter((name) => !isRead(name)).join();
  let text = incomplete.get(missing);
  if (!text) {
    text = cutText(withoutMissing(knowledge.explanation, knowledge.category, isRead));
    incomplete.set(missing, text);
  }
  return fillIn(text, parameters);
}

function summaryOf({ disposition, automatic }: RuleKnowledge): string {
  switch (disposition) {
    case "transient":
      return "Wait, then send the same request again.";
    case "indeterminate":
      return "Find out what became of it before anything is sent again.";
    case "adaptable":
      return automatic
        ? `Allow the remedy ${automatic}, or do the first step by hand and send the request again.`
        : "Change the request or prepare the resource, then send it again.";
    case "permanent":
      return "Sending it again does not help; correct the cause first.";
  }
}
