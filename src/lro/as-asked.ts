/**
 * Whether a resource is what a request asked for. A write whose reply was lost, and whose repetition is refused, may
 * have created the very resource that the repetition collides with; or the resource existed before and the write never
 * took effect. The resource shows it: by its creation time, and by whether it has what was asked for.
 */

/** Dates in headers are whole seconds. */
const roundingMs = 2_000;

/** @param since when the request was first sent, in epoch milliseconds by the service's clock */
export function isAsAsked(asked: unknown, resource: unknown, since: number): boolean {
  const likeness = compare(asked, resource);
  if (likeness === "differs") return false;
  if (wasMadeSince(resource, since)) return true;
  // An older one counts only if it shows everything that was asked for: a password cannot be seen.
  return likeness === "same";
}

/** Whether a resource shows something else than it was asked to be. */
export const contradicts = (asked: unknown, resource: unknown): boolean => compare(asked, resource) === "differs";

/** Whether a resource says that it was created, or a deployment that it was begun, at `since` or later. */
export function wasMadeSince(resource: unknown, since: number): boolean {
  const createdAt = creationOf(resource);
  return createdAt !== undefined && createdAt >= since - roundingMs;
}

/** `hidden`: everything visible is the same, but not everything is visible. */
type Likeness = "same" | "hidden" | "differs";

/** Deeper and longer bodies are not compared: the rest counts as hidden. */
const mostDepth = 20;
const mostItems = 200;

function compare(asked: unknown, found: unknown, depth = 0): Likeness {
  if (asked === null) return found === undefined || found === null ? "same" : "hidden";
  if (asked === undefined || found === undefined || depth > mostDepth) return "hidden";
  if (typeof asked !== "object") return fold(asked) === fold(found) ? "same" : "differs";
  if (typeof found !== "object" || found === null) return "differs";
  if (Array.isArray(asked) !== Array.isArray(found)) return "differs";
  if (Array.isArray(asked) && asked.length !== (found as unknown[]).length) return "differs";
  const entries = Object.entries(asked);
  let likeness: Likeness = entries.length > mostItems ? "hidden" : "same";
  for (const [name, value] of entries.slice(0, mostItems)) {
    const inside = compare(
      value,
      Object.hasOwn(found, name) ? (found as Record<string, unknown>)[name] : undefined,
      depth + 1,
    );
    if (inside === "differs") return "differs";
    if (inside === "hidden") likeness = "hidden";
  }
  return likeness;
}

/** Azure returns names and ids in its own case, and "West Europe" as `westeurope`. */
const fold = (value: unknown): string => String(value).replaceAll(" ", "").toLowerCase();

function creationOf(resource: unknown): number | undefined {
  const { properties, systemData } = (resource ?? {}) as {
    properties?: { timeCreated?: unknown; timestamp?: unknown; templateHash?: unknown };
    systemData?: { createdAt?: unknown };
  };
  const ofDeployment = properties?.templateHash === undefined ? undefined : properties.timestamp;
  const created = ofDeployment ?? properties?.timeCreated ?? systemData?.createdAt;
  const at = typeof created === "string" ? Date.parse(created) : NaN;
  return Number.isNaN(at) ? undefined : at;
}
