/**
 * The engine's view of evidence: read-only investigation of a failure, if the caller allows it. The sources and their
 * costs are in `azure-remedy/evidence`; each source brings the function that runs them, so that none of it is loaded
 * unless wanted.
 */
import type { Diagnosis } from "../catalog/diagnosis.js";
import type { AbortSignalLike, Clock } from "../time/clock.js";

/** How much a finding says about the cause; `none` for a look that failed or found nothing. */
export type Confidence = "none" | "low" | "medium" | "high";

/** What one look at a failure found. Plain data without secrets. */
export interface Finding {
  /** Name of the source that looked: `usages`. */
  readonly source: string;
  /** One sentence for a person. */
  readonly says: string;
  /** When the finding was true: the time that the service gives for it, otherwise the time of the look. */
  readonly at: Date;
  /** What was read, in the service's words, secrets removed. */
  readonly data?: unknown;
  readonly confidence: Confidence;
}

/** The failed request, as far as a look needs it. */
export interface FailedCall {
  readonly method: string;
  /** Of the first request of a long-running operation, not of its polls. */
  readonly url: string;
  /** The parsed JSON body of the request, if it had one. */
  readonly body?: unknown;
  /** Epoch milliseconds of the first attempt. Default unknown. */
  readonly startedAt?: number;
  /** How often it was sent. Default 1. */
  readonly attempts?: number;
  /** `x-ms-correlation-request-id` of the first response: polls have others. */
  readonly correlationId?: string;
  /** The error body, parsed. */
  readonly details?: unknown;
  /** Names of the remedies that the caller allows. Default none. */
  readonly remedies?: readonly string[];
}

/** A read-only request. */
export interface LookRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly body?: unknown;
}

export interface LookResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | undefined };
  readonly bodyAsText?: string | null | undefined;
}

/** What a source gets from its caller: functions to read with, and limits. */
export interface Surroundings {
  /** Sends one request once, through the caller's pipeline, as background traffic. Rejects if no response comes. */
  readonly send: (request: LookRequest, signal: AbortSignal) => Promise<LookResponse>;
  /** Reads a blob by its SAS link, outside the caller's pipeline. Default: global `fetch`. */
  readonly readBlob?: (request: BlobRequest, signal: AbortSignal) => Promise<LookResponse>;
  /** Explains an error body with the caller's catalog. */
  readonly diagnose: (input: unknown) => Diagnosis;
  readonly clock: Clock;
  /** The caller's. Everything in progress ends with it. */
  readonly signal?: AbortSignalLike | undefined;
  /** Milliseconds that the looks may take together. A source may have a longer time of its own. Default 5000. */
  readonly budgetMs?: number | undefined;
  /** Milliseconds left until the caller's deadline. Default no deadline. */
  readonly remainingMs?: number | undefined;
  /** Called when a look begins and when it has ended. */
  readonly onProgress?: ((source: string, findings?: readonly Finding[]) => void) | undefined;
}

export interface BlobRequest {
  readonly method: "GET" | "HEAD";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The result of the looks: findings, and the resulting diagnosis. */
export interface Evidence {
  readonly findings: readonly Finding[];
  /** Refined if a finding names a deeper root; the previous one is in `refinedFrom`. */
  readonly diagnosis: Diagnosis;
}

/** Investigates one failure with all sources. Never rejects, unless the caller aborts. */
export type Investigate = (
  sources: readonly EvidenceSource[],
  diagnosis: Diagnosis,
  call: FailedCall,
  surroundings: Surroundings,
) => Promise<Evidence>;

/** A source of evidence, from `azure-remedy/evidence`. */
export interface EvidenceSource {
  readonly name: string;
  readonly investigate: Investigate;
}

/** The diagnosis of the response alone, before evidence refined it. */
export function asAnswered(diagnosis: Diagnosis): Diagnosis {
  let answered = diagnosis;
  while (answered.refinedFrom) answered = answered.refinedFrom;
  return answered;
}
