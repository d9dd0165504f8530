/** From an id to what failed: the failure, the resource, and the request. */
import type { Diagnosis } from "../../catalog/diagnosis.js";
import { diagnose } from "../../diagnose.js";
import {
  eventsPath,
  eventsQuery,
  failedEvents,
  openEvents,
  type FailedEvent,
  type OpenEvent,
} from "../../evidence/activity-events.js";
import { at, dateAt, itemsAt, textAt } from "../../evidence/document.js";
import { refusalOf } from "../../evidence/look.js";
import { deploymentIdOf, parseResourceId } from "../../evidence/subject.js";
import { jsonOf } from "../../lro/json-body.js";
import type { FailedCall } from "../../recovery/evidence.js";
import { CliError } from "../cli-error.js";
import type { ArmReader } from "./arm-reader.js";

export interface Case {
  /** The id of what failed. */
  readonly subject: string;
  /** Undefined when nothing failed that is still to be seen. */
  readonly failure: SeenFailure | undefined;
  /** The resource itself is not there. */
  readonly missing?: boolean;
  readonly call: FailedCall;
  /** Work in progress, according to the activity log. */
  readonly open: readonly OpenEvent[];
  /** What could not be read, and why. */
  readonly unread: readonly string[];
}

export interface SeenFailure {
  readonly diagnosis: Diagnosis;
  readonly at: Date | undefined;
  /** `the activity log` */
  readonly seenIn: string;
  /** `Microsoft.Compute/virtualMachines/write`, where it is known. */
  readonly operation?: string;
}

export interface CaseOptions {
  readonly since: Date;
  /** For a correlation id, which names no subscription. */
  readonly subscription: string | undefined;
}

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** @throws CliError if the id is malformed, or nothing can be read */
export async function openCase(target: string, options: CaseOptions, reader: ArmReader): Promise<Case> {
  if (guid.test(target)) return openByCorrelation(target, options, reader);
  const { subscription, id } = parseResourceId(target);
  if (!target.startsWith("/") || subscription === undefined) {
    throw new CliError(
      `${JSON.stringify(target)} is not the id of a resource, a deployment or a correlation`,
      "Give an id such as /subscriptions/…/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-01, or a correlation id.",
    );
  }
  return deploymentIdOf(id) === id ? openDeployment(id, reader) : openResource(id, options, reader);
}

async function openByCorrelation(
  correlationId: string,
  { since, subscription }: CaseOptions,
  reader: ArmReader,
): Promise<Case> {
  if (subscription === undefined) {
    throw new CliError(
      "a correlation id names no subscription",
      "Give it too: --subscription <id>, or AZURE_SUBSCRIPTION_ID in the environment.",
    );
  }
  const events = await read(reader, eventsPath(subscription), eventsQuery(since, { correlationId }));
  const failed = deepest(failedEvents(events.body));
  const open = openEvents(events.body);
  const subject = failed?.resource ?? open[0]?.resource ?? `/subscriptions/${subscription}`;
  return {
    subject,
    failure: failed && failureOf(failed),
    call: { ...callOf(subject, undefined, reader), correlationId },
    open,
    unread: events.unread,
  };
}

async function openDeployment(id: string, reader: ArmReader): Promise<Case> {
  const { status, body, unread } = await read(reader, id, { "api-version": "2021-04-01" });
  const error = at(body, "properties", "error");
  const failure =
    error === undefined
      ? undefined
      : { diagnosis: diagnose({ error }), at: dateAt(body, "properties", "timestamp"), seenIn: "the deployment" };
  const correlationId = textAt(body, "properties", "correlationId");
  const call = callOf(id, undefined, reader);
  return {
    subject: id,
    failure,
    call: { ...call, ...(correlationId !== undefined && { correlationId }) },
    open: [],
    unread: status === 404 ? [] : unread,
    missing: status === 404,
  };
}

