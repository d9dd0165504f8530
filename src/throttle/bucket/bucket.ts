/**
 * One bucket of the service, as seen from here: its level, its refill, our share, the window it closed, and from all of
 * them the time at which the next request may go.
 */
import type { Random } from "../../time/clock.js";
import { BlindMirror } from "./unreported-level.js";
import { ClosedWindow } from "./closed-window.js";
import type { LeaseAccount } from "../lease/bucket-lease.js";
import type { RateLimit } from "../limits.js";
import { Mirror } from "./level-estimate.js";
import type { Moment, Sent } from "./event-time.js";
import { lastCallsPartBlindly, mayClaim, trickleMs } from "./pace.js";
import { RecentSends } from "./recent-sends.js";
import { Refill } from "./refill.js";
import type { ScopeName } from "../scope-name.js";
import { Share } from "./share.js";
import type { Standing } from "../queue/waiter.js";

/** Requests that may be on their way before the first answer has come; more with each answer, as in TCP's slow start. */
const firstRequests = 4;
/** A full enough bucket is not kept waiting for slow answers: meanwhile a request goes every so many refills. */
const refillsPerSlowRequest = 2;
/** Without an answer for this long the level is old, and what may be on the way starts small again. */
const staleMs = 5_000;
/** An empty bucket whose step nobody has seen is asked this often in a period. */
const asksPerPeriod = 8;
/** The wait when a rejection names none: one period, within reason. */
const longestGuessMs = 5_000;
/** A wait beyond this is a mistake of the service, and would be for ever. */
const longestWaitMs = 24 * 3_600_000;
/** Most of the time over which reopenings are spread. */
const widestSpreadMs = 10_000;
/** Between two reads that are counted at most so many go uncounted, and at most this part of our share of what is left. */
const mostSpare = 32;
const sparePart = 0.75;
/** But none where less than this part of the bucket is left. */
const plentyPart = 0.5;
/** How far above a guessed limit the rate may grow. */
const mostOfGuess = 16;
/** Where a step fills the bucket for all, reopenings need little spread. */
const stepSpreadMs = 500;

export class Bucket {
  /** Callers that wait for this bucket. */
  waiting = 0;
  /** The answer that it was told of last, as its step. */
  toldIn = -1;
  /** So many requests may go uncounted before the next is counted. Whoever lets one go takes it from here. */
  spare = 0;
  #spareBefore = 0;
  #waitingInBackground = 0;
  readonly window: ClosedWindow;
  /** Whether the window was ever closed; most never are, and then it is not looked at. */
  #hasClosed = false;
  /** Permits on lease from a store that other processes share; they count while the store is there. */
  account: LeaseAccount | undefined;
  readonly #mirror = new Mirror();
  readonly #share = new Share();
  readonly #random: Random;
  #refill: Refill | undefined;
  #blind: BlindMirror | undefined;
  /** Requests that may be on their way. */
  #span = firstRequests;
  readonly #recent = new RecentSends();
  #lastSentAt = -Infinity;
  #stepJitterMs = 0;

  /**
   * @param limit where to start from; undefined: no limit until a rejection or a level tells of one
   * @param isDocumented the limit holds even while no answer tells a level
   */
  constructor(
    readonly name: ScopeName,
    limit: RateLimit | undefined,
    private readonly isDocumented: boolean,
    random: Random,
  ) {
    this.#random = random;
    this.window = new ClosedWindow(random);
    this.#refill = limit && new Refill(limit);
  }

  get limit(): RateLimit | undefined {
    return this.#refill?.limit;
  }

  /** One caller more, or less, waits. */
  count(standing: Standing, change: 1 | -1): void {
    this.waiting += change;
    if (standing === "background") this.#waitingInBackground += change;
  }

  /** Our part of the bucket's flow, 0 to 1. */
  get share(): number {
    return this.#blind?.share ?? this.#share.value;
  }

