import { createHttpHeaders, createPipelineRequest, type PipelineResponse } from "@azure/core-rest-pipeline";
import { describe, expect, it } from "vitest";
import type { Operation, PollMode } from "../../src/lro/operation.js";
import { Operations } from "../../src/lro/operations.js";
import {
  isForeignFailure,
  looksLikeOperation,
  progressOf,
  runningResponse,
  succeededResponse,
  translate,
} from "../../src/lro/poll.js";

const operationUrl =
  "https://management.azure.com/subscriptions/s/providers/Microsoft.Compute/locations/westeurope/operations/1";
const vmUrl =
  "https://management.azure.com/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-01";
const poll = createPipelineRequest({ url: operationUrl });

const answer = (status: number, body: unknown = "", headers: Record<string, string> = {}): PipelineResponse => ({
  request: poll,
  status,
  headers: createHttpHeaders(headers),
  bodyAsText: typeof body === "string" ? body : JSON.stringify(body),
});

function operationOf(mode: PollMode, method: "PUT" | "POST" | "DELETE" = "POST"): Operation {
  const headers = {
    status: { "azure-asyncoperation": operationUrl, location: `${operationUrl}?monitor=true` },
    location: { location: operationUrl },
    body: {},
  }[mode];
  const body = mode === "body" ? { properties: { provisioningState: "Creating" } } : "";
  const begun = answer(mode === "body" ? 201 : 202, body, headers);
  const operation = new Operations().track(createPipelineRequest({ url: vmUrl, method }), begun, 0);
  if (!operation) throw new Error("not tracked");
  return operation;
}

describe("what an answer to a poll says", () => {
  it.each([
    ["status", 200, { status: "InProgress" }, "running"],
    ["status", 200, { status: "Succeeded" }, "succeeded"],
    ["status", 200, { status: "Failed" }, "failed"],
    ["status", 200, { status: "PartiallyFailed" }, "failed"],
    ["status", 200, { status: "Canceled" }, "failed"],
    ["status", 200, { status: "cancelled" }, "failed"],
    ["status", 200, { status: "SomethingNew" }, "running"],
    ["status", 202, "", "running"],
    ["status", 200, "", "succeeded"],
    ["status", 200, "<html>", "succeeded"],
    ["status", 200, { status: 7 }, "succeeded"],
    ["status", 200, { status: "Succeeded", resultStatus: "Failed" }, "failed"],
    ["location", 202, { status: "Failed" }, "running"],
    ["location", 200, "", "succeeded"],
    ["location", 204, "", "succeeded"],
    ["location", 200, { status: "Failed" }, "failed"],
    ["location", 409, "", "failed"],
    ["body", 200, { properties: { provisioningState: "Updating" } }, "running"],
    ["body", 200, { properties: { provisioningState: "Succeeded" } }, "succeeded"],
    ["body", 200, { properties: { provisioningState: "Failed" } }, "failed"],
    ["body", 200, { provisioningState: "Canceled" }, "failed"],
    ["body", 200, { status: "Failed", properties: { provisioningState: "Succeeded" } }, "succeeded"],
  ] as const)("by %s: %d %j is %s", (mode, status, body, progress) => {
    expect(progressOf(answer(status, body), mode)).toBe(progress);
  });
});

