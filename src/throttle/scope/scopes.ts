/**
 * All known buckets and request kinds, found by the properties of a request. Memory stays bounded: what has not been
 * used for a while and holds nothing (no waiter, no request in flight, no closed window) is forgotten, and learned
 * again if needed.
 */
import type { Random } from "../../time/clock.js";
import { Bucket } from "../bucket/bucket.js";
import {
  allPrincipalsFactor,
  documentedLimits,
  likelyLimit,
  type PriorLimits,
  type RateLimit,
  type RequestClass,
} from "../limits.js";
import type { ScopeName } from "../scope-name.js";
import type { ThrottledRequest } from "../throttle.js";
import type { LimitGroupLayout } from "./limit-group-layout.js";
import { Principals } from "./principal.js";
import { ownHeaders } from "./rate-limit-headers.js";
import { RecentMap } from "./recent-map.js";
import { RequestKind, type Place } from "./request-kind.js";
import { RequestScope } from "./request-scope.js";
import { readTarget, type Target } from "./target.js";

/** A kind or bucket unused for this long is forgotten. Buckets of Resource Manager and Compute refill in less. */
const idleMs = 15 * 60_000;
const sweepEveryMs = 60_000;
/** An older count says little about what others have done since. */
const freshMs = 1_000;
/** A clock that goes back by more than this was set, not adjusted. */
const clockStepMs = 60_000;
/** With more buckets than this, those idle for a minute are dropped too. */
const bucketsKept = 5_000;
const crowdedIdleMs = 60_000;

/** Limits the cost of a service that invents names. */
const groupsOfKind = 64;
const groupsKept = 1_000;
/**
 * URLs are remembered, since pollers and lists repeat them. Walks over more of them in turn find none of them: more than ten
 * thousand machines are rare, and each takes about a kilobyte.
 */
const pathsKept = 16_384;

/** The highest level that a documented limit of a single resource can show; a group above it is shared by resources. */
const mostOfOneResource = 45;

interface LimitGroup {
  /** Counted for all resources of a subscription and region together, or for each resource. */
  shared: boolean;
  /** The resource whose request it last rejected, while it is not known to be shared. */
  rejected?: string;
}

/** A URL with the scopes of its requests: the last one for each method. */
interface KnownPath {
  readonly target: Target;
  readonly scopes: RequestScope[];
}

export interface ScopesListener {
  /** A new bucket; `key` names it in all processes alike. */
  onFound?(bucket: Bucket, key: string): void;
  onForgotten?(bucket: Bucket): void;
}

export class Scopes {
  readonly #paths = new RecentMap<string, KnownPath>(pathsKept);
  readonly #principals = new Principals();
  readonly #kinds = new Map<string, RequestKind>();
  readonly #buckets = new Map<string, Bucket>();
  readonly #groups = new RecentMap<string, LimitGroup>(groupsKept);
  readonly #priors: Readonly<Record<RequestClass, RateLimit>>;
  /** Grows when a bucket is added, forgotten, or counts something new; earlier scopes are then looked up again. */
  #known = 0;
  #sweepAt = 0;
  #lastUrl = "";
  #lastPath: KnownPath | undefined;

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

