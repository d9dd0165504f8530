/** A wire: what a service does to one call, drawn from a seed. It is data, so that two clients can be played the same one. */
import { chance, type Chance } from "./random.js";
import { callsOf, clientNames, isAnsweredAtOnce, type CallName, type ClientName } from "./calls.js";

/** `first` is the caller's own request, `poll` a GET of an operation's URL, `read` any other GET of the resource. */
export type RequestKind = "first" | "poll" | "read";

/** When to come back, in all the forms that services use. */
export type RetryAfter =
  | { readonly form: "seconds" | "milliseconds" | "compute-milliseconds"; readonly value: string }
  /** A date so many milliseconds from the answer. */
  | { readonly form: "date"; readonly inMs: number };

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly contentType: string;
  readonly retryAfter?: RetryAfter;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Fault =
  /** The service's own answer, late. */
  | { readonly how: "honest"; readonly delayMs: number }
  /** Another answer; with `executed` the request was carried out all the same. */
  | { readonly how: "answer"; readonly answer: Answer; readonly executed: boolean; readonly delayMs: number }
  /** No answer: the connection is lost before (`executed: false`) or after the service had the request. */
  | { readonly how: "reset"; readonly code: string; readonly executed: boolean; readonly delayMs: number }
  /** The service answers and carries out, but the body of the answer breaks off. */
  | { readonly how: "cut" }
  /** 307 to the same resource under another name. */
  | { readonly how: "redirect" }
  /** The service's own answer, and its body is not what it should be. */
  | { readonly how: "garbled"; readonly as: Garbling };

/** What proxies and services make of a body. */
export type Garbling = "half" | "empty" | "null" | "array" | "byte order mark" | "page" | "another type";

/** How an accepted operation ends, one for each time it is submitted; after the last one it succeeds. */
export interface End {
  readonly status: "Succeeded" | "Failed" | "Canceled";
  /** The error of the status document, or of the failed `Location` answer. */
  readonly error: string | undefined;
  readonly durationMs: number;
}

/** How an accepted write is followed. */
export type Follow = "azureAsync" | "operationLocation" | "location" | "both" | "body" | "sync";

/** What is in the data of a resource and looks like a failure. */
export type Quirk = "none" | "failedStatus" | "errorObject" | "failedProvisioning" | "failedResult";

/** How the caller follows an operation: by the call itself, with its own signal, poll by poll, or with a poller that was restored. */
export type PollStyle = "wait" | "signal" | "hand" | "restored";

export interface Wire {
  readonly seed: number;
  readonly client: ClientName;
  readonly call: CallName;
  /** `withRemedy(client)`, or the policy put into the pipeline by hand. */
  readonly install: "withRemedy" | "hand";
  readonly existed: boolean;
  readonly power: "running" | "deallocated" | "stopped";
  readonly follow: Follow;
  readonly ends: readonly End[];
  readonly pollRetryAfter: RetryAfter | undefined;
  readonly style: PollStyle;
  /** Milliseconds between polls that the caller wishes. */
  readonly updateIntervalMs: number | undefined;
  /** Milliseconds that the caller gives each request. */
  readonly timeoutMs: number | undefined;
  /** The operation is followed at another URL from its second poll on. */
  readonly moves: boolean;
  /** The words of the status document while the operation runs. */
  readonly runningWord: string;
  readonly finalStatus: 200 | 204;
  readonly quirk: Quirk;
  readonly faults: Readonly<Record<RequestKind, readonly Fault[]>>;
  /** Milliseconds from the start at which the caller aborts. */
  readonly abortAtMs: number | undefined;
  readonly latencyMs: number;
}

