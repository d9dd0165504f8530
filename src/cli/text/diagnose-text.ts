/** Finds the failure in a text that decides what to do. Used by `run`. */
import type { Catalog } from "../../catalog/catalog.js";
import { diagnoseFailure } from "../../catalog/diagnose-failure.js";
import type { Diagnosis } from "../../catalog/diagnosis.js";
import { dispositions } from "../../catalog/rule.js";
import { readFailures } from "../../failure/read.js";

/**
 * The least hopeful one: the command keeps failing as long as one of them does. An unknown failure counts too, since it
 * may be the one that never passes.
 */
export function decidingFailure(text: string, catalog: Catalog): Diagnosis {
  const diagnoses = readFailures(text, { now: Date.now() }).map(({ failure }) => diagnoseFailure(failure, catalog));
  const deciding = diagnoses.reduce((one, other) => (hopeOf(other) > hopeOf(one) ? other : one));
  const longestMs = Math.max(...diagnoses.map(({ retryAfterMs }) => retryAfterMs ?? 0));
  return longestMs > (deciding.retryAfterMs ?? 0) ? { ...deciding, retryAfterMs: longestMs } : deciding;
}

const hopeOf = ({ disposition }: Diagnosis): number => dispositions.indexOf(disposition);
