/**
 * What an answer changes. Each bucket that may have counted the request is told what the answer says about it: its level,
 * nothing, or that it was the one that sent the request away. A rejection closes the bucket it names and no other, and an
 * answer that is no throttling at all (a lock conflict that came as 429) closes nothing.
 *
 * Nearly all answers are clean and tell the same as the one before but for the numbers, so for them nothing is allocated
 * and no header is asked for that this service has not sent before.
 */
import type { Bucket } from "../bucket/bucket.js";
import type { Moment } from "../bucket/event-time.js";
import { layoutOf } from "./limit-group-layout.js";
import type { Scopes } from "./scopes.js";
import type { SentPermit } from "../queue/sent-permit.js";
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
} from "./rate-limit-headers.js";
import type { HeaderReader, ThrottleReply } from "../throttle.js";

const none: readonly Bucket[] = [];

/** After so many answers without any level, all headers are searched only now and then. */
const silentAnswers = 8;
const searchEvery = 16;

/** And so often the level for all principals is asked for, while this service has never told it. */
const askEvery = 4;

export class Settlement {
  constructor(
    private readonly scopes: Scopes,
    private readonly moment: Moment,
  ) {}

  /** Tells the buckets what came back to a request, if anything. Gives those that closed. */
  settle(sent: SentPermit, reply: ThrottleReply | undefined): readonly Bucket[] {
    if (reply !== undefined && isThrottled(reply)) return this.#reject(sent, reply);
    if (reply !== undefined) this.#accept(sent, reply.headers);
    const { moment } = this;
    for (const bucket of sent.buckets) if (bucket.toldIn !== moment.step) bucket.pass(sent, moment);
    return none;
  }

  #accept(sent: SentPermit, headers: HeaderReader): void {
    const { lane } = sent.route;
    const level = levelIn(headers.get(lane.ownHeader));
    if (level !== undefined) this.#tell(sent, lane.own, level);
    else if (lane.silent >= silentAnswers && lane.silent % searchEvery !== 0) lane.silent++;
    else {
      this.#search(sent, headers);
      return;
    }
    if (lane.allPrincipals !== undefined || this.moment.step % askEvery === 0) {
      this.#tellAllPrincipals(sent, levelIn(headers.get(allPrincipalsHeaders[lane.operation])));
    }
    const policies = headers.get(resourceHeader);
    // Not every reader of headers says `undefined` for what is missing.
    if (policies) this.#tellPolicies(sent, policies);
  }

  #reject(sent: SentPermit, reply: ThrottleReply): readonly Bucket[] {
    const { lane } = sent.route;
    const { moment } = this;
    const signals = this.#read(sent, reply.headers);
    const closing = this.#bucketsOf(sent, findCulprit(reply, signals, lane.own.toldLevel));
    for (const bucket of closing) {
      include(sent, bucket);
      bucket.reject(sent, moment, levelOf(bucket, sent, signals), reply.retryAfterMs);
    }
    this.#tellLevels(sent, signals);
    // What Resource Manager sends away never comes to the provider's counters.
    const uncounted = closing.some((bucket) => bucket === lane.own || bucket === lane.allPrincipals);
    for (const bucket of sent.buckets) {
      if (bucket.toldIn === moment.step) continue;
      if (uncounted) bucket.takeBack(moment);
      else bucket.pass(sent, moment);
    }
    return closing;
  }

  /** Looks for levels wherever they may be. */
  #search(sent: SentPermit, headers: HeaderReader): void {
    const { lane } = sent.route;
    const signals = this.#read(sent, headers);
    const isSilent = signals.own === undefined && signals.allPrincipals === undefined && signals.policies.length === 0;
    lane.silent = isSilent ? lane.silent + 1 : 0;
    this.#tellLevels(sent, signals);
  }

  #read(sent: SentPermit, headers: HeaderReader): Signals {
    const { lane } = sent.route;
    const signals = readSignals(headers, lane.operation);
    const { own } = signals;
    if (own && own.operation !== lane.operation) this.scopes.reclass(lane, own.operation);
    if (own) lane.ownHeader = own.header;
    return signals;
  }

  #tellLevels(sent: SentPermit, { own, allPrincipals, policies }: Signals): void {
    if (own) this.#tell(sent, sent.route.lane.own, own.level);
    this.#tellAllPrincipals(sent, allPrincipals);
    for (const policy of policies) this.#tellPolicy(sent, policy);
  }

  #tellAllPrincipals(sent: SentPermit, level: number | undefined): void {
    if (level !== undefined) this.#tell(sent, this.scopes.allPrincipalsBucket(sent.route.lane), level);
  }

  #tellPolicies(sent: SentPermit, header: string): void {
    const { route, sentAt } = sent;
    const { lane } = route;
    if (!lane.layout?.read(header)) {
      const policies = readPolicies(header);
      lane.layout = layoutOf(header, policies);
      if (!lane.layout) for (const policy of policies) this.#tellPolicy(sent, policy);
      if (!lane.layout) return;
    }
    const { levels } = lane.layout;
    const buckets = this.scopes.policyBuckets(route, lane.layout, sentAt);
    // Nearly always the route is as it was when the request was sent, and its buckets know that it was.
    const areTold = sent.buckets === route.buckets;
    const { moment } = this;
    for (let index = 0; index < buckets.length; index++) {
      const bucket = buckets[index];
      if (bucket === undefined || bucket.toldIn === moment.step) continue;
      if (!areTold) include(sent, bucket);
      bucket.tell(levels[index] ?? 0, sent, moment);
    }
  }

  #tellPolicy(sent: SentPermit, { name, level }: PolicyLevel): void {
    const { route, sentAt } = sent;
    const bucket = this.scopes.policyBucket(route.lane, route.target, name, level, sentAt);
    if (bucket) this.#tell(sent, bucket, level);
  }

  #tell(sent: SentPermit, bucket: Bucket, level: number): void {
    if (bucket.toldIn === this.moment.step) return;
    include(sent, bucket);
    bucket.tell(level, sent, this.moment);
  }

  #bucketsOf(sent: SentPermit, culprit: Culprit): readonly Bucket[] {
    const { lane, target } = sent.route;
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

/** A bucket of which this answer tells for the first time has not been told that the request was sent. */
function include({ buckets, sentAt }: SentPermit, bucket: Bucket): void {
  for (const counting of buckets) if (counting === bucket) return;
  bucket.send(sentAt);
}

export function isThrottled({ status, throttled }: ThrottleReply): boolean {
  return throttled ?? status === 429;
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
