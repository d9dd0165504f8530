/** Which remedies fit a failure, and which want to learn of it. */
import type { Diagnosis } from "../catalog/diagnosis.js";
import { jsonOf } from "../lro/json-body.js";
import type { RemedyProgress } from "../lro/operation.js";
import type { FailedRequest, Remedy } from "../remedies/remedy.js";
import type { Settings } from "./settings.js";

/** The part of a request that a remedy may read. */
export interface SentRequest {
  readonly method: string;
  readonly url: string;
  readonly body?: unknown;
}

/** Names of the remedies that are allowed, fit the failure, and are not used up, in the caller's order. */
export function fittingRemedies(
  allowed: readonly Remedy[],
  diagnosis: Diagnosis,
  { request, remedies: { runs } }: { readonly request: SentRequest; readonly remedies: RemedyProgress },
): readonly string[] {
  if (allowed.length === 0 || !mayBeRepaired(diagnosis)) return [];
  const failed = failedRequestOf(request);
  return allowed
    .filter((remedy) => (runs.get(remedy.name) ?? 0) < (remedy.maxRuns ?? 1) && fits(remedy, diagnosis, failed))
    .map(({ name }) => name);
}

/** A request that is permanently refused may pass after a remedy changes it. */
const mayBeRepaired = ({ disposition }: Diagnosis): boolean =>
  disposition === "adaptable" || disposition === "permanent";

function fits(remedy: Remedy, diagnosis: Diagnosis, request: FailedRequest): boolean {
  try {
    if (diagnosis.disposition === "permanent") return remedy.adapts?.(diagnosis, request) ?? false;
    return remedy.fits ? remedy.fits(diagnosis, request) : diagnosis.remedy.automatic === remedy.name;
  } catch {
    // If the predicate throws, the remedy does not fit; the caller should get the failure itself.
    return false;
  }
}

export function failedRequestOf({ method, url, body }: SentRequest): FailedRequest {
  const parsed = typeof body === "string" ? jsonOf({ bodyAsText: body }) : undefined;
  return { method, url, ...(parsed !== undefined && { body: parsed }) };
}

/** Passes a failure to every remedy that remembers. */
export function notifyRemedies(
  { remedies, clock, reporter }: Settings,
  diagnosis: Diagnosis,
  request: SentRequest,
): void {
  if (!mayBeRepaired(diagnosis)) return;
  for (const remedy of remedies) {
    if (!remedy.learn || (diagnosis.disposition === "permanent" && !remedy.adapts)) continue;
    const now = clock.now();
    try {
      remedy.learn(diagnosis, failedRequestOf(request), now);
    } catch (error) {
      reporter.fault(`remedy ${remedy.name}`, error, now);
    }
  }
}
