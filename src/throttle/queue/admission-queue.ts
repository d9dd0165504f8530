/**
 * The queue that all requests pass. A request whose buckets are open and have no waiters passes at once, without a
 * promise. The others wait, each in the queue of its kind. On every change (a response, a due token, an abort), those
 * whose buckets are open pass in order of priority, and one timer is set for the next change.
 */
import { AbortError, type Clock } from "../../time/clock.js";
import type { Bucket } from "../bucket/bucket.js";
import { EventTime } from "../bucket/event-time.js";
import { PollPace } from "../polling/poll-pace.js";
import { ReplyAccounting } from "../scope/reply-accounting.js";
import { opensAt, type RequestKind } from "../scope/request-kind.js";
import type { RequestScope } from "../scope/request-scope.js";
import type { Scopes } from "../scope/scopes.js";
import type { Permit, ThrottledRequest, ThrottleReply } from "../throttle.js";
import { Deadlines } from "./deadlines.js";
import { DeferredWaiters } from "./deferred-waiters.js";
import { InFlight } from "./in-flight.js";
import { Openings } from "./openings.js";
import { PollQueue } from "./poll-queue.js";
import { RequestKindQueue } from "./request-kind-queue.js";
import { SentPermit } from "./sent-permit.js";
import { SingleTimer } from "./single-timer.js";
import { UnmeteredPermit } from "./unmetered-permit.js";
import { Waiter, type Arrival } from "./waiter.js";

/** Clocks that are corrected step back by less. */
export const backwardsMs = 1_000;

/** Whoever gets it asks again. */
export class ClockSetBackError extends Error {}

/** A permit that is never settled would hold its place forever. After this long its request counts as lost. */
const abandonedMs = 10 * 60_000;

export interface AdmissionListener {
  /** The probability that the operation at this URL has ended, 0 to 1. */
  likelihoodOf(poll: string, now: number): number;
  /** A request that polls an operation was admitted. */
  onPolled(url: string, now: number): void;
  /** A request waits for time, a response or a store. */
  onWaiting(now: number): void;
  /** All that wait ask again. */
  onClockSetBack(): void;
  /** A permit was settled; `reply` is missing if no response came. `closed` are the buckets that rejected it. */
  onSettled(sent: SentPermit, reply: ThrottleReply | undefined, closed: readonly Bucket[], eventTime: EventTime): void;
}

export class AdmissionQueue {
  readonly #timer: SingleTimer;
  readonly #queues = new WeakMap<RequestKind, RequestKindQueue>();
  /** For polls that are due. */
  readonly #pollQueues = new WeakMap<RequestKind, PollQueue>();
  /** By the bucket of reads that the polls use. */
  readonly #pollPaces = new WeakMap<Bucket, PollPace>();
  readonly #openings = new Openings();
  readonly #deferred = new DeferredWaiters();
  readonly #deadlines = new Deadlines();
  readonly #inFlight = new InFlight<SentPermit>();
  readonly #eventTime: EventTime;
  readonly #accounting: ReplyAccounting;
  readonly #waiters = new Set<Waiter>();
  #order = 0;
  #pumpedAt = -Infinity;

  constructor(
    private readonly clock: Clock,
    private readonly scopes: Scopes,
    private readonly listener: AdmissionListener,
  ) {
    this.#eventTime = new EventTime(clock);
    this.#accounting = new ReplyAccounting(scopes, this.#eventTime);
    this.#timer = new SingleTimer(clock, () => this.pump());
  }

