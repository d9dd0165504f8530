/** What a source of evidence is: what it fits, what it costs, and how it looks. */
import type { Diagnosis } from "../catalog/diagnosis.js";
import type { BlobRequest, Confidence, EvidenceSource, FailedCall, LookResponse } from "../recovery/evidence.js";

/** An answer to a look: a success, or 404. Every other answer ends the look, and is a finding of its own. */
export interface Answer {
  readonly status: number;
  /** Parsed JSON; undefined when there is none. */
  readonly body: unknown;
  /** Header names are looked up in lower case. */
  readonly header: (name: string) => string | undefined;
}

/** Query parameters: `{ "api-version": "2024-07-01" }`. */
export type Query = Readonly<Record<string, string>>;

/** What a look works with. */
export interface LookContext {
  /** What is known of the failure so far. */
  readonly diagnosis: Diagnosis;
  /** The request that failed. */
  readonly call: FailedCall;
  /** Ends with the caller's abort, the deadline and the budget. */
  readonly signal: AbortSignal;
  /** Epoch milliseconds, by the caller's clock. */
  readonly now: () => number;
  /**
   * Reads through the caller's pipeline, as background traffic, once: no retries.
   * @param path a resource id and what follows it, or a `nextLink` of the same host
   * @throws what ends the look as a finding: a refusal, no answer, or more requests than the source has declared
   */
  readonly get: (path: string, query?: Query) => Promise<Answer>;
  /** One of the three POSTs that have no effect; any other throws. */
  readonly post: (path: string, query: Query, body?: unknown) => Promise<Answer>;
  /** Reads a blob by its SAS link, without the caller's token. Not counted. */
  readonly readBlob: (request: BlobRequest) => Promise<LookResponse>;
}

/** What a finding changes in the diagnosis. */
export interface Meaning {
  readonly code?: string;
  readonly disposition?: Diagnosis["disposition"];
  readonly category?: Diagnosis["category"];
  /** One sentence: what happened. */
  readonly explanation?: string;
  /** What to do, in place of the rule's steps. */
  readonly steps?: readonly string[];
  /** Name of the automatic remedy that helps; `null` for none. */
  readonly automatic?: string | null;
  /** The page that says more. */
  readonly docs?: string;
  /** Whether the service may have run the request; default as the answer said. */
  readonly execution?: Diagnosis["execution"];
  /** An outage that Azure has announced: it is waited for beyond `maxRetries`. */
  readonly outage?: boolean;
  /** Milliseconds to wait before the request is sent again, for what is transient. */
  readonly waitMs?: number;
}

/** What a look found. */
export interface Found {
  /** One sentence for a person. Secrets are cut out of it. */
  readonly says: string;
  /** Default now. */
  readonly at?: Date | undefined;
  /** What was read. Secrets are cut out of it. */
  readonly data?: unknown;
  readonly confidence: Confidence;
  /** A deeper root: an error body, read and explained like any other. */
  readonly root?: unknown;
  /** What it says beyond the root. */
  readonly means?: Meaning | undefined;
  /** Id of the resource where the root lies: the sources that fit it look there next. */
  readonly subject?: string;
}

export interface EvidenceDefinition {
  /** Unique among the sources of a client; the `source` of its findings. */
  readonly name: string;
  /** Requests that one look sends at most: 1 to 4. Reads of blobs are not counted. */
  readonly requests: number;
  /** Milliseconds that a look may take where the caller sets no `evidenceBudgetMs`. Default 5000. */
  readonly budgetMs?: number;
  /** Whether a look may help with this failure. What it throws counts as no. */
  readonly fits: (diagnosis: Diagnosis, call: FailedCall) => boolean;
  readonly look: (context: LookContext) => Promise<Found | readonly Found[] | undefined>;
}

/** A source of evidence: for `evidence: [...]`. */
export interface DefinedEvidence extends EvidenceSource, EvidenceDefinition {}

/** What `vmInspector` may do beyond reading. No other source is given it. */
export interface InspectionContext extends LookContext {
  /** Sends the POSTs of VM Inspector, and reads where the service says that a run is followed. */
  readonly inspect: (method: "GET" | "POST", pathOrUrl: string, body?: unknown) => Promise<Answer>;
  readonly sleep: (ms: number) => Promise<void>;
  /** Milliseconds that the look has. */
  readonly leftMs: number;
}

/** Marks a source that looks only where all others have found no root. */
export const lastResort = Symbol.for("azure-remedy.evidence.lastResort");

export const isLastResort = (source: DefinedEvidence): boolean => lastResort in source;

/** Requests for one failure, and for each nested level below it. */
export const requestsPerLevel = 4;
