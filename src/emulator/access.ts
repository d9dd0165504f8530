/** Access control: everyone may do everything, except for denied actions. */
import type { Clock } from "../time/clock.js";
import { isJsonObject, type JsonObject } from "./json.js";
import { isWithin } from "./request-scope.js";
import { addressOf } from "./resources.js";
import { ArmError } from "./wire.js";

export interface Denial {
  /** With wildcards: `Microsoft.Compute/virtualMachines/start/action`, `Microsoft.Compute/*\/delete`, `*\/read`. */
  readonly action: string;
  /** An id. */
  readonly scope: string;
  /** Epoch milliseconds at which the denial ends: the permission is granted but has not propagated yet. */
  readonly until: number;
}

export interface AccessRequest {
  readonly action: string;
  readonly scope: string;
  readonly principal: string;
  /** Of a write. */
  readonly body: JsonObject | undefined;
}

/** The permission that a reference to a resource needs on that resource. */
const linkedActions: Readonly<Record<string, string>> = {
  "microsoft.network/virtualnetworks/subnets": "Microsoft.Network/virtualNetworks/subnets/join/action",
  "microsoft.network/networkinterfaces": "Microsoft.Network/networkInterfaces/join/action",
  "microsoft.network/publicipaddresses": "Microsoft.Network/publicIPAddresses/join/action",
  "microsoft.network/networksecuritygroups": "Microsoft.Network/networkSecurityGroups/join/action",
  "microsoft.compute/images": "Microsoft.Compute/images/read",
  "microsoft.compute/capacityreservationgroups": "Microsoft.Compute/capacityReservationGroups/deploy/action",
};

export class Access {
  #denials: readonly Denial[] = [];

  constructor(private readonly clock: Clock) {}

  deny(denial: Denial): () => void {
    this.#denials = [...this.#denials, denial];
    return () => void (this.#denials = this.#denials.filter((other) => other !== denial));
  }

  /** Throws 403 for a denied action, and for references to resources that may not be used. */
  check({ action, scope, principal, body }: AccessRequest): void {
    if (this.#denials.length === 0) return;
    const client = principal || "anonymous";
    if (this.#denied(action, scope)) throw authorizationFailed(client, action, scope);
    if (!action.endsWith("/write")) return;
    for (const id of referencesIn(body)) {
      const linked = linkedActions[addressOf(id).type.toLowerCase()];
      if (linked === undefined || !this.#denied(linked, id)) continue;
      throw linkedAuthorizationFailed({ principal: client, action, scope, linked, id });
    }
  }

  /** What the caller may do at a scope: one item for each role assignment. A grant shows before it has propagated. */
  permissionsAt(scope: string): JsonObject[] {
    const lasting = this.#denials.filter((denial) => denial.until === Infinity && isWithin(scope, denial.scope));
    return [
      {
        actions: ["*"],
        notActions: lasting.map(({ action }) => action),
        dataActions: [],
        notDataActions: [],
      },
    ];
  }

  #denied(action: string, scope: string): boolean {
    const now = this.clock.now();
    return this.#denials.some(
      (denial) => now < denial.until && isWithin(scope, denial.scope) && actionFits(denial.action, action),
    );
  }
}

export function actionFits(pattern: string, action: string): boolean {
  const [first = "", ...rest] = pattern.toLowerCase().split("*");
  const text = action.toLowerCase();
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const [index, part] of rest.entries()) {
    const isLast = index === rest.length - 1;
    const found = isLast ? text.length - part.length : text.indexOf(part, at);
    if (found < at || !text.startsWith(part, found)) return false;
    at = found + part.length;
  }
  return rest.length > 0 || at === text.length;
}

/** The ids of resources that a body refers to. */
function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    key === "id" && typeof item === "string" ? [item] : referencesIn(item),
  );
}

function authorizationFailed(principal: string, action: string, scope: string): ArmError {
  return new ArmError(
    403,
    "AuthorizationFailed",
    `The client '${principal}' with object id '${principal}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  );
}

function linkedAuthorizationFailed(refused: {
  readonly principal: string;
  readonly action: string;
  readonly scope: string;
  readonly linked: string;
  readonly id: string;
}): ArmError {
  const { principal, action, scope, linked, id } = refused;
  return new ArmError(
    403,
    "LinkedAuthorizationFailed",
    `The client '${principal}' with object id '${principal}' has permission to perform action '${action}' on scope '${scope}'; however, it does not have permission to perform action(s) '${linked}' on the linked scope(s) '${id}' (respectively) or the linked scope(s) are invalid.`,
  );
}
