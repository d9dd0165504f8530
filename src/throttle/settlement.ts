/**
 * What an answer changes. Each bucket that may have counted the request is told what the answer says about it: its level,
 * nothing, or that it was the one that sent the request away. A rejection closes the bucket it names and no other, and an
 * answer that is no throttling at all (a lock conflict that came as 429) closes nothing.
 */
import type { Bucket, BucketSign } from "./bucket.js";
import type { Lane } from "./lane.js";
import type { Scopes } from "./scopes.js";
import { findCulprit, readSignals, type Culprit, type Signals } from "./signals.js";
import type { Target } from "./target.js";
import type { ThrottleReply } from "./throttle.js";

/** A request that was sent. */
export interface Sent {
  readonly lane: Lane;
  readonly target: Target;
  /** The buckets that were told of it. */
  readonly buckets: readonly Bucket[];
  readonly sentAt: number;
}

const nothing: BucketSign = {};
const none: readonly Bucket[] = [];

/** Tells the buckets. Gives those that closed. */
export function settle(scopes: Scopes, sent: Sent, reply: ThrottleReply | undefined, now: number): readonly Bucket[] {
  if (reply === undefined) {
    for (const bucket of sent.buckets) bucket.settle(sent.sentAt, now, nothing);
    return none;
  }
  const signals = readSignals(reply.headers, sent.lane.operation);
  const signs = new Map<Bucket, BucketSign>();
  noteLevels(scopes, sent, signals, signs, now);
  const closing = isThrottled(reply) ? noteCulprit(scopes, sent, reply, signals, signs, now) : none;
  for (const bucket of sent.buckets) if (!signs.has(bucket)) bucket.settle(sent.sentAt, now, nothing);
  for (const [bucket, sign] of signs) {
    // A bucket of which this answer tells for the first time has not been told that the request was sent.
    if (!sent.buckets.includes(bucket)) bucket.send(sent.sentAt);
    bucket.settle(sent.sentAt, now, sign);
  }
  return closing;
}

function isThrottled({ status, throttled }: ThrottleReply): boolean {
  return throttled ?? status === 429;
}

function noteLevels(scopes: Scopes, sent: Sent, signals: Signals, signs: Map<Bucket, BucketSign>, now: number): void {
  const { lane, target } = sent;
  const { own, allPrincipals, policies } = signals;
  if (own && own.operation !== lane.operation) {
    lane.operation = own.operation;
    scopes.refresh(lane, now);
  }
  if (own) signs.set(scopes.ownBucket(lane, own.operation, now), { level: own.level });
  if (allPrincipals !== undefined) {
    const bucket = scopes.allPrincipalsBucket(lane, now);
    if (!lane.buckets.includes(bucket)) scopes.refresh(lane, now);
    signs.set(bucket, { level: allPrincipals });
  }
  for (const { name, level } of policies) signs.set(scopes.policyBucket(lane, target, name, level, now), { level });
}

function noteCulprit(
  scopes: Scopes,
  sent: Sent,
  reply: ThrottleReply,
  signals: Signals,
  signs: Map<Bucket, BucketSign>,
  now: number,
): readonly Bucket[] {
  const ownLevel = scopes.ownBucket(sent.lane, sent.lane.operation, now).level(now);
  const closing = bucketsOf(scopes, sent, findCulprit(reply, signals, ownLevel), now);
  for (const bucket of closing) {
    const level = signs.get(bucket)?.level;
    signs.set(bucket, { level, rejected: true, retryAfterMs: reply.retryAfterMs });
  }
  return closing;
}

function bucketsOf(scopes: Scopes, { lane, target }: Sent, culprit: Culprit, now: number): readonly Bucket[] {
  switch (culprit.limit) {
    case "own":
      return [scopes.ownBucket(lane, lane.operation, now)];
    case "allPrincipals":
      return [scopes.allPrincipalsBucket(lane, now)];
    case "provider":
      return [
        lane.kind.namespace === "" ? scopes.ownBucket(lane, lane.operation, now) : scopes.providerBucket(lane, now),
      ];
    case "policies":
      return culprit.names.map((name) => scopes.policyBucket(lane, target, name, undefined, now));
  }
}
