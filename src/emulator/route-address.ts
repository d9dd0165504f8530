/**
 * The address of a route, and its name in the story and for faults: the path as an engineer says it,
 * `virtualMachines/{vm}/start`.
 */

export interface RouteAddress {
  readonly method: string;
  /**
   * Fixed segments are case-insensitive, as in ARM; `{x}` takes one segment, and `{+scope}` at the beginning any scope:
   * a subscription, a resource group, a resource.
   */
  readonly path: string;
  readonly name: string;
  /** The response may name an operation to poll. */
  readonly longRunning?: boolean;
  /** The action it needs, if that does not follow from the path. */
  readonly action?: string;
  /** Everyone may call it. */
  readonly needsNoRight?: boolean;
  /** Not served by Resource Manager: no token, no throttle, no api-version. */
  readonly isOutside?: boolean;
}

/** One segment of a route's name, filled in for one request. */
export interface NameSegment {
  readonly text: string;
  /** A word of the route (`virtualMachines`, `start`), not the name of something. */
  readonly fixed: boolean;
}

/** The name of a route, filled in from a request; without params, every `{x}` stays open (an empty text). */
export function nameSegments(
  route: Pick<RouteAddress, "name">,
  params: Readonly<Record<string, string>> = {},
): NameSegment[] {
  return route.name.split("/").map((segment) => {
    const param = paramOf(segment);
    return param ? { text: params[param] ?? "", fixed: false } : { text: segment, fixed: true };
  });
}

export function paramOf(segment: string): string | undefined {
  return segment.startsWith("{") ? segment.slice(1, -1) : undefined;
}
