/**
 * What a response changes. Each bucket that may have counted the request learns what the response says about it: its
 * level, nothing, or that it rejected the request. A rejection closes only the bucket it names, and a response that is
 * no throttling at all (a lock conflict that came as 429) closes nothing.
 *
 * Nearly all responses are clean and differ from the previous one only in the numbers. For these, nothing is allocated
 * and no header is read that this service has not sent before.
 */
import type { Bucket } from "../bucket/bucket.js";
import type { EventTime, Sent } from "../bucket/event-time.js";
import { layoutOf } from "./limit-group-layout.js";
import type { RequestScope } from "./request-scope.js";
import type { Scopes } from "./scopes.js";
import {
  allPrincipalsHeaders,
  findCulprit,
  levelIn,
  readGroups,
  readReportedLevels,
  resourceHeader,
  type Culprit,
  type LimitGroupLevel,
  type ReportedLevels,
} from "./rate-limit-headers.js";
import type { HeaderReader, ThrottleReply } from "../throttle.js";

const none: readonly Bucket[] = [];

/** After this many responses without any level, all headers are searched only now and then. */
const silentAnswers = 8;
const searchEvery = 16;

/** How often to read the level for all principals while this service has never reported it. */
const askEvery = 4;

/** A request that its buckets have counted. */
export interface CountedRequest extends Sent {
  readonly scope: RequestScope;
  readonly buckets: readonly Bucket[];
}

export class ReplyAccounting {
  constructor(
    private readonly scopes: Scopes,
    private readonly eventTime: EventTime,
  ) {}

  /**
   * Reports a request's response, or its absence, to the buckets.
   * @returns those that closed
   */
  settle(sent: CountedRequest, reply: ThrottleReply | undefined): readonly Bucket[] {
    if (reply !== undefined && isThrottled(reply)) return this.#reject(sent, reply);
    const closing = reply === undefined ? none : this.#accept(sent, reply);
    const { eventTime } = this;
    for (const bucket of sent.buckets) if (bucket.reportedIn !== eventTime.step) bucket.pass(sent, eventTime);
    return closing;
  }

