/**
 * Which candidates are worth trying, in which order, and why the others are not. Pure: all knowledge comes in as
 * values, and unknown values count against no candidate.
 */
import { wordsFor, type Candidate, type MachinePlan } from "./machine-plan.js";
import { whyUnfit, whyUnlike } from "./similar.js";
import { foldName, type SizeOffer, type SizeOffers } from "./size-offer.js";

/** How much of a quota is used. */
export interface Usage {
  readonly used: number;
  readonly limit: number;
}

/** `High`, `Medium`, `Low`; anything else counts as unknown. */
export type Score = string;

/** What is known about a region. Each part is undefined if it could not be looked up. */
export interface RegionKnowledge {
  readonly sizes: SizeOffers | undefined;
  /** By folded name: `cores`, `lowprioritycores`, a family. */
  readonly usages: ReadonlyMap<string, Usage> | undefined;
  /** By {@link scoreKey}. */
  readonly scores: ReadonlyMap<string, Score> | undefined;
}

export const nothingKnown: RegionKnowledge = { sizes: undefined, usages: undefined, scores: undefined };

export const scoreKey = ({ size, zone = "" }: Pick<Candidate, "size" | "zone">): string => `${foldName(size)}|${zone}`;

/** A candidate with the reason for or against it, for people. */
export interface Judged {
  readonly candidate: Candidate;
  readonly reason: string;
}

export interface Ranking {
  /** Worth trying, best first. */
  readonly open: readonly Judged[];
  readonly leftOut: readonly Judged[];
}

/**
 * @param candidates in the order in which the caller would take them
 * @param lately what became of creates like it
 * @param now epoch milliseconds
 */
export function rank(
  plan: MachinePlan,
  candidates: readonly Candidate[],
  knowledge: RegionKnowledge,
  lately: (candidate: Candidate) => Lately,
  now: number,
): Ranking {
  const open: Graded[] = [];
  const leftOut: Judged[] = [];
  for (const candidate of candidates) {
    const against = whyNot(plan, candidate, knowledge, now);
    if (against !== undefined) leftOut.push({ candidate, reason: against });
    else open.push(grade(plan, candidate, knowledge, lately(candidate), now));
  }
  open.sort(byGrade(candidates));
  return { open, leftOut };
}

/**
 * Among equals the caller's order stays. Only the zones of a size that was placed lately are taken in turn, the one that was
 * used longest ago first: so none of them is filled to its brim, which only a refusal would show.
 */
function byGrade(candidates: readonly Candidate[]): (one: Graded, other: Graded) => number {
  const sizes = [...new Set(candidates.map(({ size }) => size))];
  return (one, other) =>
    one.grade - other.grade ||
    one.refusedUntil - other.refusedUntil ||
    (one.grade === placed.justNow
      ? sizes.indexOf(one.candidate.size) - sizes.indexOf(other.candidate.size) || one.placedAt - other.placedAt
      : 0);
}

/** Why a candidate cannot work, if that is known. */
function whyNot(
  plan: MachinePlan,
  candidate: Candidate,
  { sizes, usages, scores }: RegionKnowledge,
  now: number,
): string | undefined {
  if (!sizes) return undefined;
  const offer = sizes.get(foldName(candidate.size));
  if (!offer) return notOffered(plan.region);
  const closed = whyClosed(offer, candidate);
  if (closed !== undefined) return closed;
  if (scores?.get(scoreKey(candidate)) === "RestrictedSkuNotAvailable")
    return "its placement score says that it is restricted";
  const asked = sizes.get(foldName(plan.size));
  const isOther = foldName(candidate.size) !== foldName(plan.size);
  return (
    whyUnfit(offer, plan.needs, now) ??
    (isOther && asked ? whyUnlike(asked, offer) : undefined) ??
    whyOverQuota(offer, plan.count, candidate.spot, usages)
  );
}

export const notOffered = (region: string): string => `${region} does not offer it`;

/** Why the subscription may not create a size there, whatever it needs it for. */
export function whyClosed(offer: SizeOffer, { zone, spot }: Pick<Candidate, "zone" | "spot">): string | undefined {
  if (offer.closedBecause !== undefined) return `it is closed to this subscription (${offer.closedBecause})`;
  if (zone !== undefined && offer.closedZones.includes(zone)) return `zone ${zone} is closed to this subscription`;
  if (zone !== undefined && !offer.zones.includes(zone)) return `zone ${zone} does not have it`;
  if (spot && !offer.canBeSpot) return "it cannot be a spot machine";
  return undefined;
}

