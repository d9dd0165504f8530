/**
 * What an answer changes. Each bucket that may have counted the request is told what the answer says about it: its level,
 * nothing, or that it was the one that sent the request away. A rejection closes the bucket it names and no other, and an
 * answer that is no throttling at all (a lock conflict that came as 429) closes nothing.
 *
 * Nearly all answers are clean and tell the same as the one before but for the numbers, so for them nothing is allocated
 * and no header is asked for that this service has not sent before.
 */
import type { Bucket } from "./bucket.js";
import type { Moment } from "./moment.js";
import { layoutOf } from "./policy-layout.js";
import type { Scopes } from "./scopes.js";
import type { SentPermit } from "./sent-permit.js";
import {
  allPrincipalsHeaders,
  findCulprit,
  levelIn,
  readPolicies,
  readSignals,
  resourceHeader,
  type Culprit,
  type PolicyLevel,
  type Signals,
} from "./signals.js";
import type { HeaderReader, ThrottleReply } from "./throttle.js";

const none: readonly Bucket[] = [];

/** After so many answers without any level, all headers are searched only now and then. */
const silentAnswers = 8;
const searchEvery = 16;

/** Tells the buckets. Gives those that closed. */
export function settle(
  scopes: Scopes,
  sent: SentPermit,
  reply: ThrottleReply | undefined,
  moment: Moment,
): readonly Bucket[] {
  if (reply !== undefined && isThrottled(reply)) return new Settlement(scopes, sent, moment).reject(reply);
  if (reply !== undefined) new Settlement(scopes, sent, moment).accept(reply.headers);
  for (const bucket of sent.buckets) if (bucket.toldIn !== moment.step) bucket.pass(sent, moment);
  return none;
}

function isThrottled({ status, throttled }: ThrottleReply): boolean {
  return throttled ?? status === 429;
}

class Settlement {
  constructor(
    private readonly scopes: Scopes,
    private readonly sent: SentPermit,
    private readonly moment: Moment,
  ) {}

  accept(headers: HeaderReader): void {
    const { lane } = this.sent.route;
    const level = levelIn(headers.get(lane.ownHeader));
    if (level === undefined && (lane.silent < silentAnswers || lane.silent % searchEvery === 0)) {
      this.#search(headers);
      return;
    }
    if (level === undefined) {
      lane.silent++;
    } else {
      this.#tell(lane.own, level);
      const allPrincipals = headers.get(allPrincipalsHeaders[lane.operation]);
      if (allPrincipals !== undefined) this.#tellAllPrincipals(levelIn(allPrincipals));
    }
    const policies = headers.get(resourceHeader);
    if (policies !== undefined) this.#tellPolicies(policies);
  }

  reject(reply: ThrottleReply): readonly Bucket[] {
    const { lane } = this.sent.route;
    const signals = this.#read(reply.headers);
    const closing = this.#bucketsOf(findCulprit(reply, signals, lane.own.toldLevel));
    for (const bucket of closing) {
      this.#include(bucket);
      bucket.reject(this.sent, this.moment, levelOf(bucket, this.sent, signals), reply.retryAfterMs);
    }
    this.#tellLevels(signals);
    // What Resource Manager sends away never comes to the provider's counters.
    const uncounted = closing.some((bucket) => bucket === lane.own || bucket === lane.allPrincipals);
    for (const bucket of this.sent.buckets) {
      if (bucket.toldIn === this.moment.step) continue;
      if (uncounted) bucket.takeBack(this.moment);
      else bucket.pass(this.sent, this.moment);
    }
    return closing;
  }

  /** Looks for levels wherever they may be. */
  #search(headers: HeaderReader): void {
    const { lane } = this.sent.route;
    const signals = this.#read(headers);
    const isSilent = signals.own === undefined && signals.allPrincipals === undefined && signals.policies.length === 0;
    lane.silent = isSilent ? lane.silent + 1 : 0;
    this.#tellLevels(signals);
  }

  #read(headers: HeaderReader): Signals {
    const { lane } = this.sent.route;
    const signals = readSignals(headers, lane.operation);
    const { own } = signals;
    if (own && own.operation !== lane.operation) this.scopes.reclass(lane, own.operation);
    if (own) lane.ownHeader = own.header;
    return signals;
  }

  #tellLevels({ own, allPrincipals, policies }: Signals): void {
    if (own) this.#tell(this.sent.route.lane.own, own.level);
    this.#tellAllPrincipals(allPrincipals);
    for (const policy of policies) this.#tellPolicy(policy);
  }

  #tellAllPrincipals(level: number | undefined): void {
    if (level !== undefined) this.#tell(this.scopes.allPrincipalsBucket(this.sent.route.lane), level);
  }

  #tellPolicies(header: string): void {
    const { route, sentAt } = this.sent;
    const { lane } = route;
    if (!lane.layout?.read(header)) {
      const policies = readPolicies(header);
      lane.layout = layoutOf(header, policies);
      if (!lane.layout) for (const policy of policies) this.#tellPolicy(policy);
      if (!lane.layout) return;
    }
    const { layout } = lane;
    const buckets = this.scopes.policyBuckets(route, layout, sentAt);
    for (let index = 0; index < buckets.length; index++) {
      const bucket = buckets[index];
      if (bucket !== undefined) this.#tell(bucket, layout.levels[index] ?? 0);
    }
  }

  #tellPolicy({ name, level }: PolicyLevel): void {
    const { route, sentAt } = this.sent;
    const bucket = this.scopes.policyBucket(route.lane, route.target, name, level, sentAt);
    if (bucket) this.#tell(bucket, level);
  }

  #tell(bucket: Bucket, level: number): void {
    if (bucket.toldIn === this.moment.step) return;
    this.#include(bucket);
    bucket.tell(level, this.sent, this.moment);
  }

  /** A bucket of which this answer tells for the first time has not been told that the request was sent. */
  #include(bucket: Bucket): void {
    if (!this.sent.buckets.includes(bucket)) bucket.send(this.sent.sentAt);
  }

  #bucketsOf(culprit: Culprit): readonly Bucket[] {
    const { lane, target } = this.sent.route;
    switch (culprit.limit) {
      case "own":
        return [lane.own];
      case "allPrincipals":
        return [this.scopes.allPrincipalsBucket(lane)];
      case "provider":
        return [lane.provider ?? lane.own];
      case "policies": {
        const { now } = this.moment;
        const buckets = culprit.names.map((name) => this.scopes.policyBucket(lane, target, name, undefined, now));
        return [...new Set(buckets)].filter((bucket) => bucket !== undefined);
      }
    }
  }
}

/** The level that the same answer tells of a bucket. */
function levelOf(
  bucket: Bucket,
  { route: { lane } }: SentPermit,
  { own, allPrincipals, policies }: Signals,
): number | undefined {
  if (bucket === lane.own) return own?.level;
  if (bucket === lane.allPrincipals) return allPrincipals;
  return policies.find(({ name }) => name.toLowerCase() === bucket.name.policy?.toLowerCase())?.level;
}
