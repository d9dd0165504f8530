/** Makes a throttle: puts scopes, gate and polls together, and tells what happens. */
import { log } from "../log.js";
import { AbortError, systemClock, type Clock, type Random } from "../time/clock.js";
import type { Bucket } from "./bucket/bucket.js";
import type { ThrottleEvent, ThrottleListener } from "./events.js";
import { checkOptions } from "./options.js";
import { Gate, type GateListener } from "./queue/admission-queue.js";
import { Listeners } from "./listeners.js";
import { LeaseAccount } from "./lease/bucket-lease.js";
import { LeaseDesk, type DeskListener } from "./lease/lease-client.js";
import { operationUrls } from "./polling/operation-urls.js";
import type { Moment } from "./bucket/event-time.js";
import { Polls, type PollGroup } from "./polling/poll-schedule.js";
import type { Route } from "./scope/request-scope.js";
import { wordsFor } from "./scope-name.js";
import { Scopes, type PriorLimits, type ScopesListener } from "./scope/scopes.js";
import type { SentPermit } from "./queue/sent-permit.js";
import { scopeSnapshot, type ThrottleSnapshot } from "./snapshot.js";
import type { ThrottleStore } from "./lease/store.js";
import type { Arrival } from "./queue/waiter.js";
import type { AdmissionOptions, Permit, Throttle, ThrottledRequest, ThrottleReply } from "./throttle.js";

export interface ThrottleOptions {
  /** What is known of Resource Manager's limits beforehand. Default the documented ones; all are corrected by what is seen. */
  readonly limits?: PriorLimits;
  /** What all processes of a subscription share, so that they act as one. Default none: each goes by what the service tells it. */
  readonly store?: ThrottleStore;
  /** Called with every event. What it throws is ignored. */
  readonly onEvent?: ThrottleListener;
  /** Replaces time, for tests. */
  readonly clock?: Clock;
  /** Replaces chance, for tests: a number in [0, 1). */
  readonly random?: Random;
}

/** A throttle of its own, with a look inside. */
export interface CreatedThrottle extends Throttle {
  /** How it stands now, as plain JSON. */
  snapshot(): ThrottleSnapshot;
}

/** Polls a second while nothing is known of the bucket that they draw on. */
const pollsPerSecond = 10;
/** Polls use what a bucket gains when it is this full, more when it is fuller, less when others need it too. */
const pollLevel = 0.5;

const defaultAdmission: AdmissionOptions = {};

/**
 * An independent throttle. Clients share one by being given the same; without the option they share the process's.
 * @throws TypeError or RangeError that names the option and the value
 */
export function createThrottle(options: ThrottleOptions = {}): CreatedThrottle {
  checkOptions(options);
  return new LocalThrottle(options);
}

class LocalThrottle implements CreatedThrottle, GateListener, ScopesListener, DeskListener {
  readonly #clock: Clock;
  readonly #scopes: Scopes;
  readonly #gate: Gate;
  readonly #polls: Polls;
  readonly #groups = new WeakMap<Bucket, PollGroup>();
  readonly #listeners: Listeners;
  readonly #desk: LeaseDesk | undefined;
  /** Buckets whose closing was told, and not yet their opening. */
  readonly #closed = new Set<Bucket>();

  constructor({ limits = {}, store, onEvent, clock = systemClock, random = Math.random }: ThrottleOptions) {
    this.#clock = clock;
    this.#listeners = new Listeners(onEvent);
    this.#desk = store && new LeaseDesk(store, crypto.randomUUID(), clock, this);
    this.#scopes = new Scopes(limits, random, this);
    this.#polls = new Polls(random);
    this.#gate = new Gate(clock, this.#scopes, this);
  }

  get clock(): Clock {
    return this.#clock;
  }

  listen(listener: ThrottleListener): void {
    this.#listeners.add(listener);
  }

  admit(
    request: ThrottledRequest,
    options: AdmissionOptions = defaultAdmission,
    now = this.#clock.now(),
  ): Permit | Promise<Permit> {
    if (options.signal?.aborted) return Promise.reject(new AbortError());
    const poll = options.poll ? request.url : undefined;
    // Whose token an uncounted request carries is not looked at, and while a window is closed it may be closed for that one.
    const mayPass = poll === undefined && this.#closed.size === 0;
    const uncounted = mayPass ? this.#gate.passUncounted(request, now) : undefined;
    if (uncounted) return uncounted;
    const route = this.#scopes.routeOf(request, now);
    const dueAt = poll === undefined ? now : this.dueAt({ poll, route }, now);
    const permit = dueAt > now ? undefined : this.#gate.pass(route, poll, now);
    return permit ?? this.#wait(route, poll, dueAt, options, now);
  }

