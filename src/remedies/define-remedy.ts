import { check, checkCount } from "../option-check.js";
import type { Remedy } from "./remedy.js";

/**
 * A remedy of your own, with the guarantees of ours: it runs only where `options.remedies` names it, at most `maxRuns` times
 * for one call, with events, within the call's budget; when it rejects, the caller gets the failure with that as its cause.
 *
 * ```ts
 * const freeTheDisk = defineRemedy({
 *   name: "freeTheDisk",
 *   fits: (diagnosis) => diagnosis.code === "ConflictingUserInput",
 *   async apply({ send, diagnosis }) { … return { change: "detached the disk from …" }; },
 * });
 * ```
 * @throws TypeError or RangeError that names what is wrong
 */
export function defineRemedy(remedy: Remedy): Remedy {
  const given = remedy as Partial<Remedy> | null | undefined;
  check(typeof given === "object" && given !== null, "defineRemedy", remedy, "a remedy: { name, apply(context) }");
  check(typeof given.name === "string" && given.name !== "", "remedy.name", given.name, "a name");
  check(typeof given.apply === "function", "remedy.apply", given.apply, "a function");
  check(given.fits === undefined || typeof given.fits === "function", "remedy.fits", given.fits, "a function");
  if (given.maxRuns !== undefined) checkCount("remedy.maxRuns", given.maxRuns);
  return remedy;
}
