/** Locks, permissions and policies, at any scope. */
import type { ArmExchange } from "../exchange.js";
import { digObject, digText, type JsonObject } from "../json.js";
import { idOfLock, type Lock } from "../locks.js";
import { pageOf } from "../paging.js";
import { pendingIn, presentAssignment, presentDefinition, restrictionOf, type Assignment } from "../policies.js";
import { isWithin } from "../request-scope.js";
import type { Route } from "../router.js";
import { ArmError, type Reply } from "../wire.js";

const provider = "/{+scope}/providers/Microsoft.Authorization";
const lock = `${provider}/locks/{lock}`;
const check = "providers/Microsoft.PolicyInsights/checkPolicyRestrictions";
const checkRoute = {
  method: "POST",
  name: "checkPolicyRestrictions",
  action: "Microsoft.PolicyInsights/checkPolicyRestrictions/read",
  handle: checkRestrictions,
};

export const authorizationRoutes: readonly Route[] = [
  { method: "GET", path: `${provider}/locks`, name: "locks", handle: listLocks },
  { method: "PUT", path: lock, name: "locks/{lock}", handle: putLock },
  { method: "GET", path: lock, name: "locks/{lock}", handle: getLock },
  { method: "DELETE", path: lock, name: "locks/{lock}", handle: deleteLock },
  { method: "GET", path: `${provider}/permissions`, name: "permissions", needsNoRight: true, handle: listPermissions },
  { method: "GET", path: `${provider}/denyAssignments`, name: "denyAssignments", handle: listNone },
  { method: "GET", path: `${provider}/policyAssignments`, name: "policyAssignments", handle: listAssignments },
  {
    method: "GET",
    path: `${provider}/policyAssignments/{assignment}`,
    name: "policyAssignments/{assignment}",
    handle: getAssignment,
  },
  { method: "GET", path: `${provider}/policyDefinitions`, name: "policyDefinitions", handle: listDefinitions },
  {
    method: "GET",
    path: `${provider}/policyDefinitions/{definition}`,
    name: "policyDefinitions/{definition}",
    handle: getDefinition,
  },
  { method: "GET", path: `${provider}/policyExemptions`, name: "policyExemptions", handle: listNone },
  { path: `/subscriptions/{subscription}/${check}`, ...checkRoute },
  { path: `/subscriptions/{subscription}/resourceGroups/{group}/${check}`, ...checkRoute },
];

function presentLock(held: Lock): JsonObject {
  return {
    id: idOfLock(held),
    name: held.name,
    type: "Microsoft.Authorization/locks",
    properties: { level: held.level, ...(held.notes !== undefined && { notes: held.notes }) },
  };
}

/** Those at the scope and below it; with `atScope()`, those at the scope and above. */
function listLocks(exchange: ArmExchange): Reply {
  const scope = exchange.param("scope");
  const upwards = exchange.request.url.searchParams.get("$filter") === "atScope()";
  const held = exchange.cloud.locks.all.filter((one) =>
    upwards ? isWithin(scope, one.scope) : isWithin(one.scope, scope),
  );
  return pageOf(exchange, held.map(presentLock));
}

function putLock(exchange: ArmExchange): Reply {
  const level = digText(exchange.body, "properties", "level");
  if (level !== "ReadOnly" && level !== "CanNotDelete") {
    throw new ArmError(400, "LockLevelInvalid", `The lock level '${level ?? ""}' is invalid.`);
  }
  const held: Lock = {
    name: exchange.param("lock"),
    scope: exchange.param("scope"),
    level,
    notes: digText(exchange.body, "properties", "notes"),
  };
  const status = exchange.cloud.locks.find(idOfLock(held)) ? 200 : 201;
  exchange.cloud.locks.put(held);
  return { status, body: presentLock(held) };
}

function idOf(exchange: ArmExchange): string {
  return idOfLock({ scope: exchange.param("scope"), name: exchange.param("lock") });
}

function getLock(exchange: ArmExchange): Reply {
  const held = exchange.cloud.locks.find(idOf(exchange));
  if (held) return { status: 200, body: presentLock(held) };
  throw new ArmError(404, "LockNotFound", `The lock '${exchange.param("lock")}' could not be found.`);
}

function deleteLock(exchange: ArmExchange): Reply {
  return { status: exchange.cloud.locks.delete(idOf(exchange)) ? 200 : 204 };
}

function listPermissions(exchange: ArmExchange): Reply {
  return { status: 200, body: { value: exchange.cloud.access.permissionsAt(exchange.param("scope")) } };
}

function listNone(): Reply {
  return { status: 200, body: { value: [] } };
}

/** Those that apply to the scope. */
function assignmentsAt(exchange: ArmExchange): readonly Assignment[] {
  const scope = exchange.param("scope");
  return exchange.cloud.policies.all.filter(({ covers }) => isWithin(scope, covers) || isWithin(covers, scope));
}

function listAssignments(exchange: ArmExchange): Reply {
  return pageOf(exchange, assignmentsAt(exchange).map(presentAssignment));
}

function getAssignment(exchange: ArmExchange): Reply {
  const name = exchange.param("assignment");
  const found = assignmentsAt(exchange).find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (found) return { status: 200, body: presentAssignment(found) };
  throw new ArmError(404, "PolicyAssignmentNotFound", `The policy assignment '${name}' is not found.`);
}

function listDefinitions(exchange: ArmExchange): Reply {
  return pageOf(exchange, assignmentsAt(exchange).map(presentDefinition));
}

function getDefinition(exchange: ArmExchange): Reply {
  const name = exchange.param("definition");
  const found = exchange.cloud.policies.all.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (found) return { status: 200, body: presentDefinition(found) };
  throw new ArmError(404, "PolicyDefinitionNotFound", `The policy definition '${name}' could not be found.`);
}

/** What policies would say. Those of management groups are not evaluated, so an empty result proves nothing. */
function checkRestrictions(exchange: ArmExchange): Reply {
  const { subscriptionId } = exchange.cloud.options;
  const scope = exchange.has("group") ? exchange.group.id : `/subscriptions/${subscriptionId}`;
  const content = digObject(exchange.body, "resourceDetails", "resourceContent");
  const type = digText(content, "type") ?? "";
  const id = `${scope}/providers/${type}/${digText(content, "name") ?? "candidate"}`;
  const evaluated = exchange.cloud.policies.all.filter((one) => !one.inherited && isWithin(id, one.covers));
  const fieldRestrictions = pendingIn(exchange.body["pendingFields"]).flatMap(({ field, values }) => {
    const restrictions = evaluated
      .map((assignment) => restrictionOf(assignment, type, { field, values }))
      .filter((restriction) => restriction !== undefined);
    return restrictions.length > 0 ? [{ field, restrictions }] : [];
  });
  const violated = exchange.cloud.policies.violatedBy({ id, type, content }).filter((one) => !one.inherited);
  return {
    status: 200,
    body: {
      fieldRestrictions,
      contentEvaluationResult: {
        policyEvaluations: violated.map(({ definitionId, id: policyAssignmentId }) => ({
          policyInfo: { policyDefinitionId: definitionId, policyAssignmentId },
          evaluationResult: "NonCompliant",
          evaluationDetails: {},
        })),
      },
    },
  };
}
