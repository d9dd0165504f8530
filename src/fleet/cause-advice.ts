/** The explanation and steps that apply to all failures of one cause: names that differ between them are left out. */
import { renderAdvice } from "../catalog/advice.js";
import { defaultCatalog } from "../catalog/default-catalog.js";
import { rulesOf } from "../catalog/catalog.js";
import type { RuleKnowledge } from "../catalog/rule.js";
import type { Parameters } from "../catalog/template.js";
import type { FailureInShort } from "./failure-in-short.js";

/** What the failures of one reason have in common. Each is looked at once: there may be thousands. */
export class SharedAdvice {
  readonly first: FailureInShort;
  #isSame = true;
  /** The parameters that all failures read alike. */
  #common: Parameters;
  #filled: Advice | undefined;

  constructor(first: FailureInShort) {
    this.first = first;
    this.#common = first.parameters ?? {};
  }

  add({ explanation, parameters = {} }: FailureInShort): void {
    this.#isSame &&= explanation === this.first.explanation;
    const left = Object.entries(this.#common).filter(([name, value]) => parameters[name] === value);
    if (left.length < Object.keys(this.#common).length) this.#common = Object.fromEntries(left);
    this.#filled = undefined;
  }

  get filled(): Advice {
    return (this.#filled ??= this.#fill());
  }

  #fill(): Advice {
    const { explanation, steps, rule } = this.first;
    if (this.#isSame && steps) return { explanation, steps };
    const knowledge = rule && knowledgeOf(rule.id);
    if (!knowledge) return { explanation, steps: steps ?? [] };
    const advice = renderAdvice(knowledge, this.#common);
    return { explanation: this.#isSame ? explanation : advice.explanation, steps: advice.remedy.steps };
  }
}

interface Advice {
  readonly explanation: string;
  readonly steps: readonly string[];
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
