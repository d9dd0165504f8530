/** The record of every exchange, and its lines for tests and people. */
import type { JsonObject } from "./json.js";
import type { NameSegment } from "./route-address.js";
import { headerOf, type ArmRequest } from "./wire.js";

/** A request as faults see it when they decide whether they apply. */
export interface ObservedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Its name in the story: `virtualMachines/web-01/start`; the path if the emulator does not know it. */
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: JsonObject | undefined;
  /** `x-ms-client-request-id`. */
  readonly clientRequestId: string | undefined;
  /** The token of the Authorization header, without `Bearer`. */
  readonly token: string | undefined;
  /** The token's `oid`; empty if there is none. */
  readonly principal: string;
}

/**
 * - `answered`: a whole response went out.
 * - `reset`, `cut`, `hung`, `stalled`: what a fault did instead. `failed to send`: the client's own error, nothing was
 *   sent.
 * - `aborted`: the client went away before the response.
 */
export type ExchangeOutcome =
  "pending" | "answered" | "reset" | "cut" | "hung" | "stalled" | "aborted" | "failed to send";

export interface Exchange extends ObservedRequest {
  /** From 1, in order of arrival. */
  readonly number: number;
  /** Epoch milliseconds of arrival, by the emulator's clock. */
  readonly at: number;
  readonly outcome: ExchangeOutcome;
  /** Undefined while no response went out. */
  readonly status: number | undefined;
  /** The error code of the response, of the failed operation in it, or of the client's own error. */
  readonly code: string | undefined;
  /** The operation's status, in the response to a poll. */
  readonly operationStatus: string | undefined;
  /** `Retry-After` of the response. */
  readonly retryAfter: string | undefined;
  /** The service executed the request, whatever the client saw. */
  readonly executed: boolean;
  /** The emulator knows the method and path. */
  readonly known: boolean;
}

/** An exchange in progress. */
export type OpenExchange = { -readonly [Key in keyof Exchange]: Exchange[Key] };

const keptHeaders = [
  "authorization",
  "x-ms-client-request-id",
  "if-match",
  "if-none-match",
  "user-agent",
  "content-type",
];

/** A write, delete or action that the service carried out, and how often. */
export interface Execution {
  /** Its name in the story: `"POST virtualMachines/web-01/start"`. */
  readonly request: string;
  /** Its path: the id of the resource, with the requested action. */
  readonly resource: string;
  readonly count: number;
}

/** They change nothing, although they are not GETs. */
const withoutEffect = /\/read$|\/(retrieveBootDiagnosticsData|generate|validate)\/action$/i;

export class Story {
  readonly #executions = new Map<string, { -readonly [Key in keyof Execution]: Execution[Key] }>();
  readonly #exchanges: OpenExchange[] = [];
  readonly #unknown: string[] = [];
  #count = 0;

  constructor(private readonly limit: number) {}

  /** `METHOD path` of the requests unknown to the emulator; never cleared. */
  get unknown(): readonly string[] {
    return this.#unknown;
  }

  get exchanges(): readonly Exchange[] {
    return this.#exchanges.map((exchange) => ({ ...exchange }));
  }

  get lines(): readonly string[] {
    return this.#exchanges.map(lineOf);
  }

  open(observed: ObservedRequest, at: number, known: boolean): OpenExchange {
    this.#count += 1;
    const exchange: OpenExchange = {
      ...observed,
      number: this.#count,
      at,
      known,
      outcome: "pending",
      status: undefined,
      code: undefined,
      operationStatus: undefined,
      retryAfter: undefined,
      executed: false,
    };
    this.#exchanges.push(exchange);
    if (!known) this.#unknown.push(`${observed.method} ${observed.path}`);
    if (this.#exchanges.length > this.limit) this.#exchanges.shift();
    return exchange;
  }

  /** Each write that ran, in the order of its first run, including those of deployments. */
  get executions(): readonly Execution[] {
    return [...this.#executions.values()].map((execution) => ({ ...execution }));
  }

  noteExecution(method: string, name: string, path: string, action: string): void {
    if (withoutEffect.test(action)) return;
    const request = `${method} ${name}`;
    const key = `${method} ${path.toLowerCase()}`;
    const known = this.#executions.get(key);
    if (known) known.count += 1;
    else this.#executions.set(key, { request, resource: path, count: 1 });
  }

  clear(): void {
    this.#executions.clear();
    this.#exchanges.length = 0;
  }
}

export function observe(request: ArmRequest, name: string, principal: string): ObservedRequest {
  const headers: Record<string, string> = {};
  for (const kept of keptHeaders) {
    const value = headerOf(request, kept);
    if (value !== undefined) headers[kept] = value;
  }
  return {
    method: request.method,
    path: request.url.pathname + request.url.search.replace(/([?&]sig=)[^&]*/gi, "$1REDACTED"),
    name,
    headers,
    body: request.body,
    clientRequestId: headers["x-ms-client-request-id"],
    token: tokenOf(request),
    principal,
  };
}

export function tokenOf(request: Pick<ArmRequest, "headers">): string | undefined {
  const [scheme = "", token] = (headerOf(request, "authorization") ?? "").split(" ");
  return scheme.toLowerCase() === "bearer" ? token : undefined;
}

export function textOfName(segments: readonly NameSegment[]): string {
  return segments.map((segment) => segment.text).join("/");
}

/** "GET operations/op-1 200 Failed AllocationFailed" */
function lineOf(exchange: Exchange): string {
  const { method, name, status, outcome, operationStatus, code } = exchange;
  const result = outcome === "answered" ? status : outcome;
  return [method, name, result, operationStatus, code].filter((word) => word !== undefined).join(" ");
}
