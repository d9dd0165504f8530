import { describe, expect, it } from "vitest";
import { readFailure } from "../../src/failure/read.js";
import { answer, codesOf, rootOf } from "./reading.js";

const full = { code: "DiskBusy", message: "Disk 'd1' is busy." };

describe("the shapes in which a body tells an error", () => {
  it.each<[shape: string, body: unknown]>([
    ["in an envelope", { error: full }],
    ["without an envelope", full],
    [
      "with keys in Pascal case",
      { Error: { Code: full.code, Message: full.message, Details: null, Innererror: null } },
    ],
    ["with keys in Pascal case and no envelope", { Code: full.code, Message: full.message, Target: null }],
    ["with long keys", { HttpStatusCode: 409, ErrorCode: full.code, ErrorMessage: full.message }],
    ["with keys in snake case", { error_code: full.code, error_message: full.message }],
    ["as OData", { "odata.error": { code: full.code, message: { lang: "en", value: full.message } } }],
    ["as an error entity", { ErrorEntity: { ...full, MessageTemplate: "Disk '{0}' is busy.", Parameters: ["d1"] } }],
    ["as an array", [full]],
    ["as an array of envelopes", [{ error: full }]],
    ["as a list of errors", { errors: [full] }],
    ["as JSON in a string", { error: JSON.stringify({ error: full }) }],
    ["in the properties", { id: "/x", properties: { error: full } }],
    [
      "in the status message of an operation",
      { properties: { statusCode: "Conflict", statusMessage: { error: full } } },
    ],
    [
      "in a status message that is a string",
      { properties: { statusMessage: JSON.stringify({ status: "Failed", error: full }) } },
    ],
    ["in a batch", { responses: [{ httpStatusCode: 409, content: { error: full } }] }],
    ["where the message is an object", { code: "Conflict", message: { error: full } }],
    ["where code and message stand in two entries", [{ Message: full.message }, { Code: full.code }]],
    ["in a line of a log", { level: "error", msg: `put failed: ${JSON.stringify({ error: full })}` }],
  ])("%s", (_, body) => {
    expect(rootOf(answer(409, body))).toMatchObject(full);
    expect(rootOf(body)).toMatchObject(full);
    expect(rootOf(JSON.stringify(body))).toMatchObject(full);
  });

  it("keeps the target, and the status that a node names", () => {
    expect(rootOf({ error: { ...full, target: "vm1" } })).toEqual({ ...full, target: "vm1" });
    expect(readFailure({ HttpStatusCode: 409, ErrorCode: "DiskBusy", ErrorMessage: "m" }).status).toBe(409);
  });

  it("takes a numeric code for the status where it is one, and for a code where it is not", () => {
    expect(readFailure({ error: { code: 409, message: "m" } })).toMatchObject({
      status: 409,
      chains: [[{ message: "m" }]],
    });
    expect(rootOf({ error: { code: 28031, message: "m" } })).toEqual({ code: "28031", message: "m" });
  });

  it("lends a node without words those of its trace", () => {
    const inner = { exceptiontype: "DiskBusyException", errordetail: "The lease is held." };
    expect(rootOf({ error: { code: "DiskBusy", message: "", innererror: inner } }).message).toBe("The lease is held.");
    expect(rootOf({ error: { code: "DiskBusy", message: "Busy.", innererror: inner } }).message).toBe("Busy.");
    const cause = { code: "DeniedByKey" };
    expect(rootOf({ error: { code: "Forbidden", message: "Not for you.", innererror: cause } })).toEqual({
      code: "DeniedByKey",
      message: "Not for you.",
    });
    expect(rootOf({ error: { code: "DiskBusy", message: "Busy.", innererror: cause } }).code).toBe("DiskBusy");
  });

  it("does not take a details string for a node", () => {
    expect(rootOf({ error: { code: "DiskBusy", message: "Busy.", details: "see the log" } })).toEqual({
      code: "DiskBusy",
      message: "Busy.",
    });
  });
});

