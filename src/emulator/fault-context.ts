/** The exchange that a planted fault strikes. */
import type { Cloud } from "./exchange.js";
import type { ObservedRequest } from "./story.js";

/** What an effect may know of the exchange it strikes. */
export interface FaultContext {
  readonly request: ObservedRequest;
  readonly params: Readonly<Record<string, string>>;
  /** Without the query. */
  readonly path: string;
  readonly cloud: Cloud;
}