/** Why the quotas that a size draws on cannot take `count` machines of it. */
export function whyOverQuota(
  offer: SizeOffer,
  count: number,
  spot: boolean,
  usages: RegionKnowledge["usages"],
): string | undefined {
  const needed = offer.vCPUs * count;
  const tight = tightestPool(offer, spot, usages);
  return tight && tight.left < needed
    ? `the quota ${tight.pool} has ${Math.max(0, tight.left)} of ${tight.limit} vCPUs left, ${needed} are needed`
    : undefined;
}

/** The pool of vCPUs that runs out first; undefined when none of a size's pools is known. */
export function tightestPool(
  offer: SizeOffer,
  spot: boolean,
  usages: RegionKnowledge["usages"],
): { readonly pool: string; readonly left: number; readonly limit: number } | undefined {
  return poolsOf(offer, spot)
    .flatMap((pool) => {
      const usage = usages?.get(foldName(pool));
      return usage ? [{ pool, left: usage.limit - usage.used, limit: usage.limit }] : [];
    })
    .sort((one, other) => one.left - other.left)[0];
}

/** Spot machines draw on one pool of the region; regular ones on the region's cores and on the family's. */
export function poolsOf({ family }: SizeOffer, spot: boolean): string[] {
  return spot ? ["lowPriorityCores"] : ["cores", ...(family === "" ? [] : [family])];
}

/** What became of creates like a candidate. */
export interface Lately {
  /** Epoch milliseconds until which a refusal is believed; undefined when none is. */
  readonly refusedUntil?: number | undefined;
  /** Epoch milliseconds at which a machine was placed there last; undefined when none was. */
  readonly roomAt?: number | undefined;
  /** Epoch milliseconds at which a bigger size of the same family was refused there; undefined when none was. */
  readonly biggerRefusedAt?: number | undefined;
}

interface Graded extends Judged {
  readonly grade: number;
  readonly refusedUntil: number;
  readonly placedAt: number;
}

const grades: Readonly<Record<string, number>> = { High: 0, Medium: 1, Low: 3 };
const noOpinion = 2;
/** What the caller asked for is not given up for something else that is no likelier than it may be. */
const askedFor = 0.4;
/** A machine was placed there: just now, or a while ago. */
const placed = { justNow: 0.5, lately: 0.9 } as const;
const justNowMs = 15 * 60_000;
/** Its hardware may just have room for something small. */
const nearlyFull = 2.5;
/** Refused lately comes last, not never: how long a shortage lasts is a guess. The oldest refusal is the likeliest to be over. */
const refusedLately = 10;

function grade(
  plan: MachinePlan,
  candidate: Candidate,
  { scores }: RegionKnowledge,
  { refusedUntil, roomAt, biggerRefusedAt = -Infinity }: Lately,
  now: number,
): Graded {
  // A score is one of spot placements: of regular machines it says nothing.
  const score = candidate.spot ? scores?.get(scoreKey(candidate)) : undefined;
  const known = score === undefined ? undefined : grades[score];
  const isNearlyFull = biggerRefusedAt > (roomAt ?? -Infinity);
  const reasons = [
    ...(known === undefined ? [] : [`placement score ${score}`]),
    ...(roomAt === undefined || isNearlyFull ? [] : ["there was room lately"]),
    ...(isNearlyFull ? ["a bigger size of its family was refused lately"] : []),
    ...(refusedUntil === undefined ? [] : ["refused lately"]),
  ];
  const reason = reasons.length > 0 ? reasons.join(", ") : "nothing speaks against it";
  const placedAt = roomAt ?? 0;
  if (refusedUntil !== undefined) return { candidate, reason, grade: refusedLately, refusedUntil, placedAt };
  if (isNearlyFull) return { candidate, reason, grade: Math.max(known ?? 0, nearlyFull), refusedUntil: 0, placedAt };
  const expected = known ?? (isAsked(plan, candidate) ? askedFor : noOpinion);
  const seen = roomAt === undefined ? Infinity : now - roomAt < justNowMs ? placed.justNow : placed.lately;
  return { candidate, reason, grade: Math.min(expected, seen), refusedUntil: 0, placedAt };
}

const isAsked = (plan: MachinePlan, { size, zone, spot }: Candidate): boolean =>
  foldName(size) === foldName(plan.size) && zone === plan.zone && spot === plan.spot;

/** The ranking in words: `Standard_D4as_v5 (placement score High); left out: Standard_E4s_v5 (…)`. */
export function leftOutInWords({ leftOut }: Ranking, most = 6): string {
  if (leftOut.length === 0) return "";
  const named = leftOut.slice(0, most).map(({ candidate, reason }) => `${wordsFor(candidate)} (${reason})`);
  const more = leftOut.length - named.length;
  return `left out: ${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
