/** Which provider a refusal means. */
import { diagnose, registerProvider, type RemedyContext } from "azure-remedy";
import { expect, it } from "vitest";

const subscription = "https://management.azure.com/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590";
const machine = `${subscription}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-01?api-version=1`;
const deployment = `${subscription}/resourcegroups/rg/providers/Microsoft.Resources/deployments/d`;

const code = "MissingSubscriptionRegistration";
const says = (message: string, more: object = {}) => ({ error: { code, message, ...more } });

it.each([
  [
    "the message",
    machine,
    says(
      "The subscription is not registered to use namespace 'Microsoft.Network'. See https://aka.ms/rps-not-found for how to register subscriptions.",
    ),
    "Microsoft.Network",
  ],
  [
    "the target of a detail",
    machine,
    says("Not registered.", { details: [{ code, target: "Microsoft.Storage", message: "Not registered." }] }),
    "Microsoft.Storage",
  ],
  [
    "a target that is a type",
    deployment,
    says("Not registered.", { details: [{ code, target: "Microsoft.Web/sites", message: "No." }] }),
    "Microsoft.Web",
  ],
  [
    "words without quotes",
    deployment,
    says("Subscription is not registered with Microsoft.ContainerService, see https://aka.ms/rps-not-found."),
    "Microsoft.ContainerService",
  ],
  [
    "double quotes",
    deployment,
    says('The subscription is not registered to use namespace "Microsoft.Cdn".'),
    "Microsoft.Cdn",
  ],
  [
    "the name of another company",
    deployment,
    says("The subscription is not registered to use namespace 'Dynatrace.Observability'."),
    "Dynatrace.Observability",
  ],
  [
    "the URL, when the words name none",
    machine,
    says("The subscription is not registered with the resource provider for vm.contoso.com."),
    "Microsoft.Compute",
  ],
  [
    "the URL, when only a host is quoted",
    machine,
    says("Not registered; ask 'admin.contoso.com'."),
    "Microsoft.Compute",
  ],
])("is recognized by %s", async (_, url, body, namespace) => {
  const urls: string[] = [];
  const context: RemedyContext = {
    diagnosis: diagnose({ status: 409, bodyAsText: JSON.stringify(body) }),
    request: { method: "PUT", url },
    clock: { now: () => 0, sleep: () => Promise.reject(new Error("nothing to wait for")) },
    startedAt: 0,
    notes: new Map(),
    remainingMs: () => Infinity,
    send: (call) => {
      urls.push(`${call.method} ${call.url}`);
      return Promise.resolve({
        status: 200,
        headers: { get: () => undefined },
        body: { registrationState: "Registered" },
      });
    },
    afterwards: () => undefined,
  };

  await registerProvider().apply(context);

  expect(urls).toEqual([`POST ${subscription}/providers/${namespace}/register?api-version=2021-04-01`]);
});
