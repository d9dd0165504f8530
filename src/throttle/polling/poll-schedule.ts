/**
 * When to poll a long-running operation, and which one first. Pollers poll every two seconds, or as often as the
 * service asks; hundreds of them empty the bucket of reads for nothing. A poll has a cost, and so has the time in which
 * an end goes unnoticed. The interval that minimizes their sum is √(2 · price / hazard): the hazard is the probability
 * that the operation ends in the next second, the price is how many seconds of delay one poll is worth.
 *
 * The hazard comes from how long operations of the same kind took before (`hazard.ts`). So an operation that has just
 * begun is polled often, one that has outlasted all others rarely, and one whose usual time has come often again. If
 * all together would exceed their part of the reads (`poll-pace.ts`), the operation most likely to have ended since its
 * last poll comes first. A poll is never earlier than the poller makes it, which is what the service asked for.
 */
import type { Random } from "../../time/clock.js";
import { Hazard } from "./hazard.js";

/** Seconds of delay that one poll is worth while reads are plenty. */
const priceSeconds = 0.1;
/** The longest interval, however long an operation has lasted. */
const longestSeconds = 60;
/** Operations not polled for this long are forgotten: they have ended, or their poller has gone. */
const forgottenMs = 10 * 60_000;
const operationsKept = 20_000;
const kindsKept = 200;
const sweepEveryMs = 30_000;
/** Intervals vary by this part, so that operations begun together are not polled together. */
const jitterPart = 0.1;

interface Operation {
  readonly kind: string;
  readonly startedAt: number;
  lastLookAt: number;
  /** The previous poll, which counts if the last one brought no response. */
  lookBefore: number;
}

export class PollSchedule {
  readonly #operations = new Map<string, Operation>();
  readonly #hazards = new Map<string, Hazard>();
  #sweepAt = 0;

  constructor(private readonly random: Random) {}

  /** Operations that are followed. */
  get size(): number {
    return this.#operations.size;
  }

  /** A response contained the URLs at which its operation can be followed. */
  began(urls: readonly string[], kind: string, now: number): void {
    for (const url of urls) if (!this.#operations.has(url)) this.#remember(url, kind, now);
  }

  /**
   * When to poll this operation next, in epoch milliseconds.
   * @param kind the assumed kind, if its beginning was not seen
   */
  dueAt(url: string, kind: string, now: number): number {
    if (now >= this.#sweepAt) this.#sweep(now);
    const operation = this.#operations.get(url) ?? this.#remember(url, kind, now);
    if (operation.lastLookAt === -Infinity) return now;
    const age = (operation.lastLookAt - operation.startedAt) / 1_000;
    const ideal = Math.sqrt((2 * priceSeconds) / this.#hazardOf(operation.kind).at(age));
    const jitter = 1 + jitterPart * (2 * this.random() - 1);
    return operation.lastLookAt + Math.min(ideal, longestSeconds) * jitter * 1_000;
  }

  /** Milliseconds since its beginning was seen. */
  ageMs(url: string, now: number): number {
    return now - (this.#operations.get(url)?.startedAt ?? -Infinity);
  }

  /** The probability that a poll now finds the operation ended, 0 to 1. */
  likelihoodOf(url: string, now: number): number {
    const operation = this.#operations.get(url);
    if (!operation) return 0;
    const { startedAt, lastLookAt } = operation;
    const seen = Math.max(0, (lastLookAt - startedAt) / 1_000);
    return this.#hazardOf(operation.kind).endedBetween(seen, Math.max(seen, (now - startedAt) / 1_000));
  }

  looked(url: string, now: number): void {
    const operation = this.#operations.get(url);
    if (!operation) return;
    operation.lookBefore = operation.lastLookAt;
    operation.lastLookAt = now;
  }

  /** The last poll was rejected or brought no response, so it showed nothing. */
  missed(url: string): void {
    const operation = this.#operations.get(url);
    if (operation) operation.lastLookAt = operation.lookBefore;
  }

  /** The last poll found the operation ended. */
  ended(url: string): void {
    const operation = this.#operations.get(url);
    if (!operation) return;
    this.#hazardOf(operation.kind).noteEnded(...seenBy(operation));
    this.#operations.delete(url);
  }

  /** The last poll found the operation running. */
  running(url: string): void {
    const operation = this.#operations.get(url);
    if (operation) this.#hazardOf(operation.kind).noteRunning(...seenBy(operation));
  }

  #remember(url: string, kind: string, now: number): Operation {
    if (this.#operations.size >= operationsKept) this.#operations.clear();
    const operation = { kind, startedAt: now, lastLookAt: -Infinity, lookBefore: -Infinity };
    this.#operations.set(url, operation);
    return operation;
  }

  /**
   * A poller does not announce that it goes away. An operation no longer polled is taken to have ended with its last
   * poll.
   */
  #sweep(now: number): void {
    this.#sweepAt = now + sweepEveryMs;
    for (const [url, operation] of this.#operations) {
      if (now - Math.max(operation.lastLookAt, operation.startedAt) > forgottenMs) this.#operations.delete(url);
    }
  }

  #hazardOf(kind: string): Hazard {
    let hazard = this.#hazards.get(kind);
    if (hazard === undefined) {
      if (this.#hazards.size >= kindsKept) this.#hazards.clear();
      hazard = new Hazard();
      this.#hazards.set(kind, hazard);
    }
    return hazard;
  }
}

/** Its ages at the last two polls, in seconds. */
function seenBy({ startedAt, lookBefore, lastLookAt }: Operation): [from: number, to: number] {
  return [Math.max(0, (lookBefore - startedAt) / 1_000), Math.max(0, (lastLookAt - startedAt) / 1_000)];
}
