/**
 * Whether a request may be repeated when nobody knows if it ran. By method, and for POST by the action at the end of the
 * path: `start` twice is one start, `runCommand` twice is two.
 */

/** Methods that repeat without harm. PATCH is in since ARM's PATCH merges declared properties and never appends. */
const idempotentMethods = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"]);

/** POST actions that bring a resource into a state it may already have, or only answer a question. Lower case. */
const harmlessActions = new Set([
  // virtual machines and scale sets
  "start",
  "deallocate",
  "poweroff",
  "restart",
  "redeploy",
  "reapply",
  "generalize",
  "manualupgrade",
  "assesspatches",
  "retrievebootdiagnosticsdata",
  "instanceview",
  // disks and snapshots
  "begingetaccess",
  "endgetaccess",
  // resource providers
  "register",
  "unregister",
  // VM Inspector
  "validatestorageconfiguration",
  "registerstorageconfiguration",
  "generate",
]);

/** ARM names its questions so: `listKeys`, `checkNameAvailability`, `validateMoveResources`. */
const questionPrefixes = ["list", "check", "validate", "query", "get"];

/**
 * True when repeating the request is harmless. A POST that is not known is not.
 * @param method HTTP method, any case
 * @param url absolute or relative; its query is ignored
 */
export function isIdempotent(method: string, url: string): boolean {
  const folded = method.toUpperCase();
  if (idempotentMethods.has(folded)) return true;
  if (folded !== "POST") return false;
  const action = actionOf(url);
  return harmlessActions.has(action) || questionPrefixes.some((prefix) => action.startsWith(prefix));
}

/** The last segment of the path, lower case: the action of a POST. */
export function actionOf(url: string): string {
  const query = url.indexOf("?");
  const path = query < 0 ? url : url.slice(0, query);
  const end = path.endsWith("/") ? path.length - 1 : path.length;
  return path.slice(path.lastIndexOf("/", end - 1) + 1, end).toLowerCase();
}
