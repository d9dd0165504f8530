/** A failure: what came back, read into one shape, whatever shape it had. */

/** One error node of a failure. */
export interface FailureNode {
  /** As the service spelled it, without prefixes such as `Compute.`; absent if the node has none. */
  readonly code?: string;
  /** Secrets are removed. Empty if the node has none. */
  readonly message: string;
  readonly target?: string;
  /** An HTTP status the node itself names (`Status=409` in the text of a Go client). */
  readonly status?: number;
  /** What the structure says besides code and message, by parameter name: `exitCode`, `stderr`, `policyAssignment`. */
  readonly facts?: Readonly<Record<string, string>>;
}

/** From the outermost node to a root, at least one node long. */
export type FailureChain = readonly FailureNode[];

/** What the failure was read from. */
export type FailureOrigin =
  | "response" // an HTTP answer, or an error that carries one
  | "operation" // the status document of a long-running operation (status Failed or Canceled in a 200)
  | "result" // a result of a successful request in which something failed: a bulk action, a run command, an instance view
  | "inspector" // VM Inspector's resultStatus Failed in a 200
  | "transport" // no answer: socket, DNS, TLS, time-out, cut or unreadable body
  | "identity" // no token: @azure/identity or Entra ID
  | "text" // the words of a command line, a log or a person
  | "error" // any other thrown thing
  | "none"; // nothing that could be read

/** Whether the service may have executed the request. */
export type Execution =
  | "none" // certainly not: never sent, or refused at the door (429, 503 with Retry-After, 409 conflicts are judged later)
  | "unknown" // it may have run: reset after sending, cut body, time-out, 500, 502, 504
  | "answered"; // the service answered that it failed

export interface Failure {
  readonly origin: FailureOrigin;
  /** The HTTP status of the response, otherwise the one that the text or the error names. */
  readonly status?: number;
  /** One chain for each root found, most telling first; never empty. */
  readonly chains: readonly [FailureChain, ...FailureChain[]];
  readonly execution: Execution;
  /** The wait that headers, body or text ask for, in milliseconds from `now`. */
  readonly retryAfterMs?: number;
  /** `x-ms-request-id` of the response. */
  readonly requestId?: string;
  /** `x-ms-correlation-request-id` of the response, or the correlation id that a text names. */
  readonly correlationId?: string;
}
