/** When failed work should come back, whichever queue it waits in. */
import type { RemedyError } from "../recovery/remedy-error.js";

/**
 * Epoch milliseconds at which a later try makes sense; undefined if none does.
 * @param followAt when to check an operation that still runs, or may: nothing is sent twice then
 */
export function comesBackAt({ retryAt, resume, outcome }: RemedyError, followAt: number): number | undefined {
  if (retryAt) return retryAt.getTime();
  return outcome === "unknown" && resume ? followAt : undefined;
}
