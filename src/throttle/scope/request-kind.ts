/**
 * Requests of one kind are counted by the same limits. Which limits those are is known from the URL for Resource Manager's
 * own, and learned from answers for the providers': the first answer to a kind of request names the limit groups that count
 * it, some for the whole subscription, some for the one resource.
 */
import type { Bucket } from "../bucket/bucket.js";
import type { RequestClass } from "../limits.js";
import type { LimitGroupLayout } from "./limit-group-layout.js";
import { ownHeaders } from "./rate-limit-headers.js";

/** Where requests of one kind go, and whose they are. */
export interface Place {
  readonly endpoint: string;
  /** Undefined for what belongs to a tenant. */
  readonly subscription: string | undefined;
  readonly principal: string;
  readonly namespace: string;
  readonly region: string;
  readonly isResourceManager: boolean;
}

export class RequestKind {
  /** Limit groups that count all resources together, with their buckets. */
  readonly sharedGroups = new Map<string, Bucket>();
  /** Limit groups that count each resource apart. */
  readonly groupsPerResource = new Set<string>();
  /** How the service lays out the levels of its limit groups. */
  layout: LimitGroupLayout | undefined;
  /** The header that reported Resource Manager's level last. */
  ownHeader: string;
  /** Answers in a row that reported no level of Resource Manager's. */
  silent = 0;
  usedAt = 0;
  /** No longer found by requests; what is on its way still comes back to it. */
  forgotten = false;
  #buckets: readonly Bucket[];
  #waiting = 0;
  #waitingInBackground = 0;

  /**
   * @param requestClass as the method suggests, or as the service has counted it (some POSTs are reads)
   * @param own Resource Manager's bucket for this principal
   * @param provider whatever the resource provider counts without a name
   */
  constructor(
    readonly method: string,
    readonly place: Place,
    public requestClass: RequestClass,
    public own: Bucket,
    public provider: Bucket | undefined,
    /** Resource Manager's bucket for all principals of the subscription, once an answer has reported it. */
    public allPrincipals: Bucket | undefined,
  ) {
    this.ownHeader = ownHeaders[requestClass][0];
    this.#buckets = this.#all();
  }

  /** The buckets that count all requests of this kind. The array is replaced, never changed. */
  get buckets(): readonly Bucket[] {
    return this.#buckets;
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** To be called when any of the buckets has changed. */
  refresh(): void {
    const buckets = this.#all();
    for (const bucket of this.#buckets) bucket.countWaiting(-this.#waiting, -this.#waitingInBackground);
    for (const bucket of buckets) bucket.countWaiting(this.#waiting, this.#waitingInBackground);
    this.#buckets = buckets;
  }

  /** The bucket that opens last; undefined when all are open. */
  blockerAt(now: number): Bucket | undefined {
    let blocker: Bucket | undefined;
    let last = now;
    for (const bucket of this.#buckets) {
      const at = bucket.opensAt(now);
      if (at <= last) continue;
      last = at;
      blocker = bucket;
    }
    return blocker;
  }

  /** One request more, or less, waits. */
  countWaiting(change: 1 | -1, isInBackground: boolean): void {
    const inBackground = isInBackground ? change : 0;
    this.#waiting += change;
    this.#waitingInBackground += inBackground;
    for (const bucket of this.#buckets) bucket.countWaiting(change, inBackground);
  }

  #all(): readonly Bucket[] {
    const { own, allPrincipals, provider, sharedGroups } = this;
    return [own, allPrincipals, provider, ...sharedGroups.values()].filter((bucket) => bucket !== undefined);
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
