import { RestError, createHttpHeaders, type PipelineResponse } from "@azure/core-rest-pipeline";
import {
  AggregateAuthenticationError,
  AuthenticationError,
  AuthenticationRequiredError,
  CredentialUnavailableError,
} from "@azure/identity";
import { describe, expect, it } from "vitest";
import { readFailure } from "../../src/failure/read.js";
import { AbortError } from "../../src/time/clock.js";
import { codesOf, rootOf, rootsOf } from "./reading.js";

const request = { url: "https://management.azure.com/x", method: "PUT" } as never;
const busy = { code: "DiskBusy", message: "Disk 'd1' is busy." };
const nested = { error: { code: "DeploymentFailed", message: "m", details: [busy] } };

function responseWith(status: number, body?: unknown, headers: Record<string, string> = {}): PipelineResponse {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return {
    status,
    request,
    headers: createHttpHeaders(headers),
    ...(body !== undefined && { bodyAsText: text, parsedBody: typeof body === "string" ? undefined : body }),
  };
}

function restError(message: string, options: ConstructorParameters<typeof RestError>[1], details?: unknown): RestError {
  return Object.assign(new RestError(message, options), details === undefined ? {} : { details });
}

const coded = (code: string, message: string, more: object = {}): Error =>
  Object.assign(new Error(message), { code, ...more });

describe("errors with an answer", () => {
  it("of arm-compute 22 carry the whole body", () => {
    const response = responseWith(409, nested, { "Retry-After": "7", "x-ms-request-id": "r-1" });
    const failure = readFailure(
      restError("m", { code: "DeploymentFailed", statusCode: 409, response, request }, nested),
    );
    expect(codesOf(failure)).toEqual(["DeploymentFailed", "DiskBusy"]);
    expect(failure).toMatchObject({
      origin: "response",
      status: 409,
      retryAfterMs: 7_000,
      requestId: "r-1",
      execution: "answered",
    });
  });

  it("of arm-compute 24 carry a narrow copy", () => {
    const failure = readFailure(
      restError("m", { code: "DeploymentFailed", statusCode: 409, response: responseWith(409) }, nested),
    );
    expect(codesOf(failure)).toEqual(["DeploymentFailed", "DiskBusy"]);
  });

  it("of arm-compute 24 may carry nothing but code and message", () => {
    const failure = readFailure(
      restError(busy.message, { code: busy.code, statusCode: 409, response: responseWith(409) }, { error: undefined }),
    );
    expect(failure).toMatchObject({ origin: "response", status: 409, chains: [[busy]] });
  });

  it("reads what the message says where the body says no more", () => {
    const go = `Code="DiskBusy" Message="Disk 'd1' is busy."`;
    expect(rootOf(restError(go, { code: "ReconcileDisksFailed", statusCode: 409 }))).toMatchObject(busy);
    expect(rootOf(restError(JSON.stringify({ error: busy }), { statusCode: 400 }))).toEqual(busy);
  });

  it("reads the page of a gateway instead of printing it", () => {
    const page = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";
    const failure = readFailure(
      restError("Unexpected status code: 502", { statusCode: 502, response: responseWith(502, page) }),
    );
    expect(failure).toMatchObject({ status: 502, execution: "unknown", chains: [[{ message: "502 Bad Gateway" }]] });
  });

  it("reads an error that a program made of the body", () => {
    expect(
      codesOf(
        readFailure(coded("DiskBusy", "Busy.", { name: "VmError", details: [{ code: "LeaseHeld", message: "l" }] })),
      ),
    ).toEqual(["DiskBusy", "LeaseHeld"]);
  });

  it("reads errors that went through JSON, and errors of other copies of a package", () => {
    const stored = { name: "RestError", message: "m", code: "DeploymentFailed", statusCode: 409, details: nested };
    expect(readFailure(stored)).toMatchObject({ status: 409, chains: [[{ code: "DeploymentFailed" }, busy]] });
    expect(readFailure(JSON.stringify(stored))).toMatchObject({
      status: 409,
      chains: [[{ code: "DeploymentFailed" }, busy]],
    });
  });
});

