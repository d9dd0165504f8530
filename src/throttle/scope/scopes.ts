/**
 * All buckets and lanes that are known, found by what a request is. Memory stays bounded: what has not been used for a
 * while and holds nothing (no waiter, no request on its way, no closed window) is forgotten, and learned again when needed.
 */
import type { Random } from "../../time/clock.js";
import { Bucket } from "../bucket/bucket.js";
import { Lane, type Kind } from "./request-kind.js";
import { allPrincipalsFactor, documentedLimits, likelyLimit, type OperationClass, type RateLimit } from "../limits.js";
import type { PolicyLayout } from "./limit-group-layout.js";
import { Principals } from "./principal.js";
import { Route } from "./request-scope.js";
import type { ScopeName } from "../scope-name.js";
import { ownHeaders } from "./rate-limit-headers.js";
import { Targets, type Target } from "./target.js";
import type { ThrottledRequest } from "../throttle.js";

export type PriorLimits = Readonly<Partial<Record<OperationClass, RateLimit>>>;

/** Unused this long, a lane or bucket is forgotten. Longer than the buckets of Resource Manager and Compute take to fill up. */
const idleMs = 15 * 60_000;
const sweepEveryMs = 60_000;
/** What was counted longer ago says little of what others have done since. */
const freshMs = 1_000;
/** A clock that goes back by more than this was set, not adjusted. */
const clockStepMs = 60_000;
/** With more buckets than this, those idle for a minute go too. */
const bucketsKept = 5_000;
const crowdedIdleMs = 60_000;

/** A service that makes up names without end costs no more than this. */
const policiesOfLane = 64;
const policiesKept = 1_000;

/** The highest level that a documented limit of a single resource can show; a policy above it is shared by resources. */
const mostOfOneResource = 45;

/** What is known of a provider's policy. */
interface Policy {
  /** Counted for all resources of a subscription and region together, or for each resource. */
  shared: boolean;
  /** The resource whose request it sent away last, while it is not known to be shared. */
  rejected?: string;
}

export interface ScopesListener {
  /** A bucket that was not known before; `key` names it in all processes alike. */
  found?(bucket: Bucket, key: string): void;
  forgotten?(bucket: Bucket): void;
}

export class Scopes {
  readonly #targets = new Targets();
  readonly #principals = new Principals();
  readonly #lanes = new Map<string, Lane>();
  readonly #buckets = new Map<string, Bucket>();
  readonly #policies = new Map<string, Policy>();
  readonly #priors: Readonly<Record<OperationClass, RateLimit>>;
  /** Grows when a bucket is found or forgotten, or counts what it did not; routes that were looked up before are looked up anew. */
  #known = 0;
  #sweepAt = 0;

  constructor(
    priors: PriorLimits,
    private readonly random: Random,
    private readonly listener: ScopesListener = {},
  ) {
    this.#priors = { ...documentedLimits, ...priors };
  }

  get buckets(): readonly Bucket[] {
    return [...this.#buckets.values()];
  }

  /** Where a request belongs, and all that counts it. */
  routeOf({ method, url, headers }: ThrottledRequest, now: number): Route {
    if (now >= this.#sweepAt) this.#sweep(now);
    else if (now < this.#sweepAt - sweepEveryMs - clockStepMs) this.#forgetAll(now);
    const target = this.#targets.of(url);
    const principal = this.#principals.of(headers.get("authorization"));
    for (const route of target.routes) {
      const { lane } = route;
      if (lane.method !== method || lane.kind.principal !== principal || lane.forgotten) continue;
      lane.usedAt = now;
      return route.knownIn === this.#known ? route : this.refreshed(route);
    }
    return this.#newRoute(method, principal, target, now);
  }

  /** The route of a read like one that was counted just now. Whose token it carries is not looked at again. */
  freshRouteOf({ method, url }: ThrottledRequest, now: number): Route | undefined {
    for (const route of this.#targets.of(url).routes) {
      if (route.lane.method !== method) continue;
      const ageMs = now - route.readAt;
      return ageMs >= 0 && ageMs < freshMs && route.knownIn === this.#known ? route : undefined;
    }
    return undefined;
  }

  #newRoute(method: string, principal: string, target: Target, now: number): Route {
    const lane = this.#findLane(method, principal, target);
    lane.usedAt = now;
    const route = new Route(lane, target);
    const { routes } = target;
    const place = routes.findIndex((other) => other.lane.method === method);
    routes[place < 0 ? routes.length : place] = route;
    return this.refreshed(route);
  }

  /** The same route, with the buckets that are known by now. */
  refreshed(route: Route): Route {
    if (route.knownIn === this.#known) return route;
    const { lane, target } = route;
    route.knownIn = this.#known;
    route.own = this.#resourceBuckets(lane, target);
    route.buckets = route.own.length === 0 ? lane.buckets : [...lane.buckets, ...route.own];
    route.layout = undefined;
    return route;
  }

  #resourceBuckets(lane: Lane, target: Target): readonly Bucket[] {
    if (lane.resourcePolicies.size === 0 || !target.isSingle) return noBuckets;
    return [...lane.resourcePolicies]
      .map((policy) => this.#buckets.get(policyKey(lane, policy, target.resource)))
      .filter((bucket) => bucket !== undefined);
  }

  /** The service counts these requests as something else than their method suggests. */
  reclass(lane: Lane, operation: OperationClass): void {
    lane.operation = operation;
    lane.own = this.#ownBucket(lane.kind, operation);
    lane.provider = this.#providerBucket(lane.kind, operation);
    lane.allPrincipals = this.#buckets.get(allPrincipalsKey(lane.kind, operation));
    lane.ownHeader = ownHeaders[operation][0];
    this.#refresh(lane);
  }

  /** Resource Manager's bucket for all principals of the subscription. */
  allPrincipalsBucket(lane: Lane): Bucket {
    if (lane.allPrincipals) return lane.allPrincipals;
    const { kind, operation } = lane;
    const { capacity, refill, periodMs } = this.#priors[operation];
    lane.allPrincipals = this.#bucket(allPrincipalsKey(kind, operation), { ...placeOf(kind), operation }, () => ({
      capacity: capacity * allPrincipalsFactor,
      refill: refill * allPrincipalsFactor,
      periodMs,
    }));
    this.#refresh(lane);
    return lane.allPrincipals;
  }

