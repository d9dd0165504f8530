/** The permit of a request that was let through, and what its answer will be reckoned with. */
import type { Bucket } from "../bucket/bucket.js";
import type { Sent } from "../bucket/event-time.js";
import type { Route } from "../scope/request-scope.js";
import type { Permit, ThrottleReply } from "../throttle.js";
import type { Link } from "./in-flight.js";

export class SentPermit implements Permit, Sent, Link<SentPermit> {
  before: SentPermit | undefined;
  after: SentPermit | undefined;
  #settled = false;

  /**
   * @param buckets the buckets that were told of the request
   * @param poll the URL of the operation that the request polls
   */
  constructor(
    private readonly gate: { settle(permit: SentPermit, reply: ThrottleReply | undefined): void },
    readonly route: Route,
    readonly buckets: readonly Bucket[],
    readonly poll: string | undefined,
    readonly sentAt: number,
    readonly sentIn: number,
  ) {}

  settle(reply?: ThrottleReply): void {
    if (this.#settled) return;
    this.#settled = true;
    this.gate.settle(this, reply);
  }
}
