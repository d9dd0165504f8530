/** Template deployments for a resource group and the subscription, and the operations that show their causes. */
import type { ArmExchange } from "../exchange.js";
import {
  Deployment,
  presentDeployment,
  presentOutputStep,
  presentStep,
  type DeploymentState,
} from "../deployments/deployment.js";
import { readTemplate, type DeploymentScope, type TemplateResource } from "../deployments/template.js";
import { digObject, digText, type JsonObject } from "../json.js";
import { pageOf } from "../paging.js";
import type { Route } from "../router.js";
import { ArmError, type Reply } from "../wire.js";

const name = "deployments/{deployment}";

function routesAt(scope: string): Route[] {
  const path = `${scope}/providers/Microsoft.Resources/deployments/{deployment}`;
  return [
    { method: "PUT", path, name, longRunning: true, handle: put },
    { method: "GET", path, name, handle: (exchange) => ok(present(exchange, existing(exchange))) },
    { method: "HEAD", path, name, handle: (exchange) => ({ status: find(exchange) ? 204 : 404 }) },
    { method: "DELETE", path, name, handle: remove },
    { method: "GET", path: path.replace("/{deployment}", ""), name: "deployments", handle: list },
    { method: "GET", path: `${path}/operations`, name: `${name}/operations`, handle: listOperations },
    {
      method: "GET",
      path: `${path}/operations/{operationId}`,
      name: `${name}/operations/{operationId}`,
      handle: getOperation,
    },
    {
      method: "GET",
      path: `${path}/operationStatuses/{operation}`,
      name: "operations/{operation}",
      handle: pollStatus,
    },
    { method: "POST", path: `${path}/validate`, name: `${name}/validate`, handle: validate },
    { method: "POST", path: `${path}/cancel`, name: `${name}/cancel`, handle: cancel },
  ];
}

export const deploymentRoutes: readonly Route[] = [
  ...routesAt("/subscriptions/{subscription}/resourceGroups/{group}"),
  ...routesAt("/subscriptions/{subscription}"),
];

function put(exchange: ArmExchange): Reply {
  const { cloud, correlationId } = exchange;
  const id = idOf(exchange);
  const old = cloud.deployments.get(id.toLowerCase());
  if (old?.state === "Running") throw active(old);
  const properties = digObject(exchange.body, "properties");
  const deployment = new Deployment(
    {
      id,
      name: exchange.param("deployment"),
      location: digText(exchange.body, "location"),
      mode: digText(properties, "mode") ?? "Incremental",
      parameters: digObject(properties, "parameters"),
      tags: digObject(exchange.body, "tags"),
      correlationId,
      resources: readTemplate(properties, scopeOf(exchange)),
      errors: cloud.options.deploymentErrors,
      put: (resource) => putResource(exchange, resource),
    },
    cloud.operations,
    cloud.clock,
  );
  cloud.deployments.set(id.toLowerCase(), deployment);
  const body = presentDeployment(deployment, cloud.clock);
  return exchange.accept({
    status: old ? 200 : 201,
    body: { ...body, properties: { ...digObject(body, "properties"), provisioningState: "Accepted" } },
    resourceId: id,
    namespace: "Microsoft.Resources",
    location: cloud.options.location,
    style: "azure-async-operation",
    statusPath: `${id.replace("/resourceGroups/", "/resourcegroups/")}/operationStatuses`,
    work: deployment,
    succeed: () => undefined,
    fail: () => undefined,
    result: () => presentDeployment(deployment, cloud.clock),
  });
}

function putResource(exchange: ArmExchange, resource: TemplateResource): ReturnType<ArmExchange["send"]> {
  return exchange.send({ method: "PUT", path: resource.id, apiVersion: resource.apiVersion, body: resource.body });
}

function active({ plan, startedAt }: Deployment): ArmError {
  const since = new Date(startedAt).toUTCString();
  return new ArmError(
    409,
    "DeploymentActive",
    `Unable to edit or replace deployment '${plan.name}': previous deployment from '${since}' is still active. Please see https://aka.ms/arm-deploy for usage details.`,
  );
}

