/**
 * What a look may send: GETs, and three POSTs without effect. Each path that our sources read is listed with the action
 * it needs, so that a refusal can name the missing permission, and so that a test can check the table in the docs.
 */
import { originOf, pathOf } from "./subject.js";

interface AllowedRead {
  readonly method: "GET" | "POST";
  /** Matches the path without its query. */
  readonly path: RegExp;
  /** The action of Azure RBAC that it needs. */
  readonly action: string;
}

const compute = "/providers/Microsoft\\.Compute";
const path = (end: string): RegExp => new RegExp(`${end}$`, "i");

/** The POSTs without effect. No others are ever sent. */
const harmlessPosts: readonly AllowedRead[] = [
  {
    method: "POST",
    path: path(`${compute}/virtualMachines/[^/]+/retrieveBootDiagnosticsData`),
    action: "Microsoft.Compute/virtualMachines/retrieveBootDiagnosticsData/action",
  },
  {
    method: "POST",
    path: path(`${compute}/virtualMachineScaleSets/[^/]+/virtualMachines/[^/]+/retrieveBootDiagnosticsData`),
    action: "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/retrieveBootDiagnosticsData/action",
  },
  {
    method: "POST",
    path: path(`${compute}/locations/[^/]+/placementScores/[^/]+/generate`),
    action: "Microsoft.Compute/locations/placementScores/generate/action",
  },
  {
    method: "POST",
    path: path("/providers/Microsoft\\.PolicyInsights/checkPolicyRestrictions"),
    action: "Microsoft.PolicyInsights/checkPolicyRestrictions/read",
  },
];

const knownReads: readonly AllowedRead[] = [
  ["/deployments/[^/]+/operations", "Microsoft.Resources/deployments/operations/read"],
  [`${compute}/virtualMachines/[^/]+/runCommands`, "Microsoft.Compute/virtualMachines/runCommands/read"],
  [`${compute}/virtualMachines/[^/]+`, "Microsoft.Compute/virtualMachines/read"],
  [
    `${compute}/virtualMachineScaleSets/[^/]+/instanceView`,
    "Microsoft.Compute/virtualMachineScaleSets/instanceView/read",
  ],
  [
    `${compute}/virtualMachineScaleSets/[^/]+/virtualMachines`,
    "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/read",
  ],
  [
    `${compute}/virtualMachineScaleSets/[^/]+/virtualMachines/[^/]+`,
    "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/read",
  ],
  [
    `${compute}/virtualMachineScaleSets/[^/]+/virtualMachines/[^/]+/runCommands`,
    "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/runCommands/read",
  ],
  [
    "/providers/Microsoft\\.MarketplaceOrdering/offerTypes/virtualmachine/publishers/[^/]+/offers/[^/]+/plans/[^/]+/agreements/current",
    "Microsoft.MarketplaceOrdering/offertypes/publishers/offers/plans/agreements/read",
  ],
  [`${compute}/locations/[^/]+/usages`, "Microsoft.Compute/locations/usages/read"],
  ["/providers/Microsoft\\.Network/locations/[^/]+/usages", "Microsoft.Network/locations/usages/read"],
  [`${compute}/skus`, "Microsoft.Compute/skus/read"],
  ["/providers/Microsoft\\.Authorization/locks", "Microsoft.Authorization/locks/read"],
  ["/providers/Microsoft\\.Authorization/permissions", "Microsoft.Authorization/permissions/read"],
  ["/providers/Microsoft\\.ResourceHealth/events", "Microsoft.ResourceHealth/events/read"],
  [
    "/providers/Microsoft\\.ResourceHealth/availabilityStatuses/current",
    "Microsoft.ResourceHealth/availabilityStatuses/current/read",
  ],
  ["/providers/Microsoft\\.Insights/eventtypes/management/values", "Microsoft.Insights/eventtypes/values/read"],
  [`${compute}/capacityReservationGroups/[^/]+`, "Microsoft.Compute/capacityReservationGroups/read"],
  [`${compute}/hostGroups/[^/]+/hosts/[^/]+`, "Microsoft.Compute/hostGroups/hosts/read"],
  [`${compute}/hostGroups/[^/]+/hosts`, "Microsoft.Compute/hostGroups/hosts/read"],
].map(([end = "", action = ""]) => ({ method: "GET", path: path(end), action }));

/**
 * Checks whether a look may send this: any GET to the caller's own endpoint (its token goes along), and the three POSTs
 * without effect.
 * @throws Error that says why not
 */
export function checkAllowed(method: string, url: string, origin: string): void {
  if (originOf(url).toLowerCase() !== origin.toLowerCase()) {
    throw new Error("a look stays at the endpoint of the failed call");
  }
  if (method === "GET") return;
  const isHarmless = method === "POST" && harmlessPosts.some((post) => post.path.test(pathOf(url)));
  if (!isHarmless) throw new Error(`a look may not send ${method} ${pathOf(url)}`);
}

const inspections: readonly AllowedRead[] = ["validateStorageConfiguration", "registerStorageConfiguration", "run"].map(
  (name) => ({
    method: "POST",
    path: path(`${compute}/locations/[^/]+/diagnostics/diskInspection/${name}`),
    action: "Microsoft.Compute/locations/diagnostics/*",
  }),
);

/**
 * Whether the source `vmInspector` may send this: reads of the machine, the POSTs of VM Inspector, and reads where the service
 * said that the run is followed.
 * @throws Error that says why not
 */
export function checkInspection(method: string, url: string, origin: string): void {
  const isItsOwn = inspections.some((post) => post.method === method && post.path.test(pathOf(url)));
  const isAtHome = originOf(url).toLowerCase() === origin.toLowerCase();
  if (method === "GET" ? isOfInspector(url, origin) : isItsOwn && isAtHome) return;
  throw new Error(`a run of VM Inspector may not send ${method} ${pathOf(url)}`);
}

/** Runs are followed at Compute's own hosts, and the token goes nowhere else. */
export function isOfInspector(url: string, endpoint: string): boolean {
  const host = URL.canParse(url) ? new URL(url) : undefined;
  if (host === undefined) return false;
  return (
    originOf(url).toLowerCase() === originOf(endpoint).toLowerCase() ||
    (host.protocol === "https:" && /\.diagnostic\.compute\.azure\.(?:com|us|cn)$/i.test(host.hostname))
  );
}

/** The action that a read needs; undefined for a path that no source of ours reads. */
export function actionFor(method: string, url: string): string | undefined {
  const found = pathOf(url);
  return [...harmlessPosts, ...inspections, ...knownReads].find(
    (read) => read.method === method && read.path.test(found),
  )?.action;
}

/** Every action that a look may need. */
export const actions: readonly string[] = [...harmlessPosts, ...inspections, ...knownReads].map(({ action }) => action);
