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
