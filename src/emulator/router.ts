/** Routes: which handler serves which method and path. */
import type { ArmExchange } from "./exchange.js";
import { paramOf, type RouteAddress } from "./route-address.js";
import type { Reply } from "./wire.js";

export interface Route extends RouteAddress {
  readonly handle: (exchange: ArmExchange) => Reply;
}

export interface RouteMatch {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

interface Candidate {
  readonly route: Route;
  readonly segments: readonly string[];
}

const anyScope = "{+scope}";
/** A subscription, a resource group, or a resource below one of them. */
const scopes = /^\/subscriptions\/[^/]+(\/resourceGroups\/[^/]+)?(\/providers\/[^/]+(\/[^/]+\/[^/]+)+)?$/i;

export class Router {
  readonly #byShape = new Map<string, Candidate[]>();
  readonly #atAnyScope: Candidate[] = [];

  constructor(readonly routes: readonly Route[]) {
    for (const route of routes) {
      const segments = route.path.split("/").slice(1);
      if (segments[0] === anyScope) {
        this.#atAnyScope.push({ route, segments: segments.slice(1) });
        continue;
      }
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
    return this.#findAtScope(method, segments);
  }

  #findAtScope(method: string, segments: readonly string[]): RouteMatch | undefined {
    for (const { route, segments: tail } of this.#atAnyScope) {
      const at = segments.length - tail.length;
      if (route.method !== method || at < 2) continue;
      const params = matchSegments(tail, segments.slice(at));
      const scope = `/${segments.slice(0, at).join("/")}`;
      if (params && scopes.test(scope)) return { route, params: { ...params, scope } };
    }
    return undefined;
  }
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
