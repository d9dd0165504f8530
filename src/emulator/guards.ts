/**
 * The checks between a request and its handler, in Resource Manager's order: permissions, registration, locks,
 * policies.
 */
import type { ArmExchange } from "./exchange.js";
import { checkRegistered } from "./handlers/providers.js";
import { mergePatch, type JsonObject } from "./json.js";
import { actionOf, scopeOfPath } from "./request-scope.js";
import { addressOf, present } from "./resources.js";

/** Throws the first refusal. */
export function checkGuards(exchange: ArmExchange): void {
  const { route, request, cloud, principal } = exchange;
  if (route.isOutside) return;
  const path = request.url.pathname;
  const scope = exchange.has("scope") ? exchange.param("scope") : scopeOfPath(route, path);
  const body = request.method === "PUT" || request.method === "PATCH" ? request.body : undefined;
  if (!route.needsNoRight) cloud.access.check({ action: actionOf(route), scope, principal, body });
  checkRegistered(exchange);
  // A lock does not prevent its own removal.
  if (exchange.has("scope")) return;
  cloud.locks.check(request.method, scope);
  if (body) checkPolicies(exchange, scope, body);
}

/** Policies check the resulting resource. Deployments and groups are checked by what is written in them. */
function checkPolicies(exchange: ArmExchange, id: string, body: JsonObject): void {
  if (!exchange.has("group") || !id.includes("/providers/")) return;
  const { type } = addressOf(id);
  if (type.startsWith("Microsoft.Resources/")) return;
  const old = exchange.request.method === "PATCH" ? exchange.cloud.resources.find(id) : undefined;
  exchange.cloud.policies.check({ id, type, content: old ? mergePatch(present(old), body) : body });
}
