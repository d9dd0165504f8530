/**
 * The arithmetic of a bucket that processes share. It is pure, and the same as the script that runs inside Redis; a
 * test compares each reply.
 *
 * The level is the one last reported, minus the permits that are out. Every process reports all its responses here, so
 * shares need not be guessed: permits are divided by what each process wants. The refill is not guessed either: a
 * little is kept back from every bucket, and when it may have refilled, one request goes out to see. The documented
 * bucket is trusted only if no response ever reports a level.
 */
import { sharedBucketNumbers } from "./shared-bucket-numbers.js";
import type { Lease, LeaseAsk } from "./store.js";

/** A process's part of a shared bucket. */
export interface Holder {
  /** Permits given and not answered. */
  out: number;
  /** When they expire. */
  until: number;
  wanted: number;
  seenAt: number;
}

export interface SharedBucket {
  level: number;
  /** The time up to which refill is counted. */
  filledAt: number;
  /** When the response that reported the level arrived, and when its request was sent. */
  receivedAt: number;
  sentAt: number;
  closedUntil: number;
  /** A window has passed, and no request has gone through since. */
  probing: boolean;
  /** Whether any response has reported a level. */
  reported: boolean;
  /** Permits that may be out while no level is reported; each response allows more. */
  span: number;
  readonly holders: Map<string, Holder>;
}

const {
  leaseMs,
  countedMs,
  firstSpan,
  staleMs,
  activeMs,
  keptBack,
  keptBackPart,
  lookPart,
  looksPerPeriod,
  turnPart,
  shortestTurnMs,
  shortestTurnWithPermitsMs,
  soonestMs,
  latestMs,
} = sharedBucketNumbers;

export function newSharedBucket(capacity: number, now: number): SharedBucket {
  return {
    level: capacity,
    filledAt: now,
    receivedAt: 0,
    sentAt: 0,
    closedUntil: 0,
    probing: false,
    reported: false,
    span: firstSpan,
    holders: new Map(),
  };
}

export function lease(bucket: SharedBucket, member: string, ask: LeaseAsk, now: number): Lease {
  const { capacity, refill, periodMs } = ask.limit;
  endLeases(bucket, now);
  learn(bucket, holderOf(bucket, member), ask, now);
  if (!bucket.reported) fill(bucket, ask, now);
  const holder = holderOf(bucket, member);
  holder.wanted = ask.want;
  holder.seenAt = now;
  const out = outOf(bucket);
  const { wanted, waiting } = demand(bucket, now);
  let free = bucket.level - out;
  if (wanted > free) free -= Math.min(keptBack, capacity * keptBackPart);
  const span = mostOut(bucket, now);
  const looks = free < 1 && isQuiet(bucket, now) && now >= lookAt(bucket, ask);
  const needsAnswer = looks || span - out < free;
  free = looks ? 1 : Math.max(0, Math.floor(Math.min(free, span - out)));
  const fair = Math.max(1, Math.floor((free * ask.want) / Math.max(1, wanted)));
  const granted = Math.min(ask.want, free, fair);
  if (granted > 0) {
    holder.out += granted;
    holder.until = now + leaseMs;
  }
  const stepMs = Math.min(latestMs, Math.max(soonestMs, lookAt(bucket, ask) - now));
  const left = free - granted;
  const turnMs = Math.min(
    latestMs * 2,
    Math.max(left > 0 ? shortestTurnWithPermitsMs : shortestTurnMs, (turnPart * (waiting - left) * periodMs) / refill),
  );
  return {
    granted,
    ttlMs: leaseMs,
    askAgainMs: Math.ceil(granted < ask.want ? Math.max(left > 0 ? 0 : stepMs, turnMs) : 0),
    needsAnswer: needsAnswer && granted < ask.want,
    closedForMs: Math.max(0, Math.ceil(bucket.closedUntil - now)),
    level: Math.max(0, Math.floor(bucket.level - out - granted)),
  };
}

