/** `defineEvidence`: makes a source of evidence. */
import { check, checkCount, checkMs } from "../option-check.js";
import { investigate } from "./investigate.js";
import { requestsPerLevel, type DefinedEvidence, type EvidenceDefinition } from "./source.js";

/**
 * Makes a source of evidence out of what it fits and how it looks.
 *
 * ```ts
 * const tags = defineEvidence({
 *   name: "tags",
 *   requests: 1,
 *   fits: ({ category }) => category === "conflict",
 *   async look({ get, call }) {
 *     const { body } = await get(new URL(call.url).pathname, { "api-version": "2024-07-01" });
 *     return { says: `Its tags: ${JSON.stringify(body)}`, confidence: "low" };
 *   },
 * });
 * ```
 * @throws TypeError or RangeError that names what is wrong with the definition
 */
export function defineEvidence(definition: EvidenceDefinition): DefinedEvidence {
  const given = definition as Partial<EvidenceDefinition> | undefined;
  check(typeof given === "object", "defineEvidence", given, "{ name, requests, fits(diagnosis, call), look(context) }");
  const { name, requests, budgetMs, fits, look } = definition;
  check(typeof name === "string" && name !== "", "defineEvidence.name", name, "a text that is not empty");
  checkCount("defineEvidence.requests", requests);
  check(requests <= requestsPerLevel, "defineEvidence.requests", requests, `at most ${requestsPerLevel}`);
  if (budgetMs !== undefined) checkMs("defineEvidence.budgetMs", budgetMs);
  check(typeof fits === "function", "defineEvidence.fits", fits, "a function (diagnosis, call) => boolean");
  check(typeof look === "function", "defineEvidence.look", look, "a function (context) => Promise");
  return Object.freeze({ ...definition, investigate });
}