describe("errors without an answer", () => {
  it.each([
    ["ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:443", "none"],
    ["ENOTFOUND", "getaddrinfo ENOTFOUND management.azure.com", "none"],
    ["EAI_AGAIN", "getaddrinfo EAI_AGAIN management.azure.com", "none"],
    ["UND_ERR_CONNECT_TIMEOUT", "Connect Timeout Error", "none"],
    ["CERT_HAS_EXPIRED", "certificate has expired", "none"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "self-signed certificate in certificate chain", "none"],
    ["EPROTO", "write EPROTO 00:error:0A00010B:SSL routines:ssl3_get_record:wrong version number", "none"],
    ["ETIMEDOUT", "connect ETIMEDOUT 20.0.0.1:443", "none"],
    ["ETIMEDOUT", "read ETIMEDOUT", "unknown"],
    ["ECONNRESET", "Client network socket disconnected before secure TLS connection was established", "none"],
    ["ECONNRESET", "read ECONNRESET", "unknown"],
    ["ECONNRESET", "socket hang up", "unknown"],
    ["EPIPE", "write EPIPE", "unknown"],
    ["UND_ERR_SOCKET", "other side closed", "unknown"],
    ["UND_ERR_HEADERS_TIMEOUT", "Headers Timeout Error", "unknown"],
    ["ERR_STREAM_PREMATURE_CLOSE", "Premature close", "unknown"],
    ["REQUEST_SEND_ERROR", "Failed to fetch", "unknown"],
    ["PARSE_ERROR", "Error reading response as text: aborted", "unknown"],
    ["HPE_INVALID_CONSTANT", "Parse Error: Expected HTTP/", "unknown"],
  ] as const)("%s (%s): executed %s", (code, message, execution) => {
    const expected = { origin: "transport", execution, chains: [[{ code, message }]] };
    expect(readFailure(restError(message, { code, request }))).toMatchObject(expected);
    expect(readFailure(coded(code, message))).toMatchObject(expected);
  });

  it("believes the system call over the code", () => {
    expect(readFailure(coded("EHOSTUNREACH", "no route", { syscall: "connect" })).execution).toBe("none");
    expect(readFailure(coded("EHOSTUNREACH", "no route", { syscall: "read" })).execution).toBe("unknown");
  });

  it("finds the cause that fetch hides", () => {
    const failed = new TypeError("fetch failed", {
      cause: coded("ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:443"),
    });
    expect(readFailure(failed)).toMatchObject({
      origin: "transport",
      execution: "none",
      chains: [[{ message: "fetch failed" }, { code: "ECONNREFUSED" }]],
    });
  });

  it.each(["fetch failed", "Failed to fetch", "Load failed", "NetworkError when attempting to fetch resource."])(
    "gives %j the code of the SDK",
    (message) => {
      expect(readFailure(new TypeError(message))).toMatchObject({
        origin: "transport",
        execution: "unknown",
        chains: [[{ code: "REQUEST_SEND_ERROR", message }]],
      });
    },
  );

  it.each<[message: string, execution: string]>([
    ["The socket connection was closed unexpectedly. For more information, pass `verbose: true`", "unknown"],
    ["Unable to connect. Is the computer able to access the url?", "none"],
    ["Was there a typo in the url or port?", "none"],
    ["error sending request for url (https://x.test/): client error (Connect): tcp connect error", "none"],
    ["error sending request for url (https://x.test/): client error (SendRequest): connection closed", "unknown"],
    ["connection closed before message completed", "unknown"],
    ["Network connection lost.", "unknown"],
  ])("knows %j of Bun, Deno and Cloudflare", (message, execution) => {
    expect(readFailure(new TypeError(message))).toMatchObject({ origin: "transport", execution });
  });

  it.each<[code: string, message: string, execution: string]>([
    ["ConnectionRefused", "Unable to connect. Is the computer able to access the url?", "none"],
    ["FailedToOpenSocket", "Was there a typo in the url or port?", "none"],
    ["ConnectionClosed", "The socket connection was closed unexpectedly.", "unknown"],
    ["ENOENT", String.raw`connect ENOENT \\.\pipe\docker_engine`, "none"],
  ])("takes %s for a lost connection", (code, message, execution) => {
    expect(readFailure(coded(code, message))).toMatchObject({ origin: "transport", execution });
  });

  it("takes the words of an address for an error that only gathers several", () => {
    const gathered = Object.assign(new AggregateError([coded("ECONNREFUSED", "connect ECONNREFUSED ::1:443")], ""), {
      code: "ECONNREFUSED",
    });
    expect(rootOf(gathered)).toEqual({ code: "ECONNREFUSED", message: "connect ECONNREFUSED ::1:443" });
  });

  it("says that a body which cannot be parsed may belong to a success", () => {
    const cut = restError("Unexpected end of JSON input", {
      code: "PARSE_ERROR",
      statusCode: 200,
      response: responseWith(200, '{"id":'),
    });
    expect(readFailure(cut)).toMatchObject({
      origin: "transport",
      status: 200,
      execution: "unknown",
      chains: [[{ code: "PARSE_ERROR" }]],
    });
  });

  it("reads a code out of a body that broke off", () => {
    const body = '{"error":{"code":"DiskBusy","message":"Disk \'d1\' is';
    const cut = restError("Unexpected end of JSON input", {
      code: "PARSE_ERROR",
      statusCode: 409,
      response: responseWith(409, body),
    });
    expect(readFailure(cut)).toMatchObject({
      origin: "response",
      status: 409,
      execution: "answered",
      chains: [[{ code: "DiskBusy" }]],
    });
  });

  it("knows an abort and a time-out by name", () => {
    expect(readFailure(new AbortError("stop"))).toMatchObject({
      origin: "error",
      execution: "unknown",
      chains: [[{ code: "AbortError" }]],
    });
    expect(readFailure(new DOMException("late", "TimeoutError"))).toMatchObject({
      origin: "transport",
      execution: "unknown",
      chains: [[{ code: "TimeoutError" }]],
    });
  });

  it("does not know whether anything happened before a fault of the program", () => {
    expect(readFailure(new TypeError("vm.start is not a function"))).toEqual({
      origin: "error",
      execution: "unknown",
      chains: [[{ message: "vm.start is not a function" }]],
    });
  });
});

