/** The service behind a wire: it keeps state, carries requests out once they arrive, and remembers what it has done. */
import { createHttpHeaders, RestError, type PipelineRequest, type PipelineResponse } from "@azure/core-rest-pipeline";
import { Readable } from "node:stream";
import { isRead, isResultful, type CallName } from "./calls.js";
import { Blobs, Vault } from "./data-plane.js";
import {
  html,
  type Answer,
  type End,
  type Fault,
  type Garbling,
  type RequestKind,
  type RetryAfter,
  type Wire,
} from "./wire.js";

/** One request as it arrived, and what became of it. */
export interface Exchange {
  /** Milliseconds since the play began. */
  readonly at: number;
  readonly kind: RequestKind;
  readonly method: string;
  readonly url: string;
  readonly body: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Which answer of the wire it met: `first#0`, or `poll` for an honest one. */
  key: string;
  /** What went back, short: `503`, `ECONNRESET`, `aborted`. */
  reply: string;
  executed: boolean;
  /** Milliseconds that the answer asked to wait. */
  askedMs: number;
}

interface Running {
  readonly id: string;
  readonly method: string;
  readonly action: CallName;
  readonly body: string | undefined;
  readonly end: End;
  readonly endsAt: number;
  applied: boolean;
}

interface Machine {
  tags: string;
  power: string;
  provisioning: string;
}

export const host = "https://management.azure.com";

export class Service {
  readonly exchanges: Exchange[] = [];
  /** How often the call was carried out to its good end. */
  succeeded = 0;
  /** How often it was begun. */
  executions = 0;
  #machine: Machine | undefined;
  readonly #operations = new Map<string, Running>();
  readonly #met: Record<RequestKind, number> = { first: 0, poll: 0, read: 0 };
  readonly #startedAt: number;
  readonly #dataPlane: Vault | Blobs | undefined;

  constructor(
    readonly wire: Wire,
    readonly name: string,
    readonly now: () => number,
  ) {
    this.#startedAt = now();
    if (wire.client === "vault") this.#dataPlane = new Vault(wire.ends[0]?.durationMs ?? 0);
    if (wire.client === "blob") this.#dataPlane = new Blobs(wire.existed);
    const isCreated = wire.existed || !["createOrUpdate"].includes(wire.call);
    if (isCreated) this.#machine = { tags: "old", power: wire.power, provisioning: "Succeeded" };
  }

  /** Whether what the call asks for is so at this moment. */
  isDone(): boolean {
    this.#advance();
    switch (this.wire.call) {
      case "createOrUpdate":
      case "update":
        return this.#machine?.tags === "new" && this.#machine.provisioning === "Succeeded";
      case "delete":
        return this.#machine === undefined;
      case "start":
        return this.#machine?.power === "running";
      case "powerOff":
        return this.#machine?.power === "stopped" || this.#machine?.power === "deallocated";
      case "deallocate":
        return this.#machine?.power === "deallocated";
      default:
        return this.succeeded > 0;
    }
  }