  /** Callers that wait. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Requests sent and not settled. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** A permit at once, if no request waits ahead and every bucket is open. */
  pass(scope: RequestScope, poll: string | undefined, now: number): Permit | undefined {
    for (const bucket of scope.buckets) if (bucket.waiting > 0 || bucket.opensAt(now) > now) return undefined;
    if (poll !== undefined && this.#paceOf(scope.kind).opensAt(now) > now) return undefined;
    if (scope.kind.requestClass === "read") scope.readAt = now;
    return this.#send(scope, poll, now);
  }

  /**
   * A permit for a read like the previous one, if all its buckets have plenty left. Most reads are such, and counting
   * each would cost more than all the rest of the pipeline policy. The next counted read catches up.
   */
  passUnmetered(request: ThrottledRequest, now: number): Permit | undefined {
    if (this.waiting > 0) return undefined;
    const scope = this.scopes.freshScopeOf(request, now);
    if (scope === undefined || !takeHeadroom(scope.buckets)) return undefined;
    return new UnmeteredPermit(this, request, now, this.#eventTime.step);
  }

  /** Waits for a permit, unless the deadline is too close. */
  wait(arrival: Arrival, now: number): Permit | Promise<Permit> {
    const waiter = new Waiter(arrival, this.#order++);
    const refusal = this.#deadlines.refusal(waiter, this.#bucketsOf(waiter), now);
    if (refusal) return Promise.reject(refusal);
    this.#waiters.add(waiter);
    this.#deadlines.watch(waiter);
    if (arrival.dueAt > now) this.#deferred.untilDue(waiter, arrival.dueAt);
    else this.#enqueue(waiter, now);
    this.pump();
    // Time passes meanwhile, and the deadline may have come.
    if (waiter.refusal) return Promise.reject(waiter.refusal);
    return waiter.permit ?? this.#promise(waiter);
  }

  /** Leases have changed: any bucket may have opened. */
  lookAgain(): void {
    this.#openings.allChanged();
    this.pump();
  }

  /** Admits every request that may go, and sets the timer for the next change. */
  pump(): void {
    const now = this.clock.now();
    if (now < this.#pumpedAt - backwardsMs) this.#refuseAll();
    this.#pumpedAt = now;
    for (const waiter of this.#deferred.takeDue(now)) this.#enqueue(waiter, now);
    const next = this.#openings.serveAll(now, (head) => this.#serve(head, now));
    this.#refuseLate(now);
    this.#settleAbandoned(now);
    const abandonedAt = this.waiting > 0 ? (this.#inFlight.first?.sentAt ?? Infinity) + abandonedMs : Infinity;
    this.#timer.set(Math.min(next, this.#deferred.nextDueAt, this.#deadlines.next, abandonedAt));
    if (this.waiting > 0) this.listener.onWaiting(now);
  }

  #serve(waiter: Waiter, now: number): void {
    const scope = this.scopes.refreshed(waiter.arrival.scope);
    this.#queueOf(waiter).shift(waiter);
    for (const bucket of scope.buckets) this.#openings.changed(bucket);
    const at = opensAt(scope.own, now);
    if (at > now) {
      this.#deferred.untilResource(waiter, at);
      return;
    }
    waiter.permit = this.#send(scope, waiter.arrival.poll, now);
    this.#leave(waiter);
    waiter.resolve?.(waiter.permit);
  }

  #send(scope: RequestScope, poll: string | undefined, now: number): SentPermit {
    for (const bucket of scope.buckets) bucket.send(now);
    const permit = new SentPermit(this, scope, scope.buckets, poll, now, this.#eventTime.step);
    this.#inFlight.add(permit);
    if (poll !== undefined) {
      this.#paceOf(scope.kind).sent(now);
      this.listener.onPolled(poll, now);
    }
    return permit;
  }

  /** What they wait for lies in a future that may not come. */
  #refuseAll(): void {
    this.listener.onClockSetBack();
    for (const waiter of this.#waiters) this.#refuse(waiter, new ClockSetBackError());
  }

  #refuseLate(now: number): void {
    for (;;) {
      const late = this.#deadlines.firstLate(now);
      if (late === undefined) return;
      this.#refuse(late, this.#deadlines.lateness(late, this.#bucketsOf(late), now));
    }
  }

  #settleAbandoned(now: number): void {
    let { first } = this.#inFlight;
    for (; first !== undefined && now - first.sentAt >= abandonedMs; { first } = this.#inFlight) first.settle();
  }

  /** @internal called by each permit, once */
  settle(permit: SentPermit, reply: ThrottleReply | undefined): void {
    this.#inFlight.remove(permit);
    this.#learn(permit, reply);
  }

  /** @internal a request that was not counted was rejected. Now it matters whose token it carried. */
  countLate({ request, sentAt, sentIn }: UnmeteredPermit, reply: ThrottleReply): void {
    const scope = this.scopes.scopeOf(request, sentAt);
    for (const bucket of scope.buckets) bucket.send(sentAt);
    this.#learn(new SentPermit(this, scope, scope.buckets, undefined, sentAt, sentIn), reply);
  }

  #learn(permit: SentPermit, reply: ThrottleReply | undefined): void {
    const eventTime = this.#eventTime;
    eventTime.next();
    const { kind } = permit.scope;
    const { buckets } = kind;
    const closed = this.#accounting.settle(permit, reply);
    if (this.waiting > 0) this.#noteChanges(permit, kind.buckets !== buckets);
    this.listener.onSettled(permit, reply, closed, eventTime);
    if (this.waiting === 0) return;
    const { now } = eventTime;
    if (closed.length > 0) for (const [waiter, error] of this.#deadlines.hopeless(now)) this.#refuse(waiter, error);
    for (const waiter of this.#deferred.takeResource(permit.scope.target.resource)) this.#enqueue(waiter, now);
    this.pump();
  }

  /** A response may open the buckets that counted its request, or reveal others that do. */
  #noteChanges({ buckets, scope: { kind } }: SentPermit, hasOthers: boolean): void {
    for (const bucket of buckets) this.#openings.changed(bucket);
    for (const bucket of kind.buckets) this.#openings.changed(bucket);
    const pace = this.#pollPaces.get(kind.own);
    if (pace) this.#openings.changed(pace);
    if (!hasOthers) return;
    for (const queue of [this.#queues.get(kind), this.#pollQueues.get(kind)]) {
      if (queue) this.#openings.reconsider(queue);
    }
  }

  #promise(waiter: Waiter): Promise<Permit> {
    return new Promise((resolve, reject) => {
      waiter.resolve = resolve;
      waiter.reject = reject;
      const { signal } = waiter.arrival;
      if (signal === undefined) return;
      waiter.onAbort = () => {
        this.#refuse(waiter, new AbortError());
        this.pump();
      };
      signal.addEventListener("abort", waiter.onAbort);
    });
  }

  #enqueue(waiter: Waiter, now: number): void {
    const queue = this.#queueOf(waiter);
    queue.enter(waiter, now);
    this.#openings.update(queue, now);
  }

  #queueOf({ arrival: { scope, poll } }: Waiter): RequestKindQueue | PollQueue {
    const { kind } = scope;
    if (poll === undefined) return entryOf(this.#queues, kind, () => new RequestKindQueue(kind));
    return entryOf(this.#pollQueues, kind, () => {
      return new PollQueue(kind, this.#paceOf(kind), (url, now) => this.listener.likelihoodOf(url, now));
    });
  }

  #paceOf({ own }: RequestKind): PollPace {
    return entryOf(this.#pollPaces, own, () => new PollPace(own));
  }

  #refuse(waiter: Waiter, error: Error): void {
    if (waiter.state === "gone") return;
    if (waiter.state === "queued") this.#removeQueued(waiter);
    else this.#deferred.remove(waiter);
    this.#leave(waiter);
    waiter.refusal = error;
    waiter.reject?.(error);
  }

  /** Those behind may go earlier when fewer wait. */
  #removeQueued(waiter: Waiter): void {
    const queue = this.#queueOf(waiter);
    queue.remove(waiter);
    this.#openings.update(queue, this.clock.now());
    for (const bucket of waiter.arrival.scope.kind.buckets) this.#openings.changed(bucket);
  }

  #leave(waiter: Waiter): void {
    waiter.state = "gone";
    this.#waiters.delete(waiter);
    this.#deadlines.left(waiter);
    if (waiter.onAbort) waiter.arrival.signal?.removeEventListener("abort", waiter.onAbort);
  }

  #bucketsOf({ arrival }: Waiter): readonly Bucket[] {
    return this.scopes.refreshed(arrival.scope).buckets;
  }
}

function entryOf<Key extends object, Value>(
  map: { get(key: Key): Value | undefined; set(key: Key, value: Value): unknown },
  key: Key,
  create: () => Value,
): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = create();
    map.set(key, value);
  }
  return value;
}

/** Takes one unmetered request from each bucket, or from none if one of them has no headroom. */
function takeHeadroom(buckets: readonly Bucket[]): boolean {
  let taken = 0;
  for (const bucket of buckets) {
    if (bucket.headroom === 0) break;
    bucket.headroom--;
    taken++;
  }
  if (taken === buckets.length) return true;
  for (const bucket of buckets.slice(0, taken)) bucket.headroom++;
  return false;
}