/** When a nearly empty bucket may have refilled: time for one request to find out, paid from what was kept back. */
function lookAt({ reported, receivedAt, closedUntil }: SharedBucket, { limit: { periodMs } }: LeaseAsk): number {
  if (!reported) return Infinity;
  return Math.max(
    closedUntil,
    receivedAt + Math.max(lookPart * Math.min(periodMs, latestMs), periodMs / looksPerPeriod),
  );
}

/**
 * Permits that may be out: none in a closed window, one to find out whether it has reopened, few while the level is
 * unknown.
 */
function mostOut({ closedUntil, probing, reported, receivedAt, span }: SharedBucket, now: number): number {
  if (now < closedUntil) return 0;
  if (probing) return 1;
  if (!reported) return span;
  return now - receivedAt < staleMs ? Infinity : firstSpan;
}

/** Expired permits count as sent: their tokens are gone. */
function endLeases(bucket: SharedBucket, now: number): void {
  for (const [member, holder] of bucket.holders) {
    if (holder.out > 0 && holder.until <= now) {
      if (!isCounted(bucket, holder)) bucket.level -= holder.out;
      holder.out = 0;
    }
    if (holder.out === 0 && holder.seenAt + activeMs < now) bucket.holders.delete(member);
  }
}

function learn(bucket: SharedBucket, holder: Holder, ask: LeaseAsk, now: number): void {
  const { answered, returned, levelless, level, closedForMs = 0 } = ask;
  holder.out = Math.max(0, holder.out - answered - returned);
  bucket.level -= levelless;
  if (level) {
    const sentAt = now - level.sentAgoMs;
    const receivedAt = now - level.receivedAgoMs;
    if (!bucket.reported || sentAt >= bucket.receivedAt || level.tokens <= bucket.level) {
      bucket.level = level.tokens;
      bucket.receivedAt = receivedAt;
      bucket.sentAt = sentAt;
      bucket.reported = true;
    }
  }
  if (closedForMs > 0) {
    bucket.closedUntil = Math.max(bucket.closedUntil, now + closedForMs);
    bucket.level = 0;
    bucket.filledAt = now;
    bucket.receivedAt = now;
    bucket.sentAt = now;
    bucket.probing = true;
    bucket.span = firstSpan;
  } else if (answered > 0) {
    if (now >= bucket.closedUntil) bucket.probing = false;
    bucket.span += answered;
  }
}

function fill(bucket: SharedBucket, { limit: { capacity, refill, periodMs } }: LeaseAsk, now: number): void {
  const steps = Math.floor((now - bucket.filledAt) / periodMs);
  if (steps <= 0) return;
  bucket.level = Math.min(capacity, bucket.level + steps * refill);
  bucket.filledAt += steps * periodMs;
}

/** Permits that are out and not yet counted in the level. */
export function outOf(bucket: SharedBucket): number {
  let out = 0;
  for (const holder of bucket.holders.values()) if (!isCounted(bucket, holder)) out += holder.out;
  return out;
}

/**
 * Whether everything out was given so long ago that a probe would count it. Otherwise a response is on its way that
 * shows more.
 */
function isQuiet({ holders }: SharedBucket, now: number): boolean {
  for (const { out, until } of holders.values()) if (out > 0 && until - leaseMs + countedMs > now) return false;
  return true;
}

/** Whether the reported level has counted all that this process holds. */
function isCounted({ reported, sentAt }: SharedBucket, { until }: Holder): boolean {
  return reported && until - leaseMs + countedMs <= sentAt;
}

/** What the processes heard from lately want, and how many they are. */
function demand({ holders }: SharedBucket, now: number): { wanted: number; waiting: number } {
  let wanted = 0;
  let waiting = 0;
  for (const holder of holders.values()) {
    if (holder.wanted === 0 || holder.seenAt + activeMs < now) continue;
    wanted += holder.wanted;
    waiting++;
  }
  return { wanted, waiting };
}

function holderOf({ holders }: SharedBucket, member: string): Holder {
  let holder = holders.get(member);
  if (holder === undefined) {
    holder = { out: 0, until: 0, wanted: 0, seenAt: 0 };
    holders.set(member, holder);
  }
  return holder;
}
