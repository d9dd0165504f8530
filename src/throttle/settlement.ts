/**
 * What an answer changes. Each bucket that may have counted the request is told what the answer says about it: its level,
 * nothing, or that it was the one that sent the request away. A rejection closes the bucket it names and no other, and an
 * answer that is no throttling at all (a lock conflict that came as 429) closes nothing.
 */
import type { Bucket, BucketSign } from "./bucket.js";
import type { Scopes } from "./scopes.js";
import type { SentPermit } from "./sent-permit.js";
import { findCulprit, readSignals, type Culprit, type Signals } from "./signals.js";
import type { ThrottleReply } from "./throttle.js";

const none: readonly Bucket[] = [];
const nothing: BucketSign = {};
const uncounted: BucketSign = { uncounted: true };

/** Tells the buckets. Gives those that closed. */
export function settle(
  scopes: Scopes,
  sent: SentPermit,
  reply: ThrottleReply | undefined,
  now: number,
): readonly Bucket[] {
  const settlement = new Settlement(scopes, sent, now);
  if (reply === undefined) {
    settlement.tellOthers(nothing);
    return none;
  }
  const signals = readSignals(reply.headers, sent.lane.operation);
  if (signals.own && signals.own.operation !== sent.lane.operation) scopes.reclass(sent.lane, signals.own.operation);
  const closing = isThrottled(reply) ? settlement.close(reply, signals) : none;
  settlement.tellLevels(signals);
  // What Resource Manager sends away never comes to the provider's counters.
  const { own, allPrincipals } = sent.lane;
  settlement.tellOthers(closing.some((bucket) => bucket === own || bucket === allPrincipals) ? uncounted : nothing);
  return closing;
}

function isThrottled({ status, throttled }: ThrottleReply): boolean {
  return throttled ?? status === 429;
}

class Settlement {
  /** The buckets that know already. */
  readonly #told: Bucket[] = [];

  constructor(
    private readonly scopes: Scopes,
    private readonly sent: SentPermit,
    private readonly now: number,
  ) {}

  close(reply: ThrottleReply, signals: Signals): readonly Bucket[] {
    const { lane } = this.sent;
    const closing = this.#bucketsOf(findCulprit(reply, signals, lane.own.toldLevel));
    const { retryAfterMs } = reply;
    for (const bucket of closing)
      this.#tell(bucket, { level: levelOf(bucket, this.sent, signals), rejected: true, retryAfterMs });
    return closing;
  }

  tellLevels({ own, allPrincipals, policies }: Signals): void {
    const { lane, target } = this.sent;
    if (own) this.#tell(lane.own, { level: own.level });
    if (allPrincipals !== undefined) this.#tell(this.scopes.allPrincipalsBucket(lane), { level: allPrincipals });
    for (const { name, level } of policies) {
      const bucket = this.scopes.policyBucket(lane, target, name, level, this.now);
      if (bucket) this.#tell(bucket, { level });
    }
  }

  /** The other buckets learn that the request is no longer on its way. */
  tellOthers(sign: BucketSign): void {
    for (const bucket of this.sent.buckets) this.#tell(bucket, sign);
  }

  #tell(bucket: Bucket, sign: BucketSign): void {
    if (this.#told.includes(bucket)) return;
    this.#told.push(bucket);
    const { sentAt, buckets } = this.sent;
    // A bucket of which this answer tells for the first time has not been told that the request was sent.
    if (!buckets.includes(bucket)) bucket.send(sentAt);
    bucket.settle(sentAt, this.now, sign);
  }

  #bucketsOf(culprit: Culprit): readonly Bucket[] {
    const { lane, target } = this.sent;
    switch (culprit.limit) {
      case "own":
        return [lane.own];
      case "allPrincipals":
        return [this.scopes.allPrincipalsBucket(lane)];
      case "provider":
        return [lane.provider ?? lane.own];
      case "policies":
        return culprit.names
          .map((name) => this.scopes.policyBucket(lane, target, name, undefined, this.now))
          .filter((bucket) => bucket !== undefined);
    }
  }
}

/** The level that the same answer tells of a bucket. */
function levelOf(bucket: Bucket, { lane }: SentPermit, { own, allPrincipals, policies }: Signals): number | undefined {
  if (bucket === lane.own) return own?.level;
  if (bucket === lane.allPrincipals) return allPrincipals;
  return policies.find(({ name }) => name.toLowerCase() === bucket.name.policy?.toLowerCase())?.level;
}