  /** The scope of a request: its kind and all that counts it. */
  scopeOf({ method, url, headers }: ThrottledRequest, now: number): RequestScope {
    if (now >= this.#sweepAt) this.#sweep(now);
    else if (now < this.#sweepAt - sweepEveryMs - clockStepMs) this.#forgetAll(now);
    const path = this.#pathOf(url);
    const principal = this.#principals.of(headers.get("authorization"));
    for (const scope of path.scopes) {
      const { kind } = scope;
      if (kind.method !== method || kind.place.principal !== principal || kind.forgotten) continue;
      kind.usedAt = now;
      return scope.knownIn === this.#known ? scope : this.refreshed(scope);
    }
    return this.#newScope(method, principal, path, now);
  }

  /** The scope of a read like one that was just counted. Its token is not read again. */
  freshScopeOf({ method, url }: ThrottledRequest, now: number): RequestScope | undefined {
    for (const scope of this.#pathOf(url).scopes) {
      if (scope.kind.method !== method) continue;
      const ageMs = now - scope.readAt;
      return ageMs >= 0 && ageMs < freshMs && scope.knownIn === this.#known ? scope : undefined;
    }
    return undefined;
  }

  #pathOf(url: string): KnownPath {
    if (url === this.#lastUrl && this.#lastPath !== undefined) return this.#lastPath;
    let path = this.#paths.get(url);
    if (path === undefined) {
      path = { target: readTarget(url), scopes: [] };
      this.#paths.set(url, path);
    }
    this.#lastUrl = url;
    this.#lastPath = path;
    return path;
  }

  #newScope(method: string, principal: string, { target, scopes }: KnownPath, now: number): RequestScope {
    const kind = this.#findKind(method, principal, target);
    kind.usedAt = now;
    const scope = new RequestScope(kind, target);
    const place = scopes.findIndex((other) => other.kind.method === method);
    scopes[place < 0 ? scopes.length : place] = scope;
    return this.refreshed(scope);
  }

  /** The same scope with all buckets known by now. */
  refreshed(scope: RequestScope): RequestScope {
    if (scope.knownIn === this.#known) return scope;
    const { kind, target } = scope;
    scope.knownIn = this.#known;
    scope.own = this.#resourceBuckets(kind, target);
    scope.buckets = scope.own.length === 0 ? kind.buckets : [...kind.buckets, ...scope.own];
    scope.layout = undefined;
    return scope;
  }

  #resourceBuckets(kind: RequestKind, target: Target): readonly Bucket[] {
    if (kind.groupsPerResource.size === 0 || !target.isSingle) return noBuckets;
    return [...kind.groupsPerResource]
      .map((group) => this.#buckets.get(groupKey(kind, group, target.resource)))
      .filter((bucket) => bucket !== undefined);
  }

  /** The service counts these requests under another class than their method suggests. */
  reclass(kind: RequestKind, requestClass: RequestClass): void {
    kind.requestClass = requestClass;
    kind.own = this.#ownBucket(kind.place, requestClass);
    kind.provider = this.#providerBucket(kind.place, requestClass);
    kind.allPrincipals = this.#buckets.get(allPrincipalsKey(kind.place, requestClass));
    kind.ownHeader = ownHeaders[requestClass][0];
    this.#refresh(kind);
  }

  /** Resource Manager's bucket for all principals of the subscription. */
  allPrincipalsBucket(kind: RequestKind): Bucket {
    if (kind.allPrincipals) return kind.allPrincipals;
    const { place, requestClass } = kind;
    const { capacity, refill, periodMs } = this.#priors[requestClass];
    const name = { ...nameOf(place), requestClass };
    kind.allPrincipals = this.#bucket(allPrincipalsKey(place, requestClass), name, () => ({
      capacity: capacity * allPrincipalsFactor,
      refill: refill * allPrincipalsFactor,
      periodMs,
    }));
    this.#refresh(kind);
    return kind.allPrincipals;
  }

  /**
   * The bucket of a provider's limit group, by the name that the service gives it.
   * @param level as reported; undefined for a group that a rejection named
   * @returns undefined if a service names more groups than are remembered
   */
  groupBucket(
    kind: RequestKind,
    target: Target,
    name: string,
    level: number | undefined,
    now: number,
  ): Bucket | undefined {
    const shared = kind.sharedGroups.get(name);
    if (shared) return shared;
    const isOfOne = level !== undefined && level <= mostOfOneResource && kind.groupsPerResource.has(name);
    const own = isOfOne ? this.#buckets.get(groupKey(kind, name, target.resource)) : undefined;
    return own ?? this.#learnGroup(kind, target, name, level, now);
  }

  /** The buckets of all groups in a header with this layout, kept with the scope. */
  groupBuckets(scope: RequestScope, layout: LimitGroupLayout, now: number): readonly (Bucket | undefined)[] {
    if (scope.layout === layout && scope.knownIn === this.#known && !hasOutgrown(scope.groups, layout.levels))
      return scope.groups;
    const { kind, target } = scope;
    const groups = layout.names.map((name, index) => this.groupBucket(kind, target, name, layout.levels[index], now));
    this.refreshed(scope);
    scope.layout = layout;
    scope.groups = groups;
    return groups;
  }

  #learnGroup(
    kind: RequestKind,
    target: Target,
    groupName: string,
    level: number | undefined,
    now: number,
  ): Bucket | undefined {
    const { sharedGroups, groupsPerResource } = kind;
    const isNew = !groupsPerResource.has(groupName);
    if (isNew && sharedGroups.size + groupsPerResource.size >= groupsOfKind) return undefined;
    const group = this.#group(kind, groupName);
    if (!target.isSingle || (level ?? 0) > mostOfOneResource) group.shared = true;
    if (level === undefined && !group.shared) noteRejection(group, target);
    const resource = group.shared ? undefined : target.resource;
    const { namespace, region } = kind.place;
    const name = {
      ...nameOf(kind.place),
      namespace,
      region,
      limitGroup: groupName,
      ...(resource !== undefined && { resource }),
    };
    const bucket = this.#bucket(groupKey(kind, groupName, resource), name, () =>
      level === undefined ? (kind.provider ?? kind.own).recentRate(now) : likelyLimit(groupName, level),
    );
    if (group.shared) {
      groupsPerResource.delete(groupName);
      sharedGroups.set(groupName, bucket);
      this.#refresh(kind);
    } else if (isNew) {
      groupsPerResource.add(groupName);
      this.#known++;
    }
    return bucket;
  }

  #refresh(kind: RequestKind): void {
    kind.refresh();
    this.#known++;
  }

  /** Resource Manager's bucket for this principal and request class. */
  #ownBucket(place: Place, requestClass: RequestClass): Bucket {
    const { principal, isResourceManager } = place;
    const name = { ...nameOf(place), principal, requestClass };
    return this.#bucket(`arm|${keyOf(place)}|${principal}|${requestClass}`, name, () =>
      isResourceManager ? this.#priors[requestClass] : undefined,
    );
  }

  /** For what a resource provider counts without a name. No limit is known until it rejects a request. */
  #providerBucket(place: Place, requestClass: RequestClass): Bucket | undefined {
    const { namespace, region } = place;
    if (namespace === "") return undefined;
    const name = { ...nameOf(place), namespace, region, requestClass };
    return this.#bucket(`rp|${keyOf(place)}|${region}|${namespace}|${requestClass}`, name, () => undefined);
  }

  #findKind(method: string, principal: string, target: Target): RequestKind {
    const { endpoint, subscription, namespace, region, isResourceManager } = target;
    const key = [method, principal, endpoint, subscription, namespace, region, target.pathTemplate].join("|");
    let kind = this.#kinds.get(key);
    if (kind === undefined) {
      const place = { endpoint, subscription, principal, namespace, region, isResourceManager };
      const requestClass = classOf(method);
      const own = this.#ownBucket(place, requestClass);
      const provider = this.#providerBucket(place, requestClass);
      const allPrincipals = this.#buckets.get(allPrincipalsKey(place, requestClass));
      kind = new RequestKind(method, place, requestClass, own, provider, allPrincipals);
      this.#kinds.set(key, kind);
    }
    return kind;
  }

  #group({ place }: RequestKind, name: string): LimitGroup {
    const key = `${place.endpoint}|${name.toLowerCase()}`;
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { shared: false };
      this.#groups.set(key, group);
    }
    return group;
  }

  #bucket(key: string, name: ScopeName, limit: () => RateLimit | undefined): Bucket {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = new Bucket(name, limit(), name.principal !== undefined, this.random);
      this.#buckets.set(key, bucket);
      this.#known++;
      this.listener.onFound?.(bucket, key);
    }
    return bucket;
  }

  /** The clock was set back: earlier times are meaningless, and a window might never reopen. */
  #forgetAll(now: number): void {
    this.#sweepAt = now + sweepEveryMs;
    for (const kind of this.#kinds.values()) kind.forgotten = true;
    this.#kinds.clear();
    for (const [key, bucket] of this.#buckets) this.#forget(key, bucket);
  }

  #forget(key: string, bucket: Bucket): void {
    this.#buckets.delete(key);
    this.#known++;
    this.listener.onForgotten?.(bucket);
  }

  #sweep(now: number): void {
    this.#sweepAt = now + sweepEveryMs;
    const before = now - (this.#buckets.size > bucketsKept ? crowdedIdleMs : idleMs);
    const inUse = new Set<Bucket>();
    const busyGroups = new Set<string | undefined>();
    for (const bucket of this.#buckets.values()) if (!bucket.isIdle(now)) busyGroups.add(bucket.name.limitGroup);
    for (const [key, kind] of this.#kinds) {
      // A forgotten kind no longer knows which limit groups have closed a window for it.
      const groups = [...kind.sharedGroups.keys(), ...kind.groupsPerResource];
      const isBusy = kind.waiting > 0 || groups.some((name) => busyGroups.has(name));
      if (!isBusy && kind.usedAt < before) {
        kind.forgotten = true;
        this.#kinds.delete(key);
      } else {
        for (const bucket of kind.buckets) inUse.add(bucket);
      }
    }
    for (const [key, bucket] of this.#buckets) {
      if (bucket.lastSentAt < before && !inUse.has(bucket) && bucket.isIdle(now)) this.#forget(key, bucket);
    }
  }
}

