/** The constants by which processes share a bucket, for both the TypeScript and the Lua. */
export const sharedBucketNumbers = {
  /** How long permits hold. A request that takes longer is not stopped; its token counts as gone. */
  leaseMs: 5_000,
  /** A level whose request was sent this long after permits were given has counted them, answered or not. */
  countedMs: 1_000,
  /** Permits that may be out while nothing is known. */
  firstSpan: 8,
  /** An older level is stale: others may have used it up. */
  staleMs: 10_000,
  /** Processes heard from within this time share the level. */
  activeMs: 5_000,
  /** Kept back for what others take unseen, unless all that is wanted can be given: tokens, and at most this part. */
  keptBack: 2,
  keptBackPart: 0.05,
  /** A nearly empty bucket is probed after this part of a short period, and this often in a long one. */
  lookPart: 0.6,
  looksPerPeriod: 8,
  /**
   * Waiting processes ask in turn: each after this many times the time in which all of them can have one more permit.
   * If some permits are left, that time is shorter, and no ask is in vain.
   */
  turnPart: 1.05,
  shortestTurnMs: 400,
  shortestTurnWithPermitsMs: 200,
  /** How soon to ask again: not before this, and within a second even if steps are rare. */
  soonestMs: 20,
  latestMs: 1_000,
} as const;
