/** Searches rules and families by their words. */
import type { Catalog } from "./catalog.js";
import type { Family, Rule } from "./rule.js";

/** Those that contain every word of the query, in the order of the catalog; all for an empty query. */
export function searchCatalog(catalog: Catalog, query: string): readonly (Rule | Family)[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return catalog.layers
    .flatMap(({ rules, families }): readonly (Rule | Family)[] => [...rules, ...families])
    .filter((knowledge) => {
      const text = searchedText(knowledge);
      return words.every((word) => text.includes(word));
    });
}

function searchedText(knowledge: Rule | Family): string {
  const { id, disposition, category, explanation } = knowledge;
  const own =
    "code" in knowledge
      ? [knowledge.code, knowledge.message, knowledge.messageZh]
      : ["family", ...(knowledge.codes ?? []), ...(knowledge.phrases ?? [])];
  return [id, disposition, category, explanation, ...own].join(" ").toLowerCase();
}