function scopeOf(exchange: ArmExchange): DeploymentScope {
  const { subscriptionId, tenantId } = exchange.cloud.options;
  return {
    subscriptionId,
    tenantId,
    resourceGroup: exchange.has("group") ? exchange.group : undefined,
    deploymentName: exchange.param("deployment"),
  };
}

function validate(exchange: ArmExchange): Reply {
  const resources = readTemplate(digObject(exchange.body, "properties"), scopeOf(exchange));
  return ok({
    id: idOf(exchange),
    name: exchange.param("deployment"),
    type: "Microsoft.Resources/deployments",
    properties: { provisioningState: "Succeeded", validatedResources: resources.map(({ id }) => ({ id })) },
  });
}

function cancel(exchange: ArmExchange): Reply {
  const deployment = existing(exchange);
  if (deployment.state !== "Running") {
    throw new ArmError(
      409,
      "DeploymentCannotBeCancelled",
      `The deployment '${deployment.plan.name}' cannot be cancelled because it is in the terminal provisioning state '${deployment.state}'.`,
    );
  }
  deployment.cancel();
  return { status: 204 };
}

function remove(exchange: ArmExchange): Reply {
  const deployment = find(exchange);
  if (deployment?.state === "Running") throw active(deployment);
  exchange.cloud.deployments.delete(idOf(exchange).toLowerCase());
  return { status: 204 };
}

function list(exchange: ArmExchange): Reply {
  const place = `${placeOf(exchange)}/providers/microsoft.resources/deployments/`.toLowerCase();
  const here = [...exchange.cloud.deployments].filter(([id]) => id.startsWith(place));
  return pageOf(
    exchange,
    here.map(([, deployment]) => present(exchange, deployment)),
  );
}

function operationsOf(exchange: ArmExchange): JsonObject[] {
  const deployment = existing(exchange);
  const ended: readonly DeploymentState[] = ["Succeeded"];
  return [
    ...deployment.steps.map((step) => presentStep(deployment, step, exchange.cloud.clock)),
    ...(ended.includes(deployment.state) ? [presentOutputStep(deployment)] : []),
  ];
}

function listOperations(exchange: ArmExchange): Reply {
  return pageOf(exchange, operationsOf(exchange));
}

function getOperation(exchange: ArmExchange): Reply {
  const operationId = exchange.param("operationId");
  const found = operationsOf(exchange).find((operation) => operation["operationId"] === operationId);
  if (found) return ok(found);
  throw new ArmError(404, "DeploymentOperationNotFound", `Deployment operation '${operationId}' could not be found.`);
}

function pollStatus(exchange: ArmExchange): Reply {
  const operation = exchange.cloud.operations.find(exchange.param("operation"));
  if (!operation) throw notFound(exchange);
  const status = operation.status === "InProgress" ? "Running" : operation.status;
  const reply = ok({ status, ...(operation.error && { error: operation.error }) });
  exchange.cloud.operations.lookedAt(operation);
  return reply;
}

function present(exchange: ArmExchange, deployment: Deployment): JsonObject {
  const document = presentDeployment(deployment, exchange.cloud.clock);
  exchange.cloud.operations.lookedAtResource(deployment.plan.id);
  return document;
}

function find(exchange: ArmExchange): Deployment | undefined {
  return exchange.cloud.deployments.get(idOf(exchange).toLowerCase());
}

function existing(exchange: ArmExchange): Deployment {
  const deployment = find(exchange);
  if (deployment) return deployment;
  throw notFound(exchange);
}

function notFound(exchange: ArmExchange): ArmError {
  const deployment = exchange.param("deployment");
  return new ArmError(404, "DeploymentNotFound", `Deployment '${deployment}' could not be found.`);
}

function placeOf(exchange: ArmExchange): string {
  return exchange.has("group") ? exchange.group.id : `/subscriptions/${exchange.cloud.options.subscriptionId}`;
}

function idOf(exchange: ArmExchange): string {
  return `${placeOf(exchange)}/providers/Microsoft.Resources/deployments/${exchange.param("deployment")}`;
}

function ok(body: JsonObject): Reply {
  return { status: 200, body };
}
