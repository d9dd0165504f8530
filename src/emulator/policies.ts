/** Azure Policy, limited to deny: one condition on one field of the resource. */
import { dig, digText, isJsonObject, type JsonObject } from "./json.js";
import { normalLocation } from "./locations.js";
import { isWithin } from "./request-scope.js";
import { ArmError } from "./wire.js";

export interface PolicyRule {
  /** Of the assignment: `allowed-locations`. */
  readonly name: string;
  /** Of the definition. Default the name. */
  readonly displayName?: string;
  /** The resource type that it applies to. Default every type, or that of the field. */
  readonly type?: string;
  /** `location`, `tags.owner`, or an alias: `Microsoft.Compute/virtualMachines/sku.name`. */
  readonly field: string;
  /** The values that the field may have. */
  readonly allowed?: readonly string[];
  /** The values that the field must not have. Without `allowed` and `denied`, the field must exist. */
  readonly denied?: readonly string[];
  /** The owner's own message, instead of the default one with identifiers. */
  readonly message?: string;
  /** A scope, as for `arm.lock`. Default the subscription. */
  readonly scope?: string;
  /** Assigned at a management group above: checkPolicyRestrictions does not evaluate it. Default false. */
  readonly inherited?: boolean;
  /** Name of the initiative that it belongs to. */
  readonly initiative?: string;
}

/** An assigned rule. */
export interface Assignment extends PolicyRule {
  readonly id: string;
  /** Where it is assigned. */
  readonly assignedAt: string;
  readonly definitionId: string;
  /** It applies to ids that begin with this one. */
  readonly covers: string;
}

export interface Checked {
  readonly id: string;
  readonly type: string;
  readonly content: JsonObject;
}

export class Policies {
  #assignments: readonly Assignment[] = [];

  constructor(
    private readonly subscriptionId: string,
    private readonly tenantId: string,
  ) {}

  get all(): readonly Assignment[] {
    return this.#assignments;
  }

  /** `covers` is an id. */
  assign(rule: PolicyRule, covers: string): () => void {
    const assignedAt = rule.inherited ? "/providers/Microsoft.Management/managementGroups/corp" : covers;
    const definedAt = rule.inherited ? assignedAt : `/subscriptions/${this.subscriptionId}`;
    const assignment: Assignment = {
      ...rule,
      covers,
      assignedAt,
      id: `${assignedAt}/providers/Microsoft.Authorization/policyAssignments/${rule.name}`,
      definitionId: `${definedAt}/providers/Microsoft.Authorization/policyDefinitions/${rule.name}`,
    };
    this.#assignments = [...this.#assignments, assignment];
    return () => void (this.#assignments = this.#assignments.filter((other) => other !== assignment));
  }

  /** The assignments that the resource violates. */
  violatedBy(resource: Checked): readonly Assignment[] {
    return this.#assignments.filter(
      (assignment) => isWithin(resource.id, assignment.covers) && violates(assignment, resource),
    );
  }

  /** Throws Resource Manager's refusal of a non-compliant write. */
  check(resource: Checked): void {
    if (this.#assignments.length === 0) return;
    const violated = this.violatedBy(resource);
    if (violated.length === 0) return;
    const name = resource.id.split("/").at(-1) ?? "";
    throw new ArmError(403, "RequestDisallowedByPolicy", messageOf(name, violated), {
      target: name,
      additionalInfo: violated.map((assignment) => ({
        type: "PolicyViolation",
        info: this.#violation(assignment, resource),
      })),
    });
  }

  #violation(assignment: Assignment, resource: Checked): JsonObject {
    const { name, definitionId, displayName = name, id, assignedAt, initiative } = assignment;
    const setId = `/subscriptions/${this.subscriptionId}/providers/Microsoft.Authorization/policySetDefinitions/${initiative ?? ""}`;
    return {
      policyDefinitionDisplayName: displayName,
      ...(initiative !== undefined && {
        policySetDefinitionDisplayName: initiative,
        policySetDefinitionId: setId,
        policySetDefinitionName: initiative,
        policyDefinitionReferenceId: `${name}_1`,
      }),
      evaluationDetails: { evaluatedExpressions: expressionsOf(assignment, resource) },
      policyDefinitionId: definitionId,
      policyDefinitionName: name,
      policyDefinitionEffect: "Deny",
      policyAssignmentId: id,
      policyAssignmentName: name,
      policyAssignmentDisplayName: displayName,
      policyAssignmentScope: assignedAt,
      policyAssignmentParameters: parametersOf(assignment),
      policyExemptionIds: [],
      tenantId: this.tenantId,
    };
  }
}

function violates(assignment: Assignment, { type, content }: Pick<Checked, "type" | "content">): boolean {
  if (!isAbout(assignment, type)) return false;
  const value = fieldOf(content, assignment.field);
  const isOneOf = (values: readonly string[]): boolean => values.some((other) => same(assignment.field, value, other));
  if (assignment.allowed) return !isOneOf(assignment.allowed);
  if (assignment.denied) return isOneOf(assignment.denied);
  return value === undefined;
}

function isAbout({ type, field }: PolicyRule, actual: string): boolean {
  const wanted = type ?? typeOfAlias(field);
  return wanted === undefined || wanted.toLowerCase() === actual.toLowerCase();
}

/** `Microsoft.Compute/virtualMachines/sku.name` applies to virtual machines. */
function typeOfAlias(field: string): string | undefined {
  return field.includes("/") ? field.slice(0, field.lastIndexOf("/")) : undefined;
}

