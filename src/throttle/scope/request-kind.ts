/**
 * Requests of one kind are counted by the same limits. For Resource Manager the URL shows which limits those are. For
 * providers they are learned: the first response to a kind of request names the limit groups that count it, some for
 * the whole subscription, some for one resource.
 */
import type { Bucket } from "../bucket/bucket.js";
import type { RequestClass } from "../limits.js";
import type { LimitGroupLayout } from "./limit-group-layout.js";
import { ownHeaders } from "./rate-limit-headers.js";

/** Where requests of one kind go, and who sends them. */
export interface Place {
  readonly endpoint: string;
  /** Undefined for tenant-level resources. */
  readonly subscription: string | undefined;
  readonly principal: string;
  readonly namespace: string;
  readonly region: string;
  readonly isResourceManager: boolean;
}

export class RequestKind {
  /** Limit groups that count all resources together, with their buckets. */
  readonly sharedGroups = new Map<string, Bucket>();
  /** Limit groups that count each resource separately. */
  readonly groupsPerResource = new Set<string>();
  /** The layout of the header with the levels of limit groups. */
  layout: LimitGroupLayout | undefined;
  /** The header that last reported Resource Manager's level. */
  ownHeader: string;
  /** Responses in a row without a level of Resource Manager. */
  silent = 0;
  usedAt = 0;
  /** New requests no longer find it; requests in flight still return to it. */
  forgotten = false;
  #buckets: readonly Bucket[];
  #waiting = 0;
  #waitingInBackground = 0;

  /**
   * @param requestClass as the method suggests, or as the service counted it (some POSTs are reads)
   * @param own Resource Manager's bucket for this principal
   * @param provider for what the resource provider counts without a name
   */
  constructor(
    readonly method: string,
    readonly place: Place,
    public requestClass: RequestClass,
    public own: Bucket,
    public provider: Bucket | undefined,
    /** Resource Manager's bucket for all principals of the subscription, once a response has reported it. */
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

  /** Call it when any of the buckets has changed. */
  refresh(): void {
    const buckets = this.#all();
    for (const bucket of this.#buckets) bucket.countWaiting(-this.#waiting, -this.#waitingInBackground);
    for (const bucket of buckets) bucket.countWaiting(this.#waiting, this.#waitingInBackground);
    this.#buckets = buckets;
  }

  /** The bucket that opens last; undefined if all are open. */
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
