/** The exchange that an injected fault applies to. */
import type { Cloud } from "./exchange.js";
import type { ObservedRequest } from "./story.js";

/** What an effect may know about its exchange. */
export interface FaultContext {
  readonly request: ObservedRequest;
  readonly params: Readonly<Record<string, string>>;
  /** Without the query. */
  readonly path: string;
  readonly cloud: Cloud;
}
