/**
 * Whether a request may be repeated when it may already have been executed. By method, and for POST by the action at
 * the end of the path: `start` twice is one start, `runCommand` twice is two.
 */

/**
 * Methods that are harmless to repeat, except for {@link actsOnPut}. PATCH is included because ARM's PATCH merges
 * declared properties and never appends.
 */
const idempotentMethods = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"]);

/** POST actions that bring a resource into a state it may already have, or only answer a query. Lower case. */
const harmlessActions = new Set([
  // virtual machines and scale sets
  "start",
  "stop", // AKS clusters, container groups, web apps
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
  // queries by POST
  "whatif",
  "exporttemplate",
  "effectiveroutetable",
  "effectivenetworksecuritygroups",
  "ipflowverify",
  "nexthop",
  "securitygroupview",
  "topology",
  "networkconfigurationdiagnostic",
]);

/** ARM names its queries so: `listKeys`, `checkNameAvailability`, `validateMoveResources`, `calculateTemplateHash`. */
const questionPrefixes = ["list", "check", "validate", "query", "get", "calculate"];

/** `virtualMachinesGetOperationStatus`, `virtualMachinesGetOperationErrors`: bulk operations are queried by POST. */
const bulkQuestion = /getoperation(?:status|errors)$/;

/** Resource Graph takes its queries as `POST providers/Microsoft.ResourceGraph/resources`. */
const resourceGraph = /\/providers\/microsoft\.resourcegraph\/resource(?:s|shistory|changes|changedetails)$/;

/**
 * PUTs that act each time they are sent: a managed run command runs its script again, and a block is appended, copied
 * or leased again.
 */
const actsOnPut = [/\/runcommands\/[^/?]+\/?(?:\?|$)/, /[?&]comp=(?:appendblock|copy|incrementalcopy|lease)(?:&|$)/];

/**
 * True if repeating the request is harmless. An unknown POST is not.
 * @param method HTTP method, any case
 * @param url absolute or relative; its query is ignored
 */
export function isIdempotent(method: string, url: string): boolean {
  const folded = method.toUpperCase();
  if (folded === "PUT" && doesOnPut(url)) return false;
  if (idempotentMethods.has(folded)) return true;
  if (folded !== "POST") return false;
  const action = actionOf(url);
  return (
    harmlessActions.has(action) ||
    bulkQuestion.test(action) ||
    questionPrefixes.some((prefix) => action.startsWith(prefix)) ||
    resourceGraph.test(pathOf(url))
  );
}

function doesOnPut(url: string): boolean {
  const folded = url.toLowerCase();
  return actsOnPut.some((pattern) => pattern.test(folded));
}

/** The last segment of the path, lower case: the action of a POST. */
export function actionOf(url: string): string {
  const path = pathOf(url);
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Without the query and a trailing slash, lower case. */
function pathOf(url: string): string {
  const query = url.indexOf("?");
  const path = query < 0 ? url : url.slice(0, query);
  return (path.endsWith("/") ? path.slice(0, -1) : path).toLowerCase();
}
