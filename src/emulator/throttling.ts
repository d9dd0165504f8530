/**
 * Admits requests: Resource Manager's buckets for each subscription and principal, its global ones for all principals,
 * and below them those of Compute for each operation group. The numbers are the documented ones (Resource Manager's
 * page on throttling of 2025-05, Compute's of 2024-05); the names of Compute's policies are not documented and mean
 * nothing.
 */
import type { Clock } from "../time/clock.js";
import { TokenBucket, type BucketSize } from "./buckets.js";
import type { ComputeBucket, ComputeGroup, ResolvedOptions, ThrottlingOptions } from "./options.js";
import type { RouteAddress } from "./route-address.js";
import { computeThrottled, operationClassOf, subscriptionThrottled, type OperationClass } from "./throttle-bodies.js";
import type { HeaderValues, Reply } from "./wire.js";

export const defaultBuckets = {
  reads: { capacity: 250, refill: 25 },
  writes: { capacity: 200, refill: 10 },
  deletes: { capacity: 200, refill: 10 },
} satisfies Record<string, BucketSize>;

export const defaultComputeBuckets: Readonly<Record<ComputeGroup, ComputeBucket>> = {
  PutVM: { resource: perMinute(12, 4), subscription: perMinute(1500, 500) },
  UpdateVM: { resource: perMinute(12, 4), subscription: perMinute(1500, 500) },
  DeleteVM: { resource: perMinute(12, 4), subscription: perMinute(1500, 500) },
  LowCostGet: { resource: perMinute(36, 12), subscription: perMinute(24_000, 8000) },
  HighCostGet: { subscription: perMinute(900, 300) },
  ScaleSetInstanceView: { resource: perMinute(30, 10), subscription: perMinute(1080, 360) },
  GetOperation: { resource: perMinute(45, 15), subscription: perMinute(15_000, 5000) },
};

/** A request as the throttle sees it. */
export interface MeteredRequest {
  readonly method: string;
  readonly route: RouteAddress;
  readonly principal: string;
  readonly location: string;
  /** The VM (or the operation) that it concerns. */
  readonly resource: string;
}

/** The counts to report, and the refusal if a bucket is empty. */
export interface Admission {
  readonly headers: HeaderValues;
  readonly refusal?: Reply;
}

interface NamedBucket {
  readonly name: string;
  readonly bucket: TokenBucket;
}

/** Above this many buckets, full ones are dropped: a full bucket equals no bucket. */
const bucketsKept = 10_000;

export class Throttling {
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #settings: ThrottlingOptions | undefined;
  readonly #subscriptionId: string;
  readonly #clock: Clock;

  constructor(options: ResolvedOptions) {
    this.#settings = options.throttling || undefined;
    this.#subscriptionId = options.subscriptionId;
    this.#clock = options.clock;
  }