  /**
   * The bucket of a provider's policy, by the name that the service gives it.
   * @param level what an answer told; undefined for a policy that a rejection named
   * @returns undefined when a service names more policies than can be kept in mind
   */
  policyBucket(lane: Lane, target: Target, name: string, level: number | undefined, now: number): Bucket | undefined {
    const shared = lane.sharedPolicies.get(name);
    if (shared) return shared;
    const isOfOne = level !== undefined && level <= mostOfOneResource && lane.resourcePolicies.has(name);
    const own = isOfOne ? this.#buckets.get(policyKey(lane, name, target.resource)) : undefined;
    return own ?? this.#learnPolicy(lane, target, name, level, now);
  }

  /** The buckets of all policies in a header that is laid out so, kept with the route. */
  policyBuckets(route: Route, layout: PolicyLayout, now: number): readonly (Bucket | undefined)[] {
    if (route.layout === layout && route.knownIn === this.#known && !hasOutgrown(route.policies, layout.levels))
      return route.policies;
    const { lane, target } = route;
    const policies = layout.names.map((name, index) =>
      this.policyBucket(lane, target, name, layout.levels[index], now),
    );
    this.refreshed(route);
    route.layout = layout;
    route.policies = policies;
    return policies;
  }

  #learnPolicy(
    lane: Lane,
    target: Target,
    policyName: string,
    level: number | undefined,
    now: number,
  ): Bucket | undefined {
    const { sharedPolicies, resourcePolicies } = lane;
    const isNew = !resourcePolicies.has(policyName);
    if (isNew && sharedPolicies.size + resourcePolicies.size >= policiesOfLane) return undefined;
    const policy = this.#policy(lane, policyName);
    if (!target.isSingle || (level ?? 0) > mostOfOneResource) policy.shared = true;
    if (level === undefined && !policy.shared) noteRejection(policy, target);
    const resource = policy.shared ? undefined : target.resource;
    const { namespace, region } = lane.kind;
    const name = {
      ...placeOf(lane.kind),
      namespace,
      region,
      policy: policyName,
      ...(resource !== undefined && { resource }),
    };
    const bucket = this.#bucket(policyKey(lane, policyName, resource), name, () =>
      level === undefined ? (lane.provider ?? lane.own).recentRate(now) : likelyLimit(policyName, level),
    );
    if (policy.shared) {
      resourcePolicies.delete(policyName);
      sharedPolicies.set(policyName, bucket);
      this.#refresh(lane);
    } else if (isNew) {
      resourcePolicies.add(policyName);
      this.#known++;
    }
    return bucket;
  }

  #refresh(lane: Lane): void {
    lane.refresh();
    this.#known++;
  }

  /** Resource Manager's bucket for this principal and kind of call. */
  #ownBucket(kind: Kind, operation: OperationClass): Bucket {
    const name = { ...placeOf(kind), principal: kind.principal, operation };
    return this.#bucket(`arm|${place(kind)}|${kind.principal}|${operation}`, name, () =>
      kind.isResourceManager ? this.#priors[operation] : undefined,
    );
  }

  /** Whatever a resource provider counts without a name. No limit is known until it sends a request away. */
  #providerBucket(kind: Kind, operation: OperationClass): Bucket | undefined {
    const { namespace, region } = kind;
    if (namespace === "") return undefined;
    const name = { ...placeOf(kind), namespace, region, operation };
    return this.#bucket(`rp|${place(kind)}|${region}|${namespace}|${operation}`, name, () => undefined);
  }

  #findLane(method: string, principal: string, target: Target): Lane {
    const { endpoint, subscription, namespace, region, isResourceManager } = target;
    const key = [method, principal, endpoint, subscription, namespace, region, target.kind].join("|");
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      const kind = { endpoint, subscription, principal, namespace, region, isResourceManager };
      const operation = operationOf(method);
      const everybody = this.#buckets.get(allPrincipalsKey(kind, operation));
      lane = new Lane(
        method,
        kind,
        operation,
        this.#ownBucket(kind, operation),
        this.#providerBucket(kind, operation),
        everybody,
      );
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #policy({ kind }: Lane, name: string): Policy {
    const key = `${kind.endpoint}|${name.toLowerCase()}`;
    let policy = this.#policies.get(key);
    if (policy === undefined) {
      if (this.#policies.size >= policiesKept) this.#policies.clear();
      policy = { shared: false };
      this.#policies.set(key, policy);
    }
    return policy;
  }

  #bucket(key: string, name: ScopeName, limit: () => RateLimit | undefined): Bucket {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = new Bucket(name, limit(), name.principal !== undefined, this.random);
      this.#buckets.set(key, bucket);
      this.#known++;
      this.listener.found?.(bucket, key);
    }
    return bucket;
  }

  /** The clock was turned back: times that were noted before mean nothing any more, and a window might stay closed for ever. */
  #forgetAll(now: number): void {
    this.#sweepAt = now + sweepEveryMs;
    for (const lane of this.#lanes.values()) lane.forgotten = true;
    this.#lanes.clear();
    for (const [key, bucket] of this.#buckets) this.#forget(key, bucket);
  }

  #forget(key: string, bucket: Bucket): void {
    this.#buckets.delete(key);
    this.#known++;
    this.listener.forgotten?.(bucket);
  }

  #sweep(now: number): void {
    this.#sweepAt = now + sweepEveryMs;
    const before = now - (this.#buckets.size > bucketsKept ? crowdedIdleMs : idleMs);
    const inUse = new Set<Bucket>();
    const busyPolicies = new Set<string | undefined>();
    for (const bucket of this.#buckets.values()) if (!bucket.isIdle(now)) busyPolicies.add(bucket.name.policy);
    for (const [key, lane] of this.#lanes) {
      // A lane that were forgotten would no longer know that a policy of its kind has closed a window.
      const policies = [...lane.sharedPolicies.keys(), ...lane.resourcePolicies];
      const isBusy = lane.line.length > 0 || policies.some((name) => busyPolicies.has(name));
      if (!isBusy && lane.usedAt < before) {
        lane.forgotten = true;
        this.#lanes.delete(key);
      } else {
        for (const bucket of lane.buckets) inUse.add(bucket);
      }
    }
    for (const [key, bucket] of this.#buckets) {
      if (bucket.lastSentAt < before && !inUse.has(bucket) && bucket.isIdle(now)) this.#forget(key, bucket);
    }
  }
}

