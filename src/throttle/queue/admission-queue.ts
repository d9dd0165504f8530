/**
 * The gate that all requests pass. A request whose lane is open and empty passes at once, without a promise. The others
 * wait in their lanes; whenever something changes (an answer, a token that was due, an abort) the gate lets those pass
 * whose buckets are open, in the order of service, and sets one timer for the next time that something will change.
 */
import { AbortError, type Clock } from "../../time/clock.js";
import { Alarm } from "./single-timer.js";
import type { Bucket } from "../bucket/bucket.js";
import { Deadlines } from "./deadlines.js";
import { opensAt, type Lane } from "../scope/request-kind.js";
import { Moment } from "../bucket/event-time.js";
import type { Route } from "../scope/request-scope.js";
import { SentPermit } from "./sent-permit.js";
import type { Scopes } from "../scope/scopes.js";
import { Settlement } from "../scope/reply-accounting.js";
import { Sidelines } from "./deferred-waiters.js";
import type { Permit, ThrottleDeadlineError, ThrottledRequest, ThrottleReply } from "../throttle.js";
import { UncountedPermit } from "./unmetered-permit.js";
import { Unsettled } from "./in-flight.js";
import { Waiter, type Arrival } from "./waiter.js";

/** A permit that nobody settles would hold its place for ever. After this long its request is taken as lost. */
const abandonedMs = 10 * 60_000;

/** How often a poll that is not due is asked again when it will be. */
const lookAgainMs = 2_000;

export interface GateListener {
  /** Somebody waits whom nothing but time, an answer or a store can help. */
  waiting(now: number): void;
  /** When the poll of somebody who stands aside is due, as things are now. */
  dueAt(arrival: Arrival, now: number): number;
  /** A request that polls an operation was let through. */
  polled(url: string, now: number): void;
  /** A permit was settled; `reply` is missing when no answer came. `closed` are the buckets that sent it away. */
  settled(sent: SentPermit, reply: ThrottleReply | undefined, closed: readonly Bucket[], moment: Moment): void;
}

export class Gate {
  readonly #alarm: Alarm;
  /** Lanes in which somebody waits. */
  readonly #lanes = new Set<Lane>();
  readonly #sidelines = new Sidelines();
  readonly #deadlines = new Deadlines();
  readonly #unsettled = new Unsettled<SentPermit>();
  readonly #moment: Moment;
  readonly #settlement: Settlement;
  #order = 0;
  #waiting = 0;

  constructor(
    private readonly clock: Clock,
    private readonly scopes: Scopes,
    private readonly listener: GateListener,
  ) {
    this.#moment = new Moment(clock);
    this.#settlement = new Settlement(scopes, this.#moment);
    this.#alarm = new Alarm(clock, () => this.pump());
  }

  /** Callers that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Requests sent and not settled. */
  get inFlight(): number {
    return this.#unsettled.size;
  }

  /** A permit at once, when nobody waits in front and every bucket is open. */
  pass(route: Route, poll: string | undefined, now: number): Permit | undefined {
    for (const bucket of route.buckets) if (bucket.waiting > 0 || bucket.opensAt(now) > now) return undefined;
    if (route.lane.operation === "read") route.readAt = now;
    return this.#send(route, poll, now);
  }

