/**
 * Which policy denies what, and what it would allow. The refusal itself usually says so; otherwise one query to Azure
 * Policy says which of the request's values are denied. Only a hit is evidence: an empty result proves nothing.
 */
import { defineEvidence } from "../define-evidence.js";
import { at, itemsAt, shorten, textAt } from "../document.js";
import type { DefinedEvidence, Found, LookContext } from "../source.js";
import { parseResourceId, scopeOf } from "../subject.js";

/**
 * The violations in the refusal, and a check of the request's values. One POST that changes nothing; seconds; Reader
 * should be enough (`Microsoft.PolicyInsights/checkPolicyRestrictions/read`).
 */
export function policy(): DefinedEvidence {
  return defineEvidence({
    name: "policy",
    requests: 1,
    fits: ({ code = "", rule }) =>
      /DisallowedByPolicy|PolicyViolation|DeniedByPolicy/i.test(code) || rule?.id === "policy",
    async look(context) {
      const violations = violationsIn(context.call.details);
      // The refusal names all policies that deny, with their values, so no query is needed.
      if (violations.some(({ means }) => means !== undefined)) return violations;
      return [...violations, ...(await check(context))];
    },
  });
}

/** The `PolicyViolation` entries of an error body, at any depth. */
function violationsIn(body: unknown, depth = 0): Found[] {
  if (typeof body !== "object" || body === null || depth > 8) return [];
  const own = itemsAt(body, "additionalInfo")
    .filter((info) => textAt(info, "type") === "PolicyViolation")
    .map((info) => describeViolation(at(info, "info")));
  const below = ["error", "details", "innererror"].flatMap((key) => {
    const inner = at(body, key);
    return (Array.isArray(inner) ? inner : [inner]).flatMap((node) => violationsIn(node, depth + 1));
  });
  return [...own, ...below];
}

function describeViolation(info: unknown): Found {
  const name = textAt(info, "policyDefinitionDisplayName") ?? textAt(info, "policyDefinitionName") ?? "A policy";
  const assignment = textAt(info, "policyAssignmentDisplayName") ?? textAt(info, "policyAssignmentName") ?? "";
  const scope =
    textAt(info, "policyAssignmentScope") ?? textAt(info, "policyAssignmentId")?.split(/\/providers\//i, 1)[0] ?? "";
  const conditions = itemsAt(info, "evaluationDetails", "evaluatedExpressions").flatMap(conditionOf);
  const words = conditions.length > 0 ? `: ${conditions.join("; ")}` : "";
  const says = `Policy "${name}" (assignment ${assignment} on ${scope || "its scope"}) denies it${words}.`;
  return {
    says,
    confidence: "high",
    data: {
      policy: textAt(info, "policyDefinitionId"),
      assignment: textAt(info, "policyAssignmentId"),
      parameters: at(info, "policyAssignmentParameters"),
      conditions,
    },
    ...(conditions.length > 0 && {
      means: {
        explanation: `Policy "${name}" on ${scope || "its scope"} denies it${words}.`,
        steps: [
          "Change the request to what the policy allows.",
          `Or ask the owner of the assignment ${assignment} for an exemption.`,
        ],
      },
    }),
  };
}

/** What the policy compared, and what it would allow. */
function conditionOf(expression: unknown): string[] {
  const path = textAt(expression, "path") ?? textAt(expression, "expression") ?? "";
  if (path === "" || path.toLowerCase() === "type") return [];
  const operator = (textAt(expression, "operator") ?? "").toLowerCase();
  const value = at(expression, "expressionValue");
  const target = at(expression, "targetValue");
  const isFalse = String(at(expression, "result")).toLowerCase() === "false";
  const is = value === undefined ? `${path} is missing` : `${path} is ${inWords(value)}`;
  if (operator === "notin" || (operator === "equals" && isFalse) || operator === "notequals") {
    return [`${is}, allowed: ${inWords(target)}`];
  }
  if (operator === "in" || operator === "equals") return [`${is}, which is denied`];
  if (operator === "exists")
    return [`${path} ${String(target).toLowerCase() === "false" ? "is missing" : "must not be set"}`];
  return [`${is} (${operator} ${inWords(target)})`];
}

function inWords(value: unknown): string {
  if (Array.isArray(value)) return value.slice(0, 12).map(inWords).join(", ") + (value.length > 12 ? ", …" : "");
  return typeof value === "string" ? value : shorten(JSON.stringify(value), 120);
}

async function check({ post, call }: LookContext): Promise<Found[]> {
  const { type } = parseResourceId(call.url);
  const scope = scopeOf(call.url);
  const location = textAt(call.body, "location");
  if (type === undefined || scope === undefined || call.body === undefined) return [];
  const size = textAt(call.body, "properties", "hardwareProfile", "vmSize");
  const path = "/providers/Microsoft.PolicyInsights/checkPolicyRestrictions";
  const question = {
    resourceDetails: {
      apiVersion: /api-version=([\w-]+)/i.exec(call.url)?.[1] ?? "2024-07-01",
      // Only what policies look at: a machine's body contains passwords and custom data.
      resourceContent: { type, ...(location && { location }), ...tagsOf(call.body) },
    },
    pendingFields: [
      ...(location === undefined ? [] : [{ field: "location", values: [location] }]),
      ...(size === undefined ? [] : [{ field: "Microsoft.Compute/virtualMachines/sku.name", values: [size] }]),
      { field: "tags" },
    ],
  };
  const query = { "api-version": "2024-10-01" };
  const answer = await post(scope + path, query, question);
  if (answer.status === 404) return [{ says: "Azure Policy could not be queried at this scope.", confidence: "none" }];
  const hits = itemsAt(answer.body, "fieldRestrictions").flatMap(restrictionsOf);
  return hits.length > 0
    ? hits
    : [
        {
          says: "Azure Policy names no denied value; policies of management groups may be missing from its response.",
          confidence: "none",
        },
      ];
}

function tagsOf(body: unknown): { tags?: unknown } {
  const tags = at(body, "tags");
  return tags === undefined ? {} : { tags };
}

function restrictionsOf(field: unknown): Found[] {
  const name = textAt(field, "field") ?? "";
  return itemsAt(field, "restrictions").flatMap((restriction): Found[] => {
    const result = textAt(restriction, "result") ?? "";
    const values = itemsAt(restriction, "values");
    const reason = textAt(restriction, "reason");
    const assignment = textAt(restriction, "policy", "policyAssignmentId") ?? "";
    if (!/^(?:Deny|Required|Removed)$/i.test(result)) return [];
    const what = /^Deny$/i.test(result)
      ? `${name} may not be ${inWords(values)}`
      : /^Required$/i.test(result)
        ? `${name} must be set${values.length > 0 ? ` to one of ${inWords(values)}` : ""}`
        : `${name} must not be set`;
    const says = `Azure Policy: ${what}${reason === undefined ? "" : ` (${shorten(reason, 200)})`}.`;
    return [
      {
        says,
        confidence: "high",
        data: { field: name, result, values, assignment },
        means: {
          explanation: says,
          steps: ["Change the request to what the policy allows.", "Or ask the policy's owner for an exemption."],
        },
      },
    ];
  });
}
