/**
 * Resources that can be written, read, listed and deleted, and do nothing themselves. One description each; the routes
 * follow from it.
 */
import type { ArmExchange } from "../exchange.js";
import { digText, mergePatch, type JsonObject } from "../json.js";
import type { PollingStyle } from "../options.js";
import { pageOf } from "../paging.js";
import { newResource, partsOf, present, settle, type Resource } from "../resources.js";
import type { Route } from "../router.js";
import { ArmError, type Reply } from "../wire.js";

export interface PlainResource {
  readonly namespace: string;
  /** `disks` */
  readonly type: string;
  /** How a write is followed; if omitted, writes and deletes end at once. */
  readonly writeStyle?: PollingStyle;
  /** The status of a write; if omitted, 201 for a new resource and 200 for an existing one. */
  readonly writeStatus?: number;
  /** Children with their own address (`subnets`), each with the path below its parent. */
  readonly isChildOf?: PlainResource;
  /** Throws the service's response to an invalid write. */
  readonly checkWrite?: (exchange: ArmExchange, next: Resource, old: Resource | undefined) => void;
  readonly checkDelete?: (exchange: ArmExchange, resource: Resource) => void;
  /** Adds what the service itself sets. */
  readonly complete?: (resource: Resource, exchange: ArmExchange) => void;
  /** The document, if it shows more than the resource itself. */
  readonly show?: (resource: Resource, exchange: ArmExchange) => JsonObject;
}

export function routesOf(kind: PlainResource): Route[] {
  const path = pathOf(kind);
  const name = nameOf(kind);
  const collection = { path: withoutLast(path), name: withoutLast(name) };
  const longRunning = kind.writeStyle !== undefined;
  const routes: Route[] = [
    { method: "PUT", path, name, longRunning, handle: (exchange) => write(exchange, kind, "replace") },
    { method: "GET", path, name, handle: (exchange) => get(exchange, kind) },
    { method: "DELETE", path, name, longRunning, handle: (exchange) => remove(exchange, kind) },
    { method: "GET", ...collection, handle: (exchange) => list(exchange, kind, exchange.group.name) },
  ];
  if (kind.isChildOf) return routes;
  return [
    ...routes,
    { method: "PATCH", path, name, longRunning, handle: (exchange) => write(exchange, kind, "merge") },
    {
      method: "GET",
      path: `/subscriptions/{subscription}/providers/${kind.namespace}/${kind.type}`,
      name: kind.type,
      handle: (exchange) => list(exchange, kind),
    },
  ];
}

function write(exchange: ArmExchange, kind: PlainResource, manner: "replace" | "merge"): Reply {
  const { resources } = exchange.cloud;
  const id = idOf(exchange, kind);
  const old = manner === "merge" ? exchange.existing(id) : resources.find(id);
  exchange.checkEtag(old);
  checkFree(exchange, id);
  const next = newResource(id, old?.location ?? locationOf(exchange, kind), exchange.body);
  if (old) Object.assign(next, kept(exchange, old, manner));
  kind.checkWrite?.(exchange, next, old);
  kind.complete?.(next, exchange);
  const resource = old ? Object.assign(old, next) : resources.put(next);
  const status = kind.writeStatus ?? (old ? 200 : 201);
  if (!kind.writeStyle) return { status, body: show(exchange, kind, resource) };
  settle(resource, "Updating");
  return exchange.accept({
    ...workOn(resource, kind),
    status,
    body: show(exchange, kind, resource),
    style: kind.writeStyle,
    succeed: () => settle(resource, "Succeeded"),
    result: () => show(exchange, kind, resource),
  });
}

function show(exchange: ArmExchange, kind: PlainResource, resource: Resource): JsonObject {
  return kind.show?.(resource, exchange) ?? present(resource);
}

/**
 * The base of a write to an existing resource. What the service added (`virtualMachine`, `diskState`) survives a PUT.
 */
function kept(exchange: ArmExchange, old: Resource, manner: "replace" | "merge"): Partial<Resource> {
  const { outer, properties } = partsOf(exchange.body);
  if (manner === "merge")
    return { outer: mergePatch(old.outer, outer), properties: mergePatch(old.properties, properties) };
  return { outer: { ...old.outer, ...outer }, properties: { ...old.properties, ...properties } };
}

function get(exchange: ArmExchange, kind: PlainResource): Reply {
  const resource = exchange.existing(idOf(exchange, kind));
  const body = show(exchange, kind, resource);
  exchange.cloud.operations.lookedAtResource(resource.id);
  return { status: 200, body };
}

function list(exchange: ArmExchange, kind: PlainResource, group?: string): Reply {
  const { resources } = exchange.cloud;
  const found = kind.isChildOf
    ? resources.childrenOf(exchange.existing(idOf(exchange, kind.isChildOf)).id)
    : resources.ofType(`${kind.namespace}/${kind.type}`, group);
  return pageOf(
    exchange,
    found.map((resource) => show(exchange, kind, resource)),
  );
}

function remove(exchange: ArmExchange, kind: PlainResource): Reply {
  const { resources } = exchange.cloud;
  const resource = resources.find(idOf(exchange, kind));
  if (!resource) return { status: 204 };
  exchange.checkEtag(resource);
  checkFree(exchange, resource.id);
  kind.checkDelete?.(exchange, resource);
  if (!kind.writeStyle) {
    resources.delete(resource.id);
    return { status: 200 };
  }
  settle(resource, "Deleting");
  return exchange.accept({
    ...workOn(resource, kind),
    status: 202,
    style: "both",
    succeed: () => resources.delete(resource.id),
  });
}

function checkFree(exchange: ArmExchange, id: string): void {
  const running = exchange.cloud.operations.running(id);
  if (!running) return;
  throw new ArmError(
    409,
    "AnotherOperationInProgress",
    `Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: ${exchange.request.url.origin}/subscriptions/${exchange.cloud.options.subscriptionId}/providers/${running.namespace}/locations/${running.location}/operations/${running.id}?api-version=${exchange.apiVersion}.`,
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

/** A child has no location of its own: it has its parent's. */
function locationOf(exchange: ArmExchange, kind: PlainResource): string {
  if (kind.isChildOf) return exchange.existing(idOf(exchange, kind.isChildOf)).location;
  return digText(exchange.body, "location") ? exchange.location : exchange.group.location;
}

function idOf(exchange: ArmExchange, kind: PlainResource): string {
  if (!kind.isChildOf) return exchange.id(kind.namespace, kind.type, exchange.param(paramOf(kind)));
  return `${idOf(exchange, kind.isChildOf)}/${kind.type}/${exchange.param(paramOf(kind))}`;
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
