/**
 * Resources that are written, read, listed and deleted, and do nothing by themselves. One description each; the routes
 * follow from it.
 */
import type { Call } from "../call.js";
import { digText, mergePatch, type JsonObject } from "../json.js";
import type { PollingStyle } from "../options.js";
import { newResource, partsOf, present, settle, type Resource } from "../resources.js";
import type { Route } from "../router.js";
import { ArmError, type Reply } from "../wire.js";

export interface PlainResource {
  readonly namespace: string;
  /** `disks` */
  readonly type: string;
  /** How a write is followed; left out, writes and deletes are over at once. */
  readonly writeStyle?: PollingStyle;
  /** The status that answers a write; left out, 201 for a new resource and 200 for an old one. */
  readonly writeStatus?: number;
  /** Children that are addressed on their own (`subnets`), each with the path below its parent. */
  readonly isChildOf?: PlainResource;
  /** Throws what the service answers to a write it cannot serve. */
  readonly checkWrite?: (call: Call, next: Resource, old: Resource | undefined) => void;
  readonly checkDelete?: (call: Call, resource: Resource) => void;
  /** Fills in what the service adds of its own. */
  readonly complete?: (resource: Resource, call: Call) => void;
  /** The document, where it shows more than the resource itself. */
  readonly show?: (resource: Resource, call: Call) => JsonObject;
}

export function routesOf(kind: PlainResource): Route[] {
  const path = pathOf(kind);
  const name = nameOf(kind);
  const collection = { path: withoutLast(path), name: withoutLast(name) };
  const longRunning = kind.writeStyle !== undefined;
  const routes: Route[] = [
    { method: "PUT", path, name, longRunning, handle: (call) => write(call, kind, "replace") },
    { method: "GET", path, name, handle: (call) => get(call, kind) },
    { method: "DELETE", path, name, longRunning, handle: (call) => remove(call, kind) },
    { method: "GET", ...collection, handle: (call) => list(call, kind, call.group.name) },
  ];
  if (kind.isChildOf) return routes;
  return [
    ...routes,
    { method: "PATCH", path, name, longRunning, handle: (call) => write(call, kind, "merge") },
    {
      method: "GET",
      path: `/subscriptions/{subscription}/providers/${kind.namespace}/${kind.type}`,
      name: kind.type,
      handle: (call) => list(call, kind),
    },
  ];
}

function write(call: Call, kind: PlainResource, manner: "replace" | "merge"): Reply {
  const { resources } = call.cloud;
  const id = idOf(call, kind);
  const old = manner === "merge" ? call.existing(id) : resources.find(id);
  call.checkEtag(old);
  checkFree(call, id);
  const next = newResource(id, old?.location ?? locationOf(call, kind), call.body);
  if (old) Object.assign(next, kept(call, old, manner));
  kind.checkWrite?.(call, next, old);
  kind.complete?.(next, call);
  const resource = old ? Object.assign(old, next) : resources.put(next);
  const status = kind.writeStatus ?? (old ? 200 : 201);
  if (!kind.writeStyle) return { status, body: show(call, kind, resource) };
  settle(resource, "Updating");
  return call.accept({
    ...workOn(resource, kind),
    status,
    body: show(call, kind, resource),
    style: kind.writeStyle,
    succeed: () => settle(resource, "Succeeded"),
    result: () => show(call, kind, resource),
  });
}

function show(call: Call, kind: PlainResource, resource: Resource): JsonObject {
  return kind.show?.(resource, call) ?? present(resource);
}

/** What a write of an existing resource starts from. What the service added (`virtualMachine`, `diskState`) survives a PUT. */
function kept(call: Call, old: Resource, manner: "replace" | "merge"): Partial<Resource> {
  const { outer, properties } = partsOf(call.body);
  if (manner === "merge")
    return { outer: mergePatch(old.outer, outer), properties: mergePatch(old.properties, properties) };
  return { outer: { ...old.outer, ...outer }, properties: { ...old.properties, ...properties } };
}

function get(call: Call, kind: PlainResource): Reply {
  const resource = call.existing(idOf(call, kind));
  const body = show(call, kind, resource);
  call.cloud.operations.lookedAtResource(resource.id);
  return { status: 200, body };
}

function list(call: Call, kind: PlainResource, group?: string): Reply {
  const { resources } = call.cloud;
  const found = kind.isChildOf
    ? resources.childrenOf(call.existing(idOf(call, kind.isChildOf)).id)
    : resources.ofType(`${kind.namespace}/${kind.type}`, group);
  return { status: 200, body: { value: found.map((resource) => show(call, kind, resource)) } };
}

function remove(call: Call, kind: PlainResource): Reply {
  const { resources } = call.cloud;
  const resource = resources.find(idOf(call, kind));
  if (!resource) return { status: 204 };
  call.checkEtag(resource);
  checkFree(call, resource.id);
  kind.checkDelete?.(call, resource);
  if (!kind.writeStyle) {
    resources.delete(resource.id);
    return { status: 200 };
  }
  settle(resource, "Deleting");
  return call.accept({
    ...workOn(resource, kind),
    status: 202,
    style: "both",
    succeed: () => resources.delete(resource.id),
  });
}

function checkFree(call: Call, id: string): void {
  const running = call.cloud.operations.running(id);
  if (!running) return;
  throw new ArmError(
    409,
    "AnotherOperationInProgress",
    `Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: ${call.request.url.origin}/subscriptions/${call.cloud.options.subscriptionId}/providers/${running.namespace}/locations/${running.location}/operations/${running.id}?api-version=${call.apiVersion}.`,
  );
}

function workOn(resource: Resource, kind: PlainResource) {
  return {
    resourceId: resource.id,
    namespace: kind.namespace,
    location: resource.location,
    fail: () => settle(resource, "Failed"),
  };
}

/** A child has no location of its own: it is where its parent is. */
function locationOf(call: Call, kind: PlainResource): string {
  if (kind.isChildOf) return call.existing(idOf(call, kind.isChildOf)).location;
  return digText(call.body, "location") ? call.location : call.group.location;
}

function idOf(call: Call, kind: PlainResource): string {
  if (!kind.isChildOf) return call.id(kind.namespace, kind.type, call.param(paramOf(kind)));
  return `${idOf(call, kind.isChildOf)}/${kind.type}/${call.param(paramOf(kind))}`;
}

function pathOf(kind: PlainResource): string {
  const parent = kind.isChildOf
    ? pathOf(kind.isChildOf)
    : `/subscriptions/{subscription}/resourceGroups/{group}/providers/${kind.namespace}`;
  return `${parent}/${kind.type}/{${paramOf(kind)}}`;
}

function nameOf(kind: PlainResource): string {
  return [kind.isChildOf && nameOf(kind.isChildOf), kind.type, `{${paramOf(kind)}}`].filter(Boolean).join("/");
}

function paramOf(kind: PlainResource): string {
  return kind.isChildOf ? "child" : "resource";
}

function withoutLast(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
