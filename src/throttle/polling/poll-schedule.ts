/**
 * When to look whether a long-running operation has ended, and which one to look at first. Pollers look every two seconds, or
 * as often as the service asks; hundreds of them empty the bucket of reads for nothing. Here a look is a cost and the time in
 * which an end goes unnoticed is another, and the interval that makes their sum least is √(2 · price / hazard): the hazard is
 * how likely the operation is to end in the next second, the price is how many seconds of delay one look is worth.
 *
 * The hazard comes from how long operations of the same kind took before (`hazard.ts`). So one that has just begun is
 * looked at often, one that has outlasted all others rarely, and one whose usual time has come often again. When all
 * together would look more often than their part of the reads allows (`poll-pace.ts`), the reads go where they count: the
 * operation that is most likely to have ended since its last look comes first. A look is never earlier than the poller
 * makes it, which is what the service asked for.
 */
import type { Random } from "../../time/clock.js";
import { Hazard } from "./hazard.js";

/** Seconds of delay that one look is worth while reads are plenty. */
const priceSeconds = 0.1;
/** No interval is longer, however long an operation has lasted. */
const longestSeconds = 60;
/** Operations that are not looked at for this long are forgotten; they have ended, or their poller has gone. */
const forgottenMs = 10 * 60_000;
const operationsKept = 20_000;
const kindsKept = 200;
const sweepEveryMs = 30_000;
/** Intervals differ by this part, so that operations begun together are not looked at together. */
const jitterPart = 0.1;

interface Operation {
  readonly kind: string;
  readonly startedAt: number;
  lastLookAt: number;
  /** The look before the last, which counts when the last one brought no answer. */
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

  /** A request was answered by the URLs at which its operation can be followed. */
  began(urls: readonly string[], kind: string, now: number): void {
    for (const url of urls) if (!this.#operations.has(url)) this.#remember(url, kind, now);
  }

  /**
   * When the next look at this operation makes sense, in epoch milliseconds.
   * @param kind what it is taken for if its beginning was not seen
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

  /** How likely it is that a look now finds the operation ended, 0 to 1. */
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

  /** The last look was sent away or brought no answer: it has shown nothing. */
  missed(url: string): void {
    const operation = this.#operations.get(url);
    if (operation) operation.lastLookAt = operation.lookBefore;
  }

  /** The last look found the operation ended. */
  ended(url: string): void {
    const operation = this.#operations.get(url);
    if (!operation) return;
    this.#hazardOf(operation.kind).noteEnded(...seenBy(operation));
    this.#operations.delete(url);
  }

  /** The last look found the operation running. */
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

  /** A poller that goes says nothing. An operation that is not looked at any more ended with its last look. */
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

/** Its ages at the last two looks, in seconds. */
function seenBy({ startedAt, lookBefore, lastLookAt }: Operation): [from: number, to: number] {
  return [Math.max(0, (lookBefore - startedAt) / 1_000), Math.max(0, (lastLookAt - startedAt) / 1_000)];
}