  /** What was sent of late, as a limit. */
  recentRate(now: number): RateLimit {
    return {
      capacity: Math.max(1, this.#recent.count(now)),
      refill: Math.max(0.05, this.#recent.perSecond(now)),
      periodMs: 1_000,
    };
  }

  get lastSentAt(): number {
    return this.#lastSentAt;
  }

  get inFlight(): number {
    return this.#mirror.inFlight;
  }

  /** The level as the service has told it, less what is on its way; undefined while it has not. */
  get toldLevel(): number | undefined {
    return this.#mirror.seen ? this.#mirror.level() : undefined;
  }

  /** Requests left, as far as is known or can be guessed. */
  level(now: number): number | undefined {
    const level = this.toldLevel ?? this.#blind?.level(now);
    return level === undefined ? undefined : Math.max(0, level);
  }

  /** Nobody waits, nothing is on its way and no window is closed: forgetting it forgets only numbers. */
  isIdle(now: number): boolean {
    return this.waiting === 0 && this.inFlight === 0 && now >= this.window.reopensAt;
  }

  /** Epoch milliseconds at which the next request may go: not after `now` for at once, Infinity for after an answer. */
  opensAt(now: number, waiting = Math.max(1, this.waiting)): number {
    if (this.#hasClosed && now < this.window.reopensAt) return this.window.reopensAt;
    if (!this.#refill) return now;
    const leasedAt = this.account?.opensAt(now);
    if (leasedAt !== undefined) return this.#isBlind ? Infinity : leasedAt;
    if (this.#mirror.seen) return this.#paced(now, this.#refill, waiting);
    if (this.#blind) return this.#pacedBlindly(now, this.#refill, this.#blind, waiting);
    if (!this.isDocumented) return now;
    return this.#mirror.inFlight < this.#span ? now : this.#slowRequestAt(now, this.#refill);
  }

  /** When somebody who lines up now can expect to be served. */
  expectedAt(now: number, inBackground: boolean): number {
    const opens = Math.max(now, this.window.reopensAt);
    const level = this.level(now);
    if (!this.#refill || level === undefined) return opens;
    const ahead = inBackground ? this.waiting : this.waiting - this.#waitingInBackground;
    const missing = ahead + 1 - level * this.share;
    if (missing <= 0) return opens;
    return Math.max(opens, this.#refill.timeOf(missing / this.share, now));
  }

  send(now: number): void {
    if (this.spare !== this.#spareBefore) this.#catchUp(now);
    this.#mirror.send();
    if (now !== this.#lastSentAt) this.#sendsFirstAt(now);
    // A bucket that tells its level needs no count of its own.
    if (!this.#mirror.seen || this.account) this.#recent.note(now);
    this.#blind?.send(now);
    this.account?.take();
  }

  /** What went uncounted was our own all the same. */
  #catchUp(now: number): void {
    const requests = this.#spareBefore - this.spare;
    this.#spareBefore = this.spare;
    this.#mirror.passBy(requests);
    if (!this.#mirror.seen) this.#recent.note(now, requests);
  }

  /** @param at its time is read only where something is to be caught up with */
  #setSpare(requests: number, at: { readonly now: number }): void {
    if (this.spare !== this.#spareBefore) this.#catchUp(at.now);
    this.spare = this.#spareBefore = requests;
  }

  /** How many of the requests to come need not be counted. */
  #spareNow(moment: Moment): number {
    if (this.account !== undefined) return 0;
    if (this.#hasClosed && moment.now < this.window.reopensAt) return 0;
    if (this.#refill === undefined) return mostSpare;
    if (!this.#mirror.seen) return 0;
    const { value: share } = this.#share;
    const left = this.#mirror.level(1 / share);
    if (left < this.#refill.limit.capacity * plentyPart) return 0;
    return Math.min(mostSpare, Math.floor(left * share * sparePart));
  }

  #sendsFirstAt(now: number): void {
    if (now - this.#lastSentAt > staleMs) this.#span = Math.max(firstRequests, this.#span * this.share);
    this.#lastSentAt = now;
  }

  /** An answer told how many requests are left. */
  tell(level: number, sent: Sent, moment: Moment): void {
    this.toldIn = moment.step;
    this.#observe(level, sent, moment);
    this.account?.answered(sent.sentAt, moment.now, level);
    this.#span++;
    if (this.#hasClosed) this.window.pass();
    this.#setSpare(this.#spareNow(moment), moment);
  }

  /** An answer told nothing, or none came. */
  pass(sent: Sent, moment: Moment): void {
    this.toldIn = moment.step;
    this.#mirror.pass();
    if (this.#refill) this.#passBlindly(this.#refill, moment);
    this.account?.answered(sent.sentAt, moment.now, undefined);
    this.#span++;
    if (this.#hasClosed) this.window.pass();
    this.#setSpare(this.#spareNow(moment), moment);
  }

  /** The request was sent away before this bucket could count it. */
  takeBack(moment: Moment): void {
    this.toldIn = moment.step;
    this.#mirror.takeBack();
    this.account?.giveBack();
  }

  /**
   * This bucket sent the request away.
   * @param level what the answer told of it
   * @param retryAfterMs how long it asked to wait
   */
  reject(sent: Sent, moment: Moment, level: number | undefined, retryAfterMs: number | undefined): void {
    const { now } = moment;
    this.toldIn = moment.step;
    this.#setSpare(0, moment);
    this.#span = firstRequests;
    if (this.#mirror.seen || level !== undefined) this.#observe(0, sent, moment);
    else this.#rejectBlindly(now);
    const { periodMs } = this.limit ?? { periodMs: 1_000 };
    const waitMs = within(retryAfterMs, longestWaitMs) ?? Math.min(periodMs, longestGuessMs);
    this.#hasClosed = true;
    this.window.close(sent.sentAt, now, waitMs, this.#reopeningSpreadMs());
    this.account?.answered(sent.sentAt, now, 0);
    this.account?.closed(this.window.until);
  }

  /** Another process was told that the service wants no requests for so long. */
  closeFor(ms: number, now: number): void {
    this.#setSpare(0, { now });
    this.#hasClosed = true;
    this.window.extend(now + ms);
  }

  #paced(now: number, refill: Refill, waiting: number): number {
    const { inFlight, told, uncounted } = this.#mirror;
    const { value: share } = this.#share;
    if (inFlight >= this.#span) {
      return told - uncounted / share < refill.limit.capacity / 2 ? Infinity : this.#slowRequestAt(now, refill);
    }
    // The first clause of `mayClaim`, without a division: most requests get no further.
    if ((told - refill.reserve) * share - uncounted >= 1) return now;
    const level = this.#mirror.level(1 / share);
    if (mayClaim(level, share, refill.reserve, waiting)) return now;
    const trickleAt = this.#lastSentAt + trickleMs(level, share, refill);
    return Math.max(now, refill.isStream ? trickleAt : Math.min(trickleAt, this.#stepAt(refill)));
  }

  #pacedBlindly(now: number, refill: Refill, blind: BlindMirror, waiting: number): number {
    if (this.#mirror.inFlight >= this.#span) return Infinity;
    const { rate, reserve } = refill;
    if (!blind.learned) return blind.firstSendAt(now, this.#lastSentAt, reserve);
    const level = blind.level(now);
    if (mayClaim(level, blind.share, reserve, waiting, lastCallsPartBlindly)) return now;
    return Math.max(now, this.#lastSentAt + trickleMs(level, blind.share, { rate, reserve, isStream: true }));
  }

  /** Permits from others tell of this bucket alone; which others count the same requests, the first own answers have to tell. */
  get #isBlind(): boolean {
    return !this.#mirror.seen && this.#mirror.inFlight >= this.#span;
  }

  /** While answers are slow to come and the bucket is full, tokens would be lost by waiting for them. */
  #slowRequestAt(now: number, refill: Refill): number {
    return Math.max(now, this.#lastSentAt + refillsPerSlowRequest / refill.rate);
  }

  /** When to ask an empty bucket again: after its next step, or now and then while nobody has seen one. */
  #stepAt(refill: Refill): number {
    const last = Math.max(this.#mirror.anchoredAt, this.#lastSentAt);
    const step = refill.stepAfter(last);
    return step === undefined ? last + refill.limit.periodMs / asksPerPeriod : step + this.#stepJitterMs;
  }

  #observe(level: number, sent: Sent, moment: Moment): void {
    const refill = (this.#refill ??= new Refill({ capacity: level + 1, refill: level + 1, periodMs: 60_000 }));
    this.#blind = undefined;
    const movement = this.#mirror.observe(level, sent, moment.step);
    if (!movement) return;
    if (refill.learn(level, movement, moment)) this.#stepJitterMs = this.#random() * stepSpreadMs;
    if (!refill.isStream) {
      if (movement.drop >= 0) this.#share.learn(movement, 0);
      return;
    }
    // A bucket that may have been full in between has lost an unknown part of its refill, and says nothing about shares.
    const refilled = movement.elapsedMs * refill.rate;
    if (level + movement.drop + refilled < refill.limit.capacity) this.#share.learn(movement, refilled);
  }

  #passBlindly(refill: Refill, moment: Moment): void {
    if (this.isDocumented && !this.#mirror.seen) {
      this.#blind ??= new BlindMirror(refill.limit, moment.now, this.#recent.count(moment.now));
    }
    this.#blind?.pass(moment.now);
  }

  #rejectBlindly(now: number): void {
    const known = now < this.window.until;
    this.#mirror.pass();
    if (!this.#refill || (!this.isDocumented && !this.#blind)) this.#guessLimit(now);
    else if (known) this.#blind?.drain(now);
    else (this.#blind ??= new BlindMirror(this.#refill.limit, now, this.#recent.count(now))).reject(now);
  }

  /** Nothing is known but that what we sent was too much: a part of it is where we start again. */
  #guessLimit(now: number): void {
    this.#refill = new Refill(this.recentRate(now));
    this.#blind = new BlindMirror(this.#refill.limit, now, 0, mostOfGuess);
    this.#blind.empty(now);
  }

  #reopeningSpreadMs(): number {
    const refill = this.#refill;
    if (!refill) return 0;
    return refill.isStream ? Math.min(1 / (this.share * refill.rate), widestSpreadMs) : stepSpreadMs;
  }
}

/** A number of milliseconds that makes sense, at most so many. */
function within(ms: number | undefined, most: number): number | undefined {
  return ms === undefined || Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), most);
}