describe("answers", () => {
  it.each<[kind: string, input: object]>([
    ["of a pipeline", { status: 409, headers: {}, bodyAsText: JSON.stringify({ error: full }) }],
    ["with the parsed body only", { status: 409, headers: {}, parsedBody: { error: full } }],
    ["of fetch, with the body read", { status: 409, headers: new Headers(), body: JSON.stringify({ error: full }) }],
    ["with an object as body", { status: 409, headers: {}, body: { error: full } }],
    ["with bytes as body", { status: 409, headers: {}, body: new TextEncoder().encode(JSON.stringify(full)) }],
    ["of other clients", { statusCode: 409, headers: {}, body: JSON.stringify({ error: full }) }],
  ])("%s", (_, input) => {
    expect(readFailure(input)).toMatchObject({
      origin: "response",
      status: 409,
      execution: "answered",
      chains: [[full]],
    });
  });

  it("prefers the text that came to what a client made of it", () => {
    const narrow = { error: { code: "DeploymentFailed", message: "m" } };
    const wide = { error: { code: "DeploymentFailed", message: "m", details: [full] } };
    expect(rootOf({ status: 409, headers: {}, bodyAsText: JSON.stringify(wide), parsedBody: narrow })).toEqual(full);
  });

  it("leaves a stream alone", () => {
    const response = new Response(JSON.stringify({ error: full }), { status: 503 });
    expect(readFailure(response)).toMatchObject({ status: 503, chains: [[{ message: "" }]] });
    expect(response.bodyUsed).toBe(false);
  });

  it("reads ids from headers of any kind and any case", () => {
    const ids = { requestId: "r-1", correlationId: "c-1" };
    const pairs: [string, string][] = [
      ["X-Ms-Request-Id", "r-1"],
      ["x-ms-correlation-request-id", "c-1"],
    ];
    for (const headers of [
      Object.fromEntries(pairs),
      new Map(pairs),
      new Headers(pairs),
      { "x-ms-request-id": ["r-1"], "X-MS-CORRELATION-REQUEST-ID": "c-1" },
    ]) {
      expect(readFailure({ status: 500, headers, bodyAsText: "" })).toMatchObject(ids);
    }
  });

  it("reads the title of a gateway's page, and a body that is no JSON", () => {
    const page =
      "<!DOCTYPE html>\n<html><head><title>504 Gateway Time-out</title></head><body><h1>nginx</h1></body></html>";
    expect(rootOf(answer(504, page))).toEqual({ message: "504 Gateway Time-out" });
    expect(rootOf(answer(502, "upstream connect error"))).toEqual({ message: "upstream connect error" });
    expect(
      rootOf(
        answer(403, "<Error><Code>AuthenticationFailed</Code><Message>Signature did not match.</Message></Error>"),
      ),
    ).toEqual({
      code: "AuthenticationFailed",
      message: "Signature did not match.",
    });
  });

  it("says of a 2xx whose body breaks off that nobody knows", () => {
    expect(readFailure(answer(200, '{"id":"/subscriptions/s","prop'))).toMatchObject({
      status: 200,
      execution: "unknown",
    });
    expect(readFailure(answer(409, '{"error":{"code":"DiskBusy","message":"Disk is'))).toMatchObject({
      execution: "answered",
      chains: [[{ code: "DiskBusy", message: "Disk is" }]],
    });
  });

  it.each([
    [409, {}, "answered"],
    [400, {}, "answered"],
    [429, {}, "none"],
    [503, { "Retry-After": "5" }, "none"],
    [503, {}, "unknown"],
    [503, { "Retry-After": "soon" }, "unknown"],
    [408, {}, "unknown"],
    [500, { "Retry-After": "5" }, "unknown"],
    [502, {}, "unknown"],
    [504, {}, "unknown"],
    [501, {}, "answered"],
  ] as const)("says of %d with %o: %s", (status, headers, execution) => {
    expect(readFailure(answer(status, { error: full }, headers)).execution).toBe(execution);
  });
});

