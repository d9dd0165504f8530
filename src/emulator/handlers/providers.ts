/** Resource providers: reading and changing their registration, and the refusal of what is not registered. */
import type { Call } from "../call.js";
import type { JsonObject } from "../json.js";
import type { RegistrationState } from "../registrations.js";
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

/** ARM's own refusal of a write to a namespace that the subscription has not registered. */
export function checkRegistered(call: Call): void {
  const namespace = namespaceOf(call.route);
  const registration = namespace === undefined ? undefined : call.cloud.registrations.find(namespace);
  if (!registration || registration.state === "Registered" || call.request.method === "GET") return;
  const message = `The subscription is not registered to use namespace '${registration.namespace}'. See https://aka.ms/rps-not-found for how to register subscriptions.`;
  const code = "MissingSubscriptionRegistration";
  throw new ArmError(409, code, message, {
    details: [{ code, target: registration.namespace, message }],
    headers: { "x-ms-failure-cause": "gateway" },
  });
}

function get(call: Call): Reply {
  const registration = existing(call);
  const body = presentProvider(call, registration);
  call.cloud.registrations.lookedAt(registration.namespace);
  return { status: 200, body };
}

function list(call: Call): Reply {
  return { status: 200, body: { value: call.cloud.registrations.all.map((entry) => presentProvider(call, entry)) } };
}

function register(call: Call): Reply {
  call.cloud.registrations.register(existing(call).namespace);
  return { status: 200, body: presentProvider(call, existing(call)) };
}

function unregister(call: Call): Reply {
  call.cloud.registrations.set(existing(call).namespace, "Unregistered");
  return { status: 200, body: presentProvider(call, existing(call)) };
}

function existing(call: Call): { namespace: string; state: RegistrationState } {
  const namespace = call.param("namespace");
  const registration = call.cloud.registrations.find(namespace);
  if (registration) return registration;
  throw new ArmError(404, "InvalidResourceNamespace", `The resource namespace '${namespace}' is invalid.`);
}

function presentProvider(
  call: Call,
  { namespace, state }: { namespace: string; state: RegistrationState },
): JsonObject {
  return {
    id: `/subscriptions/${call.cloud.options.subscriptionId}/providers/${namespace}`,
    namespace,
    registrationPolicy: "RegistrationRequired",
    registrationState: state,
    resourceTypes: [],
  };
}

function namespaceOf(route: Route): string | undefined {
  return /\/providers\/(Microsoft\.\w+)\//.exec(route.path)?.[1];
}