export function wireOf(seed: number): Wire {
  const c = chance(seed);
  // The first number of neighbouring seeds is alike in its high bits.
  c.next();
  const client = c.pick(clientNames);
  const call = c.pick(callsOf(client));
  const hasTrouble = c.is(0.92);
  return {
    seed,
    client,
    call,
    install: c.is(0.75) ? "withRemedy" : "hand",
    existed: c.is(0.5),
    power: c.pick(["running", "running", "deallocated", "stopped"]),
    follow: isAnsweredAtOnce(client, call) ? "sync" : c.pick(follows),
    ends: c.is(0.6) ? [] : Array.from({ length: c.between(1, 2) }, () => endOf(c)),
    pollRetryAfter: c.is(0.4) ? { form: "seconds", value: c.pick(["1", "5", "15"]) } : undefined,
    finalStatus: c.is(0.9) ? 200 : 204,
    quirk: c.is(0.75) ? "none" : c.pick(["failedStatus", "errorObject", "failedProvisioning", "failedResult"]),
    faults: {
      first: hasTrouble && c.is(0.75) ? faultsOf(c, codes) : [],
      poll: hasTrouble && c.is(0.35) ? faultsOf(c, troubles) : [],
      read: hasTrouble && c.is(0.25) ? faultsOf(c, codes) : [],
    },
    abortAtMs: c.is(0.12) ? c.between(0, c.pick([1_000, 10_000, 200_000])) : undefined,
    latencyMs: c.is(0.8) ? 0 : c.between(1, 3_000),
    style: c.is(0.55) ? "wait" : c.pick(["signal", "hand", "restored"]),
    updateIntervalMs: c.is(0.8) ? undefined : c.pick([1, 500, 5_000, 30_000]),
    timeoutMs: c.is(0.9) ? undefined : c.pick([1_000, 20_000, 100_000]),
    moves: c.is(0.1),
    runningWord: c.is(0.7) ? "InProgress" : c.pick(["Running", "Accepted", "Updating", "Provisioning", "inprogress"]),
  };
}

function endOf(c: Chance): End {
  const status = c.pick(["Succeeded", "Failed", "Failed", "Canceled"] as const);
  return {
    status,
    error: status === "Succeeded" || c.is(0.15) ? undefined : errorObject(c),
    durationMs: c.pick([0, 1_500, 10_000, 60_000, 600_000]),
  };
}

const follows: readonly Follow[] = [
  "azureAsync",
  "azureAsync",
  "operationLocation",
  "location",
  "both",
  "body",
  "sync",
];

function faultsOf(c: Chance, rows: readonly Row[]): Fault[] {
  const count = c.pick([1, 1, 1, 2, 2, 3, 4, 6]);
  // Outages repeat one answer; otherwise each is drawn again.
  if (c.is(0.4)) {
    const fault = faultOf(c, rows);
    return Array.from({ length: count }, () => fault);
  }
  return Array.from({ length: count }, () => faultOf(c, rows));
}

function faultOf(c: Chance, rows: readonly Row[]): Fault {
  const delayMs = c.is(0.85) ? 0 : c.pick([800, 5_000, 40_000, 130_000, 200_000]);
  const kind = c.next();
  if (kind < 0.72) {
    const answer = answerOf(c, rows);
    // A service that answers 4xx, or says when to come again, has not done it; another 5xx may come after the work.
    const executed = answer.status >= 500 && answer.status !== 501 && answer.retryAfter === undefined && c.is(0.4);
    return { how: "answer", answer, executed, delayMs };
  }
  if (kind < 0.86) {
    const executed = c.is(0.5);
    const code = executed
      ? c.pick(["ECONNRESET", "ECONNRESET", "EPIPE", "ETIMEDOUT"])
      : c.pick(["ECONNRESET", "ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ENETUNREACH"]);
    return { how: "reset", code, executed, delayMs };
  }
  if (kind < 0.88) return { how: "redirect" };
  if (kind < 0.94) return { how: "cut" };
  if (kind < 0.97) return { how: "garbled", as: c.pick(garblings) };
  return { how: "honest", delayMs: c.pick([1_000, 30_000, 125_000, 150_000, 240_000]) };
}

const garblings: readonly Garbling[] = ["half", "empty", "null", "array", "byte order mark", "page", "another type"];

type Row = readonly [status: number, code: string, message: string];

