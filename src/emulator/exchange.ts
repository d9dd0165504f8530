/** One request and its response, as a handler sees it: the request, the cloud, and ways to respond. */
import type { Clock } from "../time/clock.js";
import type { ActivityLog } from "./activity-log.js";
import type { Access } from "./access.js";
import type { Capacity } from "./capacity.js";
import type { Blobs } from "./blobs.js";
import type { Deployment } from "./deployments/deployment.js";
import type { ExtensionFailure } from "./extension-failure.js";
import type { IllnessName } from "./illnesses.js";
import type { InstanceFailure } from "./instance-failure.js";
import type { InnerReply, InnerRequest } from "./inner-request.js";
import { digText, type JsonObject } from "./json.js";
import type { Operation, OperationFailure, Operations, OperationWork } from "./operations.js";
import type { OperationPace, ResolvedOptions } from "./options.js";
import type { Health } from "./health.js";
import type { Locks } from "./locks.js";
import type { Policies } from "./policies.js";
import type { Quotas } from "./quotas.js";
import type { Restrictions } from "./restrictions.js";
import type { Registrations } from "./registrations.js";
import type { Resource, ResourceGroup, Resources } from "./resources.js";
import type { RouteAddress } from "./route-address.js";
import { ArmError, headerOf, type ArmRequest, type HeaderValues, type Reply } from "./wire.js";

/** Everything that outlives a request. */
export interface Cloud {
  readonly options: ResolvedOptions;
  readonly clock: Clock;
  readonly resources: Resources;
  readonly operations: Operations;
  readonly registrations: Registrations;
  /** Storage accounts registered for VM Inspector, by location in lower case. */
  readonly inspectorStorage: Map<string, string>;
  /** By id in lower case. */
  readonly deployments: Map<string, Deployment>;
  readonly blobs: Blobs;
  readonly access: Access;
  readonly activityLog: ActivityLog;
  readonly health: Health;
  readonly locks: Locks;
  readonly policies: Policies;
  readonly restrictions: Restrictions;
  readonly quotas: Quotas;
  readonly capacity: Capacity;
  /** By name of the machine in lower case. */
  readonly illnesses: Map<string, IllnessName>;
  /** The results of the next writes of extensions, by name in lower case. */
  readonly extensionFailures: Map<string, ExtensionFailure[]>;
  /** How the next instances of a scale set fail, by the set's name in lower case. */
  readonly instanceFailures: Map<string, InstanceFailure[]>;
}

export interface ExchangeParts {
  readonly request: ArmRequest;
  readonly route: RouteAddress;
  readonly params: Readonly<Record<string, string>>;
  readonly cloud: Cloud;
  /** The token's `oid`; empty if there is none. */
  readonly principal: string;
  /** Of the response; a client may send its own. */
  readonly correlationId: string;
  /** Settings for the operations of this exchange, from `arm.longRunning`. */
  readonly pace: Partial<OperationPace>;
  /** Takes the fault injected for the operation of this exchange, if any. */
  readonly takeFailure: () => OperationFailure | undefined;
  /** Injected faults apply to inner requests too. */
  readonly send: (request: InnerRequest) => InnerReply;
}

/** What an accepted request will do. */
export interface Work {
  /** 200, 201 or 202. */
  readonly status: number;
  readonly body?: unknown;
  readonly resourceId: string;
  readonly location: string;
  readonly namespace?: string;
  readonly style: NonNullable<OperationPace["style"]>;
  /** Path of the status documents, if it is not the default for the namespace and location. */
  readonly statusPath?: string;
  /** How it fails unless a fault was injected. */
  readonly failure?: OperationFailure | undefined;
  /** Work that takes as long as its parts do, instead of the pace. */
  readonly work?: OperationWork;
  readonly succeed: () => void;
  readonly fail: (failure: OperationFailure) => void;
  /** The body of the last `Location` response, and the output in the status document. */
  readonly result?: () => unknown;
}

