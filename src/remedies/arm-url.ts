/** The parts of a Resource Manager URL that remedies need. */

export interface ArmUrl {
  /** `https://management.azure.com` */
  readonly origin: string;
  readonly subscription?: string;
  /** `Microsoft.Compute`: the innermost provider of the path. */
  readonly namespace?: string;
  /** The URL of the virtual machine that the path names, without query. */
  readonly virtualMachine?: string;
  /** `?api-version=…` and whatever else, or empty. */
  readonly query: string;
}

/**
 * The id of the resource that a Resource Manager URL is about, without query and without the action of a POST; undefined for
 * a list, an operation's status, and everything that is not Resource Manager's.
 */
export function resourceIdOf(url: string): string | undefined {
  const path = /^[a-z][a-z0-9+.-]*:\/\/[^/]+(\/(?:subscriptions|providers)\/[^?#]*)/i.exec(url)?.[1];
  if (path === undefined) return undefined;
  const segments = path.split("/").slice(1);
  const providerAt = segments.findLastIndex((segment) => segment.toLowerCase() === "providers");
  if (/^locations$/i.test(segments[providerAt + 2] ?? "")) return undefined;
  // Behind the provider's namespace a name follows each type.
  const firstType = providerAt < 0 ? 0 : providerAt + 2;
  const named = Math.floor((segments.length - firstType) / 2) * 2;
  const end = firstType + named;
  return named <= 0 || segments[end - 1] === "" ? undefined : `/${segments.slice(0, end).join("/")}`;
}

export function parseArmUrl(url: string): ArmUrl {
  const queryAt = url.indexOf("?");
  const path = queryAt < 0 ? url : url.slice(0, queryAt);
  const origin = /^[a-z][a-z0-9+.-]*:\/\/[^/]+/i.exec(path)?.[0] ?? "";
  const segments = path.slice(origin.length).split("/");
  const after = (name: string): string | undefined => {
    const at = segments.findLastIndex((segment) => segment.toLowerCase() === name);
    return at < 0 ? undefined : segments[at + 1];
  };
  const subscription = after("subscriptions");
  const namespace = after("providers");
  const machineAt = segments.findIndex((segment) => segment.toLowerCase() === "virtualmachines");
  const machine =
    machineAt < 0 || !segments[machineAt + 1] ? undefined : origin + segments.slice(0, machineAt + 2).join("/");
  return {
    origin,
    ...(subscription && { subscription }),
    ...(namespace && { namespace }),
    ...(machine && { virtualMachine: machine }),
    query: queryAt < 0 ? "" : url.slice(queryAt),
  };
}
