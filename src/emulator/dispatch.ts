/**
 * The path of a request through the emulator: find its route, admit it (token, throttle), apply an injected fault,
 * handle it. The result is the reply and what happens to it on the wire; `server.ts` handles the socket.
 */
import { randomUUID } from "node:crypto";
import { ArmExchange, type Cloud } from "./exchange.js";
import type { FaultContext } from "./fault-context.js";
import type { Effect } from "./fault-effects.js";
import type { Faults, Strike } from "./faults.js";
import { checkGuards } from "./guards.js";
import type { InnerReply, InnerRequest } from "./inner-request.js";
import { deepestJson, dig, digText } from "./json.js";
import type { OperationPace } from "./options.js";
import { actionOf, scopeOfPath } from "./request-scope.js";
import { nameSegments } from "./route-address.js";
import type { Router, RouteMatch } from "./router.js";
import { observe, textOfName, tokenOf, type OpenExchange, type Story } from "./story.js";
import type { Admission, Throttling } from "./throttling.js";
import type { TokenIssuer, Verdict } from "./tokens.js";
import type { ServerSideBreak } from "./transport-faults.js";
import { ArmError, headerOf, type ArmRequest, type HeaderValues, type Reply } from "./wire.js";

/** What the socket should do. If the connection is reset or hangs, nothing of the reply is written. */
export interface Delivery {
  readonly manner: "whole" | ServerSideBreak;
  readonly reply: Reply;
}

/** Rejects with an `AbortError` if the client goes away during a latency. */
export type Dispatcher = (request: ArmRequest, signal: AbortSignal) => Promise<Dispatched>;

export interface Dispatched {
  readonly delivery: Delivery;
  readonly record: OpenExchange;
  /** Call it if the response does not reach the client: what it began goes on, and ends on its own. */
  readonly lost: () => void;
}

export interface DispatchParts {
  readonly cloud: Cloud;
  readonly router: Router;
  readonly faults: Faults;
  readonly throttling: Throttling;
  readonly tokens: TokenIssuer;
  readonly story: Story;
  /** Settings for a call's operations, from `arm.longRunning`. */
  readonly paceOf: (context: FaultContext, match: RouteMatch) => Partial<OperationPace>;
}

/** Replies to refused writes, by client request id: ARM repeats the old response to a reused one. */
const replaysKept = 1000;

