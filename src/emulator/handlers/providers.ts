/** Resource providers: reading and changing their registration, and refusing unregistered ones. */
import type { ArmExchange } from "../exchange.js";
import type { JsonObject } from "../json.js";
import type { RegistrationState } from "../registrations.js";
import type { RouteAddress } from "../route-address.js";
import type { Route } from "../router.js";
import { ArmError, type Reply } from "../wire.js";

const path = "/subscriptions/{subscription}/providers/{namespace}";
const name = "providers/{namespace}";

export const providerRoutes: readonly Route[] = [
  { method: "GET", path: "/subscriptions/{subscription}/providers", name: "providers", handle: list },
  { method: "GET", path, name, handle: get },
  { method: "POST", path: `${path}/register`, name: `${name}/register`, handle: register },
  { method: "POST", path: `${path}/unregister`, name: `${name}/unregister`, handle: unregister },
];

/** Providers that refuse even reads from a subscription that has not registered them. */
const refusesReads = new Set(["Microsoft.ResourceHealth", "Microsoft.PolicyInsights", "Microsoft.Insights"]);

/** ARM's own refusal of a write to a namespace that the subscription has not registered. */
export function checkRegistered(exchange: ArmExchange): void {
  const namespace = namespaceOf(exchange.route);
  const registration = namespace === undefined ? undefined : exchange.cloud.registrations.find(namespace);
  if (!registration || registration.state === "Registered") return;
  if (exchange.request.method === "GET" && !refusesReads.has(registration.namespace)) return;
  const message = `The subscription is not registered to use namespace '${registration.namespace}'. See https://aka.ms/rps-not-found for how to register subscriptions.`;
  const code = "MissingSubscriptionRegistration";
  throw new ArmError(409, code, message, {
    details: [{ code, target: registration.namespace, message }],
    headers: { "x-ms-failure-cause": "gateway" },
  });
}

function get(exchange: ArmExchange): Reply {
  const registration = existing(exchange);
  const body = presentProvider(exchange, registration);
  exchange.cloud.registrations.lookedAt(registration.namespace);
  return { status: 200, body };
}

function list(exchange: ArmExchange): Reply {
  return {
    status: 200,
    body: { value: exchange.cloud.registrations.all.map((entry) => presentProvider(exchange, entry)) },
  };
}

function register(exchange: ArmExchange): Reply {
  exchange.cloud.registrations.register(existing(exchange).namespace);
  return { status: 200, body: presentProvider(exchange, existing(exchange)) };
}

function unregister(exchange: ArmExchange): Reply {
  exchange.cloud.registrations.set(existing(exchange).namespace, "Unregistered");
  return { status: 200, body: presentProvider(exchange, existing(exchange)) };
}

function existing(exchange: ArmExchange): { namespace: string; state: RegistrationState } {
  const namespace = exchange.param("namespace");
  const registration = exchange.cloud.registrations.find(namespace);
  if (registration) return registration;
  throw new ArmError(404, "InvalidResourceNamespace", `The resource namespace '${namespace}' is invalid.`);
}

function presentProvider(
  exchange: ArmExchange,
  { namespace, state }: { namespace: string; state: RegistrationState },
): JsonObject {
  return {
    id: `/subscriptions/${exchange.cloud.options.subscriptionId}/providers/${namespace}`,
    namespace,
    registrationPolicy: "RegistrationRequired",
    registrationState: state,
    resourceTypes: [],
  };
}

function namespaceOf(route: RouteAddress): string | undefined {
  return /\/providers\/(Microsoft\.\w+)\//.exec(route.path)?.[1];
}
