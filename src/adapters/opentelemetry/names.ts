/** Names of spans and attributes, and what is read for them from a Resource Manager URL. */
import type { Attributes } from "@opentelemetry/api";

/**
 * `az`: the names that the conventions of the Azure SDK give, and its libraries use today (`az.namespace`). `azure`: the names that
 * OpenTelemetry has given them since (`azure.resource_provider.namespace`), to which the libraries move once they are stable.
 */
export type AzureNames = "az" | "azure" | "both";

/** Attributes of Azure, by what they hold. `az` has no name for a resource group. */
const azureNames = {
  namespace: ["az.namespace", "azure.resource_provider.namespace"],
  resourceGroup: [undefined, "azure.resource_group.name"],
  clientRequestId: ["az.client_request_id", "azure.client.request.id"],
  serviceRequestId: ["az.service_request_id", "azure.service.request.id"],
} as const;

export type AzureValues = { readonly [Name in keyof typeof azureNames]?: string | undefined };

/** Under the names that are wanted; what has no value is left out. */
export function azureAttributes(wanted: AzureNames, values: AzureValues): Attributes {
  const attributes: Attributes = {};
  for (const [key, value] of Object.entries(values) as [keyof AzureValues, string | undefined][]) {
    const [az, azure] = azureNames[key];
    if (az !== undefined && wanted !== "azure") attributes[az] = value;
    if (wanted !== "az") attributes[azure] = value;
  }
  return attributes;
}

/**
 * Attributes of our own. Code and status are among them, since Application Insights keeps no `error.type` and no `http.*` in the
 * dimensions of a span, and takes a span with `http.request.method` for an HTTP request.
 */
export const own = {
  action: "azure_remedy.action",
  addedRequests: "azure_remedy.added_requests",
  attempt: "azure_remedy.attempt",
  category: "azure_remedy.category",
  change: "azure_remedy.change",
  code: "azure_remedy.code",
  correlationId: "azure_remedy.correlation_id",
  disposition: "azure_remedy.disposition",
  finding: "azure_remedy.finding",
  lastSeen: "azure_remedy.last_seen",
  mode: "azure_remedy.mode",
  outcome: "azure_remedy.outcome",
  phase: "azure_remedy.phase",
  reason: "azure_remedy.reason",
  remedy: "azure_remedy.remedy",
  requests: "azure_remedy.requests",
  resourceType: "azure_remedy.resource_type",
  resumed: "azure_remedy.resumed",
  retryAt: "azure_remedy.retry_at",
  rule: "azure_remedy.rule",
  scope: "azure_remedy.throttle.scope",
  status: "azure_remedy.status",
  submission: "azure_remedy.submission",
  waitCause: "azure_remedy.wait.cause",
  waitMs: "azure_remedy.wait_ms",
} as const;

/** Names of the stable general and HTTP conventions. */
export const standard = {
  errorType: "error.type",
  method: "http.request.method",
  resendCount: "http.request.resend_count",
  status: "http.response.status_code",
} as const;

/** What a URL is about, in names that do not grow with the number of resources. */
export interface Target {
  /** `Microsoft.Compute` */
  readonly namespace?: string;
  readonly resourceGroup?: string;
  /** `Microsoft.Compute/virtualMachines`, and behind it the action of a POST: `Microsoft.Compute/virtualMachines/start`. */
  readonly operation?: string;
}

export function targetOf(url: string): Target {
  const [, path = ""] = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]+([^?#]*)/i.exec(url) ?? [];
  const segments = path.split("/").filter(Boolean);
  const after = (name: string): number => segments.findLastIndex((segment) => segment.toLowerCase() === name);
  const [providers, groups, subscriptions] = ["providers", "resourcegroups", "subscriptions"].map(after) as [
    number,
    number,
    number,
  ];
  const group = groups < 0 ? undefined : segments[groups + 1];
  const where = group === undefined ? {} : { resourceGroup: group };
  const named = providers < 0 ? undefined : segments[providers + 1];
  const namespace = named ?? (subscriptions === 0 ? "Microsoft.Resources" : undefined);
  if (namespace === undefined) return where;
  // Behind a namespace types and names take turns.
  const first = named === undefined ? Math.max(groups, subscriptions) : providers + 2;
  const types = segments.slice(first).filter((_, index) => index % 2 === 0);
  return { ...where, namespace, operation: [namespace, ...types].join("/") };
}

/** `PUT Microsoft.Compute/virtualMachines`; the method alone where the URL is none of Resource Manager's. */
export const spanNameOf = (method: string, { operation }: Target): string =>
  operation === undefined ? method : `${method} ${operation}`;
