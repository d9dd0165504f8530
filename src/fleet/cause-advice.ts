/** The explanation and the steps that hold for all failures of one reason: names that differ between them are left out. */
import { renderAdvice } from "../catalog/advice.js";
import { defaultCatalog } from "../catalog/default-catalog.js";
import { rulesOf } from "../catalog/catalog.js";
import type { RuleKnowledge } from "../catalog/rule.js";
import type { Parameters } from "../catalog/template.js";
import type { FailureInShort } from "./failure-in-short.js";

export function fillAdvice(failures: readonly FailureInShort[]): { explanation: string; steps: readonly string[] } {
  const [first] = failures as [FailureInShort];
  const isSame = failures.every(({ explanation }) => explanation === first.explanation);
  if (isSame && first.steps) return { explanation: first.explanation, steps: first.steps };
  const knowledge = first.rule && knowledgeOf(first.rule.id);
  if (!knowledge) return { explanation: first.explanation, steps: first.steps ?? [] };
  const { explanation, remedy } = renderAdvice(knowledge, commonParameters(failures));
  return { explanation: isSame ? first.explanation : explanation, steps: remedy.steps };
}

/** The parameters that all failures read alike. */
function commonParameters(failures: readonly FailureInShort[]): Parameters {
  const [first, ...others] = failures.map(({ parameters }) => parameters ?? {});
  return Object.fromEntries(
    Object.entries(first ?? {}).filter(([name, value]) => others.every((other) => other[name] === value)),
  );
}

let byId: ReadonlyMap<string, RuleKnowledge> | undefined;

function knowledgeOf(id: string): RuleKnowledge | undefined {
  byId ??= new Map<string, RuleKnowledge>(
    [...defaultCatalog.layers.flatMap((layer) => layer.families), ...rulesOf(defaultCatalog)].map((rule) => [
      rule.id,
      rule,
    ]),
  );
  return byId.get(id);
}
