/** `defineCatalog`: a user's own rules, checked against the same schema as ours and consulted before ours. */
import { check } from "../option-check.js";
import { CatalogLayer, type Catalog } from "./catalog.js";
import { defaultCatalog } from "./default-catalog.js";
import type { Category, Disposition, Family, Rule, RuleSource } from "./rule.js";
import { checkFamily, checkRule } from "./rule-checks.generated.js";

/** A rule as a user writes it: what ours have but a user may not know is optional. */
export interface RuleDefinition {
  /** Stable and unique among your rules. */
  readonly id: string;
  /** The error code, case-insensitive. */
  readonly code: string;
  /** The message with `{namedPlaceholders}`; without it the rule matches the code with any message. */
  readonly message?: string;
  readonly disposition: Disposition;
  /** Default `other`. */
  readonly category?: Category;
  /** One sentence: what happened. May contain `{placeholders}`. */
  readonly explanation: string;
  /** One to three steps: what to do. */
  readonly steps: readonly string[];
  /** Name of the remedy that helps, ours or your own. */
  readonly automatic?: string;
  /** A page with more detail. */
  readonly docs?: string;
  /** Milliseconds to wait if nothing else says how long. */
  readonly waitMs?: number;
  readonly sources?: readonly RuleSource[];
}

/** A family as a user writes it: kinds of codes, kinds of wording, or statuses. */
export interface FamilyDefinition extends Omit<RuleDefinition, "code" | "message" | "sources"> {
  /** Code patterns with `*` at either end: `*QuotaExceeded`. */
  readonly codes?: readonly string[];
  /** Kinds of wording: words in order, `*` for a gap, `a|b` for either. */
  readonly phrases?: readonly string[];
  readonly statuses?: readonly number[];
  /** 1 for the strongest wording to 9 for the weakest. Default 2. */
  readonly rank?: number;
}

export interface CatalogDefinition {
  readonly rules?: readonly RuleDefinition[];
  readonly families?: readonly FamilyDefinition[];
}

/** The page for rules that name none. */
const generalDocs = "https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors";

/**
 * Your own rules before a catalog's.
 *
 * ```ts
 * const catalog = defineCatalog([{ id: "NightlyFreeze", code: "RequestDisallowedByPolicy", message: "…", … }]);
 * const compute = withRemedy(client, { catalog });
 * ```
 * @param definition rules, or rules and families
 * @param base asked after them; default the catalog of the package
 * @throws TypeError that lists every mistake with the rule it is in
 */
export function defineCatalog(
  definition: CatalogDefinition | readonly RuleDefinition[],
  base: Catalog = defaultCatalog,
): Catalog {
  const isDefinition = typeof definition === "object" && (definition as unknown) !== null;
  check(isDefinition, "defineCatalog's definition", definition, "a list of rules, or { rules, families }");
  const { rules = [], families = [] } = isList(definition) ? { rules: definition } : definition;
  for (const [name, list] of Object.entries({ rules, families })) check(Array.isArray(list), name, list, "a list");
  const mistakes = [
    ...rules.flatMap((rule, index) => mistakesIn("rules", index, rule, checkRule)),
    ...families.flatMap((family, index) => mistakesIn("families", index, family, checkFamily)),
    ...repeatedIds([...rules, ...families]),
  ];
  if (mistakes.length > 0)
    throw new TypeError(`azure-remedy: defineCatalog was given rules that do not fit:\n  ${mistakes.join("\n  ")}`);
  const content = { rules: rules.map(toRule), families: families.map(toFamily) };
  return { layers: [new CatalogLayer(() => content), ...base.layers] };
}

const isList = (definition: CatalogDefinition | readonly RuleDefinition[]): definition is readonly RuleDefinition[] =>
  Array.isArray(definition);

interface SchemaCheck {
  (value: unknown): boolean;
  errors?:
    readonly { instancePath: string; keyword: string; message?: string; params: Record<string, unknown> }[] | null;
}

function mistakesIn(list: string, index: number, value: { id?: unknown } | undefined, fits: SchemaCheck): string[] {
  if (fits(value)) return [];
  const id = typeof value?.id === "string" ? ` (${value.id})` : "";
  return (fits.errors ?? []).map(({ instancePath, message = "does not fit", params }) => {
    const allowed = params["allowedValues"] ?? params["additionalProperty"];
    const more =
      allowed === undefined ? "" : `: ${Array.isArray(allowed) ? allowed.join(", ") : JSON.stringify(allowed)}`;
    return `${list}[${index}]${id}${instancePath.replaceAll("/", ".")} ${message}${more}`;
  });
}

function repeatedIds(rules: readonly { id?: unknown }[]): string[] {
  const ids = new Set<string>();
  const repeated = new Set<string>();
  for (const rule of rules as readonly ({ id?: unknown } | null | undefined)[]) {
    const id = rule?.id;
    if (typeof id !== "string") continue;
    if (ids.has(id)) repeated.add(id);
    ids.add(id);
  }
  return [...repeated].map((id) => `id ${id} is given to more than one rule`);
}

function toRule(definition: RuleDefinition): Rule {
  return { category: "other", docs: generalDocs, sources: [], ...definition };
}

function toFamily(definition: FamilyDefinition): Family {
  return { category: "other", docs: generalDocs, rank: 2, ...definition };
}
