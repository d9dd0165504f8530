/** The findings in one input -> the finished failure: chains, wait, execution and ids. */
import { chainsOf } from "./chains.js";
import type { Execution, Failure, FailureChain, FailureOrigin } from "./failure.js";
import type { ResponseHeaders } from "./headers.js";
import { waitFromHeaders, waitFromWindow, waitFromWords } from "./retry-hints.js";
import type { RawNode, Reading } from "./raw-node.js";
import { presentableText } from "./secrets/presentable.js";
import { executionOfStatus } from "./transport.js";

export interface Draft {
  readonly origin: FailureOrigin;
  readonly tree: RawNode | undefined;
  readonly reading: Reading;
  readonly status: number | undefined;
  readonly headers: ResponseHeaders;
  /** If absent, the status decides. */
  readonly execution?: Execution;
  /** A status that the text names anywhere; one in a node takes precedence. */
  readonly namedStatus?: number | undefined;
  /** The whole text, since it may ask for a wait outside the nodes. */
  readonly text?: string;
}

export function finish(draft: Draft, now: number | undefined): Failure {
  const { origin, headers, reading } = draft;
  const chains = chainsOf(draft.tree);
  const status = draft.status ?? statusIn(chains[0]) ?? draft.namedStatus;
  const headerWaitMs = waitFromHeaders(headers, now);
  const execution =
    draft.execution ?? (status === undefined ? "answered" : executionOfStatus(status, headerWaitMs !== undefined));
  const retryAfterMs =
    headerWaitMs ??
    waitFromChains(chains) ??
    (draft.text === undefined ? undefined : waitFromWords(draft.text)) ??
    (reading.windowEnd === undefined ? undefined : waitFromWindow(reading.windowEnd, headers, now));

  const failure: { -readonly [Key in keyof Failure]: Failure[Key] } = { origin, chains, execution };
  if (status !== undefined) failure.status = status;
  if (retryAfterMs !== undefined) failure.retryAfterMs = retryAfterMs;
  if (headers.requestId !== undefined) failure.requestId = presentableText(headers.requestId);
  if (headers.correlationId !== undefined) failure.correlationId = presentableText(headers.correlationId);
  return failure;
}

/** The status that a node names, innermost first. */
function statusIn(chain: FailureChain): number | undefined {
  for (let i = chain.length - 1; i >= 0; i--) {
    const status = chain[i]?.status;
    if (status !== undefined) return status;
  }
  return undefined;
}

/** The wait that a node's message asks for: from the deciding chain first, and there from the root. */
function waitFromChains(chains: readonly FailureChain[]): number | undefined {
  for (const chain of chains) {
    for (let i = chain.length - 1; i >= 0; i--) {
      const waitMs = waitFromWords(chain[i]?.message ?? "");
      if (waitMs !== undefined) return waitMs;
    }
  }
  return undefined;
}
