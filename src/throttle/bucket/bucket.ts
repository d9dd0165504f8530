/**
 * One bucket of the service as estimated here: its level, its refill, our share and its closed window. From these
 * follows the time at which the next request may go.
 */
import type { Random } from "../../time/clock.js";
import { UnreportedLevel } from "./unreported-level.js";
import { ClosedWindow } from "./closed-window.js";
import type { BucketLease } from "../lease/bucket-lease.js";
import type { RateLimit } from "../limits.js";
import { LevelEstimate } from "./level-estimate.js";
import type { EventTime, Sent } from "./event-time.js";
import { lastCallsPartUnreported, mayClaim, trickleMs } from "./pace.js";
import { RecentSends } from "./recent-sends.js";
import { Refill } from "./refill.js";
import type { ScopeName } from "../scope-name.js";
import { Share } from "./share.js";

/** Requests that may be in flight before the first response; each response allows more, as in TCP's slow start. */
const firstRequests = 4;
/**
 * A bucket that is full enough does not wait for slow responses: meanwhile one request goes out every this many
 * refills.
 */
const refillsPerSlowRequest = 2;
/** Without a response for this long, the level is stale and the number in flight starts small again. */
const staleMs = 5_000;
/** How often per period to try an empty bucket whose refill step has not been observed. */
const asksPerPeriod = 8;
/** The longest wait, if a rejection names none: one period, but no more than this. */
const longestGuessMs = 5_000;
/** A shorter hint says that the service is busy, and not how much it takes. */
const leastHintMs = 1_000;
/** A wait beyond this is a mistake, and says nothing to other requests. */
const longestWaitMs = 24 * 3_600_000;
/** If the probe of a reopened window has not been answered, the next one follows after this. */
const probeMs = 1_000;
/** A request that no other waits behind comes back later than the service asked by at most this part of its wait. */
const loneSpreadPart = 0.2;
/** Reopenings are spread over at most this time. */
const widestSpreadMs = 10_000;
/** Between two counted reads at most this many go unmetered, and at most this part of our share of the level. */
const mostHeadroom = 32;
const headroomPart = 0.75;
/** None go unmetered below this part of the bucket. */
const plentyPart = 0.5;
/** A bucket with at least this part of what it holds is full enough for every poll. */
const nearlyFullPart = 0.9;
/** How far above a guessed limit the rate may grow, as a factor. */
const mostOfGuess = 16;
/** If one step refills the bucket for everyone, reopenings need little spread. */
const stepSpreadMs = 1_500;

export class Bucket {
  waiting = 0;
  /** The response it last learned from, as a step. */
  reportedIn = -1;
  /** How many more requests may go unmetered before the next is counted. */
  headroom = 0;
  #headroomBefore = 0;
  #waitingInBackground = 0;
  readonly window: ClosedWindow;
  /** Whether the window was ever closed. Most never are, which saves looking at it. */
  #hasClosed = false;
  /** Permits leased from a store that other processes share; used while the store is connected. */
  lease: BucketLease | undefined;
  readonly #estimate = new LevelEstimate();
  readonly #share = new Share();
  readonly #random: Random;
  #refill: Refill | undefined;
  #unreported: UnreportedLevel | undefined;
  /** Requests that may be in flight. */
  #span = firstRequests;
  readonly #recent = new RecentSends();
  #lastSentAt = -Infinity;
  #stepJitterMs = 0;
  /** How soon a lone request that was sent away was told to come back; so often an empty bucket may be asked. */
  #loneHintMs = Infinity;

  /**
   * @param limit the starting estimate; undefined: no limit until a rejection or a reported level shows one
   * @param isDocumented the limit applies even while no response reports a level
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

  countWaiting(change: number, inBackground: number): void {
    this.waiting += change;
    this.#waitingInBackground += inBackground;
  }

  /** Our share of the bucket's rate, 0 to 1. */
  get share(): number {
    return this.#unreported?.share ?? this.#share.value;
  }