/** Aliases whose path differs from their name. */
const aliases: Readonly<Record<string, readonly string[]>> = {
  "microsoft.compute/virtualmachines/sku.name": ["properties", "hardwareProfile", "vmSize"],
  "microsoft.compute/imagepublisher": ["properties", "storageProfile", "imageReference", "publisher"],
  "microsoft.compute/virtualmachines/imagepublisher": ["properties", "storageProfile", "imageReference", "publisher"],
  "microsoft.compute/virtualmachines/imageoffer": ["properties", "storageProfile", "imageReference", "offer"],
};

function fieldOf(content: JsonObject, field: string): unknown {
  const known = aliases[field.toLowerCase()];
  if (known) return dig(content, ...known);
  if (!field.includes("/")) return dig(content, ...field.replace(/\['?([^'\]]+)'?\]/g, ".$1").split("."));
  const path = field.slice(field.lastIndexOf("/") + 1).split(".");
  return dig(content, "properties", ...path) ?? dig(content, ...path);
}

function same(field: string, value: unknown, other: string): boolean {
  if (typeof value !== "string") return String(value) === other && value !== undefined;
  if (field === "location") return normalLocation(value) === normalLocation(other);
  return value.toLowerCase() === other.toLowerCase();
}

function messageOf(name: string, violated: readonly Assignment[]): string {
  const reasons = violated.map(({ message }) => message).filter((message) => message !== undefined);
  if (reasons.length > 0) {
    return `Resource '${name}' was disallowed by policy. Reasons: '${reasons.join(" ")}'. See error details for policy resource IDs.`;
  }
  const identifiers = violated.map(({ displayName, name: assignment, id, definitionId }) => ({
    policyAssignment: { name: displayName ?? assignment, id },
    policyDefinition: { name: displayName ?? assignment, id: definitionId, version: "1.0.0" },
  }));
  return `Resource '${name}' was disallowed by policy. Policy identifiers: '${JSON.stringify(identifiers)}'.`;
}

function expressionsOf(assignment: Assignment, { type, content }: Checked): JsonObject[] {
  const { field, allowed, denied } = assignment;
  const value = fieldOf(content, field);
  const about = assignment.type ?? typeOfAlias(field);
  const expression = { result: "True", expressionKind: "Field", expression: field, path: field };
  const condition =
    allowed || denied
      ? { ...expression, expressionValue: value, targetValue: allowed ?? denied, operator: allowed ? "NotIn" : "In" }
      : { ...expression, targetValue: "False", operator: "Exists" };
  const ofType = {
    result: "True",
    expressionKind: "Field",
    expression: "type",
    path: "type",
    expressionValue: type,
    targetValue: about,
    operator: "Equals",
  };
  return about === undefined ? [condition] : [ofType, condition];
}

export function parametersOf({ allowed, denied }: PolicyRule): JsonObject {
  return allowed || denied ? { listOfValues: { value: allowed ?? denied } } : {};
}

export function presentAssignment(assignment: Assignment): JsonObject {
  const { id, name, displayName = name, definitionId, assignedAt, message } = assignment;
  return {
    id,
    name,
    type: "Microsoft.Authorization/policyAssignments",
    properties: {
      displayName,
      policyDefinitionId: definitionId,
      scope: assignedAt,
      notScopes: [],
      parameters: parametersOf(assignment),
      enforcementMode: "Default",
      ...(message !== undefined && { nonComplianceMessages: [{ message }] }),
    },
  };
}

export function presentDefinition(assignment: Assignment): JsonObject {
  const { name, displayName = name, definitionId, field, allowed, denied } = assignment;
  const values = "[parameters('listOfValues')]";
  const condition = allowed ? { field, notIn: values } : denied ? { field, in: values } : { field, exists: "false" };
  const about = assignment.type ?? typeOfAlias(field);
  return {
    id: definitionId,
    name,
    type: "Microsoft.Authorization/policyDefinitions",
    properties: {
      displayName,
      policyType: "Custom",
      mode: "Indexed",
      version: "1.0.0",
      parameters: allowed || denied ? { listOfValues: { type: "Array" } } : {},
      policyRule: {
        if: about === undefined ? condition : { allOf: [{ field: "type", equals: about }, condition] },
        then: { effect: "deny" },
      },
    },
  };
}

/** What checkPolicyRestrictions returns for one field: the denied candidates, or the remaining values. */
export function restrictionOf(
  assignment: Assignment,
  type: string,
  pending: { readonly field: string; readonly values: readonly string[] },
): JsonObject | undefined {
  const { field, allowed, denied, definitionId, id } = assignment;
  if (field.toLowerCase() !== pending.field.toLowerCase() || !isAbout(assignment, type)) return undefined;
  const policy = { policyDefinitionId: definitionId, policyAssignmentId: id };
  const isIn = (values: readonly string[], value: string): boolean => values.some((other) => same(field, value, other));
  if (pending.values.length === 0) {
    return denied
      ? undefined
      : { result: "Required", defaultValue: null, values: [...(allowed ?? [])], policyEffect: "Deny", policy };
  }
  const struck = pending.values.filter((value) => (allowed ? !isIn(allowed, value) : isIn(denied ?? [], value)));
  if (struck.length === 0) return undefined;
  const reason = allowed
    ? `${field} must be one of: ${allowed.join(", ")}`
    : `${field} must not be one of: ${(denied ?? []).join(", ")}`;
  return { result: "Deny", values: struck, policyEffect: "Deny", policy, reason };
}

/** `pendingFields` of a request. */
export function pendingIn(value: unknown): { field: string; values: string[] }[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isJsonObject).map((item) => ({
    field: digText(item, "field") ?? "",
    values: Array.isArray(item["values"]) ? item["values"].filter((one) => typeof one === "string") : [],
  }));
}
