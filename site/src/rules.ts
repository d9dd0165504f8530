/** The catalog of the package, as the page looks things up in it. */
import { defaultCatalog, rulesOf, type Family, type Rule } from "azure-remedy/diagnose";
import { searchCatalog } from "../../src/catalog/search.js";

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
