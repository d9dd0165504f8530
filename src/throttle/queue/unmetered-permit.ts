/**
 * The permit of a read whose buckets were not told of it, since each of them has plenty left. An answer that is no rejection
 * is not even looked at: the next read that is counted tells what this one would. One that was sent away after all is counted
 * late, and its buckets learn of it what they would have learned anyway.
 */
import type { Sent } from "../bucket/event-time.js";
import { isThrottled } from "../scope/reply-accounting.js";
import type { Permit, ThrottledRequest, ThrottleReply } from "../throttle.js";

export class UncountedPermit implements Permit, Sent {
  private isCounted = false;

  constructor(
    private readonly gate: { countLate(permit: UncountedPermit, reply: ThrottleReply): void },
    readonly request: ThrottledRequest,
    readonly sentAt: number,
    readonly sentIn: number,
  ) {}

  settle(reply?: ThrottleReply): void {
    if (reply === undefined || !isThrottled(reply) || this.isCounted) return;
    this.isCounted = true;
    this.gate.countLate(this, reply);
  }
}
