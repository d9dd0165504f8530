/**
 * How likely spot machines are to be placed: what the service is asked, and what it answers. The released version scores spot
 * placements only. It takes a role of its own, and is answered a few times an hour.
 */
import { foldName } from "./size-offer.js";

/** Milliseconds for which scores are used: they change by the half hour. */
export const scoresCacheMs = 20 * 60_000;

/** Sizes that one question may name. */
export const mostScoredSizes = 5;

export interface PlacementScore {
  readonly size: string;
  /** Undefined where the region as a whole was asked for. */
  readonly zone: string | undefined;
  /** `High`, `Medium`, `Low`, `RestrictedSkuNotAvailable`; anything else is no opinion. */
  readonly score: string;
}

export interface ScoresWanted {
  readonly subscription: string;
  readonly region: string;
  /** At most {@link mostScoredSizes}. */
  readonly sizes: readonly string[];
  /** Machines that are wanted together: a score is about all of them. */
  readonly count: number;
  readonly inZones: boolean;
}

/** A POST without effect. */
export function scoresQuestion({ subscription, region, sizes, count, inZones }: ScoresWanted): {
  readonly path: string;
  readonly query: { readonly "api-version": string };
  readonly body: object;
} {
  const location = foldName(region);
  return {
    path: `/subscriptions/${subscription}/providers/Microsoft.Compute/locations/${location}/placementScores/spot/generate`,
    query: { "api-version": "2025-06-05" },
    body: {
      desiredLocations: [location],
      desiredSizes: sizes.map((sku) => ({ sku })),
      desiredCount: count,
      availabilityZones: inZones,
    },
  };
}

/** Whatever is no score in the answer is passed over. */
export function scoresIn(answer: unknown): PlacementScore[] {
  const { placementScores } = (answer ?? {}) as {
    placementScores?: ({ sku?: unknown; availabilityZone?: unknown; score?: unknown } | null)[];
  };
  return (Array.isArray(placementScores) ? placementScores : []).flatMap((entry) => {
    const { sku, availabilityZone: zone, score } = entry ?? {};
    if (typeof sku !== "string" || typeof score !== "string") return [];
    return [{ size: sku, zone: typeof zone === "string" ? zone : undefined, score }];
  });
}
