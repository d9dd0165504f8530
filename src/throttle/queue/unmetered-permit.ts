/**
 * The permit of a read that its buckets have not counted, since each has plenty left. A response that is no rejection
 * is not even read: the next counted read reports the same. A rejected one is counted late, and its buckets learn what
 * they would have learned anyway.
 */
import type { Sent } from "../bucket/event-time.js";
import { isThrottled } from "../scope/reply-accounting.js";
import type { Permit, ThrottledRequest, ThrottleReply } from "../throttle.js";

export class UnmeteredPermit implements Permit, Sent {
  private isCounted = false;

  constructor(
    private readonly queue: { countLate(permit: UnmeteredPermit, reply: ThrottleReply): void },
    readonly request: ThrottledRequest,
    readonly sentAt: number,
    readonly sentIn: number,
  ) {}

  settle(reply?: ThrottleReply): void {
    if (reply === undefined || !isThrottled(reply) || this.isCounted) return;
    this.isCounted = true;
    this.queue.countLate(this, reply);
  }
}