  /** What was sent recently, as a limit. */
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
    return this.#estimate.inFlight;
  }

  /** The reported level minus the requests in flight; undefined if none was reported. */
  get reportedLevel(): number | undefined {
    return this.#estimate.seen ? this.#estimate.level() : undefined;
  }

  /** Requests left, known or guessed. */
  level(now: number): number | undefined {
    const level = this.reportedLevel ?? this.#unreported?.level(now);
    return level === undefined ? undefined : Math.max(0, level);
  }

  /** Whether what a few polls take is not missed. */
  isNearlyFull(now: number): boolean {
    if (this.#hasClosed && now < this.window.reopensAt) return false;
    const level = this.level(now);
    return level === undefined || !this.#refill || level >= this.#refill.limit.capacity * nearlyFullPart;
  }

  /**
   * Nothing waits, nothing is in flight and no window is closed, so that forgetting the bucket loses only estimates.
   */
  isIdle(now: number): boolean {
    return this.waiting === 0 && this.inFlight === 0 && now >= this.window.reopensAt;
  }

  /**
   * Epoch milliseconds at which the next request may go: `now` or earlier for at once, Infinity for after the next
   * response.
   */
  opensAt(now: number, waiting = Math.max(1, this.waiting)): number {
    if (this.#hasClosed && now < this.window.reopensAt) return this.window.reopensAt;
    if (!this.#refill) return now;
    if (this.#hasClosed && this.#isLoneReturn(waiting)) return now;
    if (this.#hasClosed && this.window.isProbing && now < this.#probedUntil) return this.#probedUntil;
    const leasedAt = this.lease?.opensAt(now);
    if (leasedAt !== undefined) return this.#isUninformed ? Infinity : leasedAt;
    if (this.#estimate.seen) return this.#paced(now, this.#refill, waiting);
    if (this.#unreported) return this.#pacedUnreported(now, this.#refill, this.#unreported, waiting);
    if (!this.isDocumented) return now;
    return this.#estimate.inFlight < this.#span ? now : this.#slowRequestAt(now, this.#refill);
  }

  /** When a request that arrives now can expect to be admitted. */
  expectedAt(now: number, inBackground: boolean): number {
    const opens = Math.max(now, this.window.reopensAt);
    const level = this.level(now);
    if (!this.#refill || level === undefined) return opens;
    const ahead = inBackground ? this.waiting : this.waiting - this.#waitingInBackground;
    const missing = ahead + 1 - level * this.share;
    if (missing <= 0) return opens;
    return Math.max(opens, this.#refill.timeOf(missing / this.share, now));
  }

  /** After a window ends, one request at a time is sent until one goes through. */
  get #probedUntil(): number {
    return this.#lastSentAt < this.window.reopensAt ? 0 : this.#lastSentAt + probeMs;
  }

  /**
   * A single rejected request comes back as soon as its wait is over: one is no herd, and its response tells the most.
   */
  #isLoneReturn(waiting: number): boolean {
    return waiting <= 1 && this.inFlight === 0 && this.#lastSentAt < this.window.until;
  }

  send(now: number): void {
    if (this.headroom !== this.#headroomBefore) this.#catchUp(now);
    this.#estimate.send();
    if (now !== this.#lastSentAt) this.#sendsFirstAt(now);
    // A bucket that reports its level needs no count of its own.
    if (!this.#estimate.seen || this.lease) this.#recent.note(now);
    this.#unreported?.send(now);
    this.lease?.take();
  }

  /** Unmetered requests were still ours. */
  #catchUp(now: number): void {
    const requests = this.#headroomBefore - this.headroom;
    this.#headroomBefore = this.headroom;
    this.#estimate.passBy(requests);
    if (!this.#estimate.seen) this.#recent.note(now, requests);
  }

  /** @param at its time is read only if there is something to catch up with */
  #setHeadroom(requests: number, at: { readonly now: number }): void {
    if (this.headroom !== this.#headroomBefore) this.#catchUp(at.now);
    this.headroom = this.#headroomBefore = requests;
  }

  /** How many of the next requests need not be counted. */
  #headroomNow(eventTime: EventTime): number {
    if (this.lease !== undefined) return 0;
    if (this.#hasClosed && eventTime.now < this.window.reopensAt) return 0;
    if (this.#refill === undefined) return mostHeadroom;
    if (!this.#estimate.seen) return 0;
    const { value: share } = this.#share;
    const left = this.#estimate.level(1 / share);
    if (left < this.#refill.limit.capacity * plentyPart) return 0;
    return Math.min(mostHeadroom, Math.floor(left * share * headroomPart));
  }

  #sendsFirstAt(now: number): void {
    if (now - this.#lastSentAt > staleMs) this.#span = Math.max(firstRequests, this.#span * this.share);
    this.#lastSentAt = now;
  }

  /** A response reports how many requests are left. */
  report(level: number, sent: Sent, eventTime: EventTime): void {
    this.reportedIn = eventTime.step;
    this.#observe(level, sent, eventTime);
    this.lease?.answered(sent.sentAt, eventTime.now, level);
    // A first level does not show how many other processes there are; the next one does.
    if (this.#estimate.hasMoved) this.#span++;
    if (this.#hasClosed) this.window.pass(sent.sentAt);
    this.#setHeadroom(this.#headroomNow(eventTime), eventTime);
  }

  /** A response without a level, or no response. */
  pass(sent: Sent, eventTime: EventTime): void {
    this.reportedIn = eventTime.step;
    this.#estimate.pass();
    if (this.#refill) this.#passUnreported(this.#refill, eventTime);
    this.lease?.answered(sent.sentAt, eventTime.now, undefined);
    this.#span++;
    if (this.#hasClosed) this.window.pass(sent.sentAt);
    this.#setHeadroom(this.#headroomNow(eventTime), eventTime);
  }

  /** The request was rejected before this bucket could count it. */
  takeBack(eventTime: EventTime): void {
    this.reportedIn = eventTime.step;
    this.#estimate.takeBack();
    this.lease?.giveBack();
  }

  /**
   * This bucket rejected the request.
   * @param level the level that the response reports
   * @param retryAfterMs the wait that it asked for
   */
  reject(sent: Sent, eventTime: EventTime, level: number | undefined, retryAfterMs: number | undefined): void {
    const { now } = eventTime;
    this.reportedIn = eventTime.step;
    this.#setHeadroom(0, eventTime);
    this.#span = firstRequests;
    const isReported = this.#estimate.seen || level !== undefined;
    if (isReported) this.#observe(0, sent, eventTime);
    else this.#estimate.pass();
    const isLone = this.waiting === 0 && this.inFlight === 0;
    const loneHintMs = isLone && retryAfterMs !== undefined ? Math.max(retryAfterMs, leastHintMs) : undefined;
    if (!isReported) this.#rejectUnreported(now, loneHintMs);
    this.#loneHintMs = loneHintMs ?? Infinity;
    const { periodMs } = this.limit ?? { periodMs: 1_000 };
    const waitMs = within(retryAfterMs, longestWaitMs) ?? Math.min(periodMs, longestGuessMs);
    this.#hasClosed = true;
    // Where steps are far apart the service names the next one, and nothing is gained by coming later.
    const keepsQuiet = !isLone && this.#refill?.isStream !== false;
    const spreadMs = this.#reopeningSpreadMs();
    const leastSpreadMs = isLone ? Math.min(spreadMs, waitMs * loneSpreadPart) : spreadMs;
    this.window.close(sent.sentAt, now, waitMs, leastSpreadMs, keepsQuiet);
    this.lease?.answered(sent.sentAt, now, 0);
    this.lease?.closed(this.window.until);
  }

  /** Another process has learned that the service wants no requests for this long. */
  closeFor(ms: number, now: number): void {
    this.#setHeadroom(0, { now });
    this.#hasClosed = true;
    this.window.extend(now + ms);
  }

  #paced(now: number, refill: Refill, waiting: number): number {
    const { inFlight, reported, pending } = this.#estimate;
    const { value: share } = this.#share;
    if (inFlight >= this.#span) {
      return reported - pending / share < refill.limit.capacity / 2 ? Infinity : this.#slowRequestAt(now, refill);
    }
    // The first clause of `mayClaim`, without a division: it settles most requests.
    if ((reported - refill.reserve) * share - pending >= 1) return now;
    const level = this.#estimate.level(1 / share);
    if (mayClaim(level, share, refill.reserve, waiting)) return now;
    const trickleAt = this.#lastSentAt + trickleMs(level, share, refill);
    const askAt = waiting > 1 ? Infinity : this.#lastSentAt + this.#loneHintMs;
    return Math.max(now, Math.min(trickleAt, refill.isStream ? askAt : this.#stepAt(refill)));
  }

  #pacedUnreported(now: number, refill: Refill, unreported: UnreportedLevel, waiting: number): number {
    if (this.#estimate.inFlight >= this.#span) return Infinity;
    const { rate, reserve } = refill;
    if (!unreported.learned) return unreported.firstSendAt(now, this.#lastSentAt, reserve);
    const level = unreported.level(now);
    if (mayClaim(level, unreported.share, reserve, waiting, lastCallsPartUnreported)) return now;
    return Math.max(now, this.#lastSentAt + trickleMs(level, unreported.share, { rate, reserve, isStream: true }));
  }

  /**
   * Leased permits belong to this bucket alone; the first responses show which other buckets count the same requests.
   */
  get #isUninformed(): boolean {
    return !this.#estimate.seen && this.#estimate.inFlight >= this.#span;
  }

  /** While responses are slow and the bucket is full, waiting for them would waste tokens. */
  #slowRequestAt(now: number, refill: Refill): number {
    return Math.max(now, this.#lastSentAt + refillsPerSlowRequest / refill.rate);
  }

  /** When to try an empty bucket again: after its next step, or now and then until one has been observed. */
  #stepAt(refill: Refill): number {
    const last = Math.max(this.#estimate.anchoredAt, this.#lastSentAt);
    const step = refill.stepAfter(last);
    if (step !== undefined) return step + this.#stepJitterMs;
    return last + Math.min(refill.limit.periodMs / asksPerPeriod, this.#loneHintMs);
  }

  #observe(level: number, sent: Sent, eventTime: EventTime): void {
    const refill = (this.#refill ??= new Refill({ capacity: level + 1, refill: level + 1, periodMs: 60_000 }));
    this.#unreported = undefined;
    const movement = this.#estimate.observe(level, sent, eventTime.step);
    if (!movement) return;
    if (refill.learn(level, movement, eventTime)) this.#stepJitterMs = this.#random() * stepSpreadMs;
    if (!refill.isStream) {
      if (movement.drop >= 0) this.#share.learn(movement, 0);
      return;
    }
    // A bucket that may have been full in between has lost an unknown part of its refill, so it shows nothing about
    // shares.
    const refilled = movement.elapsedMs * refill.rate;
    if (level + movement.drop + refilled < refill.limit.capacity) this.#share.learn(movement, refilled);
    else this.#share.rest(movement.elapsedMs);
  }

  #passUnreported(refill: Refill, eventTime: EventTime): void {
    if (this.isDocumented && !this.#estimate.seen) {
      this.#unreported ??= new UnreportedLevel(refill.limit, eventTime.now, this.#recent.count(eventTime.now));
    }
    this.#unreported?.pass(eventTime.now);
  }

  /** @param loneHintMs when the only request there is was told to come back */
  #rejectUnreported(now: number, loneHintMs: number | undefined): void {
    const known = now < this.window.until;
    if (!this.#refill || (!this.isDocumented && !this.#unreported)) this.#guessLimit(now, loneHintMs);
    else if (known || (!this.isDocumented && this.#unreported?.hasPassed === false)) this.#unreported?.drain(now);
    else
      (this.#unreported ??= new UnreportedLevel(this.#refill.limit, now, this.#recent.count(now))).reject(
        now,
        loneHintMs,
      );
  }

  /**
   * All that is known is that we sent too much: we start again with a part of it. A lone request that is told to
   * come back after a while may come that often.
   */
  #guessLimit(now: number, loneHintMs: number | undefined): void {
    const recent = this.recentRate(now);
    const hinted = loneHintMs === undefined ? 0 : 1_000 / loneHintMs;
    this.#refill = new Refill({ ...recent, refill: Math.max(recent.refill, hinted) });
    this.#unreported = new UnreportedLevel(this.#refill.limit, now, 0, mostOfGuess);
    this.#unreported.empty(now);
  }

  #reopeningSpreadMs(): number {
    const refill = this.#refill;
    if (!refill) return 0;
    return refill.isStream ? Math.min(1 / (this.share * refill.rate), widestSpreadMs) : stepSpreadMs;
  }
}

/** A plausible number of milliseconds: at least 0 and at most `most`. */
function within(ms: number | undefined, most: number): number | undefined {
  return ms === undefined || Number.isNaN(ms) || ms > most ? undefined : Math.max(0, ms);
}