const noBuckets: readonly Bucket[] = [];

/** A level above any limit of a single resource shows that the group counts resources together. */
function hasOutgrown(groups: readonly (Bucket | undefined)[], levels: readonly number[]): boolean {
  for (let index = 0; index < groups.length; index++) {
    if ((levels[index] ?? 0) > mostOfOneResource && groups[index]?.name.resource !== undefined) return true;
  }
  return false;
}

/** If the same group rejects a second resource, it counts resources together. */
function noteRejection(group: LimitGroup, { resource }: Target): void {
  if (group.rejected !== undefined && group.rejected !== resource) group.shared = true;
  group.rejected = resource;
}

function classOf(method: string): RequestClass {
  if (method === "GET" || method === "HEAD" || method === "OPTIONS") return "read";
  return method === "DELETE" ? "delete" : "write";
}

function nameOf({ endpoint, subscription }: Place): ScopeName {
  return { endpoint, ...(subscription !== undefined && { subscription }) };
}

const keyOf = ({ endpoint, subscription = "tenant" }: Place): string => `${subscription}|${endpoint}`;

const allPrincipalsKey = (place: Place, requestClass: RequestClass): string => `all|${keyOf(place)}|${requestClass}`;

function groupKey({ place }: RequestKind, name: string, resource: string | undefined): string {
  return `policy|${keyOf(place)}|${place.region}|${name.toLowerCase()}|${resource ?? ""}`;
}