describe("answers that say 200 and mean failure", () => {
  it("reads the status document of an operation", () => {
    const document = { startTime: "2024-03-01T10:00:00Z", status: "Failed", error: full, name: "op-1" };
    expect(readFailure(answer(200, document))).toMatchObject({ origin: "operation", status: 200, chains: [[full]] });
    expect(readFailure(document)).toMatchObject({ origin: "operation", chains: [[full]] });
  });

  it("keeps the error of a cancelled operation, and its word where there is none", () => {
    expect(readFailure({ status: "Canceled", error: full })).toMatchObject({ origin: "operation", chains: [[full]] });
    expect(readFailure({ status: "Canceled" })).toMatchObject({
      origin: "operation",
      chains: [[{ code: "Canceled" }]],
    });
    expect(readFailure({ status: "Failed" })).toMatchObject({ origin: "operation", chains: [[{ code: "Failed" }]] });
  });

  it("reads what VM Inspector hides in a 200", () => {
    const failed = {
      message: "Inspection failed.",
      resultStatus: "Failed",
      errorDetail: {
        code: "ManifestUnknown",
        message: "",
        innerError: { exceptiontype: "X", errordetail: "No manifest 'eg2'." },
      },
      createdUTC: "2024-03-01T10:00:00Z",
    };
    const failure = readFailure(answer(200, failed));
    expect(failure).toMatchObject({ origin: "inspector", status: 200, execution: "answered" });
    expect(rootOf(failed)).toEqual({ code: "ManifestUnknown", message: "No manifest 'eg2'." });
  });

  it("reads a resource that ended in Failed, down to its instance view", () => {
    const statuses = [
      { code: "PowerState/running", level: "Info" },
      {
        code: "ProvisioningState/failed/DiskBusy",
        level: "Error",
        displayStatus: "Provisioning failed",
        message: full.message,
      },
    ];
    const resource = { id: "/vm1", properties: { provisioningState: "Failed", instanceView: { statuses } } };
    expect(readFailure(answer(200, resource))).toMatchObject({ origin: "operation", chains: [[full]] });
    expect(readFailure({ id: "/vm1", properties: { provisioningState: "Failed" } })).toMatchObject({
      origin: "operation",
    });
  });

  it("reads a list of deployment operations: the failed ones, each with its root", () => {
    const done = { properties: { provisioningState: "Succeeded", statusCode: "OK" } };
    const failed = (error: object): object => ({
      properties: { provisioningState: "Failed", statusCode: "Conflict", statusMessage: { status: "Failed", error } },
    });
    const nested = { code: "ResourceDeploymentFailure", message: "Ended in Failed.", details: [full] };
    const failure = readFailure({ value: [done, failed(nested), failed({ code: "NicBusy", message: "Busy." })] });
    expect(failure.chains.map((chain) => chain.map(({ code }) => code))).toEqual([
      ["ResourceDeploymentFailure", "DiskBusy"],
      ["NicBusy"],
    ]);
  });
});

describe("nesting", () => {
  it("follows JSON in strings in JSON, six levels down", () => {
    let error: object = full;
    for (let level = 0; level < 3; level++) {
      const status = {
        status: "Failed",
        error: { code: "ResourceDeploymentFailure", message: "Ended in Failed.", details: [error] },
      };
      const conflict = { code: "Conflict", message: JSON.stringify(status, null, 2) };
      error = { code: "DeploymentFailed", message: "At least one operation failed.", details: [conflict] };
    }
    const failure = readFailure(answer(200, { status: "Failed", error }));
    const level = ["DeploymentFailed", "Conflict", "ResourceDeploymentFailure"];
    expect(codesOf(failure)).toEqual([...level, ...level, ...level, "DiskBusy"]);
    expect(failure.chains[0].filter(({ code }) => code === "Conflict").every(({ message }) => message === "")).toBe(
      true,
    );
  });

  it("reads JSON behind prose, and the text of a Go client, inside a message", () => {
    const prose = `Provisioning of resource(s) failed. Message: {\n  "code": "DiskBusy",\n  "message": "Disk 'd1' is busy."\n }. Details: `;
    expect(
      codesOf(
        readFailure({
          error: {
            code: "InvalidTemplateDeployment",
            message: "m",
            details: [{ code: "ClusterFailed", message: prose }],
          },
        }),
      ),
    ).toEqual(["InvalidTemplateDeployment", "ClusterFailed", "DiskBusy"]);
    const go = `Category: ClientError; SubCode: DiskBusy; OrginalError: Service returned an error. Status=409 Code="DiskBusy" Message="Disk 'd1' is busy."; Retriable: false`;
    expect(rootOf({ error: { code: "ReconcileDisksFailed", message: go } })).toMatchObject(full);
  });

  it("leaves what a program printed in the guest alone", () => {
    const message = `VM has reported a failure when processing extension 'e'. Error message: "deploy: Code="QuotaExceeded" Message="no cores""`;
    expect(rootOf({ error: { code: "VMExtensionProvisioningError", message } })).toEqual({
      code: "VMExtensionProvisioningError",
      message,
    });
  });
});
