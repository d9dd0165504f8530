/**
 * Resource Manager's bucket: so many tokens, more in steps, and a 429 when there is none. What differs between services,
 * regions and readings of the documentation is an option: how `Retry-After` is sent, whether levels are, whether early
 * requests make it worse, who else is about.
 */
import type { Random } from "../../src/time/clock.js";

export interface ServiceModel {
  readonly capacity: number;
  readonly refill: number;
  readonly periodMs: number;
  /** Tokens at the start. Default a full bucket. */
  readonly start?: number;
  /** The policy of a resource provider that counts. Default: Resource Manager itself. */
  readonly policy?: string;
  /** What Resource Manager counts. Default `writes`. */
  readonly counts?: "reads" | "writes";
  /** Whether answers tell the level. */
  readonly tellsLevel: boolean;
  readonly retryAfter: "exact" | "rounded" | "constant" | "absent" | "date" | "ms";
  /** An empty bucket locks for this long, and every early request renews the lock. */
  readonly penaltyMs?: number;
  /** Requests a second of somebody else, who comes first whenever there is a token. */
  readonly foreignPerSecond?: number;
  readonly change?: { readonly atMs: number; readonly capacity: number; readonly refill: number };
  /** The part of requests that are counted and then fail with 500 or 503. */
  readonly faults?: number;
}

export interface ServiceReply {
  readonly status: 200 | 429 | 500 | 503;
  readonly headers: Readonly<Record<string, string>>;
}

const constantSeconds = 10;
/** What Resource Manager's own header says while a provider counts. */
const plenty = { "x-ms-ratelimit-remaining-subscription-writes": "11999" };

export class SimulatedService {
  rejected = 0;
  #tokens: number;
  #capacity: number;
  #refill: number;
  #nextStepAt: number;
  #nextForeignAt: number;
  #changeAt: number;
  #lockedUntil = -1;

  /** @param phaseMs time of the first step */
  constructor(
    private readonly model: ServiceModel,
    phaseMs: number,
    private readonly random: Random,
  ) {
    this.#tokens = model.start ?? model.capacity;
    this.#capacity = model.capacity;
    this.#refill = model.refill;
    this.#nextStepAt = phaseMs;
    this.#nextForeignAt = model.foreignPerSecond ? 1_000 / model.foreignPerSecond : Infinity;
    this.#changeAt = model.change?.atMs ?? Infinity;
  }

  /** @param now milliseconds since the start */
  request(now: number): ServiceReply {
    this.#advance(now);
    const { penaltyMs } = this.model;
    if (penaltyMs !== undefined && (this.#tokens < 1 || now < this.#lockedUntil)) {
      this.#lockedUntil = now + penaltyMs;
      return this.#reject(now, penaltyMs);
    }
    if (this.#tokens < 1) return this.#reject(now, this.#nextStepAt - now);
    this.#tokens--;
    const headers = this.#levelHeaders();
    if (this.random() < (this.model.faults ?? 0)) return { status: this.random() < 0.5 ? 500 : 503, headers };
    return { status: 200, headers };
  }

  #advance(now: number): void {
    for (;;) {
      const next = Math.min(this.#nextStepAt, this.#nextForeignAt, this.#changeAt);
      if (next > now) return;
      if (next === this.#changeAt) this.#applyChange();
      else if (next === this.#nextStepAt) {
        this.#tokens = Math.min(this.#capacity, this.#tokens + this.#refill);
        this.#nextStepAt += this.model.periodMs;
      } else {
        if (this.#tokens >= 1) this.#tokens--;
        this.#nextForeignAt += 1_000 / (this.model.foreignPerSecond ?? 1);
      }
    }
  }

  #applyChange(): void {
    const { capacity = this.#capacity, refill = this.#refill } = this.model.change ?? {};
    this.#capacity = capacity;
    this.#refill = refill;
    this.#tokens = Math.min(this.#tokens, capacity);
    this.#changeAt = Infinity;
  }

  #reject(now: number, waitMs: number): ServiceReply {
    this.rejected++;
    return { status: 429, headers: { ...this.#levelHeaders(), ...this.#retryAfter(now, waitMs) } };
  }

  #levelHeaders(): Record<string, string> {
    if (!this.model.tellsLevel) return {};
    const { policy, counts = "writes" } = this.model;
    if (policy !== undefined)
      return { "x-ms-ratelimit-remaining-resource": `${policy};${Math.floor(this.#tokens)}`, ...plenty };
    return { [`x-ms-ratelimit-remaining-subscription-${counts}`]: String(Math.floor(this.#tokens)) };
  }

  #retryAfter(now: number, waitMs: number): Record<string, string> {
    switch (this.model.retryAfter) {
      case "exact":
        return { "retry-after": String(waitMs / 1_000) };
      case "rounded":
        return { "retry-after": String(Math.max(1, Math.ceil(waitMs / 1_000))) };
      case "constant":
        return { "retry-after": String(constantSeconds) };
      case "ms":
        return { "retry-after-ms": String(Math.ceil(waitMs)) };
      case "date":
        return { "retry-after": new Date(virtualEpoch + Math.ceil((now + waitMs) / 1_000) * 1_000).toUTCString() };
      case "absent":
        return {};
    }
  }
}

/** Where the virtual clock starts, for dates in headers. */
const virtualEpoch = 1_700_000_000_000;

/** The wait that a header asks for, in milliseconds, as a client reads it. */
export function waitIn(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const ms = headers["retry-after-ms"];
  if (ms !== undefined) return Number(ms);
  const value = headers["retry-after"];
  if (value === undefined) return undefined;
  const seconds = Number(value);
  return Number.isNaN(seconds) ? Math.max(0, Date.parse(value) - now) : seconds * 1_000;
}

/** The earliest time, in milliseconds, at which `calls` tokens can have been given out. */
export function optimum(model: ServiceModel, calls: number, phaseMs: number): number {
  const { faults = 0, foreignPerSecond = 0 } = model;
  let missing = calls / (1 - faults) - (model.start ?? model.capacity);
  let { refill } = model;
  for (let step = phaseMs; ; step += model.periodMs) {
    if (missing <= 0) return Math.max(0, step - model.periodMs);
    if (model.change && step >= model.change.atMs) refill = model.change.refill;
    missing -= refill - (foreignPerSecond * model.periodMs) / 1_000;
  }
}
