/**
 * When to look whether a long-running operation has ended. Pollers look every two seconds, or as often as the service asks;
 * hundreds of them empty the bucket of reads for nothing. Here a look is a cost and the time in which an end goes
 * unnoticed is another, and the interval that makes their sum least is √(2 · price / hazard): the hazard is how likely the
 * operation is to end in the next second, the price is how many seconds of delay one look is worth.
 *
 * The hazard comes from how long operations of the same kind took before; of a kind never seen, an operation that has
 * run for a minute is taken to need another. So one that has just begun is looked at often, one that has outlasted all
 * others rarely, and one whose usual time has come often again. When all operations together would look more often than
 * their part of the reads allows, all intervals stretch by the same factor, up to a minute. Never is a look earlier than the poller
 * makes it, which is what the service asked for.
 */
import type { Random } from "../../time/clock.js";
import { Durations } from "./durations.js";

/** Seconds of delay that one look is worth while reads are plenty. */
const priceSeconds = 0.1;
/** No interval is longer, however many share the reads and however long an operation has lasted: what then asks too often waits in line. */
const longestSeconds = 60;
/** Operations that are not looked at for this long are forgotten; they have ended, or their poller has gone. */
const forgottenMs = 10 * 60_000;
/** And this long without a look, they no longer count among those that share the reads. */
const quietMs = 90_000;
const operationsKept = 20_000;
const kindsKept = 200;
const sweepEveryMs = 30_000;
/** Intervals differ by this part, so that operations begun together are not looked at together. */
const jitterPart = 0.1;
/** A look is likely to find the end when this part of the operations that lasted so long would have ended by now. */
const likely = 0.5;

interface Operation {
  readonly kind: string;
  readonly startedAt: number;
  lastLookAt: number;
  /** Looks a second that it would like. */
  rate: number;
  group: PollGroup | undefined;
}

/** Operations that draw on the same bucket of reads. */
export interface PollGroup {
  /** Looks a second that all of them would like. */
  wanted: number;
}

export class PollSchedule {
  readonly #operations = new Map<string, Operation>();
  readonly #durations = new Map<string, Durations>();
  #sweepAt = 0;

  constructor(private readonly random: Random) {}

  /** Operations that are followed. */
  get size(): number {
    return this.#operations.size;
  }

  /** A request was answered by the URLs at which its operation can be followed. */
  began(urls: readonly string[], kind: string, now: number): void {
    for (const url of urls) if (!this.#operations.has(url)) this.#remember(url, kind, now);
  }

  /**
   * When the next look at this operation may be sent, in epoch milliseconds.
   * @param readsPerSecond what the bucket of reads has left for looks, in all
   */
  dueAt(url: string, kind: string, group: PollGroup, readsPerSecond: number, now: number): number {
    if (now >= this.#sweepAt) this.#sweep(now);
    const operation = this.#operations.get(url) ?? this.#remember(url, kind, now);
    if (operation.lastLookAt === -Infinity) return now;
    const age = (operation.lastLookAt - operation.startedAt) / 1_000;
    const hazard = this.#durationsOf(operation.kind).hazardAt(age);
    const ideal = Math.sqrt((2 * priceSeconds) / hazard);
    this.#want(operation, group, 1 / ideal);
    const stretch = Math.max(1, group.wanted / Math.max(readsPerSecond, 0.01));
    const jitter = 1 + jitterPart * (2 * this.random() - 1);
    return operation.lastLookAt + Math.min(ideal * stretch, longestSeconds) * jitter * 1_000;
  }

  /** Whether a look now would likely find the operation ended. */
  isLikelyEnded(url: string, now: number): boolean {
    const operation = this.#operations.get(url);
    if (!operation || operation.lastLookAt === -Infinity) return false;
    const lastAge = (operation.lastLookAt - operation.startedAt) / 1_000;
    const age = (now - operation.startedAt) / 1_000;
    return this.#durationsOf(operation.kind).endedBetween(lastAge, age) >= likely;
  }

  looked(url: string, now: number): void {
    const operation = this.#operations.get(url);
    if (operation) operation.lastLookAt = now;
  }

  /** The last look found the operation ended. */
  ended(url: string, now: number): void {
    const operation = this.#operations.get(url);
    if (!operation) return;
    this.#durationsOf(operation.kind).note((now - operation.startedAt) / 1_000);
    this.#forget(url, operation);
  }

  #remember(url: string, kind: string, now: number): Operation {
    if (this.#operations.size >= operationsKept) this.#operations.clear();
    const operation = { kind, startedAt: now, lastLookAt: -Infinity, rate: 0, group: undefined };
    this.#operations.set(url, operation);
    return operation;
  }

  #want(operation: Operation, group: PollGroup, rate: number): void {
    if (operation.group) operation.group.wanted -= operation.rate;
    operation.group = group;
    operation.rate = rate;
    group.wanted += rate;
  }

  #forget(url: string, operation: Operation): void {
    if (operation.group) operation.group.wanted -= operation.rate;
    this.#operations.delete(url);
  }

  /** A poller that goes says nothing. An operation that is not looked at any more ended with its last look. */
  #sweep(now: number): void {
    this.#sweepAt = now + sweepEveryMs;
    for (const [url, operation] of this.#operations) {
      const quiet = now - Math.max(operation.lastLookAt, operation.startedAt);
      if (quiet > quietMs && operation.group) {
        operation.group.wanted -= operation.rate;
        operation.group = undefined;
      }
      if (quiet > forgottenMs) this.#forget(url, operation);
    }
  }

  #durationsOf(kind: string): Durations {
    let durations = this.#durations.get(kind);
    if (durations === undefined) {
      if (this.#durations.size >= kindsKept) this.#durations.clear();
      durations = new Durations();
      this.#durations.set(kind, durations);
    }
    return durations;
  }
}