  /**
   * A permit for a read like the one before, where all its buckets have plenty left: most reads are such, and to count each
   * would cost them more than all the rest of the policy. The next that is counted brings the tally up to date.
   */
  passUncounted(request: ThrottledRequest, now: number): Permit | undefined {
    if (this.#waiting > 0) return undefined;
    const route = this.scopes.freshRouteOf(request, now);
    if (route === undefined || !takeSpare(route.buckets)) return undefined;
    return new UncountedPermit(this, request, now, this.#moment.step);
  }

  /** Waits for a permit, unless the deadline is too near. */
  wait(arrival: Arrival, now: number): Permit | Promise<Permit> {
    const waiter = new Waiter(arrival, this.#order++);
    const hopeless = this.#deadlines.refusal(waiter, this.#bucketsOf(waiter), now);
    if (hopeless) return Promise.reject(hopeless);
    this.#waiting++;
    this.#deadlines.watch(waiter);
    if (arrival.dueAt > now) this.#sidelines.untilDue(waiter, Math.min(arrival.dueAt, now + lookAgainMs));
    else this.#lineUp(waiter);
    this.pump();
    return waiter.permit ?? this.#promise(waiter);
  }

  /** Lets pass whoever may, and sets the timer for the next change. */
  pump(): void {
    const now = this.clock.now();
    for (const waiter of this.#sidelines.takeDue(now)) this.#comeBack(waiter, now);
    let next = this.#serveAll(now);
    for (const waiter of this.#deadlines.takeLate(now)) {
      this.#refuse(waiter, this.#deadlines.lateness(waiter, this.#bucketsOf(waiter), now));
    }
    next = Math.min(next, this.#sidelines.nextDueAt, this.#deadlines.next);
    let { first } = this.#unsettled;
    for (; first !== undefined && now - first.sentAt >= abandonedMs; { first } = this.#unsettled) first.settle();
    if (first !== undefined && this.#waiting > 0) next = Math.min(next, first.sentAt + abandonedMs);
    this.#alarm.set(next);
    if (this.#waiting > 0) this.listener.waiting(now);
  }

  /** Serves in order until every lane is closed or empty. Gives the time at which the first of them opens. */
  #serveAll(now: number): number {
    for (;;) {
      let first: Waiter | undefined;
      let next = Infinity;
      for (const lane of this.#lanes) {
        const { head } = lane.line;
        if (head === undefined) {
          this.#lanes.delete(lane);
          continue;
        }
        const at = lane.opensAt(now);
        if (at > now) next = Math.min(next, at);
        else if (first === undefined || head.isBefore(first)) first = head;
      }
      if (first === undefined) return next;
      this.#serve(first, now);
    }
  }

  #serve(waiter: Waiter, now: number): void {
    const { poll } = waiter.arrival;
    const route = this.scopes.refreshed(waiter.arrival.route);
    route.lane.leave(waiter);
    const at = opensAt(route.own, now);
    if (at > now) {
      this.#sidelines.untilResource(waiter, at);
      return;
    }
    waiter.permit = this.#send(route, poll, now);
    this.#leave(waiter);
    waiter.resolve?.(waiter.permit);
  }

  #send(route: Route, poll: string | undefined, now: number): SentPermit {
    for (const bucket of route.buckets) bucket.send(now);
    const permit = new SentPermit(this, route, route.buckets, poll, now, this.#moment.step);
    this.#unsettled.add(permit);
    if (poll !== undefined) this.listener.polled(poll, now);
    return permit;
  }

  /** @internal called by each permit, once */
  settle(permit: SentPermit, reply: ThrottleReply | undefined): void {
    this.#unsettled.remove(permit);
    this.#learn(permit, reply);
  }

  /** @internal a request that was not counted was sent away. Now it matters whose token it carried. */
  countLate({ request, sentAt, sentIn }: UncountedPermit, reply: ThrottleReply): void {
    const route = this.scopes.routeOf(request, sentAt);
    for (const bucket of route.buckets) bucket.send(sentAt);
    this.#learn(new SentPermit(this, route, route.buckets, undefined, sentAt, sentIn), reply);
  }

  #learn(permit: SentPermit, reply: ThrottleReply | undefined): void {
    const moment = this.#moment;
    moment.turn();
    const closed = this.#settlement.settle(permit, reply);
    this.listener.settled(permit, reply, closed, moment);
    if (this.#waiting === 0) return;
    const { now } = moment;
    if (closed.length > 0) for (const [waiter, error] of this.#deadlines.hopeless(now)) this.#refuse(waiter, error);
    for (const waiter of this.#sidelines.takeResource(permit.route.target.resource)) this.#lineUp(waiter);
    this.pump();
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

  /** What a poll waits for changes while it waits: others end, and reads become free. */
  #comeBack(waiter: Waiter, now: number): void {
    const dueAt = waiter.arrival.poll === undefined ? now : this.listener.dueAt(waiter.arrival, now);
    if (dueAt > now) this.#sidelines.untilDue(waiter, Math.min(dueAt, now + lookAgainMs));
    else this.#lineUp(waiter);
  }

  #lineUp(waiter: Waiter): void {
    const { lane } = waiter.arrival.route;
    lane.enter(waiter);
    this.#lanes.add(lane);
  }

  #refuse(waiter: Waiter, error: AbortError | ThrottleDeadlineError): void {
    if (waiter.state === "gone") return;
    if (waiter.state === "line") waiter.arrival.route.lane.lose(waiter);
    this.#leave(waiter);
    waiter.reject?.(error);
  }

  #leave(waiter: Waiter): void {
    waiter.state = "gone";
    this.#waiting--;
    this.#deadlines.left(waiter);
    if (waiter.onAbort) waiter.arrival.signal?.removeEventListener("abort", waiter.onAbort);
  }

  #bucketsOf({ arrival }: Waiter): readonly Bucket[] {
    return this.scopes.refreshed(arrival.route).buckets;
  }
}

/** Takes a request that need not be counted from each bucket; from none when one of them has none to spare. */
function takeSpare(buckets: readonly Bucket[]): boolean {
  let taken = 0;
  for (const bucket of buckets) {
    if (bucket.spare === 0) break;
    bucket.spare--;
    taken++;
  }
  if (taken === buckets.length) return true;
  for (const bucket of buckets.slice(0, taken)) bucket.spare++;
  return false;
}