export function createDispatcher(parts: DispatchParts): Dispatcher {
  const { cloud, router, faults, tokens, story } = parts;
  const replays = new Map<string, Reply>();

  return async (request, signal) => {
    cloud.operations.pass();
    cloud.registrations.pass();
    const match = router.find(request.method, request.url.pathname);
    const verdict = tokens.verify(tokenOf(request));
    const name = match ? nameOf(match, cloud) : request.url.pathname;
    const observed = observe(request, name, verdict.principal);
    const record = story.open(observed, cloud.clock.now(), match !== undefined);
    if (!match) return close(record, unknownRequest(request));

    const { headers: counts, refusal }: Admission = match.route.isOutside
      ? { headers: {} }
      : admit(request, match, verdict);
    if (refusal) return close(record, refusal, counts);
    const context: FaultContext = { request: observed, params: match.params, path: request.url.pathname, cloud };
    const strike = faults.strike(context, match.route);
    if (strike.latencyMs > 0) {
      await cloud.clock.sleep(strike.latencyMs, signal).catch((error: unknown) => {
        record.outcome = "aborted";
        throw error;
      });
      cloud.operations.pass();
    }
    const { effect } = strike;
    const correlationId = correlationIdOf(request);
    const ids = { ...counts, "x-ms-correlation-request-id": correlationId };
    if (effect && strikesBefore(effect)) {
      const reply = effect.kind === "answer" ? effect.reply(context) : { status: 503 };
      if (effect.kind === "answer") noteRefusal(match, context, reply, correlationId);
      return close(record, reply, ids, effect.kind === "break" ? effect.how : "whole");
    }
    const { reply, operation } = execute(request, match, context, strike, correlationId);
    record.executed = reply.status < 400;
    const lost = (): void => operation && cloud.operations.unfollow(operation);
    if (effect?.kind !== "answer") {
      return { ...close(record, reply, ids, effect?.kind === "break" ? effect.how : "whole"), lost };
    }
    lost();
    return close(record, effect.reply(context), ids);
  };

  /** The log contains a provider's refusal, injected or not, but not a gateway's or the throttle's. */
  function noteRefusal(match: RouteMatch, { request, path }: FaultContext, reply: Reply, correlationId: string): void {
    if (reply.page || reply.status === 401 || reply.status === 429 || reply.status >= 500) return;
    const scope = match.params["scope"] ?? scopeOfPath(match.route, path);
    const action = actionOf(match.route);
    cloud.activityLog.note({ correlationId, action, scope, caller: request.principal, reply, operation: undefined });
  }

  /** Admission: a valid token if required, and room in the throttle's buckets. */
  function admit(request: ArmRequest, match: RouteMatch, verdict: Verdict): Admission {
    const mustHold = cloud.options.authentication === "required" || tokenOf(request) !== undefined;
    if ("refusal" in verdict && mustHold) return { headers: {}, refusal: unauthorized(verdict.refusal, cloud) };
    return parts.throttling.admit({
      method: request.method,
      route: match.route,
      principal: verdict.principal,
      location: locationOf(request, match, cloud),
      resource: machineOf(match) ?? cloud.operations.find(match.params["operation"] ?? "")?.resourceId ?? "",
    });
  }

  function execute(
    request: ArmRequest,
    match: RouteMatch,
    context: FaultContext,
    strike: Strike,
    correlationId: string,
  ): InnerReply {
    const { principal } = context.request;
    const exchange: ArmExchange = new ArmExchange({
      request,
      ...match,
      cloud,
      principal,
      correlationId,
      pace: parts.paceOf(context, match),
      takeFailure: strike.takeFailure,
      send: (inner) => send(inner, exchange),
    });
    const reply = replayOr(exchange, () => handle(exchange, match));
    const operation = exchange.begun;
    if (!match.route.isOutside) {
      if (reply.status < 400)
        story.noteExecution(request.method, context.request.name, context.path, actionOf(match.route));
      const scope = exchange.has("scope") ? exchange.param("scope") : scopeOfPath(match.route, context.path);
      cloud.activityLog.note({
        correlationId,
        action: actionOf(match.route),
        scope,
        caller: principal,
        reply,
        operation,
      });
    }
    return { reply, operation };
  }

  /** A request from one part of the service to another. If it breaks, the sender sees a gateway timeout. */
  function send({ method, path, apiVersion, body }: InnerRequest, outer: ArmExchange): InnerReply {
    const url = new URL(`${outer.request.url.origin}${path}?api-version=${apiVersion}`);
    const request: ArmRequest = {
      method,
      url,
      headers: {},
      body,
      endpoint: outer.request.endpoint,
      malformed: undefined,
    };
    const match = router.find(method, url.pathname);
    if (!match) return { reply: unknownRequest(request), operation: undefined };
    const observed = observe(request, nameOf(match, cloud), outer.principal);
    const context: FaultContext = { request: observed, params: match.params, path: url.pathname, cloud };
    const strike = faults.strike(context, match.route);
    const { effect } = strike;
    const struck = effect?.kind === "answer" ? effect.reply(context) : { status: 504, body: gatewayTimeout };
    if (effect && strikesBefore(effect)) return { reply: struck, operation: undefined };
    const done = execute(request, match, context, strike, outer.correlationId);
    return effect ? { ...done, reply: struck } : done;
  }

  function close(
    record: OpenExchange,
    reply: Reply,
    counts: HeaderValues = {},
    manner: Delivery["manner"] = "whole",
  ): Dispatched {
    const headers = reply.page
      ? { date: new Date(cloud.clock.now()).toUTCString(), ...reply.headers }
      : { ...armHeaders(cloud), ...counts, ...reply.headers };
    if (manner === "whole") note(record, reply, headers);
    return { delivery: { manner, reply: { ...reply, headers } }, record, lost: () => undefined };
  }

  /**
   * If a PUT repeats the client request id of one refused for a missing registration, ARM repeats that refusal, even if
   * the provider is registered by now: the retry needs a new id.
   */
  function replayOr(exchange: ArmExchange, answer: () => Reply): Reply {
    const id = exchange.request.headers["x-ms-client-request-id"];
    if (exchange.request.method !== "PUT" || typeof id !== "string") return answer();
    const key = `${id} ${exchange.request.url.pathname.toLowerCase()}`;
    const replayed = replays.get(key);
    if (replayed) return replayed;
    const reply = answer();
    if (digText(reply.body, "error", "code") !== "MissingSubscriptionRegistration") return reply;
    replays.set(key, reply);
    const [oldest] = replays.keys();
    if (replays.size > replaysKept && oldest !== undefined) replays.delete(oldest);
    return reply;
  }
}

function strikesBefore(effect: Effect): boolean {
  return (effect.kind === "answer" || effect.kind === "break") && effect.moment === "before-execution";
}

const gatewayTimeout = {
  error: {
    code: "GatewayTimeout",
    message: "The gateway did not receive a response from the resource provider within the specified time period.",
  },
};

