/**
 * Routes: which method and path means which handler, and by what name the story and the faults speak of it.
 * The name is the path as an engineer says it: `virtualMachines/{vm}/start`.
 */
import type { ArmExchange } from "./exchange.js";
import type { Reply } from "./wire.js";

export interface Route {
  readonly method: string;
  /** Fixed segments compare without regard to case, as ARM does; `{x}` takes one segment. */
  readonly path: string;
  readonly name: string;
  /** The call may answer with an operation to poll. */
  readonly longRunning?: boolean;
  readonly handle: (exchange: ArmExchange) => Reply;
}

/** One segment of a route's name, filled in for one request. */
export interface NameSegment {
  readonly text: string;
  /** A word of the route (`virtualMachines`, `start`), not the name of something. */
  readonly fixed: boolean;
}

export interface RouteMatch {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

export class Router {
  readonly #byShape = new Map<string, { route: Route; segments: readonly string[] }[]>();

  constructor(readonly routes: readonly Route[]) {
    for (const route of routes) {
      const segments = route.path.split("/").slice(1);
      const shape = shapeOf(route.method, segments.length);
      const sameShape = this.#byShape.get(shape) ?? [];
      sameShape.push({ route, segments });
      this.#byShape.set(shape, sameShape);
    }
  }

  find(method: string, pathname: string): RouteMatch | undefined {
    const segments = pathname.replace(/\/$/, "").split("/").slice(1).map(decode);
    for (const candidate of this.#byShape.get(shapeOf(method, segments.length)) ?? []) {
      const params = matchSegments(candidate.segments, segments);
      if (params) return { route: candidate.route, params };
    }
    return undefined;
  }
}

/** The name of a route, filled in with what a request names; without params, every `{x}` stays open (an empty text). */
export function nameSegments(route: Route, params: Readonly<Record<string, string>> = {}): NameSegment[] {
  return route.name.split("/").map((segment) => {
    const param = paramOf(segment);
    return param ? { text: params[param] ?? "", fixed: false } : { text: segment, fixed: true };
  });
}

function matchSegments(template: readonly string[], actual: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [index, expected] of template.entries()) {
    const found = actual[index] ?? "";
    const param = paramOf(expected);
    if (param) params[param] = found;
    else if (expected.toLowerCase() !== found.toLowerCase()) return undefined;
  }
  return params;
}

function paramOf(segment: string): string | undefined {
  return segment.startsWith("{") ? segment.slice(1, -1) : undefined;
}

function shapeOf(method: string, length: number): string {
  return `${method} ${length}`;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // A lone "%" escapes nothing: the name is what was sent.
  }
}