  /** Whether something that was asked for is still under way. */
  get isRunning(): boolean {
    this.#advance();
    return [...this.#operations.values()].some(({ applied }) => !applied);
  }

  async send(request: PipelineRequest): Promise<PipelineResponse> {
    const kind = this.#kindOf(request);
    const index = this.#met[kind]++;
    const fault = this.wire.faults[kind][index];
    const exchange: Exchange = {
      at: this.now() - this.#startedAt,
      kind,
      method: request.method,
      url: request.url,
      body: typeof request.body === "string" ? request.body : undefined,
      headers: request.headers.toJSON(),
      key: fault ? `${kind}#${index}` : kind,
      reply: "none",
      executed: false,
      askedMs: 0,
    };
    this.exchanges.push(exchange);
    try {
      const response = await this.#reply(request, exchange, fault);
      exchange.reply = fault?.how === "garbled" ? `${response.status} garbled` : String(response.status);
      exchange.askedMs = Math.max(
        askedMs(fault?.how === "answer" ? fault.answer.retryAfter : this.wire.pollRetryAfter),
        fault?.how === "answer" && fault.answer.body.includes("after '6' s") ? 6_000 : 0,
      );
      return response;
    } catch (error) {
      const { name, code } = error as { name: string; code?: string };
      exchange.reply = code ?? (name === "AbortError" ? "aborted" : name);
      throw error;
    }
  }

  async #reply(request: PipelineRequest, exchange: Exchange, fault: Fault | undefined): Promise<PipelineResponse> {
    await this.#pass(request, this.wire.latencyMs);
    this.#advance();
    // Nothing is not there that is there: other lies of a service have their use, but this one is an answer to a DELETE.
    const isOfDelete = request.method === "DELETE" || (exchange.kind === "read" && this.wire.call === "delete");
    const isLie = isOfDelete && this.#machine && fault?.how === "answer" && fault.answer.status === 404;
    if (fault === undefined || fault.how === "honest" || isLie) {
      const response = this.#honest(request, exchange);
      if (fault && "delayMs" in fault) await this.#pass(request, fault.delayMs);
      return response;
    }
    if (fault.how === "redirect") {
      return answer(request, 307, "", { location: `${request.url}${request.url.includes("?") ? "&" : "?"}r=1` });
    }
    if (fault.how === "garbled") return garbled(this.#honest(request, exchange), fault.as);
    if (fault.how === "cut") {
      this.#honest(request, exchange);
      throw new RestError("Error reading response as text: aborted", { code: "PARSE_ERROR" });
    }
    if (fault.executed) this.#honest(request, exchange);
    await this.#pass(request, fault.delayMs);
    if (fault.how === "reset") throw new RestError(`read ${fault.code}`, { code: fault.code, request });
    return this.#scripted(request, fault.answer);
  }

  /** Time goes by while the request is on its way; it ends with the request's own signal or time limit, as in the SDK. */
  async #pass(request: PipelineRequest, ms: number): Promise<void> {
    const { abortSignal, timeout } = request;
    if (abortSignal?.aborted) throw aborted();
    const limit = timeout > 0 ? Math.min(ms, timeout) : ms;
    if (ms === 0) return;
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(aborted());
      };
      const timer = setTimeout(() => {
        abortSignal?.removeEventListener("abort", onAbort);
        if (limit < ms) reject(aborted());
        else resolve();
      }, limit);
      abortSignal?.addEventListener("abort", onAbort);
    });
  }

  #kindOf({ method, url }: PipelineRequest): RequestKind {
    if (method === "GET" && url.includes("/operations/")) return isReadByHand(this.wire.call) ? "first" : "poll";
    if (url.includes("/deletedsecrets/")) return "poll";
    if (method !== "GET") return "first";
    return isRead(this.wire.call) ? "first" : "read";
  }

  #honest(request: PipelineRequest, exchange: Exchange): PipelineResponse {
    const { method, url } = request;
    const plane = this.#dataPlane;
    if (plane) {
      const { status, body = "", contentType = "", headers, executed = false } = plane.answer(request, this.now());
      exchange.executed = executed;
      if (executed) this.executions += 1;
      if (executed || status === 200) this.succeeded += 1;
      return answer(request, status, body, headers, contentType);
    }
    if (method === "GET") return url.includes("/operations/") ? this.#poll(request) : this.#show(request);
    if (method === "HEAD") {
      this.succeeded += 1;
      return answer(request, this.#machine ? 204 : 404, "");
    }
    exchange.executed = true;
    return this.#execute(request);
  }

  #execute(request: PipelineRequest): PipelineResponse {
    const { method } = request;
    const action = this.wire.call;
    this.executions += 1;
    if (method === "DELETE" && !this.#machine) return answer(request, 204, "");
    if (!this.#machine && method !== "PUT") return answer(request, 404, notFound);
    const isNew = this.#machine === undefined;
    const { follow, ends } = this.wire;
    // A deletion joins the one that runs.
    const same = [...this.#operations.values()].find((running) => !running.applied && running.method === method);
    if (method === "DELETE" && same) {
      this.executions -= 1;
      return this.#accepted(request, same.id, false);
    }
    const end = ends[this.#operations.size] ?? { status: "Succeeded", error: undefined, durationMs: 0 };
    const id = `${this.name}-${this.#operations.size}`;
    const isSync = follow === "sync" || isPlain(action);
    const running: Running = {
      id,
      method,
      action,
      body: typeof request.body === "string" ? request.body : undefined,
      end: isSync ? { ...end, status: "Succeeded", durationMs: 0 } : end,
      endsAt: this.now() + (isSync ? 0 : end.durationMs),
      applied: false,
    };
    if (method === "PUT") {
      this.#machine ??= { tags: "none", power: "running", provisioning: "Creating" };
      if (!isSync) this.#machine.provisioning = isNew ? "Creating" : "Updating";
    } else if (this.#machine && !isSync && changes(method, action)) {
      this.#machine.provisioning = method === "DELETE" ? "Deleting" : "Updating";
    }
    // A newer write takes over from one that still runs.
    if (method !== "POST") for (const operation of this.#operations.values()) operation.applied = true;
    this.#operations.set(id, running);
    if (isSync) {
      this.#advance();
      return this.#syncAnswer(request, isNew);
    }
    return this.#accepted(request, id, isNew);
  }

  #syncAnswer(request: PipelineRequest, isNew: boolean): PipelineResponse {
    if (request.method === "DELETE") return answer(request, 200, "");
    if (request.method === "POST") {
      return isResultful(this.wire.call) ? answer(request, 200, this.#result()) : answer(request, 200, "");
    }
    return answer(request, isNew ? 201 : 200, this.#resource());
  }

  #accepted(request: PipelineRequest, id: string, isNew: boolean): PipelineResponse {
    const { follow } = this.wire;
    const { method } = request;
    const url = `${host}/subscriptions/s/providers/Microsoft.Compute/locations/westeurope/operations/${id}`;
    const status = `${url}?api-version=2024-07-01`;
    const location = `${url}?monitor=true&api-version=2024-07-01`;
    const headers: Record<string, string> = {};
    if (follow === "azureAsync" || follow === "both") headers["azure-asyncoperation"] = status;
    if (follow === "operationLocation") headers["operation-location"] = status;
    if (follow === "location" || follow === "both") headers["location"] = location;
    if (follow === "body" && method !== "PUT") headers["azure-asyncoperation"] = status;
    if (isResultful(this.wire.call)) headers["location"] = location;
    if (method === "PUT") {
      const code = isNew ? 201 : follow === "location" ? 202 : 200;
      return answer(request, code, this.#resource(), headers);
    }
    return answer(
      request,
      method === "PATCH" ? (follow === "location" ? 202 : 200) : 202,
      method === "PATCH" ? this.#resource() : "",
      headers,
    );
  }

  #poll(request: PipelineRequest): PipelineResponse {
    const { wire } = this;
    const id = /\/operations\/([^?/]+?)(?:-m)?(?:[?/]|$)/.exec(request.url)?.[1] ?? "";
    const operation = this.#operations.get(id);
    const headers = hintHeaders(wire.pollRetryAfter, this.now());
    if (!operation) {
      if (wire.call === "readStatusDocument") {
        this.succeeded += 1;
        const [end] = wire.ends;
        return answer(request, 200, statusDocument(end?.status ?? "InProgress", end?.error, undefined));
      }
      return answer(request, 404, notFound);
    }
    const isOver = operation.applied;
    const { status, error } = operation.end;
    if (request.url.includes("monitor=true")) {
      if (!isOver) return answer(request, 202, "", headers);
      if (status !== "Succeeded") return answer(request, 409, `{"error":${error ?? canceled}}`);
      if (operation.method === "DELETE") return answer(request, 204, "");
      if (isResultful(wire.call)) return answer(request, 200, this.#result());
      return operation.method === "POST"
        ? answer(request, wire.finalStatus, "")
        : answer(request, 200, this.#resource());
    }
    if (!isOver) {
      const moved = wire.moves && {
        "azure-asyncoperation": request.url.replace(/operations\/([^?/]+?)(?:-m)?\?/, "operations/$1-m?"),
      };
      return answer(request, 200, statusDocument(wire.runningWord, undefined, undefined), { ...headers, ...moved });
    }
    const output = status === "Succeeded" && isResultful(wire.call) ? this.#result() : undefined;
    return answer(request, 200, statusDocument(status, error, output), headers);
  }

  #show(request: PipelineRequest): PipelineResponse {
    const { call } = this.wire;
    if (isRead(call)) this.succeeded += 1;
    if (call === "list") return this.#page(request);
    if (!this.#machine) return answer(request, 404, notFound);
    if (request.url.includes("/instanceView")) {
      const statuses = [
        { code: `ProvisioningState/${this.#machine.provisioning.toLowerCase()}` },
        { code: `PowerState/${this.#machine.power}` },
      ];
      return answer(request, 200, JSON.stringify({ statuses, ...quirkOf(this.wire) }));
    }
    return answer(request, 200, this.#resource());
  }

  #page(request: PipelineRequest): PipelineResponse {
    const page = Number(/page=(\d)/.exec(request.url)?.[1] ?? 0);
    const next = `${request.url.replace(/[?&]page=\d/, "")}${request.url.includes("?") ? "&" : "?"}page=${page + 1}`;
    const value = [{ name: `vm-${page}a`, ...quirkOf(this.wire) }, { name: `vm-${page}b` }];
    return answer(request, 200, JSON.stringify({ value, ...(page < 2 && { nextLink: next }) }));
  }

  #resource(): string {
    const machine = this.#machine;
    const quirk = quirkOf(this.wire);
    return JSON.stringify({
      id: `/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/${this.name}`,
      name: this.name,
      location: "westeurope",
      tags: { mark: machine?.tags },
      ...(this.wire.quirk !== "failedProvisioning" && quirk),
      properties: {
        provisioningState:
          this.wire.quirk === "failedProvisioning" && isRead(this.wire.call) ? "Failed" : machine?.provisioning,
      },
    });
  }

  #result(): string {
    return JSON.stringify({
      value: [{ code: "ComponentStatus/StdOut/succeeded", message: "hello" }],
      ...quirkOf(this.wire),
    });
  }

  #advance(): void {
    const now = this.now();
    for (const operation of this.#operations.values()) {
      if (operation.applied || operation.endsAt > now) continue;
      operation.applied = true;
      this.#apply(operation);
    }
  }

  #apply({ method, action, body, end }: Running): void {
    if (end.status !== "Succeeded") {
      // The machine keeps what it was; a new one stays behind broken.
      if (this.#machine && changes(method, action)) this.#machine.provisioning = "Succeeded";
      if (this.#machine && (method === "PUT" || method === "PATCH")) {
        this.#machine.provisioning = end.status === "Canceled" ? "Succeeded" : "Failed";
        if (this.#machine.tags === "none") this.#machine.provisioning = end.status;
      }
      return;
    }
    this.succeeded += 1;
    if (this.#machine && changes(method, action)) this.#machine.provisioning = "Succeeded";
    if (method === "DELETE") {
      this.#machine = undefined;
      return;
    }
    if (!this.#machine) return;
    if (method === "PUT" || method === "PATCH") {
      this.#machine.tags = body?.includes('"new"') ? "new" : this.#machine.tags;
      this.#machine.provisioning = "Succeeded";
    }
    const power = powerAfter[action];
    if (power) this.#machine.power = power;
  }

  #scripted(request: PipelineRequest, { status, body, contentType, retryAfter, headers }: Answer): PipelineResponse {
    const all = {
      ...headers,
      ...hintHeaders(retryAfter, this.now()),
      ...(contentType && { "content-type": contentType }),
    };
    return answer(request, status, body, all, contentType);
  }
}

/** Whether a resource shows that it is being worked on: what runs inside of a machine does not show. */
const changes = (method: string, action: CallName): boolean =>
  method !== "POST" || powerAfter[action] !== undefined || ["restart", "redeploy", "reapply"].includes(action);

const powerAfter: Partial<Record<CallName, string>> = {
  start: "running",
  powerOff: "stopped",
  deallocate: "deallocated",
};

const notFound = JSON.stringify({ error: { code: "ResourceNotFound", message: "The Resource was not found." } });
const canceled = JSON.stringify({ code: "OperationPreempted", message: "The operation was canceled." });

const isReadByHand = (call: CallName): boolean => call === "readStatusDocument";
/** Answered at once, without an operation. */
const isPlain = (call: CallName): boolean =>
  ["simulateEviction", "retrieveBootDiagnosticsData", "checkExistence"].includes(call);

function quirkOf({ quirk }: Wire): object {
  switch (quirk) {
    case "failedStatus":
      return { status: "Failed", error: { code: "PatchesFailed", message: "Two patches failed." } };
    case "errorObject":
      return { error: { code: "PartialResult", message: "Some of it could not be read." } };
    case "failedResult":
      return { resultStatus: "Failed", errorDetail: { code: "X", message: "A finding, as data." } };
    default:
      return {};
  }
}

function statusDocument(status: string, error: string | undefined, output: string | undefined): string {
  const parts = [`"name":"op"`, `"startTime":"2026-01-05T08:00:00Z"`];
  if (status !== "") parts.push(`"status":"${status}"`);
  if (error !== undefined) parts.push(`"error":${error}`);
  if (output !== undefined) parts.push(`"properties":{"output":${output}}`);
  return `{${parts.join(",")}}`;
}

function hintHeaders(hint: RetryAfter | undefined, now: number): Record<string, string> {
  if (!hint) return {};
  switch (hint.form) {
    case "date":
      return { "retry-after": new Date(now + hint.inMs).toUTCString() };
    case "milliseconds":
      return { "retry-after-ms": hint.value };
    case "compute-milliseconds":
      return { "x-ms-retry-after-ms": hint.value };
    case "seconds":
      return { "retry-after": hint.value };
  }
}

function askedMs(hint: RetryAfter | undefined): number {
  if (!hint) return 0;
  const ms = hint.form === "date" ? hint.inMs : Number(hint.value) * (hint.form === "seconds" ? 1_000 : 1);
  return ms > 0 ? ms : 0;
}

function garbled(response: PipelineResponse, how: Garbling): PipelineResponse {
  const { bodyAsText, headers } = response;
  if (bodyAsText === undefined || bodyAsText === null || bodyAsText === "") return response;
  const typed = (type: string): PipelineResponse["headers"] =>
    createHttpHeaders({ ...headers.toJSON(), "content-type": type });
  switch (how) {
    case "half":
      return { ...response, bodyAsText: bodyAsText.slice(0, bodyAsText.length >> 1) };
    case "empty":
      return { ...response, bodyAsText: "" };
    case "null":
      return { ...response, bodyAsText: "null" };
    case "array":
      return { ...response, bodyAsText: "[]" };
    case "byte order mark":
      return { ...response, bodyAsText: `\ufeff${bodyAsText}` };
    case "page":
      return { ...response, bodyAsText: html, headers: typed("text/html") };
    case "another type":
      return { ...response, headers: typed("text/plain") };
  }
}

function aborted(): Error {
  const error = new Error("The operation was aborted.");
  error.name = "AbortError";
  return error;
}

function answer(
  request: PipelineRequest,
  status: number,
  body: string,
  headers: Record<string, string> = {},
  contentType = "application/json; charset=utf-8",
): PipelineResponse {
  const type = body === "" || contentType === "" ? {} : { "content-type": contentType };
  const all = createHttpHeaders({
    "x-ms-request-id": "r-1",
    "x-ms-correlation-request-id": "c-1",
    ...type,
    ...headers,
  });
  const streamed = request.streamResponseStatusCodes;
  if (streamed?.has(status) || streamed?.has(Number.POSITIVE_INFINITY)) {
    return { request, status, headers: all, readableStreamBody: Readable.from([Buffer.from(body)]) };
  }
  return { request, status, headers: all, bodyAsText: body };
}
