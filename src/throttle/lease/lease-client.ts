/**
 * Asks the store for permits, one round trip at a time: what comes up meanwhile goes together into the next. A store
 * that fails or is slow is left alone for a moment. Meanwhile each bucket uses its own estimate, which is always kept
 * up to date, so no request waits long for a store and nothing has to be learned again.
 */
import { untilDue, type Clock, type DueTime } from "../../time/clock.js";
import type { BucketLease } from "./bucket-lease.js";
import type { Lease, ThrottleStore } from "./store.js";

/** A store that has not replied by then counts as away. */
const answerTimeoutMs = 300;
/** It is asked again after this. */
const againMs = 500;
/** News from responses is passed on within this time. */
const newsMs = 250;

export interface LeaseListener {
  /** Permits have come or the store is lost: waiting requests should be checked again. */
  onLeasesChanged(): void;
  onStoreLost(error: unknown, now: number): void;
  onStoreBack(now: number): void;
}

export class LeaseClient {
  readonly #leases = new Set<BucketLease>();
  #isConnected = true;
  #askAgain: DueTime = { begunAt: 0, dueAt: 0 };
  #isAsking = false;
  #newsTimer = false;

  constructor(
    private readonly store: ThrottleStore,
    private readonly member: string,
    private readonly clock: Clock,
    private readonly listener: LeaseListener,
  ) {}

  /** Whether leases are in use. If not, each bucket uses its own estimate. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  open(lease: BucketLease): void {
    this.#leases.add(lease);
  }

  close(lease: BucketLease | undefined): void {
    if (lease) this.#leases.delete(lease);
  }

  /** Asks for the requests that wait without a permit. */
  serve(now: number): void {
    if (this.#isAsking || untilDue(this.#askAgain, now) > 0) return;
    const wanting = [...this.#leases].filter((lease) => lease.wants(now));
    if (wanting.length > 0) this.#ask(wanting, now);
  }

  /** Something was learned that other processes should know: soon, or at once after a rejection. */
  onNews(isUrgent: boolean, now: number): void {
    if (isUrgent) this.#report(now);
    if (this.#newsTimer) return;
    this.#newsTimer = true;
    void this.clock.sleep(newsMs, undefined, { background: true }).then(() => {
      this.#newsTimer = false;
      this.#report(this.clock.now());
    });
  }

  #report(now: number): void {
    if (this.#isAsking || untilDue(this.#askAgain, now) > 0) return;
    const reporting = [...this.#leases].filter((lease) => lease.hasNews || lease.wants(now));
    if (reporting.length > 0) this.#ask(reporting, now);
  }

  /** All asks at once, those of one slot in one round trip. */
  #ask(leases: readonly BucketLease[], now: number): void {
    this.#isAsking = true;
    const round: Round = { askedAt: now, isOver: false };
    const groups = [...bySlots(leases)].map(([slot, together]) => this.#askTogether(slot, together, round));
    this.#withTimeout(Promise.all(groups)).then(
      () => this.#answered(),
      (error: unknown) => {
        round.isOver = true;
        this.#failed(leases, error);
      },
    );
  }

  async #askTogether(slot: string, asking: readonly BucketLease[], round: Round): Promise<void> {
    const asks = asking.map((lease) => lease.ask(round.askedAt));
    const leases = await this.store.lease(slot, this.member, asks);
    // A reply after the timeout is useless: its lease expires in the store on its own.
    if (round.isOver) return;
    if (leases.length !== asks.length)
      throw new TypeError(`the store gave ${leases.length} leases for ${asks.length} asks`);
    const now = this.clock.now();
    leases.forEach((lease, index) => checkLease(lease, asks[index]?.want ?? 0));
    leases.forEach((lease, index) => asking[index]?.granted(lease, round.askedAt, now));
  }

  #answered(): void {
    this.#isAsking = false;
    const now = this.clock.now();
    if (!this.#isConnected) {
      this.#isConnected = true;
      this.listener.onStoreBack(now);
    }
    this.listener.onLeasesChanged();
  }

  #failed(leases: readonly BucketLease[], error: unknown): void {
    this.#isAsking = false;
    const now = this.clock.now();
    for (const lease of leases) lease.failed();
    this.#askAgain = { begunAt: now, dueAt: now + againMs };
    if (this.#isConnected) {
      this.#isConnected = false;
      this.listener.onStoreLost(error, now);
    }
    this.listener.onLeasesChanged();
  }

  async #withTimeout(work: Promise<unknown>): Promise<void> {
    const ended = new AbortController();
    const late = this.clock.sleep(answerTimeoutMs, ended.signal).then(
      () => {
        throw new Error(`the store has not answered within ${answerTimeoutMs} ms`);
      },
      () => undefined, // the work ended first
    );
    try {
      await Promise.race([work, late]);
    } finally {
      ended.abort();
    }
  }
}

/** A longer time from a store is nonsense. */
const longestMs = 24 * 3_600_000;

/** @throws TypeError for a nonsensical lease: its store counts as away */
function checkLease({ granted, ttlMs, askAgainMs, closedForMs, level }: Lease, want: number): void {
  const times = [ttlMs, askAgainMs, closedForMs];
  const fits =
    Number.isInteger(granted) &&
    granted >= 0 &&
    granted <= want &&
    times.every((ms) => Number.isFinite(ms) && ms >= 0 && ms <= longestMs) &&
    Number.isFinite(level);
  if (!fits) throw new TypeError("the store gave a lease that makes no sense");
}

/** One round of asks. */
interface Round {
  readonly askedAt: number;
  /** The store did not answer in time. */
  isOver: boolean;
}

function bySlots(leases: readonly BucketLease[]): Map<string, BucketLease[]> {
  const groups = new Map<string, BucketLease[]>();
  for (const lease of leases) {
    const group = groups.get(lease.slot);
    if (group) group.push(lease);
    else groups.set(lease.slot, [lease]);
  }
  return groups;
}
