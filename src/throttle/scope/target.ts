/**
 * What a request is aimed at, as far as its URL shows: the parts by which limits are counted. Nothing is decoded and
 * nothing is assumed of the order in which resource types come, so that an unknown provider works too.
 */
export interface Target {
  /** Host and port: a cloud, and a region where the endpoint has one. */
  readonly endpoint: string;
  /** Undefined for what belongs to a tenant. */
  readonly subscription: string | undefined;
  /** `microsoft.compute`; `microsoft.resources` for resource groups and the like; empty outside Resource Manager. */
  readonly namespace: string;
  /** The resource types and, for an action or a collection, its name: `virtualmachines/{}/start`. */
  readonly pathTemplate: string;
  /** The resource that a limit for single resources would count, or the whole path for anything else. */
  readonly resource: string;
  /** Whether the request is about one named resource. */
  readonly isSingle: boolean;
  /** The region in the path, where there is one. */
  readonly region: string;
  /** Whether this is Resource Manager, whose limits are documented. */
  readonly isResourceManager: boolean;
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
    pathTemplate: templateOf(rest),
    resource: topLevel.join("/"),
    isSingle: rest.length >= 2,
    region: (location >= 0 ? segments[location + 1] : undefined) ?? "",
    isResourceManager: true,
  };
}

/** Types are at even places and names at odd ones. Which name it is does not matter; that there is one does. */
function templateOf(rest: readonly string[]): string {
  return rest.map((segment, place) => (place % 2 === 0 ? segment : "{}")).join("/");
}

function outside(endpoint: string, path: string): Target {
  const target = { endpoint, subscription: undefined, namespace: "", pathTemplate: "", resource: path, region: "" };
  return { ...target, isSingle: false, isResourceManager: false };
}