  #accept(sent: CountedRequest, { status, headers, retryAfterMs }: ThrottleReply): readonly Bucket[] {
    // What failed for another reason, and says when to come back, says so of the buckets that it empties too.
    const isHint = status >= 400 && retryAfterMs !== undefined;
    const closing = isHint ? this.#closeEmpty(sent, this.#read(sent, headers), retryAfterMs) : none;
    this.#learn(sent, headers);
    return closing;
  }

  #closeEmpty(sent: CountedRequest, { groups }: ReportedLevels, retryAfterMs: number): readonly Bucket[] {
    const { kind, target } = sent.scope;
    const { now, step } = this.eventTime;
    const empty = groups.filter(({ level }) => level === 0);
    const buckets = empty.map(({ name }) => this.scopes.groupBucket(kind, target, name, undefined, now));
    const closing = buckets.filter((bucket) => bucket !== undefined).filter(({ reportedIn }) => reportedIn !== step);
    for (const bucket of closing) {
      include(sent, bucket);
      bucket.reject(sent, this.eventTime, 0, retryAfterMs);
    }
    return closing;
  }

  #learn(sent: CountedRequest, headers: HeaderReader): void {
    const { kind } = sent.scope;
    const level = levelIn(headers.get(kind.ownHeader));
    if (level !== undefined) this.#report(sent, kind.own, level);
    else if (kind.silent >= silentAnswers && kind.silent % searchEvery !== 0) kind.silent++;
    else {
      this.#search(sent, headers);
      return;
    }
    if (kind.allPrincipals !== undefined || this.eventTime.step % askEvery === 0) {
      this.#reportAllPrincipals(sent, levelIn(headers.get(allPrincipalsHeaders[kind.requestClass])));
    }
    const groups = headers.get(resourceHeader);
    // Not every implementation of headers returns `undefined` for a missing one.
    if (groups) this.#reportGroups(sent, groups);
  }

  #reject(sent: CountedRequest, reply: ThrottleReply): readonly Bucket[] {
    const { kind } = sent.scope;
    const { eventTime } = this;
    const reported = this.#read(sent, reply.headers);
    const closing = [...this.#bucketsOf(sent, findCulprit(reply, reported, kind.own.reportedLevel))];
    for (const bucket of closing) {
      include(sent, bucket);
      bucket.reject(sent, eventTime, levelOf(bucket, sent, reported), reply.retryAfterMs);
    }
    if (reply.retryAfterMs !== undefined) closing.push(...this.#closeEmpty(sent, reported, reply.retryAfterMs));
    this.#reportLevels(sent, reported);
    // What Resource Manager rejects never reaches the provider's counters.
    const notCharged = closing.some((bucket) => bucket === kind.own || bucket === kind.allPrincipals);
    for (const bucket of sent.buckets) {
      if (bucket.reportedIn === eventTime.step) continue;
      if (notCharged) bucket.takeBack(eventTime);
      else bucket.pass(sent, eventTime);
    }
    return closing;
  }

  /** Looks for levels in all headers. */
  #search(sent: CountedRequest, headers: HeaderReader): void {
    const { kind } = sent.scope;
    const reported = this.#read(sent, headers);
    const isSilent = reported.own === undefined && reported.allPrincipals === undefined && reported.groups.length === 0;
    kind.silent = isSilent ? kind.silent + 1 : 0;
    this.#reportLevels(sent, reported);
  }

  #read(sent: CountedRequest, headers: HeaderReader): ReportedLevels {
    const { kind } = sent.scope;
    const reported = readReportedLevels(headers, kind.requestClass);
    const { own } = reported;
    if (own && own.requestClass !== kind.requestClass) this.scopes.reclass(kind, own.requestClass);
    if (own) kind.ownHeader = own.header;
    return reported;
  }

  #reportLevels(sent: CountedRequest, { own, allPrincipals, groups }: ReportedLevels): void {
    if (own) this.#report(sent, sent.scope.kind.own, own.level);
    this.#reportAllPrincipals(sent, allPrincipals);
    for (const group of groups) this.#reportGroup(sent, group);
  }

  #reportAllPrincipals(sent: CountedRequest, level: number | undefined): void {
    if (level !== undefined) this.#report(sent, this.scopes.allPrincipalsBucket(sent.scope.kind), level);
  }

  #reportGroups(sent: CountedRequest, header: string): void {
    const { scope, sentAt } = sent;
    const { kind } = scope;
    if (!kind.layout?.read(header)) {
      const groups = readGroups(header);
      kind.layout = layoutOf(header, groups);
      if (!kind.layout) for (const group of groups) this.#reportGroup(sent, group);
      if (!kind.layout) return;
    }
    const { levels } = kind.layout;
    const buckets = this.scopes.groupBuckets(scope, kind.layout, sentAt);
    // The scope is nearly always the same as at sending, and its buckets have counted the request.
    const areSent = sent.buckets === scope.buckets;
    const { eventTime } = this;
    for (let index = 0; index < buckets.length; index++) {
      const bucket = buckets[index];
      if (bucket === undefined || bucket.reportedIn === eventTime.step) continue;
      if (!areSent) include(sent, bucket);
      bucket.report(levels[index] ?? 0, sent, eventTime);
    }
  }

  #reportGroup(sent: CountedRequest, { name, level }: LimitGroupLevel): void {
    const { scope, sentAt } = sent;
    const bucket = this.scopes.groupBucket(scope.kind, scope.target, name, level, sentAt);
    if (bucket) this.#report(sent, bucket, level);
  }

  #report(sent: CountedRequest, bucket: Bucket, level: number): void {
    if (bucket.reportedIn === this.eventTime.step) return;
    include(sent, bucket);
    bucket.report(level, sent, this.eventTime);
  }

  #bucketsOf(sent: CountedRequest, culprit: Culprit): readonly Bucket[] {
    const { kind, target } = sent.scope;
    switch (culprit.limit) {
      case "own":
        return [kind.own];
      case "allPrincipals":
        return [this.scopes.allPrincipalsBucket(kind)];
      case "provider":
        return [kind.provider ?? kind.own];
      case "groups": {
        const { now } = this.eventTime;
        const buckets = culprit.names.map((name) => this.scopes.groupBucket(kind, target, name, undefined, now));
        return [...new Set(buckets)].filter((bucket) => bucket !== undefined);
      }
    }
  }
}

/** A bucket that this response names for the first time has not counted the request yet. */
function include({ buckets, sentAt }: CountedRequest, bucket: Bucket): void {
  for (const counting of buckets) if (counting === bucket) return;
  bucket.send(sentAt);
}

export function isThrottled({ status, throttled }: ThrottleReply): boolean {
  return throttled ?? status === 429;
}

/** The level that the same answer reports for a bucket. */
function levelOf(
  bucket: Bucket,
  { scope: { kind } }: CountedRequest,
  { own, allPrincipals, groups }: ReportedLevels,
): number | undefined {
  if (bucket === kind.own) return own?.level;
  if (bucket === kind.allPrincipals) return allPrincipals;
  return groups.find(({ name }) => name.toLowerCase() === bucket.name.limitGroup?.toLowerCase())?.level;
}