export class ArmExchange {
  readonly request: ArmRequest;
  readonly route: RouteAddress;
  readonly cloud: Cloud;
  readonly principal: string;
  readonly correlationId: string;
  readonly send: ExchangeParts["send"];
  /** The operation that it began. */
  begun: Operation | undefined;
  readonly #parts: ExchangeParts;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
    this.request = parts.request;
    this.route = parts.route;
    this.cloud = parts.cloud;
    this.principal = parts.principal;
    this.correlationId = parts.correlationId;
    this.send = parts.send;
  }

  /** Whether the path of its route has the parameter. */
  has(name: string): boolean {
    return this.#parts.params[name] !== undefined;
  }

  param(name: string): string {
    const value = this.#parts.params[name];
    if (value === undefined) throw new Error(`Route ${this.route.path} has no {${name}}.`);
    return value;
  }

  get body(): JsonObject {
    return this.request.body ?? {};
  }

  get apiVersion(): string {
    return this.request.url.searchParams.get("api-version") ?? "";
  }

  /** The region in the body, which every new resource needs. */
  get location(): string {
    const location = digText(this.body, "location");
    if (location) return location.toLowerCase().replaceAll(" ", "");
    throw new ArmError(400, "LocationRequired", "The location property is required for this definition.");
  }

  /** The resource group in the path; 404 if it does not exist, 409 while it is being deleted. */
  get group(): ResourceGroup {
    const name = this.param("group");
    const group = this.cloud.resources.group(name);
    if (!group) throw new ArmError(404, "ResourceGroupNotFound", `Resource group '${name}' could not be found.`);
    if (group.provisioningState === "Deleting" && this.request.method !== "GET") {
      throw new ArmError(
        409,
        "ResourceGroupBeingDeleted",
        `The resource group '${name}' is in deprovisioning state and cannot perform this operation.`,
      );
    }
    return group;
  }

  /** The id in the path, with the group's own spelling: `id("Microsoft.Compute", "disks", name)`. */
  id(namespace: string, ...typesAndNames: readonly string[]): string {
    return `${this.group.id}/providers/${[namespace, ...typesAndNames].join("/")}`;
  }

  /** The resource with that id, or ARM's 404. */
  existing(id: string): Resource {
    const resource = this.cloud.resources.find(id);
    if (resource) return resource;
    const [, within = id] = id.split("/providers/");
    throw new ArmError(
      404,
      "ResourceNotFound",
      `The Resource '${within}' under resource group '${this.group.name}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
    );
  }

  /** Throws 412 if the request's conditions do not match the resource. */
  checkEtag(resource: Resource | undefined): void {
    const ifMatch = headerOf(this.request, "if-match");
    const ifNoneMatch = headerOf(this.request, "if-none-match");
    const fits = ifMatch === undefined || (resource && (ifMatch === "*" || ifMatch === resource.etag));
    const isNew = ifNoneMatch === undefined || !resource || (ifNoneMatch !== "*" && ifNoneMatch !== resource.etag);
    if (fits && isNew) return;
    throw new ArmError(
      412,
      "PreconditionFailed",
      `Precondition failed: the resource's etag is '${resource?.etag ?? "(none)"}', which the condition of the request rules out.`,
    );
  }

  /** Starts the work as an operation and responds with the headers to follow it. */
  accept(work: Work): Reply {
    const operation = this.begin(work);
    const headers = { ...followHeaders(this, operation), ...retryAfterHeader(operation) };
    return { status: work.status, headers, ...(work.body === undefined ? {} : { body: work.body }) };
  }

  /** Starts the work as an operation. */
  begin(work: Work): Operation {
    const pace = { ...this.cloud.options.operations, ...this.#parts.pace };
    const showsInBody = this.request.method === "PUT" || this.request.method === "PATCH";
    const style = pace.style === "body" && !showsInBody ? work.style : (pace.style ?? work.style);
    this.begun = this.cloud.operations.begin({
      method: this.request.method,
      resourceId: work.resourceId,
      namespace: work.namespace ?? "Microsoft.Compute",
      location: work.location,
      pace,
      style,
      failure: this.#parts.takeFailure() ?? work.failure,
      statusPath: work.statusPath,
      work: work.work,
      succeed: work.succeed,
      fail: work.fail,
      result: work.result ?? (() => undefined),
    });
    return this.begun;
  }
}

export function retryAfterHeader(operation: Operation): HeaderValues {
  const { retryAfterMs } = operation.pace;
  if (retryAfterMs === undefined || operation.status !== "InProgress") return {};
  return { "retry-after": String(Math.ceil(retryAfterMs / 1000)) };
}

/** `Location` of an operation's result. Compute marks its own with `monitor=true`; others use a separate path. */
export function resultUrl(exchange: ArmExchange, operation: Operation): string {
  const { namespace, location, id } = operation;
  if (namespace === "Microsoft.Compute") return operationUrl(exchange, operation, "monitor=true&");
  const subscription = `${exchange.request.url.origin}/subscriptions/${exchange.cloud.options.subscriptionId}`;
  const place = namespace === "Microsoft.Resources" ? "" : `/providers/${namespace}/locations/${location}`;
  return `${subscription}${place}/operationResults/${id}?api-version=${exchange.apiVersion}`;
}

function followHeaders(exchange: ArmExchange, operation: Operation): HeaderValues {
  const { style } = operation;
  return {
    ...((style === "azure-async-operation" || style === "both") && {
      "azure-asyncoperation": operationUrl(exchange, operation),
    }),
    ...((style === "location" || style === "both") && { location: resultUrl(exchange, operation) }),
  };
}

function operationUrl(exchange: ArmExchange, { namespace, location, id, statusPath }: Operation, query = ""): string {
  if (statusPath !== undefined) {
    return `${exchange.request.url.origin}${statusPath}/${id}?api-version=${exchange.apiVersion}`;
  }
  const path = `/subscriptions/${exchange.cloud.options.subscriptionId}/providers/${namespace}/locations/${location}/operations/${id}`;
  return `${exchange.request.url.origin}${path}?${query}api-version=${exchange.apiVersion}`;
}