async function openResource(id: string, { since }: CaseOptions, reader: ArmReader): Promise<Case> {
  const { subscription = "", type = "" } = parseResourceId(id);
  const version = versionOf(type);
  const [events, resource] = await Promise.all([
    read(reader, eventsPath(subscription), eventsQuery(since, { resourceId: id })),
    version === undefined ? { body: undefined, unread: [] } : read(reader, id, version),
  ]);
  const failed = deepest(failedEvents(events.body));
  const failure = (failed && failureOf(failed)) ?? failureInResource(resource.body);
  const call = {
    ...callOf(id, resource.body, reader),
    ...(failed?.correlationId !== undefined && { correlationId: failed.correlationId }),
  };
  const missing = "status" in resource && resource.status === 404;
  const unread = [...events.unread, ...(missing ? [] : resource.unread)];
  return { subject: id, failure, call, open: openEvents(events.body), unread, missing };
}

/** For resources of these providers, any stable version returns what is needed. */
function versionOf(type: string): Record<string, string> | undefined {
  if (/^Microsoft\.Compute\/virtualMachines$/i.test(type))
    return { $expand: "instanceView", "api-version": "2024-07-01" };
  if (/^Microsoft\.Compute\//i.test(type)) return { "api-version": "2024-07-01" };
  if (/^Microsoft\.Network\//i.test(type)) return { "api-version": "2024-05-01" };
  if (/^Microsoft\.Storage\//i.test(type)) return { "api-version": "2023-05-01" };
  return undefined;
}

/** The newest failed step with a specific error. */
function deepest(events: readonly FailedEvent[]): FailedEvent | undefined {
  const newestFirst = [...events].sort((a, b) => (b.at?.getTime() ?? 0) - (a.at?.getTime() ?? 0));
  return (
    newestFirst.find(({ code }) => !/^(?:DeploymentFailed|ResourceDeploymentFailure)$/i.test(code)) ?? newestFirst[0]
  );
}

function failureOf({ error, code, at: when, operation }: FailedEvent): SeenFailure {
  const diagnosis = diagnose({ error: error ?? { code, message: "" } });
  return { diagnosis, at: when, seenIn: "the activity log", ...(operation !== "" && { operation }) };
}

/** A machine keeps the error of its last operation in its statuses. */
function failureInResource(body: unknown): Case["failure"] {
  for (const status of itemsAt(body, "properties", "instanceView", "statuses")) {
    const [, code] = /^ProvisioningState\/failed\/(.+)$/i.exec(textAt(status, "code") ?? "") ?? [];
    if (code === undefined) continue;
    const diagnosis = diagnose({ error: { code, message: textAt(status, "message") ?? "" } });
    return { diagnosis, at: dateAt(status, "time"), seenIn: "the instance view" };
  }
  if (!/^Failed$/i.test(textAt(body, "properties", "provisioningState") ?? "")) return undefined;
  const diagnosis = diagnose({
    error: { code: "ResourceOperationFailure", message: "Its provisioning state is Failed." },
  });
  return { diagnosis, at: undefined, seenIn: "the resource" };
}

/** After the fact, every failure counts as repeated, so that outages are checked too. */
const callOf = (id: string, body: unknown, { endpoint }: ArmReader): FailedCall => ({
  method: "PUT",
  url: endpoint + id,
  attempts: 2,
  ...(body !== undefined && { body }),
});

async function read(
  reader: ArmReader,
  path: string,
  query: Readonly<Record<string, string>>,
): Promise<{ status: number; body: unknown; unread: string[] }> {
  const search = new URLSearchParams(query).toString().replaceAll("+", "%20");
  const request = { method: "GET", url: `${reader.endpoint}${path}?${search}` } as const;
  const response = await reader.send(request);
  const { status } = response;
  const body = jsonOf(response);
  if (status >= 200 && status < 300) return { status, body, unread: [] };
  const what = /\/eventtypes\//i.test(path) ? "activityLog" : path;
  return { status, body: undefined, unread: [`${what}: ${refusalOf(request, status, body).says}`] };
}
