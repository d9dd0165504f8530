/**
 * What is known of a bucket's level. The service tells it with every answer, but late: by then other answers are on their
 * way, in any order, and so are requests. One answer is the anchor; everything else is counted from it.
 *
 * Two requests that were on their way together may have been counted in either order, so of their levels the lower one
 * holds. A request that was sent after the anchor had come back was counted later: what it says is news, higher or lower.
 * Requests still on their way are taken as not yet counted. Each rule errs towards too few tokens, and never for longer
 * than a round trip.
 */

/** What happened between two anchors. */
export interface Movement {
  /** Own requests that were counted in between. */
  readonly own: number;
  /** Tokens that went, seen from outside: negative when the level rose. */
  readonly drop: number;
  readonly elapsedMs: number;
  /** When the earlier anchor was sent: the time from which the movement may have happened. */
  readonly since: number;
  /** The second anchor was certainly counted after the first. */
  readonly later: boolean;
}

interface Anchor {
  readonly level: number;
  readonly sentAt: number;
  readonly receivedAt: number;
  /** Own answers that had come by then. */
  readonly answers: number;
}

/** Answers without a level, one after the other, that make a level seen before worthless. */
const levellessAnswers = 16;

export class Mirror {
  /** Requests sent and not answered. */
  inFlight = 0;
  #anchor: Anchor | undefined;
  /** Own requests that the anchor cannot have counted. */
  #uncounted = 0;
  #answers = 0;
  #levelless = 0;

  /** Whether the service tells its level. */
  get seen(): boolean {
    return this.#anchor !== undefined;
  }

  /** When the anchor's request was sent. */
  get anchoredAt(): number {
    return this.#anchor?.sentAt ?? -Infinity;
  }

  /** Own answers so far. */
  get answers(): number {
    return this.#answers;
  }

  /** Tokens left, when each own request that is not counted yet goes along with `costEach` tokens, others' included. */
  level(costEach = 1): number {
    return (this.#anchor?.level ?? 0) - this.#uncounted * costEach;
  }

  send(): void {
    this.inFlight++;
    this.#uncounted++;
  }

  /** An answer that tells a level. What moved since the anchor before, when it becomes the anchor. */
  observe(level: number, sentAt: number, now: number): Movement | undefined {
    const before = this.#anchor;
    this.#answered();
    this.#levelless = 0;
    const later = before === undefined || sentAt >= before.receivedAt;
    const anchors = later || level <= before.level;
    if (anchors) this.#anchor = { level, sentAt, receivedAt: now, answers: this.#answers };
    this.#uncounted = this.inFlight;
    if (before === undefined || !anchors) return undefined;
    return {
      own: this.#answers - before.answers,
      drop: before.level - level,
      elapsedMs: Math.max(0, sentAt - before.sentAt),
      since: before.sentAt,
      later,
    };
  }

  /** An answer without a level, or no answer at all: the token may be gone, and only the next anchor knows. */
  pass(): void {
    this.#answered();
    if (++this.#levelless >= levellessAnswers) this.#anchor = undefined;
  }

  /** A request that this bucket has certainly not counted. */
  takeBack(): void {
    this.inFlight = Math.max(0, this.inFlight - 1);
    this.#uncounted = Math.max(0, this.#uncounted - 1);
  }

  #answered(): void {
    this.inFlight = Math.max(0, this.inFlight - 1);
    this.#answers++;
  }
}