/** A client may send a correlation id, and Resource Manager uses it. */
function correlationIdOf(request: ArmRequest): string {
  const own = headerOf(request, "x-ms-correlation-request-id");
  return own !== undefined && /^[\w-]{1,64}$/.test(own) ? own : randomUUID();
}

function handle(exchange: ArmExchange, { route }: RouteMatch): Reply {
  try {
    checkRequest(exchange);
    checkGuards(exchange);
    return route.handle(exchange);
  } catch (error) {
    if (error instanceof ArmError) return error.reply;
    throw error;
  }
}

function subscriptionIn(exchange: ArmExchange): string | undefined {
  if (exchange.has("scope")) return exchange.param("scope").split("/")[2];
  return exchange.has("subscription") ? exchange.param("subscription") : undefined;
}

function checkRequest(exchange: ArmExchange): void {
  const { request, cloud, route } = exchange;
  if (route.isOutside) return;
  const subscription = subscriptionIn(exchange);
  if (subscription !== undefined) {
    if (subscription.toLowerCase() !== cloud.options.subscriptionId.toLowerCase()) {
      throw new ArmError(404, "SubscriptionNotFound", `The subscription '${subscription}' could not be found.`);
    }
  }
  if (!exchange.apiVersion) {
    throw new ArmError(
      400,
      "MissingApiVersionParameter",
      "The api-version query parameter (?api-version=) is required for all requests.",
    );
  }
  if (request.malformed === "too large") {
    throw new ArmError(413, "RequestContentTooLarge", "The request content size exceeds the maximum size of 4 MB.");
  }
  if (!request.malformed) return;
  const problem =
    request.malformed === "too deep"
      ? `the maximum depth of ${deepestJson} has been exceeded`
      : "it is not a JSON object";
  throw new ArmError(
    400,
    "InvalidRequestContent",
    `The request content was invalid and could not be deserialized: ${problem}.`,
  );
}

/** The name in the story: with the short label of an operation instead of its GUID. */
export function nameOf({ route, params }: RouteMatch, cloud: Cloud): string {
  const operation = cloud.operations.find(params["operation"] ?? "");
  return textOfName(nameSegments(route, operation ? { ...params, operation: operation.label } : params));
}

/** The machine or scale set of the request. */
function machineOf({ params }: RouteMatch): string | undefined {
  const name = params["vm"] ?? params["set"];
  return name === undefined ? undefined : `${params["group"] ?? ""}/${name}`.toLowerCase();
}

function locationOf(request: ArmRequest, { params }: RouteMatch, cloud: Cloud): string {
  const vm = params["vm"];
  const id = `/subscriptions/${params["subscription"] ?? ""}/resourceGroups/${params["group"] ?? ""}/providers/Microsoft.Compute/virtualMachines/${vm ?? ""}`;
  const known = vm === undefined ? undefined : cloud.resources.find(id)?.location;
  return known ?? params["location"] ?? digText(request.body, "location") ?? cloud.options.location;
}

function unknownRequest({ method, url }: ArmRequest): Reply {
  const message = `The emulator does not know ${method} ${url.pathname}. Nothing was done.`;
  return { status: 501, body: { error: { code: "EmulatorUnknownRequest", message } } };
}

function unauthorized({ code, message }: { code: string; message: string }, cloud: Cloud): Reply {
  const uri = `https://login.windows.net/${cloud.options.tenantId}`;
  return {
    status: 401,
    headers: {
      "www-authenticate": `Bearer authorization_uri="${uri}", error="invalid_token", error_description="${message}"`,
      "x-ms-failure-cause": "gateway",
    },
    body: { error: { code, message } },
  };
}

function armHeaders({ clock, options }: Cloud): HeaderValues {
  const now = new Date(clock.now());
  const stamp = now.toISOString().replace(/[-:]|\.\d+/g, "");
  const correlationId = randomUUID();
  return {
    "cache-control": "no-cache",
    pragma: "no-cache",
    expires: "-1",
    date: now.toUTCString(),
    "x-ms-request-id": randomUUID(),
    "x-ms-correlation-request-id": correlationId,
    "x-ms-routing-request-id": `${options.location.toUpperCase()}:${stamp}:${correlationId}`,
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
  };
}

function note(record: OpenExchange, reply: Reply, headers: HeaderValues): void {
  record.status = reply.status;
  const retryAfter = headers["retry-after"];
  record.retryAfter = typeof retryAfter === "string" ? retryAfter : undefined;
  const operationStatus = digText(reply.body, "status");
  record.operationStatus = record.name.startsWith("operations/") ? operationStatus : undefined;
  const error =
    dig(reply.body, "error") ?? dig(reply.body, "errorDetail") ?? (reply.status >= 400 ? reply.body : undefined);
  record.code = digText(error, "code");
}