describe("sentences of core-lro", () => {
  it.each<[sentence: string, root: { code?: string; message: string }]>([
    ["The long-running operation has failed. DiskBusy. Disk 'd1' is busy.", busy],
    [
      "The long-running operation has failed. undefined. Disk 'd1' is busy. undefined",
      { message: "Disk 'd1' is busy." },
    ],
    ["The long-running operation has failed", { code: "Failed", message: "The long-running operation has failed" }],
    ["Operation was canceled", { code: "Canceled", message: "Operation was canceled" }],
  ])("%s", (sentence, root) => {
    const failure = readFailure(new Error(sentence));
    expect(failure).toMatchObject({ origin: "operation", execution: "answered" });
    expect(rootsOf(failure)[0]).toEqual(root);
  });
});

describe("no token", () => {
  const required = (message: string): Error => new AuthenticationRequiredError({ scopes: [], message });

  it.each<[error: Error, code: string]>([
    [
      required("invalid_client: 7000215 - [2024-03-01 10:00:00Z]: AADSTS7000215: Invalid client secret provided."),
      "AADSTS7000215",
    ],
    [required("temporarily_unavailable: AADSTS90055: The server is busy."), "AADSTS90055"],
    [required("network_error: See https://aka.ms/msal.js.errors#network_error for details"), "network_error"],
    [required("Automatic authentication has been disabled."), "AuthenticationRequiredError"],
    [new CredentialUnavailableError("EnvironmentCredential is unavailable."), "CredentialUnavailableError"],
    [
      new AuthenticationError(400, {
        error: "invalid_grant",
        error_description: "AADSTS70008: The grant has expired.",
      }),
      "AADSTS70008",
    ],
    [
      new AuthenticationError(400, { error: "invalid_scope", error_description: "The scope is wrong." }),
      "invalid_scope",
    ],
    [
      Object.assign(new Error("Too many requests"), { name: "ServerError", errorCode: "too_many_requests" }),
      "too_many_requests",
    ],
  ])("%s", (error, code) => {
    expect(readFailure(error)).toMatchObject({ origin: "identity", execution: "none" });
    expect(rootOf(error).code).toBe(code);
  });

  it("keeps the status, and the cause of a credential that was not available", () => {
    expect(readFailure(new AuthenticationError(401, { error: "invalid_client", error_description: "x" })).status).toBe(
      401,
    );
    const cause = coded("ENOTFOUND", "getaddrinfo ENOTFOUND login.microsoftonline.com");
    expect(codesOf(readFailure(new CredentialUnavailableError("Managed identity is unavailable.", { cause })))).toEqual(
      ["CredentialUnavailableError", "ENOTFOUND"],
    );
  });

  it("puts the credential that was refused before those that were never set up", () => {
    const refused = required("AADSTS700016: Application was not found.");
    const chain = new AggregateAuthenticationError(
      [new CredentialUnavailableError("No environment."), refused],
      "Nothing worked.",
    );
    const failure = readFailure(chain);
    expect(rootsOf(failure).map(({ code }) => code)).toEqual(["AADSTS700016", "CredentialUnavailableError"]);
    expect(codesOf(failure)[0]).toBe("AggregateAuthenticationError");
  });

  it("reads the answer of the token endpoint", () => {
    const body = {
      error: "invalid_client",
      error_description: "AADSTS7000222: The secret has expired.",
      error_codes: [7000222],
    };
    expect(readFailure({ status: 401, headers: {}, bodyAsText: JSON.stringify(body) })).toMatchObject({
      origin: "identity",
      status: 401,
      execution: "none",
      chains: [[{ code: "AADSTS7000222" }]],
    });
  });

  it("does not mistake an answer of Resource Manager", () => {
    const body = { error: { code: "InvalidAuthenticationToken", message: "The token is invalid." } };
    expect(readFailure({ status: 401, headers: {}, bodyAsText: JSON.stringify(body) })).toMatchObject({
      origin: "response",
      execution: "answered",
    });
  });
});

