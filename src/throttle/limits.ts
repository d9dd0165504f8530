/**
 * The documented limits, as a start. Observation corrects every number: a capacity by the highest level seen, a refill
 * by how far the level rises from one response to the next.
 *
 * Resource Manager: "Understand how Azure Resource Manager throttles requests" (2025-05): token buckets for each region
 * of the endpoint, subscription, principal and request class, refilled each second; 15 times as much for all principals
 * of a subscription together. Compute: "Compute throttling limits" (2024-05): buckets for each subscription and region,
 * and for each resource, refilled once a minute by a third of their capacity.
 */

/** A token bucket: it holds `capacity` requests and gains `refill` of them every `periodMs` milliseconds, in one step. */
export interface RateLimit {
  readonly capacity: number;
  readonly refill: number;
  readonly periodMs: number;
}

/** The request classes, which Resource Manager counts separately. */
export type RequestClass = "read" | "write" | "delete";

export const documentedLimits: Readonly<Record<RequestClass, RateLimit>> = {
  read: { capacity: 250, refill: 25, periodMs: 1_000 },
  write: { capacity: 200, refill: 10, periodMs: 1_000 },
  delete: { capacity: 200, refill: 10, periodMs: 1_000 },
};

/** Starting limits; a class that is left out has its documented limit. */
export type PriorLimits = Readonly<Partial<Record<RequestClass, RateLimit>>>;

/** How much more all principals of a subscription have together. */
export const allPrincipalsFactor = 15;

/** Capacities that Compute documents for its operation groups, for one resource and for one subscription. */
const computeCapacities = [6, 12, 30, 36, 45, 375, 525, 600, 900, 1_080, 1_500, 2_400, 15_000, 24_000];

const minuteMs = 60_000;

/**
 * The likely limit of a limit group, given its name and a level. Names are opaque, except for a window in older ones
 * (`HighCostGet30Min`, `Read_ObservationWindow_00:05:00`): such a window refills completely.
 */
export function likelyLimit(name: string, level: number): RateLimit {
  const capacity = computeCapacities.find((documented) => documented > level) ?? level + 1;
  const windowMs = windowIn(name);
  if (windowMs !== undefined && windowMs > minuteMs)
    return { capacity: level + 1, refill: level + 1, periodMs: windowMs };
  return { capacity, refill: Math.max(1, Math.round(capacity / 3)), periodMs: minuteMs };
}

/** The window in a group's name, in milliseconds. */
function windowIn(name: string): number | undefined {
  const minutes = /(\d{1,4})Min/i.exec(name)?.[1];
  if (minutes !== undefined) return Number(minutes) * minuteMs;
  const [, hours, mins, seconds] = /(\d{2}):(\d{2}):(\d{2})/.exec(name) ?? [];
  if (hours === undefined) return undefined;
  return (Number(hours) * 3_600 + Number(mins) * 60 + Number(seconds)) * 1_000;
}
