/** What is remembered of requests for one target in one lane, so that the next one need not look anything up. */
import type { Bucket } from "../bucket/bucket.js";
import type { Lane } from "./request-kind.js";
import type { PolicyLayout } from "./limit-group-layout.js";
import type { Target } from "./target.js";

const noBuckets: readonly Bucket[] = [];

export class Route {
  /** The buckets that count this resource apart. Most often none. */
  own: readonly Bucket[] = noBuckets;
  /** All that count the request. The array is replaced, never changed. */
  buckets: readonly Bucket[] = noBuckets;
  /** What was known when the buckets were looked up; see `Scopes`. */
  knownIn = -1;
  /** When a read was counted in all its buckets last, epoch milliseconds. */
  readAt = -Infinity;
  /** The layout of the policies' header for which {@link policies} holds. */
  layout: PolicyLayout | undefined;
  /** The buckets of the policies, in the order of the header. */
  policies: readonly (Bucket | undefined)[] = noBuckets;

  constructor(
    readonly lane: Lane,
    readonly target: Target,
  ) {}
}
