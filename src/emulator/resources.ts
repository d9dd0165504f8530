/** The resources of the subscription, and what all kinds have in common. */
import { randomUUID } from "node:crypto";
import { dig, digObject, type JsonObject } from "./json.js";

export interface Resource {
  readonly id: string;
  readonly name: string;
  /** `Microsoft.Compute/virtualMachines/extensions` */
  readonly type: string;
  readonly resourceGroup: string;
  readonly location: string;
  /** What is beside `properties`: tags, zones, sku, identity. */
  outer: JsonObject;
  /** Without `provisioningState`. */
  properties: JsonObject;
  provisioningState: string;
  etag: string;
}

export interface ResourceGroup {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  tags: JsonObject;
  provisioningState: string;
}

const ownFields = new Set(["id", "name", "type", "location", "properties", "etag"]);

export class Resources {
  readonly #groups = new Map<string, ResourceGroup>();
  readonly #resources = new Map<string, Resource>();
  readonly #byType = new Map<string, Map<string, Resource>>();
  /** Everything below a resource, so that thousands of machines are listed quickly. */
  readonly #below = new Map<string, Map<string, Resource>>();

  constructor(readonly subscriptionId: string) {}

  get groups(): readonly ResourceGroup[] {
    return [...this.#groups.values()];
  }

  group(name: string): ResourceGroup | undefined {
    return this.#groups.get(name.toLowerCase());
  }

  putGroup(name: string, location: string, tags: JsonObject): ResourceGroup {
    const old = this.group(name);
    const id = `/subscriptions/${this.subscriptionId}/resourceGroups/${old?.name ?? name}`;
    const group = {
      id,
      name: old?.name ?? name,
      location: old?.location ?? location,
      tags,
      provisioningState: "Succeeded",
    };
    this.#groups.set(name.toLowerCase(), group);
    return group;
  }

  /** With everything in it. */
  deleteGroup(name: string): void {
    this.#groups.delete(name.toLowerCase());
    for (const resource of this.inGroup(name)) this.delete(resource.id);
  }

  find(id: string): Resource | undefined {
    return this.#resources.get(id.toLowerCase());
  }

  put<Kind extends Resource>(resource: Kind): Kind {
    const key = resource.id.toLowerCase();
    this.#resources.set(key, resource);
    add(this.#byType, resource.type.toLowerCase(), key, resource);
    for (const parent of parentsOf(key)) add(this.#below, parent, key, resource);
    return resource;
  }

  /** With its children (a VM's extensions, a network's subnets). */
  delete(id: string): void {
    const key = id.toLowerCase();
    for (const child of [...(this.#below.get(key)?.keys() ?? [])]) this.#remove(child);
    this.#remove(key);
  }

  #remove(key: string): void {
    const type = this.#resources.get(key)?.type.toLowerCase() ?? "";
    this.#byType.get(type)?.delete(key);
    for (const parent of parentsOf(key)) this.#below.get(parent)?.delete(key);
    this.#below.delete(key);
    this.#resources.delete(key);
  }

  inGroup(name: string): Resource[] {
    return [...this.#resources.values()].filter(
      (resource) => resource.resourceGroup.toLowerCase() === name.toLowerCase(),
    );
  }

  ofType(type: string, groupName?: string): Resource[] {
    const found = [...(this.#byType.get(type.toLowerCase())?.values() ?? [])];
    const group = groupName?.toLowerCase();
    return group === undefined ? found : found.filter((resource) => resource.resourceGroup.toLowerCase() === group);
  }

  childrenOf(id: string): Resource[] {
    return [...(this.#below.get(id.toLowerCase())?.values() ?? [])];
  }
}

function add(index: Map<string, Map<string, Resource>>, entry: string, key: string, resource: Resource): void {
  const found = index.get(entry);
  if (found) found.set(key, resource);
  else index.set(entry, new Map([[key, resource]]));
}

/** `…/virtualmachines/web-01` of `…/virtualmachines/web-01/extensions/setup`. */
function parentsOf(key: string): string[] {
  const segments = key.split("/");
  // A resource has eight segments after the first slash: subscription, group, provider, and one type with a name.
  const parents: string[] = [];
  for (let length = segments.length - 2; length >= 9; length -= 2) parents.push(segments.slice(0, length).join("/"));
  return parents;
}

/** A new resource as a request describes it. */
export function newResource(id: string, location: string, body: JsonObject): Resource {
  const { outer, properties } = partsOf(body);
  return {
    ...addressOf(id),
    id,
    location,
    outer,
    properties,
    provisioningState: "Succeeded",
    etag: newEtag(),
  };
}

/** A request's values, beside and inside `properties`. What only the service decides is left out. */
export function partsOf(body: JsonObject): { outer: JsonObject; properties: JsonObject } {
  const outer = Object.fromEntries(Object.entries(body).filter(([key]) => !ownFields.has(key)));
  const { provisioningState: _, ...properties } = digObject(body, "properties");
  return { outer, properties };
}

/** Every change of a resource changes its etag. */
export function touch(resource: Resource): void {
  resource.etag = newEtag();
}

export function settle(resource: Resource, provisioningState: string): void {
  resource.provisioningState = provisioningState;
  touch(resource);
}

/** The document that ARM returns. */
export function present(resource: Resource): JsonObject {
  return {
    name: resource.name,
    id: resource.id,
    type: resource.type,
    location: resource.location,
    ...resource.outer,
    etag: resource.etag,
    properties: { ...resource.properties, provisioningState: resource.provisioningState },
  };
}

/** Name, type and group from `/subscriptions/s/resourceGroups/g/providers/Ns/type/name/childType/childName`. */
export function addressOf(id: string): { name: string; type: string; resourceGroup: string } {
  const [, , , , resourceGroup = "", , namespace = "", ...typesAndNames] = id.split("/");
  const types = typesAndNames.filter((_, index) => index % 2 === 0);
  return { name: typesAndNames.at(-1) ?? "", type: [namespace, ...types].join("/"), resourceGroup };
}

/** The ids in `[{ id }, ...]` at the end of the path. */
export function idsAt(value: unknown, ...path: readonly string[]): string[] {
  const list = dig(value, ...path);
  if (!Array.isArray(list)) return [];
  return list.map((item) => dig(item, "id")).filter((id): id is string => typeof id === "string");
}

function newEtag(): string {
  return `W/"${randomUUID()}"`;
}
