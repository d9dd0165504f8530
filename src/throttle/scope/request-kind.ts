/**
 * Requests of one kind wait in one lane, since they are counted by the same limits. Which limits those are is known from
 * the URL for Resource Manager's own, and learned from answers for the providers': the first answer to a kind of
 * request names the policies that count it, some for the whole subscription, some for the one resource.
 */
import type { Bucket } from "../bucket/bucket.js";
import type { OperationClass } from "../limits.js";
import type { PolicyLayout } from "./limit-group-layout.js";
import { ownHeaders } from "./rate-limit-headers.js";
import { WaitingLine, type Waiter } from "../queue/waiter.js";

/** What the requests of a lane have in common. */
export interface Kind {
  readonly endpoint: string;
  /** Undefined for what belongs to a tenant. */
  readonly subscription: string | undefined;
  readonly principal: string;
  readonly namespace: string;
  readonly region: string;
  readonly isResourceManager: boolean;
}

export class Lane {
  readonly line = new WaitingLine();
  /** Policies that count all resources together, with their buckets. */
  readonly sharedPolicies = new Map<string, Bucket>();
  /** Policies that count each resource apart. */
  readonly resourcePolicies = new Set<string>();
  /** How the service lays out the levels of its policies. */
  layout: PolicyLayout | undefined;
  /** The header that told Resource Manager's level last. */
  ownHeader: string;
  /** Answers in a row that told no level of Resource Manager's. */
  silent = 0;
  usedAt = 0;
  /** No longer found by requests; what is on its way still comes back to it. */
  forgotten = false;
  #buckets: readonly Bucket[];

  /**
   * @param operation read, write or delete: as the method suggests, or as the service has counted it (some POSTs are reads)
   * @param own Resource Manager's bucket for this principal
   * @param provider whatever the resource provider counts without a name
   */
  constructor(
    readonly method: string,
    readonly kind: Kind,
    public operation: OperationClass,
    public own: Bucket,
    public provider: Bucket | undefined,
    /** Resource Manager's bucket for all principals of the subscription, once an answer has told of it. */
    public allPrincipals: Bucket | undefined,
  ) {
    this.ownHeader = ownHeaders[operation][0];
    this.#buckets = this.#all();
  }

  /** The buckets that count all requests of this lane. The array is replaced, never changed. */
  get buckets(): readonly Bucket[] {
    return this.#buckets;
  }

  /** To be called when any of them has changed. */
  refresh(): void {
    const buckets = this.#all();
    for (const waiter of this.line) for (const bucket of this.#buckets) bucket.count(waiter.arrival.standing, -1);
    for (const waiter of this.line) for (const bucket of buckets) bucket.count(waiter.arrival.standing, 1);
    this.#buckets = buckets;
  }

  /** When the next request may go: when the last of its buckets opens. */
  opensAt(now: number): number {
    return opensAt(this.#buckets, now);
  }

  enter(waiter: Waiter): void {
    this.line.enter(waiter);
    for (const bucket of this.#buckets) bucket.count(waiter.arrival.standing, 1);
  }

  /** The head of the line leaves it. */
  leave(waiter: Waiter): void {
    this.line.shift();
    for (const bucket of this.#buckets) bucket.count(waiter.arrival.standing, -1);
  }

  /** Somebody in the line goes away. */
  lose(waiter: Waiter): void {
    waiter.state = "gone";
    this.line.lost();
    for (const bucket of this.#buckets) bucket.count(waiter.arrival.standing, -1);
  }

  #all(): readonly Bucket[] {
    const { own, allPrincipals, provider, sharedPolicies } = this;
    return [own, allPrincipals, provider, ...sharedPolicies.values()].filter((bucket) => bucket !== undefined);
  }
}

export function opensAt(buckets: readonly Bucket[], now: number): number {
  let at = now;
  for (const bucket of buckets) {
    const opens = bucket.opensAt(now);
    if (opens > at) at = opens;
  }
  return at;
}
