/** What failed: the resource that a request is about, read from its URL. */
import type { FailedCall } from "../recovery/evidence.js";
import { at, itemsAt, sameName, textAt, foldName } from "./document.js";

/** A resource id in its parts. */
export interface ResourceId {
  readonly id: string;
  readonly subscription?: string;
  readonly resourceGroup?: string;
  /** `Microsoft.Compute`: the innermost provider. */
  readonly namespace?: string;
  /** `Microsoft.Compute/virtualMachines/extensions` */
  readonly type?: string;
  readonly names: readonly string[];
}

/** `https://management.azure.com`; empty if the URL has no host. */
export function originOf(url: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]+/i.exec(url)?.[0] ?? "";
}

/** The path of a URL, decoded segment by segment if possible. */
export function pathOf(url: string): string {
  const [path = ""] = url.slice(originOf(url).length).split(/[?#]/, 1);
  return path.replace(/\/+$/, "");
}

/**
 * The parts of a resource id, or of a URL that begins with one; anything after the last name (an action) is left out.
 */
export function parseResourceId(urlOrId: string): ResourceId {
  const segments = pathOf(urlOrId).split("/").slice(1);
  const indexOf = (word: string): number => segments.findIndex((segment) => sameName(segment, word));
  const after = (word: string): string | undefined => {
    const index = indexOf(word);
    return index < 0 ? undefined : segments[index + 1];
  };
  const subscription = after("subscriptions");
  const resourceGroup = after("resourceGroups");
  const providersAt = segments.findLastIndex((segment) => sameName(segment, "providers"));
  const namespace = providersAt < 0 ? undefined : segments[providersAt + 1];
  const rest = providersAt < 0 ? [] : segments.slice(providersAt + 2);
  const pairs = Math.floor(rest.length / 2);
  const types = rest.filter((_, index) => index % 2 === 0).slice(0, pairs);
  const names = rest.filter((_, index) => index % 2 === 1);
  const used = providersAt < 0 ? segments : segments.slice(0, providersAt + 2 + 2 * pairs);
  return {
    id: `/${used.join("/")}`,
    ...(subscription && { subscription }),
    ...(resourceGroup && { resourceGroup }),
    ...(namespace && { namespace }),
    ...(namespace && types.length > 0 && { type: [namespace, ...types].join("/") }),
    names,
  };
}

/** The id of the virtual machine, or of the scale set's instance, that a URL names or lies below. */
export function machineIdOf(url: string): string | undefined {
  return /^.*\/providers\/Microsoft\.Compute\/(?:virtualMachineScaleSets\/[^/]+\/)?virtualMachines\/[^/]+/i.exec(
    pathOf(url),
  )?.[0];
}

/** The id of the scale set that a URL names or lies below. */
export function scaleSetIdOf(url: string): string | undefined {
  return /^.*\/providers\/Microsoft\.Compute\/virtualMachineScaleSets\/[^/]+/i.exec(pathOf(url))?.[0];
}

/** The id of the deployment that a URL names or lies below. */
export function deploymentIdOf(url: string): string | undefined {
  return /^.*\/(?:providers\/Microsoft\.Resources\/)?deployments\/[^/]+/i.exec(pathOf(url))?.[0];
}

/** Of a deployment's request, the resource that it was to make; undefined where it is named by an expression among others. */
export function resourceInTemplate(body: unknown, id: string): unknown {
  const { type, names } = parseResourceId(id);
  // A list, or with symbolic names an object.
  const resources = at(body, "properties", "template", "resources");
  const ofType = Object.values(resources ?? {}).filter((resource) => sameName(textAt(resource, "type"), type));
  const name = names.join("/");
  return (
    ofType.find((resource) => sameName(textAt(resource, "name"), name)) ?? (ofType.length === 1 ? ofType[0] : undefined)
  );
}

/** The scope that a URL lies in, for reads below it: the group, else the subscription. */
export function scopeOf(url: string): string | undefined {
  return /^\/subscriptions\/[^/]+(?:\/resourceGroups\/[^/]+)?/i.exec(pathOf(url))?.[0];
}

/** The intended location of the resource: from the body, otherwise from the message, otherwise from the URL. */
export function locationOf(call: FailedCall, message: string): string | undefined {
  const named = textAt(call.body, "location") ?? /\/locations\/([^/?]+)/i.exec(call.url)?.[1];
  const mentioned = /\b(?:location|region):?\s+'?([a-z][a-z0-9]{2,40})'?/i.exec(message)?.[1];
  const location = named ?? mentioned;
  return location === undefined ? undefined : foldName(location);
}

/** The VM size that the request asks for, otherwise the one in the message. */
export function sizeOf(call: FailedCall, message: string): string | undefined {
  return (
    textAt(call.body, "properties", "hardwareProfile", "vmSize") ??
    textAt(call.body, "sku", "name") ??
    /\b(?:Standard|Basic)_[A-Z]\w*/i.exec(message)?.[0]
  );
}

export const zonesOf = (call: FailedCall): string[] =>
  itemsAt(call.body, "zones").filter((zone): zone is string => typeof zone === "string");

/** Spot machines use a pool of their own. */
export const isSpot = (call: FailedCall): boolean =>
  sameName(
    textAt(call.body, "properties", "priority") ?? textAt(call.body, "properties", "virtualMachineProfile", "priority"),
    "spot",
  );