  #wait(
    route: Route,
    poll: string | undefined,
    dueAt: number,
    { since, deadlineAt = Infinity, signal, priority = "foreground" }: AdmissionOptions,
    now: number,
  ): Permit | Promise<Permit> {
    const standing = poll === undefined ? priority : this.#polls.standingOf(poll, dueAt);
    return this.#gate.wait({ route, standing, arrivedAt: since ?? now, dueAt, deadlineAt, signal, poll }, now);
  }

  snapshot(): ThrottleSnapshot {
    const now = this.#clock.now();
    const scopes = this.#scopes.buckets
      .map((bucket) => scopeSnapshot(bucket, now))
      .filter((scope) => scope !== undefined);
    const { waiting, inFlight } = this.#gate;
    return { at: now, waiting, inFlight, operations: this.#polls.size, ...this.#storeState(), scopes };
  }

  #storeState(): Pick<ThrottleSnapshot, "store"> {
    return this.#desk ? { store: this.#desk.isConnected ? "connected" : "away" } : {};
  }

  polled(url: string, now: number): void {
    this.#polls.looked(url, now);
  }

  settled(
    { route: { lane, target }, buckets, poll }: SentPermit,
    reply: ThrottleReply | undefined,
    closed: readonly Bucket[],
    moment: Moment,
  ): void {
    for (const bucket of closed) this.#tellClosed(bucket, moment.now);
    this.#desk?.news(closed.length > 0, moment.now);
    if (reply === undefined) return;
    if (this.#closed.size > 0 && closed.length === 0) this.#tellReopened(buckets, moment.now);
    if (poll !== undefined) {
      if (reply.ended) this.#polls.ended(poll, moment.now);
    } else if (lane.operation !== "read") {
      const urls = operationUrls(reply);
      if (urls.length > 0) this.#polls.began(urls, `${lane.operation} ${target.namespace}/${target.kind}`, moment.now);
    }
  }

  /** Buckets that all processes draw on are leased from the store; a single resource's are left to what answers tell. */
  found(bucket: Bucket, key: string): void {
    if (!this.#desk || bucket.name.resource !== undefined) return;
    const { subscription, endpoint } = bucket.name;
    bucket.account = new LeaseAccount(key, subscription ?? endpoint, bucket, this.#desk);
    this.#desk.open(bucket.account);
  }

  forgotten(bucket: Bucket): void {
    this.#desk?.close(bucket.account);
    this.#closed.delete(bucket);
  }

  waiting(now: number): void {
    this.#desk?.serve(now);
  }

  changed(): void {
    this.#gate.pump();
  }

  storeLost(error: unknown, now: number): void {
    const reason = error instanceof Error ? error.message : "it failed";
    this.#tell({
      type: "throttle",
      at: now,
      scope: "store",
      what: "storeLost",
      change: `away (${reason}); each process goes by its own mirror`,
    });
  }

  storeBack(now: number): void {
    this.#tell({
      type: "throttle",
      at: now,
      scope: "store",
      what: "storeBack",
      change: "back; permits are shared again",
    });
  }

  dueAt({ poll, route }: Pick<Arrival, "poll" | "route">, now: number): number {
    if (poll === undefined) return now;
    const [reads] = route.lane.buckets;
    return this.#polls.dueAt(poll, route.target.kind, this.#groupOf(reads), spareReads(reads, now), now);
  }

  #groupOf(reads: Bucket | undefined): PollGroup {
    let group = reads && this.#groups.get(reads);
    if (group === undefined) {
      group = { wanted: 0 };
      if (reads) this.#groups.set(reads, group);
    }
    return group;
  }

  #tellClosed(bucket: Bucket, now: number): void {
    this.#closed.add(bucket);
    const { until } = bucket.window;
    const change = `closed for ${Math.ceil((until - now) / 1_000)} s by the service`;
    this.#tell({ type: "throttle", at: now, scope: wordsFor(bucket.name), what: "closed", change, until });
  }

  /** A window that has passed is told of when the first request after it has gone through. */
  #tellReopened(buckets: readonly Bucket[], now: number): void {
    for (const bucket of buckets) {
      if (now < bucket.window.until || !this.#closed.delete(bucket)) continue;
      const scope = wordsFor(bucket.name);
      this.#tell({ type: "throttle", at: now, scope, what: "reopened", change: "open again" });
    }
  }

  #tell(event: ThrottleEvent): void {
    log.info(`throttle ${event.scope}: ${event.change}`);
    this.#listeners.tell(event);
  }
}

/** Reads a second that polls may use: they settle where the bucket stays half full, and give way when it is drained. */
function spareReads(reads: Bucket | undefined, now: number): number {
  if (!reads?.limit) return pollsPerSecond;
  const { capacity, refill, periodMs } = reads.limit;
  const fullness = (reads.level(now) ?? capacity) / capacity;
  return ((refill / periodMs) * 1_000 * reads.share * fullness) / pollLevel;
}
