/**
 * The catalog: all rules, in layers. Layers are checked in order, so that a user's own rules come before ours. Nothing
 * is read or compiled before it is first needed, so importing the package stays cheap.
 */
import { underOtherCode, underOwnCode } from "./fuzzy-match.js";
import { FamilyIndex } from "./families.js";
import type { Family, Rule } from "./rule.js";
import { TemplateIndex } from "./templates.js";

/** All that one layer knows about a code. */
export interface CodeEntry {
  /** As the layer's first rule for it spells it. */
  readonly code: string;
  readonly templates: TemplateIndex;
  /** What the code means if its message fits no template. */
  readonly fallback?: Rule;
}

/** The content of a layer. */
export interface LayerContent {
  readonly rules: readonly Rule[];
  readonly families: readonly Family[];
}

let generation = 0;

/** Raised whenever a layer has changed: what was made of layers before is out of date. */
export const generationOfLayers = (): number => generation;

/** One set of rules, indexed. */
export class CatalogLayer {
  readonly #read: () => LayerContent;
  readonly #entries = new Map<string, CodeEntry>();
  #content: LayerContent | undefined;
  #rulesByCode: ReadonlyMap<string, readonly Rule[]> | undefined;
  #allTemplates: TemplateIndex | undefined;
  #familyIndex: FamilyIndex | undefined;
  #refiningIndex: FamilyIndex | undefined;

  /** @param read called once, when the layer is first used */
  constructor(read: () => LayerContent) {
    this.#read = read;
  }

  get rules(): readonly Rule[] {
    return (this.#content ??= this.#read()).rules;
  }

  get families(): readonly Family[] {
    return (this.#content ??= this.#read()).families;
  }

  /** What is known about a code; codes are case-insensitive. @internal */
  entry(code: string): CodeEntry | undefined {
    const key = code.toLowerCase();
    const known = this.#entries.get(key);
    if (known) return known;
    const rules = (this.#rulesByCode ??= byCode(this.rules)).get(key);
    if (!rules) return undefined;
    const fallback = fallbackOf(rules);
    const templates = new TemplateIndex(rules, underOwnCode);
    const entry = { code: rules[0]?.code ?? code, templates, ...(fallback && { fallback }) };
    this.#entries.set(key, entry);
    return entry;
  }

  /** Every template of the layer, for messages under another code than documented. @internal */
  get allTemplates(): TemplateIndex {
    return (this.#allTemplates ??= new TemplateIndex(this.rules, underOtherCode));
  }

  /** Forgets what was made of the rules, since they have changed. @internal */
  forget(): void {
    this.#entries.clear();
    this.#rulesByCode = undefined;
    this.#allTemplates = undefined;
    generation += 1;
  }

  /** @internal */
  get familyIndex(): FamilyIndex {
    return (this.#familyIndex ??= new FamilyIndex(this.families));
  }

  /** The families that add to the advice of rules. @internal */
  get refiningIndex(): FamilyIndex {
    return (this.#refiningIndex ??= new FamilyIndex(this.families.filter(({ refines }) => refines !== undefined)));
  }
}

function byCode(rules: readonly Rule[]): ReadonlyMap<string, readonly Rule[]> {
  const grouped = new Map<string, Rule[]>();
  for (const rule of rules) {
    const code = rule.code.toLowerCase();
    const list = grouped.get(code);
    if (list) list.push(rule);
    else grouped.set(code, [rule]);
  }
  return grouped;
}

/** The rule without a message; otherwise the one named like its code; otherwise the only one. */
function fallbackOf(rules: readonly Rule[]): Rule | undefined {
  return (
    rules.find((rule) => rule.message === undefined) ??
    rules.find((rule) => rule.id === rule.code) ??
    (rules.length === 1 ? rules[0] : undefined)
  );
}

/** A set of rules to diagnose with. Made by `defineCatalog`, or `defaultCatalog`. */
export interface Catalog {
  /** Checked in order; the first that knows decides. */
  readonly layers: readonly CatalogLayer[];
}

/** Whether a rule or family is one of the user's own. */
export function isOwnRule({ layers }: Catalog, id: string): boolean {
  const has = (known: { readonly id: string }): boolean => known.id === id;
  return layers.slice(0, -1).some(({ rules, families }) => rules.some(has) || families.some(has));
}

/** All rules of a catalog, the user's own first. */
export function rulesOf(catalog: Catalog): readonly Rule[] {
  return catalog.layers.flatMap((layer) => layer.rules);
}