  admit(request: MeteredRequest): Admission {
    if (!this.#settings) return { headers: {} };
    const arm = this.#armBuckets(request, this.#settings);
    const compute = this.#computeBuckets(request, this.#settings);
    const [own, shared] = arm.buckets;
    const armRefusal = takeAll([own, shared]);
    // A request admitted by Resource Manager is counted there, whatever Compute decides.
    const computeRefusal = armRefusal ? undefined : takeAll(compute);
    const headers = { ...countsOf(arm.name, own, shared), ...(armRefusal ? {} : computeCounts(compute)) };
    if (armRefusal) return { headers, refusal: this.#armRefusal(request, armRefusal) };
    if (computeRefusal) return { headers, refusal: this.#computeRefusal(computeRefusal) };
    return { headers };
  }

  #armBuckets(
    request: MeteredRequest,
    settings: ThrottlingOptions,
  ): { name: OperationClass; buckets: [NamedBucket, NamedBucket] } {
    const name = operationClassOf(request.method);
    const size = settings[name] ?? defaultBuckets[name];
    const factor = settings.globalFactor ?? 15;
    const globalSize = { ...size, capacity: size.capacity * factor, refill: size.refill * factor };
    return {
      name,
      buckets: [
        { name, bucket: this.#bucket(`${name}|${request.principal}`, size) },
        { name: `global-${name}`, bucket: this.#bucket(`${name}|`, globalSize, "global") },
      ],
    };
  }

  #computeBuckets(request: MeteredRequest, settings: ThrottlingOptions): NamedBucket[] {
    const group = computeGroupOf(request.route);
    if (!group || settings.compute === false) return [];
    const { resource, subscription } = settings.compute?.[group] ?? defaultComputeBuckets[group];
    const place = `${group}|${request.location}`;
    return [
      ...(resource
        ? [{ name: `${group}Resource`, bucket: this.#bucket(`${place}|${request.resource}`, resource) }]
        : []),
      { name: `${group}Subscription`, bucket: this.#bucket(place, subscription) },
    ];
  }

  #bucket(key: string, size: BucketSize, scope = "own"): TokenBucket {
    const fullKey = `${scope}|${key}`;
    let bucket = this.#buckets.get(fullKey);
    if (!bucket) {
      this.#dropFull();
      bucket = new TokenBucket(size, this.#clock, this.#settings?.penaltyMs);
      this.#buckets.set(fullKey, bucket);
    }
    return bucket;
  }

  #dropFull(): void {
    if (this.#buckets.size < bucketsKept) return;
    for (const [key, bucket] of this.#buckets) if (bucket.isFull) this.#buckets.delete(key);
  }

  #armRefusal({ method, principal }: MeteredRequest, { bucket }: NamedBucket): Reply {
    const seconds = secondsOf(bucket);
    return {
      status: 429,
      headers: { "retry-after": String(seconds), "x-ms-failure-cause": "gateway" },
      body: subscriptionThrottled({ method, subscriptionId: this.#subscriptionId, principal, seconds }),
    };
  }

  #computeRefusal({ name, bucket }: NamedBucket): Reply {
    const seconds = secondsOf(bucket);
    return {
      status: 429,
      headers: { "retry-after": String(seconds) },
      body: computeThrottled(this.#clock.now(), seconds, name),
    };
  }
}

/** Compute's operation group, as documented; undefined for what it does not meter. */
function computeGroupOf({ method, name }: RouteAddress): ComputeGroup | undefined {
  if (name === "operations/{operation}") return "GetOperation";
  if (name === "virtualMachineScaleSets/{set}/instanceView") return "ScaleSetInstanceView";
  if (!name.startsWith("virtualMachines")) return undefined;
  if (name.endsWith("/retrieveBootDiagnosticsData")) return "LowCostGet";
  if (method === "GET") return name === "virtualMachines" ? "HighCostGet" : "LowCostGet";
  if (name === "virtualMachines/{vm}" && method === "PUT") return "PutVM";
  const isDelete = name === "virtualMachines/{vm}" && method === "DELETE";
  return isDelete || /\/(deallocate|simulateEviction)$/.test(name) ? "DeleteVM" : "UpdateVM";
}

/** Takes a token from each, or from none: returns the bucket that refused. */
function takeAll(buckets: readonly NamedBucket[]): NamedBucket | undefined {
  const refusing = buckets.find(({ bucket }) => !bucket.admits());
  if (!refusing) for (const { bucket } of buckets) bucket.take();
  return refusing;
}

function countsOf(name: OperationClass, own: NamedBucket, shared: NamedBucket): HeaderValues {
  return {
    [`x-ms-ratelimit-remaining-subscription-${name}`]: String(Math.floor(own.bucket.remaining)),
    [`x-ms-ratelimit-remaining-subscription-global-${name}`]: String(Math.floor(shared.bucket.remaining)),
  };
}

function computeCounts(buckets: readonly NamedBucket[]): HeaderValues {
  if (buckets.length === 0) return {};
  return {
    "x-ms-ratelimit-remaining-resource": buckets.map(
      ({ name, bucket }) => `Microsoft.Compute/${name};${Math.floor(bucket.remaining)}`,
    ),
    "x-ms-request-charge": "1",
  };
}

/** At most an hour, even for a bucket that is never refilled. */
function secondsOf(bucket: TokenBucket): number {
  return Math.min(3600, Math.max(1, Math.ceil(bucket.waitMs / 1000)));
}

function perMinute(capacity: number, refill: number): BucketSize {
  return { capacity, refill, everyMs: 60_000 };
}
