/** What is remembered of requests of one kind for one target, so that the next one needs no look-up. */
import type { Bucket } from "../bucket/bucket.js";
import type { LimitGroupLayout } from "./limit-group-layout.js";
import type { RequestKind } from "./request-kind.js";
import type { Target } from "./target.js";

const noBuckets: readonly Bucket[] = [];

export class RequestScope {
  /** The buckets that count this resource separately. Usually none. */
  own: readonly Bucket[] = noBuckets;
  /** All that count the request. The array is replaced, never changed. */
  buckets: readonly Bucket[] = noBuckets;
  /** What was known when the buckets were looked up; see `Scopes`. */
  knownIn = -1;
  /** Epoch milliseconds at which a read was last counted in all its buckets. */
  readAt = -Infinity;
  /** The header layout to which {@link groups} belongs. */
  layout: LimitGroupLayout | undefined;
  /** The buckets of the limit groups, in the order of the header. */
  groups: readonly (Bucket | undefined)[] = noBuckets;

  constructor(
    readonly kind: RequestKind,
    readonly target: Target,
  ) {}
}