describe("errors around errors", () => {
  it("reads the cause and says where it happened", () => {
    const cause = restError("m", {
      code: "DeploymentFailed",
      statusCode: 409,
      response: responseWith(409, nested, { "Retry-After": "3" }),
    });
    const failure = readFailure(new Error("could not create vm1", { cause: new Error("step 2", { cause }) }));
    expect(failure).toMatchObject({ origin: "response", status: 409, retryAfterMs: 3_000 });
    expect(failure.chains[0].map(({ code, message }) => code ?? message)).toEqual([
      "could not create vm1",
      "step 2",
      "DeploymentFailed",
      "DiskBusy",
    ]);
  });

  it("reads all of an AggregateError: none executed only if none was", () => {
    const refused = coded("ECONNREFUSED", "connect ECONNREFUSED 10.0.0.4:443");
    const reset = coded("ECONNRESET", "read ECONNRESET");
    expect(readFailure(new AggregateError([refused, refused], "two")).execution).toBe("none");
    const mixed = readFailure(new AggregateError([refused, reset], "two"));
    expect(mixed.execution).toBe("unknown");
    expect(rootsOf(mixed).map(({ code }) => code)).toEqual(["ECONNREFUSED", "ECONNRESET"]);
    expect(readFailure([refused, reset]).chains).toHaveLength(2);
  });

  it("prefers its own code to a cause that only talks", () => {
    expect(rootOf(new Error("(DiskBusy) Disk 'd1' is busy.", { cause: new Error("see above") }))).toEqual(busy);
  });
});
