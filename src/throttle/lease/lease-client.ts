/**
 * Asks the store for permits, one round trip at a time: what comes up while one is under way goes together into the next.
 * A store that fails or is slow to answer is left alone for a moment, and meanwhile each bucket goes by its own mirror,
 * which has been kept up to date all along; so nobody waits for a store for long, and nothing is learned anew.
 */
import type { Clock } from "../../time/clock.js";
import type { LeaseAccount } from "./bucket-lease.js";
import type { ThrottleStore } from "./store.js";

/** A store that has not answered by then is taken as away. */
const patienceMs = 300;
/** And is asked again after this. */
const againMs = 500;
/** What answers have told is passed on at the latest after this, if nobody asks before. */
const newsMs = 250;

export interface DeskListener {
  /** Permits have come, or the store has gone: whoever waits should look again. */
  changed(): void;
  storeLost(error: unknown, now: number): void;
  storeBack(now: number): void;
}

export class LeaseDesk {
  readonly #accounts = new Set<LeaseAccount>();
  #isConnected = true;
  #askAgainAt = 0;
  #isAsking = false;
  #newsTimer = false;

  constructor(
    private readonly store: ThrottleStore,
    private readonly member: string,
    private readonly clock: Clock,
    private readonly listener: DeskListener,
  ) {}

  /** Whether leases count. If not, each bucket goes by its own mirror. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  open(account: LeaseAccount): void {
    this.#accounts.add(account);
  }

  close(account: LeaseAccount | undefined): void {
    if (account) this.#accounts.delete(account);
  }

  /** Asks for whoever waits without a permit. */
  serve(now: number): void {
    if (this.#isAsking || now < this.#askAgainAt) return;
    const wanting = [...this.#accounts].filter((account) => account.wants(now));
    if (wanting.length > 0) this.#ask(wanting, now);
  }

  /** Something was learned that the other processes should know, soon or, after a rejection, at once. */
  news(isUrgent: boolean, now: number): void {
    if (isUrgent) this.#tell(now);
    if (this.#newsTimer) return;
    this.#newsTimer = true;
    void this.clock.sleep(newsMs, undefined, { background: true }).then(() => {
      this.#newsTimer = false;
      this.#tell(this.clock.now());
    });
  }

  #tell(now: number): void {
    if (this.#isAsking || now < this.#askAgainAt) return;
    const telling = [...this.#accounts].filter((account) => account.hasNews || account.wants(now));
    if (telling.length > 0) this.#ask(telling, now);
  }

  /** All asks at once, those of one slot in one round trip. */
  #ask(accounts: readonly LeaseAccount[], now: number): void {
    this.#isAsking = true;
    const round: Round = { askedAt: now, isOver: false };
    const groups = [...bySlots(accounts)].map(([slot, together]) => this.#askTogether(slot, together, round));
    this.#withPatience(Promise.all(groups)).then(
      () => this.#answered(),
      (error: unknown) => {
        round.isOver = true;
        this.#failed(accounts, error);
      },
    );
  }

  async #askTogether(slot: string, accounts: readonly LeaseAccount[], round: Round): Promise<void> {
    const asks = accounts.map((account) => account.ask(round.askedAt));
    const leases = await this.store.lease(slot, this.member, asks);
    // What comes after our patience has ended is of no use any more: it ends by itself in the store.
    if (round.isOver) return;
    if (leases.length !== asks.length)
      throw new TypeError(`the store gave ${leases.length} leases for ${asks.length} asks`);
    const now = this.clock.now();
    leases.forEach((lease, index) => accounts[index]?.granted(lease, round.askedAt, now));
  }

  #answered(): void {
    this.#isAsking = false;
    const now = this.clock.now();
    if (!this.#isConnected) {
      this.#isConnected = true;
      this.listener.storeBack(now);
    }
    this.listener.changed();
  }

  #failed(accounts: readonly LeaseAccount[], error: unknown): void {
    this.#isAsking = false;
    const now = this.clock.now();
    for (const account of accounts) account.failed();
    this.#askAgainAt = now + againMs;
    if (this.#isConnected) {
      this.#isConnected = false;
      this.listener.storeLost(error, now);
    }
    this.listener.changed();
  }

  async #withPatience(work: Promise<unknown>): Promise<void> {
    const ended = new AbortController();
    const late = this.clock.sleep(patienceMs, ended.signal).then(
      () => {
        throw new Error(`the store has not answered within ${patienceMs} ms`);
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

/** One round of asks. */
interface Round {
  readonly askedAt: number;
  /** Our patience has ended. */
  isOver: boolean;
}

function bySlots(accounts: readonly LeaseAccount[]): Map<string, LeaseAccount[]> {
  const groups = new Map<string, LeaseAccount[]>();
  for (const account of accounts) {
    const group = groups.get(account.slot);
    if (group) group.push(account);
    else groups.set(account.slot, [account]);
  }
  return groups;
}
