/** A source of evidence: which failures it fits, what it costs, and how it looks. */
import type { Diagnosis } from "../catalog/diagnosis.js";
import type { BlobRequest, Confidence, EvidenceSource, FailedCall, LookResponse } from "../recovery/evidence.js";

/** A response to a look: a success, or 404. Any other response ends the look and becomes a finding of its own. */
export interface Answer {
  readonly status: number;
  /** Parsed JSON; undefined if there is none. */
  readonly body: unknown;
  /** Header names are looked up in lower case. */
  readonly header: (name: string) => string | undefined;
}

/** Query parameters: `{ "api-version": "2024-07-01" }`. */
export type Query = Readonly<Record<string, string>>;

/** What a look gets. */
export interface LookContext {
  /** What is known about the failure so far. */
  readonly diagnosis: Diagnosis;
  /** The request that failed. */
  readonly call: FailedCall;
  /** Ends with the caller's abort, the deadline and the budget. */
  readonly signal: AbortSignal;
  /** Epoch milliseconds, by the caller's clock. */
  readonly now: () => number;
  /**
   * Reads through the caller's pipeline, as background traffic, without retries.
   * @param path a resource id and what follows it, or a `nextLink` on the same host
   * @throws what turns the end of the look into a finding: a refusal, no response, or more requests than the source has
   * declared
   */
  readonly get: (path: string, query?: Query) => Promise<Answer>;
  /** One of the three POSTs without effect; any other throws. */
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
  /** What to do, instead of the rule's steps. */
  readonly steps?: readonly string[];
  /** Name of the automatic remedy that helps; `null` for none. */
  readonly automatic?: string | null;
  /** A page with more detail. */
  readonly docs?: string;
  /** Whether the service may have executed the request. Default as in the response. */
  readonly execution?: Diagnosis["execution"];
  /** An outage that Azure has announced: it is waited out beyond `maxRetries`. */
  readonly outage?: boolean;
  /** Milliseconds to wait before the request is sent again, if it is transient. */
  readonly waitMs?: number;
}

/** What a look found. */
export interface Found {
  /** One sentence for a person. Secrets are removed from it. */
  readonly says: string;
  /** Default now. */
  readonly at?: Date | undefined;
  /** What was read. Secrets are removed from it. */
  readonly data?: unknown;
  readonly confidence: Confidence;
  /** A deeper root: an error body, diagnosed like any other. */
  readonly root?: unknown;
  /** What it means beyond the root. */
  readonly means?: Meaning | undefined;
  /** Id of the resource with the root cause: the sources that fit look there next. */
  readonly subject?: string;
}

export interface EvidenceDefinition {
  /** Unique among a client's sources; the `source` of its findings. */
  readonly name: string;
  /** The most requests that one look sends: 1 to 4. Reads of blobs are not counted. */
  readonly requests: number;
  /** Milliseconds that a look may take if the caller sets no `evidenceBudgetMs`. Default 5000. */
  readonly budgetMs?: number;
  /** Whether a look may help with this failure. An exception counts as no. */
  readonly fits: (diagnosis: Diagnosis, call: FailedCall) => boolean;
  readonly look: (context: LookContext) => Promise<Found | readonly Found[] | undefined>;
}

/** A source of evidence, for `evidence: [...]`. */
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
