/** The permit of an admitted request, and what is needed to evaluate its response. */
import type { Bucket } from "../bucket/bucket.js";
import type { CountedRequest } from "../scope/reply-accounting.js";
import type { RequestScope } from "../scope/request-scope.js";
import type { Permit, ThrottleReply } from "../throttle.js";
import type { Link } from "./in-flight.js";

export class SentPermit implements Permit, CountedRequest, Link<SentPermit> {
  before: SentPermit | undefined;
  after: SentPermit | undefined;
  #settled = false;

  /**
   * @param buckets the buckets that have counted the request
   * @param poll the URL of the operation that the request polls
   */
  constructor(
    private readonly queue: { settle(permit: SentPermit, reply: ThrottleReply | undefined): void },
    readonly scope: RequestScope,
    readonly buckets: readonly Bucket[],
    readonly poll: string | undefined,
    readonly sentAt: number,
    readonly sentIn: number,
  ) {}

  settle(reply?: ThrottleReply): void {
    if (this.#settled) return;
    this.#settled = true;
    this.queue.settle(this, reply);
  }
}
