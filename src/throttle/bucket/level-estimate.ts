/**
 * What is known of a bucket's level. The service reports it with every answer, but late: by then other answers are on their
 * way, in any order, and so are requests. One answer is the anchor; everything else is counted from it.
 *
 * Two requests that were on their way together may have been counted in either order, so of their levels the lower one
 * holds. A request that was sent after the anchor had come back was counted later: what it says is news, higher or lower.
 * Requests still on their way are taken as not yet counted. Each rule errs towards too few tokens, and never for longer
 * than a round trip.
 */
import type { Sent } from "./event-time.js";

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

/** Answers without a level, one after the other, that make a level seen before worthless. */
const levellessAnswers = 16;
/** Requests that follow each other within a millisecond say nothing new of the flow one by one: so many are reckoned together. */
const reckonedTogether = 8;

export class LevelEstimate {
  /** Requests sent and not answered. */
  inFlight = 0;
  /** Whether the service reports its level. */
  seen = false;
  /** Whether a level has been followed by another, which shows what moved in between. */
  hasMoved = false;
  /** The level that the anchor reported. */
  reported = 0;
  /** Own requests that the anchor cannot have counted. */
  pending = 0;
  /** Own answers so far. */
  answers = 0;
  /** When the anchor's request was sent. */
  anchoredAt = -Infinity;
  /** The step in which the anchor was received. */
  #anchoredIn = -1;
  /** Level and own answers when movements were reckoned last. */
  #reportedThen = 0;
  #answersThen = 0;
  #levelless = 0;
  readonly #movement = { own: 0, drop: 0, elapsedMs: 0, since: 0, later: false };

  /** Tokens left, when each own request that is not counted yet goes along with `costEach` tokens, others' included. */
  level(costEach = 1): number {
    return this.reported - this.pending * costEach;
  }

  send(): void {
    this.inFlight++;
    this.pending++;
  }

  /**
   * An answer that reports a level.
   * @param step the step in which it came; those of one throttle are counted through
   * @returns what moved since the anchor before, when it becomes the anchor; to be read before the next answer
   */
  observe(level: number, { sentAt, sentIn }: Sent, step: number): Movement | undefined {
    this.#answered();
    this.#levelless = 0;
    this.pending = this.inFlight;
    const later = sentIn >= this.#anchoredIn;
    if (this.seen && !later && level > this.reported) return undefined;
    const since = this.anchoredAt;
    this.reported = level;
    this.#anchoredIn = step;
    if (later && sentAt === since && this.answers - this.#answersThen < reckonedTogether) return undefined;
    const movement = this.seen ? this.#movementTo(level, sentAt, later) : undefined;
    if (movement) this.hasMoved = true;
    this.seen = true;
    this.anchoredAt = sentAt;
    this.#reportedThen = level;
    this.#answersThen = this.answers;
    return movement;
  }

  #movementTo(level: number, sentAt: number, later: boolean): Movement {
    const movement = this.#movement;
    movement.own = this.answers - this.#answersThen;
    movement.drop = this.#reportedThen - level;
    movement.elapsedMs = Math.max(0, sentAt - this.anchoredAt);
    movement.since = this.anchoredAt;
    movement.later = later;
    return movement;
  }

  /** So many own requests have gone and come back, of which no answer was read. */
  passBy(requests: number): void {
    this.answers += requests;
  }

  /** An answer without a level, or no answer at all: the token may be gone, and only the next anchor knows. */
  pass(): void {
    this.#answered();
    if (++this.#levelless === levellessAnswers) this.#forget();
  }

  /** A request that this bucket has certainly not counted. */
  takeBack(): void {
    this.inFlight = Math.max(0, this.inFlight - 1);
    this.pending = Math.max(0, this.pending - 1);
  }

  #answered(): void {
    if (this.inFlight > 0) this.inFlight--;
    this.answers++;
  }

  #forget(): void {
    this.seen = false;
    this.hasMoved = false;
    this.reported = 0;
    this.anchoredAt = -Infinity;
    this.#anchoredIn = -1;
  }
}
