/** The catalog of the package, as the page looks things up in it. */
import { defaultCatalog, rulesOf, type Family, type Rule } from "azure-remedy/diagnose";
import { zh } from "azure-remedy/zh";
import { searchCatalog } from "../../src/catalog/search.js";
import type { Language } from "./settings.js";

export const rules: ReadonlyMap<string, Rule> = new Map(rulesOf(defaultCatalog).map((rule) => [rule.id, rule]));

export const isRule = (knowledge: Rule | Family): knowledge is Rule => "code" in knowledge;

export const search = (query: string): readonly (Rule | Family)[] => searchCatalog(defaultCatalog, query);

/** The rule or family of that id, else all rules of that code, in whatever case. */
export function findByName(name: string): readonly (Rule | Family)[] {
  const wanted = name.toLowerCase();
  const all = search("");
  const byId = all.filter(({ id }) => id.toLowerCase() === wanted);
  const byCode = all.filter((knowledge) => isRule(knowledge) && knowledge.code.toLowerCase() === wanted);
  return [...byId, ...byCode.filter((rule) => !byId.includes(rule))];
}

/** What a rule says by itself, where no message fills its names in. */
export interface RuleTexts {
  readonly explanation: string;
  readonly steps: readonly string[];
}

export function textsOf(knowledge: Rule | Family, language: Language): RuleTexts {
  if (language === "en") return knowledge;
  // Each name stands for itself.
  const texts = [knowledge.explanation, ...knowledge.steps].join(" ");
  const names = [...texts.matchAll(/\{(\w+)\}/g)].map(([placeholder, name = ""]) => [name, placeholder] as const);
  const { explanation, remedy } = zh.renderAdvice(knowledge, Object.fromEntries(names));
  return { explanation, steps: remedy.steps };
}
