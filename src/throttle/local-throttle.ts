/** Makes a throttle: puts scopes, queue and poll schedule together, and reports what happens. */
import { presentableText } from "../failure/secrets/presentable.js";
import { log } from "../log.js";
import { AbortError, systemClock, type Clock, type Random } from "../time/clock.js";
import type { Bucket } from "./bucket/bucket.js";
import type { EventTime } from "./bucket/event-time.js";
import type { ThrottleEvent, ThrottleListener } from "./events.js";
import { BucketLease } from "./lease/bucket-lease.js";
import { LeaseClient, type LeaseListener } from "./lease/lease-client.js";
import { Listeners } from "./listeners.js";
import { checkOptions, type ThrottleOptions } from "./options.js";
import { operationUrls } from "./polling/operation-urls.js";
import { PollSchedule } from "./polling/poll-schedule.js";
import { AdmissionQueue, backwardsMs, ClockSetBackError, type AdmissionListener } from "./queue/admission-queue.js";
import type { SentPermit } from "./queue/sent-permit.js";
import { wordsFor } from "./scope-name.js";
import type { RequestScope } from "./scope/request-scope.js";
import { Scopes, type ScopesListener } from "./scope/scopes.js";
import { scopeSnapshot, type ThrottleSnapshot } from "./snapshot.js";
import type { AdmissionOptions, Permit, Throttle, ThrottledRequest, ThrottleReply } from "./throttle.js";

/** A throttle of its own, with a snapshot. */
export interface CreatedThrottle extends Throttle {
  /** Its state now, as plain JSON. */
  snapshot(): ThrottleSnapshot;
}

/** So many pollers together do not empty a bucket soon. */
const fewOperations = 10;
/** Short operations end within this time; the polls of longer ones are spread. */
const newMs = 5_000;

const defaultAdmission: AdmissionOptions = {};

/**
 * An independent throttle. Clients share one by being given the same; without the option they share the process's.
 * @throws TypeError or RangeError that names the option and the value
 */
export function createThrottle(options: ThrottleOptions = {}): CreatedThrottle {
  checkOptions(options);
  return new LocalThrottle(options);
}

class LocalThrottle implements CreatedThrottle, AdmissionListener, ScopesListener, LeaseListener {
  readonly #clock: Clock;
  readonly #limits: ThrottleOptions["limits"];
  readonly #random: Random;
  #scopes: Scopes;
  #queue: AdmissionQueue;
  #schedule: PollSchedule;
  #askedAt = -Infinity;
  readonly #listeners: Listeners;
  readonly #leases: LeaseClient | undefined;
  /** Buckets that were reported closed and not yet reopened. */
  readonly #closed = new Set<Bucket>();

  constructor({ limits = {}, store, onEvent, clock = systemClock, random = Math.random }: ThrottleOptions) {
    this.#clock = clock;
    this.#listeners = new Listeners(onEvent);
    this.#leases = store && new LeaseClient(store, crypto.randomUUID(), clock, this);
    this.#limits = limits;
    this.#random = random;
    this.#scopes = new Scopes(limits, random, this);
    this.#schedule = new PollSchedule(random);
    this.#queue = new AdmissionQueue(clock, this.#scopes, this);
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
    if (now < this.#askedAt - backwardsMs) this.onClockSetBack();
    this.#askedAt = now;
    const poll = options.poll ? request.url : undefined;
    // The token of an unmetered request is not read, and a closed window may be closed for just that principal.
    const mayPass = poll === undefined && this.#closed.size === 0;
    const unmetered = mayPass ? this.#queue.passUnmetered(request, now) : undefined;
    if (unmetered) return unmetered;
    const scope = this.#scopes.scopeOf(request, now);
    const dueAt = poll === undefined ? now : this.#pollDueAt(poll, scope, now);
    const permit = dueAt > now ? undefined : this.#queue.pass(scope, poll, now);
    const waited = permit ?? this.#wait(scope, poll, dueAt, options, now);
    return waited instanceof Promise
      ? waited.catch((error: unknown) => this.#askAgain(error, request, options))
      : waited;
  }

  #askAgain(error: unknown, request: ThrottledRequest, options: AdmissionOptions): Permit | Promise<Permit> {
    if (error instanceof ClockSetBackError) return this.admit(request, options);
    throw error;
  }

  /** What was learned by it, above all until when windows are closed, lies in a future that may not come. */
  onClockSetBack(): void {
    this.#closed.clear();
    this.#scopes = new Scopes(this.#limits ?? {}, this.#random, this);
    this.#schedule = new PollSchedule(this.#random);
    this.#queue = new AdmissionQueue(this.#clock, this.#scopes, this);
  }

  /** While its buckets are full and few operations are followed, the poller of a new one keeps to its own interval. */
  #pollDueAt(poll: string, scope: RequestScope, now: number): number {
    const dueAt = this.#schedule.dueAt(poll, scope.target.pathTemplate, now);
    const isAlone = this.#schedule.size < fewOperations && this.#schedule.ageMs(poll, now) < newMs;
    const isFree = isAlone && scope.buckets.every((bucket) => bucket.isNearlyFull(now));
    return isFree ? Math.min(dueAt, now) : dueAt;
  }

