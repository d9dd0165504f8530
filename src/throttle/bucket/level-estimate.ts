/**
 * What is known of a bucket's level. The service reports it with every response, but late: by then other responses and
 * requests are in flight, in any order. One response is the anchor; everything else is counted from it.
 *
 * Two requests that were in flight together may have been counted in either order, so the lower of their levels
 * applies. A request sent after the anchor's response was counted later, so its level is news, higher or lower.
 * Requests in flight are taken as not yet counted. Each rule errs towards too few tokens, and never for longer than a
 * round trip.
 */
import type { Sent } from "./event-time.js";

/** What happened between two anchors. */
export interface Movement {
  /** Our own requests counted in between. */
  readonly own: number;
  /** Tokens gone, as reported: negative if the level rose. */
  readonly drop: number;
  readonly elapsedMs: number;
  /** When the earlier anchor was sent; the movement happened after that. */
  readonly since: number;
  /** The second anchor was certainly counted after the first. */
  readonly later: boolean;
}

/** After this many responses in a row without a level, an earlier level is worthless. */
const levellessAnswers = 16;
/**
 * Requests within a millisecond of each other show nothing new about the rate one by one, so this many are evaluated
 * together.
 */
const reckonedTogether = 8;

export class LevelEstimate {
  /** Requests sent and not answered. */
  inFlight = 0;
  /** Whether the service reports its level. */
  seen = false;
  /** Whether a second level has been reported, which shows what moved in between. */
  hasMoved = false;
  /** The level that the anchor reported. */
  reported = 0;
  /** Our own requests that the anchor cannot have counted. */
  pending = 0;
  /** Responses to our own requests so far. */
  answers = 0;
  /** When the anchor's request was sent. */
  anchoredAt = -Infinity;
  /** The step in which the anchor was received. */
  #anchoredIn = -1;
  /** The level and the responses when movements were last evaluated. */
  #reportedThen = 0;
  #answersThen = 0;
  #levelless = 0;
  readonly #movement = { own: 0, drop: 0, elapsedMs: 0, since: 0, later: false };

  /** Tokens left, if each of our uncounted requests costs `costEach` tokens, those of others included. */
  level(costEach = 1): number {
    return this.reported - this.pending * costEach;
  }

  send(): void {
    this.inFlight++;
    this.pending++;
  }

  /**
   * Handles a response that reports a level.
   * @param step when it came, in steps of the throttle
   * @returns the movement since the previous anchor if this becomes the anchor; read it before the next response
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

  /** This many of our own requests came back without their responses being read. */
  passBy(requests: number): void {
    this.answers += requests;
  }

  /** A response without a level, or none: the token may be gone, and only the next anchor shows it. */
  pass(): void {
    this.#answered();
    if (++this.#levelless === levellessAnswers) this.#forget();
  }

  /** A request that this bucket certainly has not counted. */
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
