/**
 * Whether the caller lacks a permission, or a fresh grant has not propagated yet: the service returns
 * `AuthorizationFailed` for both, and only the second is transient.
 */
import { defineEvidence } from "../define-evidence.js";
import { itemsAt, textsAt } from "../document.js";
import { couldNotLook } from "../look.js";
import type { DefinedEvidence, Found } from "../source.js";
import { parseResourceId } from "../subject.js";

/** A grant takes up to ten minutes to reach every region. */
const grantWaitMs = 30_000;

/**
 * The caller's actions at the scope that the message names. One request; grants show at once; needs no permission of
 * its own.
 */
export function permissions(): DefinedEvidence {
  return defineEvidence({
    name: "permissions",
    requests: 1,
    fits: ({ category, message }) => category === "authorization" && missingOf(message) !== undefined,
    async look({ get, diagnosis }) {
      const missing = missingOf(diagnosis.message);
      if (!missing) return undefined;
      const { action, scope } = missing;
      if (parseResourceId(scope).resourceGroup === undefined) {
        return couldNotLook(`permissions are listed for resource groups and below, and ${scope} is neither`);
      }
      const path = `${scope}/providers/Microsoft.Authorization/permissions`;
      const { status, body } = await get(path, { "api-version": "2022-04-01" });
      if (status === 404)
        return { says: `The scope ${scope} is not there; the scope may be what is wrong.`, confidence: "medium" };
      return allows(itemsAt(body, "value"), action)
        ? arriving(action, scope)
        : lacking(action, scope, itemsAt(body, "value"));
    },
  });
}

/** The refused action and its scope; for a linked failure, the second one. */
function missingOf(message: string): { action: string; scope: string } | undefined {
  const linked =
    /does not have permission to perform action(?:\(s\))? '([^']+)' on the linked scope\(s\) '([^']+)'/i.exec(message);
  const plain = /perform action '([^']+)' over scope '([^']+)'/i.exec(message);
  const [, actions, scopes] = linked ?? plain ?? [];
  const action = actions?.split(",")[0]?.trim();
  const scope = scopes?.split(",")[0]?.trim();
  return action && scope?.startsWith("/") ? { action, scope } : undefined;
}

/** Allowed if an assignment grants the action without excluding it. */
export function allows(assignments: readonly unknown[], action: string): boolean {
  return assignments.some(
    (assignment) =>
      textsAt(assignment, "actions").some((pattern) => covers(pattern, action)) &&
      !textsAt(assignment, "notActions").some((pattern) => covers(pattern, action)),
  );
}

/** `Microsoft.Compute/*\/read` covers `Microsoft.Compute/virtualMachines/read`. */
function covers(pattern: string, action: string): boolean {
  const [first = "", ...rest] = pattern.toLowerCase().split("*");
  const wanted = action.toLowerCase();
  if (rest.length === 0) return wanted === first;
  const last = rest.pop() ?? "";
  if (!wanted.startsWith(first) || !wanted.endsWith(last) || wanted.length < first.length + last.length) return false;
  let from = first.length;
  for (const part of rest) {
    const at = wanted.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return from <= wanted.length - last.length;
}

function arriving(action: string, scope: string): Found {
  return {
    says: `The caller has ${action} on ${scope} by now: the grant is fresh and has not arrived everywhere.`,
    confidence: "high",
    data: { action, scope },
    means: {
      disposition: "transient",
      execution: "none",
      waitMs: grantWaitMs,
      explanation: `The right ${action} on ${scope} has been granted and has not arrived everywhere yet.`,
      steps: ["Wait some minutes and send the request again.", "If it lasts, look for a deny assignment on the scope."],
    },
  };
}

function lacking(action: string, scope: string, assignments: readonly unknown[]): Found {
  const has = assignments.length === 0 ? "it has no role there" : "none of its roles there has it";
  return {
    says: `The caller lacks ${action} on ${scope}: ${has}.`,
    confidence: "high",
    data: { action, scope, assignments: assignments.length },
    means: {
      explanation: `The caller lacks ${action} on ${scope}.`,
      steps: [
        `Ask an owner for a role with ${action}: az role assignment create --assignee <id> --role <role> --scope ${scope}`,
        "A new role takes up to ten minutes to arrive.",
      ],
    },
  };
}