describe("what looks like an operation", () => {
  it.each([
    [operationUrl, true],
    ["https://h/subscriptions/s/operationresults/eyJ?api-version=1", true],
    ["https://h/providers/Microsoft.Storage/locations/we/asyncoperations/1", true],
    ["https://h/providers/Microsoft.Network/locations/we/operationStatuses/1", true],
    ["https://h/providers/Microsoft.Sql/locations/we/azureAsyncOperation/1", true],
    ["https://h/subscriptions/s/providers/Microsoft.Compute/locations/we/diagnosticOperations/1?monitor=true", true],
    ["https://h/subscriptions/s/operationResult/1", true],
    ["https://h/subscriptions/s/operationstatus/1", true],
    ["https://h/subscriptions/s/resourceGroups/operations/providers/Microsoft.Compute/virtualMachines/web-01", false],
    ["https://h/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/publicIPAddresses/web-01", false],
    ["https://h", false],
    ["", false],
    ["https://h/providers/Microsoft.Compute/operations?api-version=1", false],
    [vmUrl, false],
  ])("%s: %s", (url, expected) => {
    expect(looksLikeOperation(url)).toBe(expected);
  });

  it("is a failure only when it says so in a status document", () => {
    const at = (url: string, body: unknown): boolean =>
      isForeignFailure(createPipelineRequest({ url }), answer(200, body));
    expect(at(operationUrl, { status: "Failed" })).toBe(true);
    expect(at(operationUrl, { resultStatus: "Failed" })).toBe(true);
    expect(at(operationUrl, { status: "InProgress" })).toBe(false);
    expect(at(operationUrl, "Failed")).toBe(false);
    expect(at(vmUrl, { status: "Failed", properties: { provisioningState: "Failed" } })).toBe(false);
    // A resource in a group of that name is read as one, and is in no state of its own.
    expect(
      at("https://h/resourceGroups/operations/providers/P/t/x", { properties: { provisioningState: "Failed" } }),
    ).toBe(false);
  });
});

describe("answers of our own", () => {
  it("tell each poller in its language to come back, in whole seconds and never at once", () => {
    const status = runningResponse(operationOf("status"), poll, 1_200);
    expect(status.headers.toJSON()).toMatchObject({ "retry-after": "2", "azure-asyncoperation": operationUrl });
    expect(progressOf(status, "status")).toBe("running");
    const location = runningResponse(operationOf("location"), poll, 0);
    expect(location).toMatchObject({ status: 202 });
    expect(location.headers.toJSON()).toMatchObject({ "retry-after": "1", location: operationUrl });
    expect(progressOf(runningResponse(operationOf("body", "PUT"), poll, 5_000), "body")).toBe("running");
  });

  it("show the resource where the resource is polled", () => {
    const operation = operationOf("body", "PUT");
    operation.lastSeenResource = JSON.stringify({
      name: "web-01",
      tags: { a: "b" },
      properties: { vmId: "1", provisioningState: "Failed" },
    });
    expect(JSON.parse(runningResponse(operation, poll, 0).bodyAsText ?? "")).toEqual({
      name: "web-01",
      tags: { a: "b" },
      properties: { vmId: "1", provisioningState: "Updating" },
    });
  });

  it("lead the poller to the result of the submission that succeeded", () => {
    expect(succeededResponse(operationOf("status"), poll, "https://h/result").bodyAsText).toContain("https://h/result");
    expect(succeededResponse(operationOf("status", "DELETE"), poll, "https://h/result").bodyAsText).toBe(
      '{"status":"Succeeded"}',
    );
    expect(succeededResponse(operationOf("status", "PUT"), poll, "https://h/result").bodyAsText).toBe(
      '{"status":"Succeeded"}',
    );
  });
});

describe("the service's answers", () => {
  it("pass as they are while nothing was done", () => {
    const response = answer(200, { status: "InProgress" });
    expect(translate(operationOf("status"), poll, response, "running")).toBe(response);
    expect(response.headers.has("retry-after")).toBe(false);
  });

  it("give the poller its old pace back after a longer wait, unless the service sets one", () => {
    const operation = operationOf("status");
    operation.pollIntervalMs = 5_000;
    runningResponse(operation, poll, 60_000);
    expect(
      translate(operation, poll, answer(200, { status: "InProgress" }), "running").headers.get("retry-after"),
    ).toBe("5");
    const paced = answer(200, { status: "InProgress" }, { "retry-after": "17" });
    expect(translate(operation, poll, paced, "running").headers.get("retry-after")).toBe("17");
  });

  it("keep their output when they are led to another result", () => {
    const operation = operationOf("status");
    operation.submissions = 2;
    const ended = answer(200, { status: "Succeeded", properties: { output: { value: 1 } } });
    expect(JSON.parse(translate(operation, poll, ended, "succeeded").bodyAsText ?? "")).toEqual({
      status: "Succeeded",
      properties: { output: { value: 1 } },
      resourceLocation: `${operationUrl}?monitor=true`,
    });
  });
});
