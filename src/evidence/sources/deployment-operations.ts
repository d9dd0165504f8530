/**
 * What the operations of a failed deployment say. `DeploymentFailed` names no cause; its operations name each resource
 * and its error. Nested deployments are looked into in turn.
 */
import { defineEvidence } from "../define-evidence.js";
import { at, dateAt, itemsAt, shorten, textAt } from "../document.js";
import type { DefinedEvidence, Found } from "../source.js";
import { deploymentIdOf } from "../subject.js";

interface FailedOperation {
  readonly id: string | undefined;
  readonly type: string;
  readonly name: string;
  readonly at: Date | undefined;
  readonly statusCode: string | undefined;
  /** An error body or a message. */
  readonly error: unknown;
}

/** Failed operations reported one by one; the rest is counted. */
const mostReported = 4;

/** Operations of a failed deployment, nested ones too. One request for each deployment; no delay; Reader is enough. */
export function deploymentOperations(): DefinedEvidence {
  return defineEvidence({
    name: "deploymentOperations",
    requests: 1,
    // A template refused before it ran has no operations: the response says everything.
    fits: ({ code }, { url }) =>
      deploymentIdOf(url) !== undefined && !/^Invalid(?:Template|DeploymentTemplate)/i.test(code ?? ""),
    async look({ get, call }) {
      const deployment = deploymentIdOf(call.url) ?? "";
      const { status, body } = await get(`${deployment}/operations`, { "api-version": "2021-04-01", $top: "200" });
      if (status === 404) return { says: "The deployment is not to be found any more.", confidence: "none" };
      const failed = itemsAt(body, "value").flatMap(failedOperation);
      return failed.length === 0 ? nothingFailed(body) : describe(failed);
    },
  });
}

function nothingFailed(body: unknown): Found {
  const more = textAt(body, "nextLink") === undefined ? "" : " among the first 200";
  return { says: `No operation of the deployment is marked as failed${more}.`, confidence: "none" };
}

function describe(failed: readonly FailedOperation[]): Found[] {
  const nested = failed.filter(isDeployment);
  // The outer operation of a nested deployment repeats the inner one; others beside it are roots of their own.
  const own = failed.filter((operation) => !isDeployment(operation));
  const single = own.length === 1 && nested.length === 0 ? own[0] : undefined;
  const reports = own.slice(0, mostReported).map((operation): Found => ({
    says: `${operation.type} ${operation.name} failed: ${wordsOf(operation)}`,
    at: operation.at,
    confidence: "high",
    data: { resource: operation.id, statusCode: operation.statusCode, error: operation.error },
    ...(single && operation.id !== undefined && { subject: operation.id }),
    ...(single && { root: operation.error }),
  }));
  if (own.length > mostReported) {
    reports.push({ says: `${own.length - mostReported} more operations failed.`, confidence: "low" });
  }
  const [first] = reports;
  if (first && !single) reports[0] = { ...first, root: together(own) };
  const inner = nested.slice(0, mostReported).map((operation): Found => ({
    says: `The nested deployment ${operation.name} failed.`,
    at: operation.at,
    confidence: "medium",
    data: { resource: operation.id },
    root: operation.error,
    ...(operation.id !== undefined && { subject: operation.id }),
  }));
  return [...reports, ...inner];
}

const isDeployment = ({ type }: FailedOperation): boolean => /^Microsoft\.Resources\/deployments$/i.test(type);

function failedOperation(operation: unknown): FailedOperation[] {
  const { properties, statusMessage } = {
    properties: at(operation, "properties"),
    statusMessage: at(operation, "properties", "statusMessage"),
  };
  const state = textAt(properties, "provisioningState") ?? "";
  if (!/^failed$/i.test(state)) return [];
  const statusCode = textAt(properties, "statusCode");
  const id = textAt(properties, "targetResource", "id");
  return [
    {
      id,
      type:
        textAt(properties, "targetResource", "resourceType") ??
        textAt(properties, "provisioningOperation") ??
        "An operation",
      name: textAt(properties, "targetResource", "resourceName") ?? id ?? textAt(operation, "operationId") ?? "",
      at: dateAt(properties, "timestamp"),
      statusCode,
      error: errorOf(statusMessage, statusCode),
    },
  ];
}

/**
 * `{ status, error }`, `{ error }`, `{ code, message }`, a JSON string of any of these, `{ Message }`, or plain text.
 */
function errorOf(statusMessage: unknown, statusCode: string | undefined): unknown {
  const message = typeof statusMessage === "string" ? parsed(statusMessage) : statusMessage;
  if (typeof message === "string") return { code: statusCode ?? "Failed", message };
  const error = at(message, "error") ?? message;
  if (error === undefined || error === null) return { code: statusCode ?? "Failed", message: "" };
  const words = textAt(error, "Message");
  return textAt(error, "code") === undefined && words !== undefined
    ? { code: textAt(error, "Code") ?? statusCode ?? "Failed", message: words }
    : error;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Several roots as one body: the diagnosis takes the least hopeful and keeps the others. */
function together(operations: readonly FailedOperation[]): unknown {
  const details = operations.map(({ error }) => error);
  return { error: { code: "DeploymentFailed", message: "", details } };
}

function wordsOf({ error }: FailedOperation): string {
  const { code, message } = innermost(error);
  return shorten(code === "" ? message : `${code}: ${message}`);
}

function innermost(error: unknown): { code: string; message: string } {
  let node = error;
  for (let depth = 0; depth < 8; depth++) {
    const inner = itemsAt(node, "details").find((detail) => textAt(detail, "code") ?? textAt(detail, "message"));
    if (inner === undefined) break;
    node = inner;
  }
  return { code: textAt(node, "code") ?? "", message: textAt(node, "message") ?? "" };
}