  #wait(
    scope: RequestScope,
    poll: string | undefined,
    dueAt: number,
    { since, deadlineAt = Infinity, signal, priority: asked = "foreground" }: AdmissionOptions,
    now: number,
  ): Permit | Promise<Permit> {
    const priority = poll === undefined ? asked : "foreground";
    return this.#queue.wait({ scope, priority, arrivedAt: since ?? now, dueAt, deadlineAt, signal, poll }, now);
  }

  snapshot(): ThrottleSnapshot {
    const now = this.#clock.now();
    const scopes = this.#scopes.buckets
      .map((bucket) => scopeSnapshot(bucket, now))
      .filter((scope) => scope !== undefined);
    const { waiting, inFlight } = this.#queue;
    return { at: now, waiting, inFlight, operations: this.#schedule.size, ...this.#storeState(), scopes };
  }

  #storeState(): Pick<ThrottleSnapshot, "store"> {
    return this.#leases ? { store: this.#leases.isConnected ? "connected" : "away" } : {};
  }

  likelihoodOf(poll: string, now: number): number {
    return this.#schedule.likelihoodOf(poll, now);
  }

  onPolled(url: string, now: number): void {
    this.#schedule.looked(url, now);
  }

  onSettled(
    { scope: { kind, target }, buckets, poll }: SentPermit,
    reply: ThrottleReply | undefined,
    closed: readonly Bucket[],
    eventTime: EventTime,
  ): void {
    for (const bucket of closed) this.#reportClosed(bucket, eventTime.now);
    this.#leases?.onNews(closed.length > 0, eventTime.now);
    if (poll !== undefined) this.#noteLook(poll, reply);
    if (reply === undefined) return;
    if (this.#closed.size > 0 && closed.length === 0) this.#reportReopened(buckets, eventTime.now);
    if (poll === undefined && kind.requestClass !== "read") {
      const urls = operationUrls(reply);
      if (urls.length === 0) return;
      this.#schedule.began(urls, `${kind.requestClass} ${target.namespace}/${target.pathTemplate}`, eventTime.now);
    }
  }

  #noteLook(poll: string, reply: ThrottleReply | undefined): void {
    if (reply?.ended) this.#schedule.ended(poll);
    else if (reply === undefined || reply.status === 429 || reply.status >= 500) this.#schedule.missed(poll);
    else this.#schedule.running(poll);
  }

  /**
   * Buckets that all processes use are leased from the store; a single resource's bucket follows what responses report.
   */
  onFound(bucket: Bucket, key: string): void {
    if (!this.#leases || bucket.name.resource !== undefined) return;
    const { subscription, endpoint } = bucket.name;
    bucket.lease = new BucketLease(key, subscription ?? endpoint, bucket, this.#leases);
    this.#leases.open(bucket.lease);
  }

  onForgotten(bucket: Bucket): void {
    this.#leases?.close(bucket.lease);
    this.#closed.delete(bucket);
  }

  onWaiting(now: number): void {
    this.#leases?.serve(now);
  }

  onLeasesChanged(): void {
    this.#queue.lookAgain();
  }

  onStoreLost(error: unknown, now: number): void {
    const reason = error instanceof Error ? presentableText(error.message) : "it failed";
    const change = `away (${reason}); each process goes by its own estimate`;
    this.#emit({ type: "throttle", at: now, scope: "store", state: "storeLost", change });
  }

  onStoreBack(now: number): void {
    const change = "back; permits are shared again";
    this.#emit({ type: "throttle", at: now, scope: "store", state: "storeBack", change });
  }

  #reportClosed(bucket: Bucket, now: number): void {
    this.#closed.add(bucket);
    const { until } = bucket.window;
    const change = `closed for ${Math.ceil((until - now) / 1_000)} s by the service`;
    this.#emit({ type: "throttle", at: now, scope: wordsFor(bucket.name), state: "closed", change, until });
  }

  /** The end of a window is reported when the first request after it has gone through. */
  #reportReopened(buckets: readonly Bucket[], now: number): void {
    for (const bucket of buckets) {
      if (now < bucket.window.until || !this.#closed.delete(bucket)) continue;
      const scope = wordsFor(bucket.name);
      this.#emit({ type: "throttle", at: now, scope, state: "reopened", change: "open again" });
    }
  }

  #emit(event: ThrottleEvent): void {
    log.info(`throttle ${event.scope}: ${event.change}`);
    this.#listeners.emit(event);
  }
}
