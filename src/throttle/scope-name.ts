/** What a bucket counts, in parts for programs and in words for people. Contains no secret: a principal is a hash. */
import type { RequestClass } from "./limits.js";

export interface ScopeName {
  /** Host and port of the endpoint. */
  readonly endpoint: string;
  /** Missing for calls of a tenant. */
  readonly subscription?: string;
  /** Hash of the caller; missing if all callers are counted together. */
  readonly principal?: string;
  readonly requestClass?: RequestClass;
  /** The resource provider, for its own limits. */
  readonly namespace?: string;
  readonly region?: string;
  /** The provider's limit group, as the service names it. */
  readonly limitGroup?: string;
  /** The one resource that is counted. */
  readonly resource?: string;
}

/** `writes of subscription 8f2c… at management.azure.com`. */
export function wordsFor(name: ScopeName): string {
  const { endpoint, subscription, principal, requestClass, namespace, limitGroup, resource } = name;
  const what = limitGroup ?? [namespace, requestClass && `${requestClass}s`].filter(Boolean).join(" ");
  const where = resource ? `of ${resource}` : subscription ? `of subscription ${subscription}` : "of the tenant";
  const who = principal === undefined || principal === "anonymous" ? "" : ` by principal ${principal}`;
  return `${what} ${where} at ${endpoint}${who}`;
}
