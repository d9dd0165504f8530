/** A template, parsed into the resources to write, unordered: `dependsOn` says what waits for what. */
import { digObject, digText, isJsonObject, type JsonObject } from "../json.js";
import { Budget, evaluate, invalidTemplate, typed, type TemplateScope } from "./expressions.js";

export interface TemplateResource {
  readonly id: string;
  readonly type: string;
  /** The last part of the name. */
  readonly name: string;
  readonly symbolicName: string | undefined;
  readonly apiVersion: string;
  /** The body of its PUT. */
  readonly body: JsonObject;
  /** Ids in lower case. */
  readonly dependsOn: readonly string[];
}

export type DeploymentScope = Pick<TemplateScope, "subscriptionId" | "tenantId" | "resourceGroup" | "deploymentName">;

/** Words of a template that are not part of a resource's PUT body. */
const templateWords = new Set([
  "type",
  "apiVersion",
  "name",
  "dependsOn",
  "condition",
  "resourceGroup",
  "subscriptionId",
  "scope",
  "comments",
  "resources",
]);

const mostResources = 800;

/** Reads `properties` of a deployment. Throws Resource Manager's response to an invalid template. */
export function readTemplate(properties: JsonObject, scope: DeploymentScope): TemplateResource[] {
  if (digText(properties, "templateLink", "uri") !== undefined) {
    throw invalidTemplate("the emulator fetches no templateLink; send the template itself.");
  }
  const template = digObject(properties, "template");
  if (!("resources" in template)) throw invalidTemplate("the template has no 'resources'.");
  const full: TemplateScope = {
    ...scope,
    parameters: parametersOf(template, properties),
    variables: digObject(template, "variables"),
    budget: new Budget(),
  };
  const found = flatten(template["resources"], full);
  if (found.length > mostResources) {
    throw invalidTemplate(`the number of template resources limit exceeded. Limit: ${mostResources}.`);
  }
  return found.map((resource) => ({ ...resource, dependsOn: resource.dependsOn.map((name) => idOf(name, found)) }));
}

function parametersOf(template: JsonObject, properties: JsonObject): JsonObject {
  const given = digObject(properties, "parameters");
  const declared = Object.entries(digObject(template, "parameters"));
  return Object.fromEntries(
    declared.map(([name, declaration]) => {
      const value = digObject(given, name)["value"] ?? digObject(declaration)["defaultValue"];
      if (value === undefined) throw invalidTemplate(`the value for the template parameter '${name}' is not provided.`);
      return [name, value];
    }),
  );
}

/** Children inside their parent become resources of their own, which wait for it. */
function flatten(resources: unknown, scope: TemplateScope, parent?: TemplateResource): TemplateResource[] {
  const listed: [string | undefined, unknown][] = Array.isArray(resources)
    ? resources.map((resource) => [undefined, resource])
    : Object.entries(digObject(resources));
  return listed.flatMap(([symbolicName, resource]) => {
    if (!isJsonObject(resource) || evaluate(resource["condition"] ?? true, scope) === false) return [];
    if ("copy" in resource) throw invalidTemplate("the emulator does not know 'copy'.");
    const read = readResource(resource, symbolicName, scope, parent);
    return [read, ...flatten(resource["resources"] ?? [], scope, read)];
  });
}

function readResource(
  resource: JsonObject,
  symbolicName: string | undefined,
  scope: TemplateScope,
  parent: TemplateResource | undefined,
): TemplateResource {
  const word = (key: string): string => {
    const value = evaluate(resource[key], scope);
    return typeof value === "string" ? value : "";
  };
  const ownType = word("type");
  const ownName = word("name");
  if (!ownType || !ownName) throw invalidTemplate("a resource of the template has no 'type' or no 'name'.");
  const type = parent ? `${parent.type}/${ownType}` : ownType;
  const id = parent
    ? `${parent.id}/${ownType}/${ownName}`
    : placeOf(type, ownName.split("/"), {
        subscriptionId: word("subscriptionId") || scope.subscriptionId,
        group: word("resourceGroup") || scope.resourceGroup?.name,
      });
  const body = Object.entries(resource).filter(([key]) => !templateWords.has(key));
  const dependsOn = evaluate(resource["dependsOn"] ?? [], scope);
  return {
    id,
    type,
    name: ownName.split("/").at(-1) ?? ownName,
    symbolicName,
    apiVersion: word("apiVersion"),
    body: evaluate(Object.fromEntries(body), scope) as JsonObject,
    dependsOn: [...(Array.isArray(dependsOn) ? dependsOn.map(String) : []), ...(parent ? [parent.id] : [])],
  };
}

function placeOf(
  type: string,
  names: readonly string[],
  { subscriptionId, group }: { subscriptionId: string; group: string | undefined },
): string {
  const subscription = `/subscriptions/${subscriptionId}`;
  if (type.toLowerCase() === "microsoft.resources/resourcegroups") {
    return `${subscription}/resourceGroups/${names[0] ?? ""}`;
  }
  return `${subscription}${group === undefined ? "" : `/resourceGroups/${group}`}${typed(type, names)}`;
}

/** `dependsOn` names an id, a symbolic name, or the name of a resource. */
function idOf(name: string, resources: readonly TemplateResource[]): string {
  const wanted = name.toLowerCase();
  const found = resources.find(
    (resource) =>
      resource.id.toLowerCase() === wanted ||
      resource.symbolicName?.toLowerCase() === wanted ||
      resource.name.toLowerCase() === wanted,
  );
  if (found) return found.id.toLowerCase();
  // A resource that is not in the template already exists.
  if (wanted.startsWith("/subscriptions/")) return wanted;
  throw invalidTemplate(`the resource '${name}' is not defined in the template.`);
}

/** The ids that the resources of a cycle wait for; undefined if there is no cycle. */
export function cycleIn(resources: readonly TemplateResource[]): readonly string[] | undefined {
  const left = new Map(resources.map((resource) => [resource.id.toLowerCase(), resource]));
  for (let shrank = true; shrank;) {
    shrank = false;
    for (const [id, resource] of left) {
      if (resource.dependsOn.some((other) => left.has(other))) continue;
      left.delete(id);
      shrank = true;
    }
  }
  return left.size > 0 ? [...left.keys()] : undefined;
}
