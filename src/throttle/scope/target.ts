/**
 * What a request targets, as far as its URL shows: the parts by which limits are counted. Nothing is decoded, and no
 * order of resource types is assumed, so that unknown providers work too.
 */
export interface Target {
  /** Host and port: a cloud, and a region if the endpoint has one. */
  readonly endpoint: string;
  /** Undefined for tenant-level resources. */
  readonly subscription: string | undefined;
  /** `microsoft.compute`; `microsoft.resources` for resource groups and the like; empty outside Resource Manager. */
  readonly namespace: string;
  /** The resource types, plus the name of an action or a collection: `virtualmachines/{}/start`. */
  readonly pathTemplate: string;
  /** The resource that a per-resource limit would count, or otherwise the whole path. */
  readonly resource: string;
  /** Whether the request concerns one named resource. */
  readonly isSingle: boolean;
  /** The region in the path, if any. */
  readonly region: string;
  /** Whether this is Resource Manager, whose limits are documented. */
  readonly isResourceManager: boolean;
}

/** Endpoints of Resource Manager in all clouds, with or without a region prefix. */
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

/** Types and names alternate. The name itself does not matter. */
function templateOf(rest: readonly string[]): string {
  return rest.map((segment, place) => (place % 2 === 0 ? segment : "{}")).join("/");
}

function outside(endpoint: string, path: string): Target {
  const target = { endpoint, subscription: undefined, namespace: "", pathTemplate: "", resource: path, region: "" };
  return { ...target, isSingle: false, isResourceManager: false };
}
