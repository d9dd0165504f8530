/** The permit of a request that was let through, and what its answer will be reckoned with. */
import type { Bucket } from "./bucket.js";
import type { Lane } from "./lane.js";
import type { Target } from "./target.js";
import type { Permit, ThrottleReply } from "./throttle.js";

export class SentPermit implements Permit {
  #settled = false;

  /**
   * @param buckets the buckets that were told of the request
   * @param poll the URL of the operation that the request polls
   */
  constructor(
    private readonly onSettle: (permit: SentPermit, reply: ThrottleReply | undefined) => void,
    readonly lane: Lane,
    readonly target: Target,
    readonly buckets: readonly Bucket[],
    readonly poll: string | undefined,
    readonly sentAt: number,
  ) {}

  settle(reply?: ThrottleReply): void {
    if (this.#settled) return;
    this.#settled = true;
    this.onSettle(this, reply);
  }
}