const codes: readonly Row[] = [
  [500, "InternalServerError", "An unexpected error occurred while processing the request."],
  [500, "InternalExecutionError", "An internal execution error occurred."],
  [503, "ServerBusy", "The server is currently unable to receive requests. Please retry your request."],
  [503, "ServiceUnavailable", "The service is unavailable now."],
  [
    504,
    "GatewayTimeout",
    "The gateway did not receive a response from 'Microsoft.Compute' within the specified time period.",
  ],
  [502, "BadGateway", "Bad gateway."],
  [409, "Conflict", "The request failed due to conflict with a concurrent request."],
  [409, "AnotherOperationInProgress", "Another operation on this resource is in progress. Please try again later."],
  [
    409,
    "AllocationFailed",
    "Allocation failed. We do not have sufficient capacity for the requested VM size in this region.",
  ],
  [
    409,
    "OperationNotAllowed",
    "Operation could not be completed as it results in exceeding approved Total Regional Cores quota.",
  ],
  [409, "MissingSubscriptionRegistration", "The subscription is not registered to use namespace 'Microsoft.Compute'."],
  [409, "ScopeLocked", "The scope cannot perform write operation because following scope(s) are locked."],
  [
    409,
    "ResourceGroupBeingDeleted",
    "The resource group 'rg' is in deprovisioning state and cannot perform this operation.",
  ],
  [400, "InvalidParameter", "The value of parameter vmSize is invalid."],
  [400, "BadRequest", "The request is invalid."],
  [401, "ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than current UTC time."],
  [403, "AuthorizationFailed", "The client does not have authorization to perform action over scope."],
  [
    404,
    "ResourceNotFound",
    "The Resource 'Microsoft.Compute/virtualMachines/vm' under resource group 'rg' was not found.",
  ],
  [404, "ResourceGroupNotFound", "Resource group 'rg' could not be found."],
  [412, "PreconditionFailed", "The condition set in the request's precondition was not met."],
  [429, "TooManyRequests", "The request is being throttled."],
  [429, "SubscriptionRequestsThrottled", "Number of requests exceeded the limit. Please try again after '6' seconds."],
  [
    429,
    "OperationNotAllowed",
    "The server rejected the request because too many requests have been received for this subscription.",
  ],
  [429, "RetryableError", "A retryable error occurred."],
  [409, "StorageAccountTooBusy", "The storage account is too busy."],
  [408, "RequestTimeout", "The request timed out."],
  [418, "SomethingUnheardOf", "Something that no catalog knows."],
];

/** What a service answers to a poll when it cannot say how the operation goes. Other 4xx would be the operation's end. */
const troubles = codes.filter(([status]) => status >= 500 || [401, 403, 404, 408, 429].includes(status));

function errorObject(c: Chance, [, code, message] = c.pick(codes)): string {
  switch (c.between(0, 4)) {
    case 0: {
      const [, inner, words] = c.pick(codes);
      return JSON.stringify({ code, message, details: [{ code: inner, message: words, target: "vm" }] });
    }
    case 1:
      return JSON.stringify({
        code,
        message,
        innererror: { exceptiontype: "AllocationException", errordetail: "none" },
      });
    default:
      return JSON.stringify({ code, message });
  }
}

function answerOf(c: Chance, rows: readonly Row[]): Answer {
  const row = c.pick(rows);
  const status =
    c.is(0.93) || rows === troubles ? row[0] : c.pick(row[0] < 500 ? [400, 403, 404, 409, 423] : [500, 501, 503, 507]);
  const wantsHint = status === 429 || status === 503 ? 0.65 : 0.15;
  return {
    status,
    ...bodyOf(c, row),
    ...(c.is(wantsHint) && { retryAfter: retryAfterOf(c) }),
    ...(c.is(0.15) && {
      headers: { "x-ms-ratelimit-remaining-resource": `Microsoft.Compute/HighCostGet3Min;${status === 429 ? 0 : 40}` },
    }),
  };
}

export const html = "<!DOCTYPE html><html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>";

function bodyOf(c: Chance, row: Row): { body: string; contentType: string } {
  const json = "application/json; charset=utf-8";
  const error = errorObject(c, row);
  switch (c.between(0, 11)) {
    case 0:
      return { body: "", contentType: "" };
    case 1:
      return { body: html, contentType: "text/html" };
    case 2:
      return { body: row[2], contentType: "text/plain" };
    case 3:
      return { body: error, contentType: json };
    case 4:
      return { body: `{"error":${error.slice(0, -4)}`, contentType: json };
    case 5:
      return { body: `{"error":${error}}`, contentType: "text/plain" };
    case 6:
      return { body: c.pick(["null", "[]", "{}", '"busy"']), contentType: json };
    default:
      return { body: `{"error":${error}}`, contentType: json };
  }
}

function retryAfterOf(c: Chance): RetryAfter {
  switch (c.between(0, 9)) {
    case 0:
      return { form: "date", inMs: c.pick([-60_000, 2_000, 30_000]) };
    case 1:
      return { form: "milliseconds", value: c.pick(["100", "1500"]) };
    case 2:
      return { form: "compute-milliseconds", value: "2500" };
    case 3:
      return { form: "seconds", value: c.pick(["0", "-5", "1.5", "abc", ""]) };
    case 4:
      return { form: "seconds", value: c.pick(["120", "600", "3600"]) };
    default:
      return { form: "seconds", value: c.pick(["1", "2", "4", "10"]) };
  }
}

/** Clients that give every answer to their caller, whatever its status. */
export const isRaw = ({ client }: Wire): boolean => client === "rest" || client.startsWith("sendRequest");
