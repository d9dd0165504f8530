/**
 * One deployment: writes the resources of its template, each once its dependencies exist, and keeps an operation for
 * each. It ends when nothing is running any more; its operations show what failed, whatever its own error says.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { STATUS_CODES } from "node:http";
import type { Clock } from "../../time/clock.js";
import type { InnerReply } from "../inner-request.js";
import { dig, digObject, digText, type JsonObject } from "../json.js";
import type { Operation, OperationFailure, Operations, OperationWork } from "../operations.js";
import type { DeploymentErrors } from "../options.js";
import { cycleIn, type TemplateResource } from "./template.js";
import { invalidTemplate } from "./expressions.js";

export type DeploymentState = "Running" | "Succeeded" | "Failed" | "Canceled";

export interface DeploymentPlan {
  readonly id: string;
  readonly name: string;
  readonly location: string | undefined;
  readonly mode: string;
  readonly parameters: JsonObject;
  readonly tags: JsonObject;
  readonly correlationId: string;
  readonly resources: readonly TemplateResource[];
  readonly errors: DeploymentErrors;
  /** Writes one resource from inside Resource Manager. */
  readonly put: (resource: TemplateResource) => InnerReply;
}

/** A deployment operation: the write of one resource. */
export interface Step {
  readonly resource: TemplateResource;
  readonly operationId: string;
  readonly serviceRequestId: string;
  readonly startedAt: number;
  endedAt: number | undefined;
  operation: Operation | undefined;
  status: number;
  /** Why it failed: the body of the response or of the operation. */
  failure: JsonObject | undefined;
}

export class Deployment implements OperationWork {
  readonly startedAt: number;
  endedAt: number | undefined;
  readonly #steps = new Map<string, Step>();
  #canceled = false;

  constructor(
    readonly plan: DeploymentPlan,
    private readonly operations: Operations,
    private readonly clock: Clock,
  ) {
    const cycle = cycleIn(plan.resources);
    if (cycle) throw invalidTemplate(`the template resources have a circular dependency: ${cycle.join(", ")}.`);
    this.startedAt = clock.now();
  }

  get steps(): readonly Step[] {
    return [...this.#steps.values()];
  }

  get state(): DeploymentState {
    if (this.endedAt === undefined) return "Running";
    if (this.#canceled) return "Canceled";
    return this.#failed.length > 0 ? "Failed" : "Succeeded";
  }

  get failure(): OperationFailure | undefined {
    const { error } = this;
    if (!error) return undefined;
    return { status: this.#canceled ? "Canceled" : "Failed", error, httpStatus: 409, completesAnyway: false };
  }

  get error(): JsonObject | undefined {
    if (this.endedAt === undefined) return undefined;
    if (this.#canceled) {
      return { code: "DeploymentCanceled", message: `The deployment '${this.plan.name}' was canceled.` };
    }
    if (this.#failed.length === 0) return undefined;
    const details = this.#failed.map(({ failure }) => digObject(failure, "error"));
    return {
      code: "DeploymentFailed",
      target: this.plan.id,
      message:
        "At least one resource deployment operation failed. Please list deployment operations for details. Please see https://aka.ms/arm-deployment-operations for usage details.",
      ...(this.plan.errors === "full" && { details }),
    };
  }

  cancel(): void {
    this.#canceled = true;
    this.endedAt = this.clock.now();
  }

  advance(looked: boolean): boolean {
    if (this.endedAt !== undefined) return true;
    for (const step of this.#running) this.#follow(step, looked);
    // A step that ends at once makes the next ones ready.
    while (this.#failed.length === 0 && this.#startReady());
    const isOver = this.#running.length === 0;
    if (isOver) this.endedAt = this.clock.now();
    return isOver;
  }

  get #failed(): Step[] {
    return this.steps.filter(({ failure }) => failure !== undefined);
  }

  get #running(): Step[] {
    return this.steps.filter(({ endedAt }) => endedAt === undefined);
  }

  #startReady(): boolean {
    const ready = this.plan.resources.filter((resource) => this.#isReady(resource));
    for (const resource of ready) this.#start(resource);
    return ready.length > 0;
  }

  #isReady(resource: TemplateResource): boolean {
    if (this.#steps.has(resource.id.toLowerCase())) return false;
    const ids = new Set(this.plan.resources.map(({ id }) => id.toLowerCase()));
    return resource.dependsOn.every((id) => {
      const step = this.#steps.get(id);
      return !ids.has(id) || (step?.endedAt !== undefined && step.failure === undefined);
    });
  }

  #start(resource: TemplateResource): void {
    const startedAt = this.clock.now();
    const { reply, operation } = this.plan.put(resource);
    const refused = reply.status >= 400;
    this.#steps.set(resource.id.toLowerCase(), {
      resource,
      operationId: randomBytes(8).toString("hex").toUpperCase(),
      serviceRequestId: randomUUID(),
      startedAt,
      endedAt: refused || operation === undefined ? startedAt : undefined,
      operation,
      status: reply.status,
      failure: refused ? refusalOf(reply.body) : undefined,
    });
  }

  #follow(step: Step, looked: boolean): void {
    const { operation, resource } = step;
    if (!operation) return;
    if (looked) this.operations.lookedAt(operation);
    if (operation.status === "InProgress") return;
    step.endedAt = this.clock.now();
    if (operation.status === "Succeeded") return;
    step.status = operation.failure?.httpStatus ?? 409;
    step.failure = {
      status: operation.status,
      error: {
        code: "ResourceDeploymentFailure",
        target: resource.id,
        message: `The resource write operation failed to complete successfully, because it reached terminal provisioning state '${operation.status}'.`,
        ...(operation.error && { details: [operation.error] }),
      },
    };
  }
}

