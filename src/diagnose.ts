/** `azure-remedy/diagnose`: what a failure means, without the SDK and without a dependency. */
import type { Catalog } from "./catalog/catalog.js";
import { defaultCatalog } from "./catalog/default-catalog.js";
import { diagnoseFailure } from "./catalog/diagnose-failure.js";
import type { Diagnosis } from "./catalog/diagnosis.js";
import { readFailure } from "./failure/read.js";

export interface DiagnoseOptions {
  /** Your own rules before ours, from `defineCatalog()`. Default the catalog of the package. */
  readonly catalog?: Catalog;
  /** Epoch milliseconds, for wait hints that are dates. Default `Date.now()`. */
  readonly now?: number;
}

/**
 * Explains any failure: what happened, what kind it is, whether a retry helps, what to do. Never throws.
 *
 * @param input an answer (`{ status, headers?, bodyAsText }`), an ARM error body (enveloped or not), the status document of
 * a long-running operation, any thrown error, or the text that a tool printed
 */
export function diagnose(input: unknown, options: DiagnoseOptions = {}): Diagnosis {
  const { catalog = defaultCatalog, now = Date.now() } = options;
  return diagnoseFailure(readFailure(input, { now }), catalog);
}

export { defaultCatalog } from "./catalog/default-catalog.js";
export {
  defineCatalog,
  type CatalogDefinition,
  type FamilyDefinition,
  type RuleDefinition,
} from "./catalog/define-catalog.js";
export { rulesOf, type Catalog, type CatalogLayer, type LayerContent } from "./catalog/catalog.js";
export type { Basis, Diagnosis, OtherRoot, RemedyAdvice } from "./catalog/diagnosis.js";
export {
  categories,
  dispositions,
  type Category,
  type Disposition,
  type Family,
  type Rule,
  type RuleKnowledge,
  type RuleSource,
} from "./catalog/rule.js";
export type { Parameters } from "./catalog/template.js";
export type { Execution, FailureChain, FailureNode } from "./failure/failure.js";
