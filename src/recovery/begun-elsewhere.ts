/** How an operation of another process ended: it is explained, and what is to be submitted again is left to the caller. */
import type { Diagnosis } from "../catalog/diagnosis.js";
import { decide, type Decision } from "../decision/decide.js";

const unknownHere = "the operation was begun elsewhere; its first request is not known here and is not sent again";

export function begunElsewhere(diagnosis: Diagnosis): Decision & { action: "fail" } {
  // The service may have forgotten an operation that went well.
  const outcome = diagnosis.status === 404 ? "unknown" : "failed";
  const decision = decide(diagnosis);
  if (decision.action !== "retry") return { action: "fail", reason: unknownHere, outcome };
  return { action: "fail", reason: `${unknownHere}: submit it again`, outcome, retryAfterMs: decision.delayMs };
}