const noBuckets: readonly Bucket[] = [];

/** A level that no limit of a single resource can show tells that a policy counts resources together. */
function hasOutgrown(policies: readonly (Bucket | undefined)[], levels: readonly number[]): boolean {
  for (let index = 0; index < policies.length; index++) {
    if ((levels[index] ?? 0) > mostOfOneResource && policies[index]?.name.resource !== undefined) return true;
  }
  return false;
}

/** A second resource that the same policy sends away shows that it counts them together. */
function noteRejection(policy: Policy, { resource }: Target): void {
  if (policy.rejected !== undefined && policy.rejected !== resource) policy.shared = true;
  policy.rejected = resource;
}

function operationOf(method: string): OperationClass {
  if (method === "GET" || method === "HEAD" || method === "OPTIONS") return "read";
  return method === "DELETE" ? "delete" : "write";
}

function placeOf({ endpoint, subscription }: Kind): ScopeName {
  return { endpoint, ...(subscription !== undefined && { subscription }) };
}

const place = ({ endpoint, subscription = "tenant" }: Kind): string => `${subscription}|${endpoint}`;

function allPrincipalsKey(kind: Kind, operation: OperationClass): string {
  return `all|${place(kind)}|${operation}`;
}

function policyKey({ kind }: Lane, name: string, resource: string | undefined): string {
  return `policy|${place(kind)}|${kind.region}|${name.toLowerCase()}|${resource ?? ""}`;
}
