/**
 * What a request is aimed at, as far as its URL tells: the parts by which limits are counted. Nothing is decoded and
 * nothing is assumed of the order in which resource types come, so that a provider nobody has heard of works too.
 */
import type { Route } from "./request-scope.js";

export interface Target {
  /** Host and port: a cloud, and a region where the endpoint has one. */
  readonly endpoint: string;
  /** Undefined for what belongs to a tenant. */
  readonly subscription: string | undefined;
  /** `microsoft.compute`; `microsoft.resources` for resource groups and the like; empty outside Resource Manager. */
  readonly namespace: string;
  /** The resource types and, for an action or a collection, its name: `virtualmachines/{}/start`. */
  readonly kind: string;
  /** The resource that a limit for single resources would count, or the whole path for anything else. */
  readonly resource: string;
  /** Whether the request is about one named resource. */
  readonly isSingle: boolean;
  /** The region in the path, where there is one. */
  readonly region: string;
  /** Whether this is Resource Manager, whose limits are documented. */
  readonly isResourceManager: boolean;
  /** The route found last for each method, so that the next request like it need not look. */
  readonly routes: Route[];
}

/** Paths are remembered, since pollers and lists come again and again. When this many are, all are forgotten. */
const targetsKept = 1_000;

export class Targets {
  readonly #byUrl = new Map<string, Target>();
  #lastUrl = "";
  #last: Target | undefined;

  of(url: string): Target {
    if (url === this.#lastUrl && this.#last !== undefined) return this.#last;
    let target = this.#byUrl.get(url);
    if (target === undefined) {
      if (this.#byUrl.size >= targetsKept) this.#byUrl.clear();
      target = readTarget(url);
      this.#byUrl.set(url, target);
    }
    this.#lastUrl = url;
    this.#last = target;
    return target;
  }
}

/** Endpoints of Resource Manager in all clouds, with or without a region in front. */
const resourceManagerHost = /(^|\.)management\.(azure\.com|chinacloudapi\.cn|usgovcloudapi\.net|microsoftazure\.de)$/;

export function readTarget(url: string): Target {
  const [, host = "", path = ""] = /^[a-z]+:\/\/([^/?#]*)([^?#]*)/i.exec(url) ?? [];
  const endpoint = host.toLowerCase();
  const segments = path.toLowerCase().split("/").filter(Boolean);
  const isTenantCall = resourceManagerHost.test(endpoint.replace(/:\d+$/, ""));
  const subscription = segments[0] === "subscriptions" ? segments[1] : undefined;
  if (subscription === undefined && !isTenantCall) return outside(endpoint, path);
  const provider = segments.lastIndexOf("providers");
  const namespace = (provider >= 0 ? segments[provider + 1] : undefined) ?? "microsoft.resources";
  const rest = provider >= 0 ? segments.slice(provider + 2) : segments;
  const location = segments.indexOf("locations");
  const isOperation = rest.includes("operations") || rest.includes("operationresults");
  const topLevel = provider >= 0 && !isOperation ? segments.slice(0, provider + 4) : segments;
  return {
    endpoint,
    subscription,
    namespace,
    kind: kindOf(rest),
    resource: topLevel.join("/"),
    isSingle: rest.length >= 2,
    region: (location >= 0 ? segments[location + 1] : undefined) ?? "",
    isResourceManager: true,
    routes: [],
  };
}

/** Types stand at even places and names at odd ones; names say nothing about the kind, but that there is one does. */
function kindOf(rest: readonly string[]): string {
  return rest.map((segment, place) => (place % 2 === 0 ? segment : "{}")).join("/");
}

function outside(endpoint: string, path: string): Target {
  const target = { endpoint, subscription: undefined, namespace: "", kind: "", resource: path, region: "" };
  return { ...target, isSingle: false, isResourceManager: false, routes: [] };
}
