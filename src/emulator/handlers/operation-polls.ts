/** Polls of long-running operations, by status document (`Azure-AsyncOperation`) and by status code (`Location`). */
import { resultUrl, retryAfterHeader, type ArmExchange } from "../exchange.js";
import type { JsonObject } from "../json.js";
import type { Operation } from "../operations.js";
import type { Route } from "../router.js";
import { ArmError, type Reply } from "../wire.js";

const place = "/subscriptions/{subscription}/providers/{namespace}/locations/{location}";
const name = "operations/{operation}";

export const operationRoutes: readonly Route[] = [
  {
    method: "GET",
    path: `${place}/operations/{operation}`,
    name,
    handle: (exchange) =>
      exchange.request.url.searchParams.get("monitor") === "true" ? pollResult(exchange) : pollStatus(exchange),
  },
  { method: "GET", path: `${place}/operationResults/{operation}`, name, handle: pollResult },
  {
    method: "GET",
    path: "/subscriptions/{subscription}/operationResults/{operation}",
    name,
    handle: pollResult,
  },
];

function pollStatus(exchange: ArmExchange): Reply {
  const operation = existing(exchange);
  const reply = { status: 200, headers: retryAfterHeader(operation), body: statusDocument(operation) };
  exchange.cloud.operations.lookedAt(operation);
  return reply;
}

function pollResult(exchange: ArmExchange): Reply {
  const operation = existing(exchange);
  const reply = resultOf(exchange, operation);
  exchange.cloud.operations.lookedAt(operation);
  return reply;
}

function existing(exchange: ArmExchange): Operation {
  const id = exchange.param("operation");
  const operation = exchange.cloud.operations.find(id);
  if (operation) return operation;
  throw new ArmError(404, "NotFound", `The operation '${id}' could not be found.`);
}

function statusDocument({ id, startedAt, endedAt, status, error, result }: Operation): JsonObject {
  const output = status === "Succeeded" ? result() : undefined;
  return {
    name: id,
    startTime: new Date(startedAt).toISOString(),
    ...(endedAt !== undefined && { endTime: new Date(endedAt).toISOString() }),
    status,
    ...(error && { error }),
    ...(output !== undefined && { properties: { output } }),
  };
}

function resultOf(exchange: ArmExchange, operation: Operation): Reply {
  if (operation.status === "InProgress") {
    return { status: 202, headers: { location: resultUrl(exchange, operation), ...retryAfterHeader(operation) } };
  }
  if (operation.status !== "Succeeded") {
    const error = operation.error ?? { code: operation.status, message: `The operation ended ${operation.status}.` };
    return { status: operation.failure?.httpStatus ?? 409, body: { error } };
  }
  const body = operation.method === "DELETE" ? undefined : operation.result();
  if (body !== undefined) return { status: 200, body };
  return { status: operation.method === "DELETE" && operation.namespace !== "Microsoft.Resources" ? 204 : 200 };
}
