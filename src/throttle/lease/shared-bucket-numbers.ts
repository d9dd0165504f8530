/** The numbers by which processes share a bucket, for the TypeScript and the Lua that reckon with them. */
export const sharedBucketNumbers = {
  /** How long permits hold. A request that takes longer is not stopped; its token is counted as gone. */
  leaseMs: 5_000,
  /** A level reported by a request sent so long after permits were given has counted them, whether they were answered or not. */
  countedMs: 1_000,
  /** Permits that may be out while nothing is known. */
  firstSpan: 8,
  /** A level reported longer ago than this is old: others may have used it up. */
  staleMs: 10_000,
  /** Processes heard of within this time share what there is. */
  activeMs: 5_000,
  /** Kept back against what others take unseen, unless all that is wanted can be given: tokens, and at most this part. */
  keptBack: 2,
  keptBackPart: 0.05,
  /** A nearly empty bucket is looked at after this part of a short period, and so often in a long one. */
  lookPart: 0.6,
  looksPerPeriod: 8,
  /**
   * Those who wait ask in turn: each after so many times the time in which all of them can have one permit more. Where some
   * are left that time is shorter, and nothing is asked in vain.
   */
  turnPart: 1.05,
  shortestTurnMs: 400,
  shortestTurnWithPermitsMs: 200,
  /** How soon to ask again: not before this, and within a second even where steps are rare. */
  soonestMs: 20,
  latestMs: 1_000,
} as const;