function refusalOf(body: unknown): JsonObject {
  if (dig(body, "error") !== undefined) return { error: dig(body, "error") };
  // Compute's throttling responses have no envelope.
  if (digText(body, "code") !== undefined) return { error: body };
  return { error: { code: "InternalServerError", message: "The resource provider gave no error." } };
}

/** The document of a deployment operation. */
export function presentStep(deployment: Deployment, step: Step, clock: Clock): JsonObject {
  const { resource, operationId, startedAt, endedAt, status, failure, serviceRequestId } = step;
  const state = endedAt === undefined ? "Running" : failure === undefined ? "Succeeded" : "Failed";
  return {
    id: `${deployment.plan.id}/operations/${operationId}`,
    operationId,
    properties: {
      provisioningOperation: "Create",
      provisioningState: state,
      timestamp: new Date(endedAt ?? clock.now()).toISOString(),
      duration: isoDuration((endedAt ?? clock.now()) - startedAt),
      trackingId: serviceRequestId,
      serviceRequestId,
      ...(endedAt !== undefined && { statusCode: nameOfStatus(status) }),
      ...(failure && { statusMessage: failure }),
      targetResource: {
        id: resource.id,
        resourceType: resource.type,
        resourceName: resource.name,
        ...(resource.symbolicName !== undefined && { symbolicName: resource.symbolicName }),
      },
    },
  };
}

/** What the service does after all resources exist. */
export function presentOutputStep({ plan, endedAt, startedAt }: Deployment): JsonObject {
  const operationId = "08584" + plan.correlationId.replaceAll("-", "").slice(0, 15).toUpperCase();
  return {
    id: `${plan.id}/operations/${operationId}`,
    operationId,
    properties: {
      provisioningOperation: "EvaluateDeploymentOutput",
      provisioningState: "Succeeded",
      timestamp: new Date(endedAt ?? startedAt).toISOString(),
      duration: "PT0S",
      statusCode: "OK",
    },
  };
}

export function presentDeployment(deployment: Deployment, clock: Clock): JsonObject {
  const { plan, state, error, startedAt, endedAt, steps } = deployment;
  const done = steps.filter((step) => step.endedAt !== undefined && step.failure === undefined);
  return {
    id: plan.id,
    name: plan.name,
    type: "Microsoft.Resources/deployments",
    ...(plan.location !== undefined && { location: plan.location }),
    ...(Object.keys(plan.tags).length > 0 && { tags: plan.tags }),
    properties: {
      mode: plan.mode,
      provisioningState: state,
      timestamp: new Date(endedAt ?? clock.now()).toISOString(),
      duration: isoDuration((endedAt ?? clock.now()) - startedAt),
      correlationId: plan.correlationId,
      parameters: plan.parameters,
      providers: [],
      dependencies: [],
      ...(state === "Succeeded" && { outputResources: done.map(({ resource }) => ({ id: resource.id })) }),
      ...(error && { error }),
    },
  };
}

/** `Conflict`, as deployment operations name a status. */
function nameOfStatus(status: number): string {
  return (STATUS_CODES[status] ?? String(status)).replaceAll(/[^A-Za-z]/g, "");
}

/** `PT1M8.2S` */
export function isoDuration(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const seconds = (ms - minutes * 60_000) / 1000;
  return `PT${minutes > 0 ? `${minutes}M` : ""}${seconds}S`;
}
