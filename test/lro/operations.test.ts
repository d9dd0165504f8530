import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createHttpHeaders, createPipelineRequest, type PipelineResponse } from "@azure/core-rest-pipeline";
import { describe, expect, it } from "vitest";
import { Operations } from "../../src/lro/operations.js";

const vmUrl =
  "https://management.azure.com/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-01?api-version=2024-11-01";
const operationUrl = (id: string): string =>
  `https://management.azure.com/subscriptions/s/providers/Microsoft.Compute/locations/westeurope/operations/${id}?api-version=2024-11-01`;

const request = (method: "PUT" | "PATCH" | "POST" | "DELETE" | "GET" = "PUT", url = vmUrl) =>
  createPipelineRequest({ method, url, body: "{}", headers: createHttpHeaders({ authorization: "Bearer t" }) });

function response(headers: Record<string, string>, body = "", status = 201): PipelineResponse {
  return { request: request(), status, headers: createHttpHeaders(headers), bodyAsText: body };
}

const begun = (id: string): PipelineResponse => response({ "azure-asyncoperation": operationUrl(id) });

describe("what begins an operation", () => {
  const creating = JSON.stringify({ properties: { provisioningState: "Creating" } });
  const link = operationUrl("1");

  it.each([
    ["PUT", { "azure-asyncoperation": link }, "", "status", vmUrl],
    ["PUT", { "operation-location": link, "azure-asyncoperation": operationUrl("2") }, "", "status", vmUrl],
    ["PUT", { location: link }, "", "location", vmUrl],
    ["PUT", {}, creating, "body", vmUrl],
    ["PATCH", { "azure-asyncoperation": link, location: operationUrl("2") }, "", "status", operationUrl("2")],
    ["PATCH", { "azure-asyncoperation": link }, "", "status", vmUrl],
    ["POST", { "azure-asyncoperation": link, location: operationUrl("2") }, "", "status", operationUrl("2")],
    ["POST", { "azure-asyncoperation": link }, "", "status", undefined],
    ["POST", { location: link }, "", "location", link],
    ["DELETE", { "azure-asyncoperation": link, location: operationUrl("2") }, "", "status", undefined],
  ] as const)("%s with %j: %s", (method, headers, body, mode, resourceUrl) => {
    const operation = new Operations().track(request(method), response(headers, body), 0);

    expect(operation).toMatchObject({ pollMode: mode, mode, operationUrl: mode === "body" ? vmUrl : link });
    expect(operation?.resourceUrl).toBe(resourceUrl);
  });

  it.each([
    ["PUT", {}, JSON.stringify({ properties: { provisioningState: "Succeeded" } })],
    ["PUT", {}, "not JSON, though it says provisioningState"],
    ["PATCH", {}, creating],
    ["GET", { "azure-asyncoperation": link }, ""],
    ["POST", { location: "" }, ""],
  ] as const)("%s with %j and %s begins none", (method, headers, body) => {
    expect(new Operations().track(request(method), response(headers, body), 0)).toBeUndefined();
  });

  it("is remembered without the token it was sent with", () => {
    const operation = new Operations().track(request(), begun("1"), 0);
    expect(JSON.stringify(operation?.first)).not.toContain("Bearer");
  });
});

describe("the table of operations", () => {
  it("finds an operation by its path, in any case and with any query", () => {
    const operations = new Operations();
    const operation = operations.track(request(), begun("AB-1"), 0);
    expect(operations.find(operationUrl("ab-1").replace("2024-11-01", "2026-03-01&monitor=true"))).toBe(operation);
    expect(operations.find(operationUrl("ab-2"))).toBeUndefined();
  });

  it("keeps to the later of two writes that are polled at the same URL, also when the earlier one ends", () => {
    const operations = new Operations();
    const creating = response({}, JSON.stringify({ properties: { provisioningState: "Creating" } }));
    const first = operations.track(request(), creating, 0);
    const second = operations.track(request(), creating, 1);
    if (first) operations.end(first);
    expect(operations.find(vmUrl)).toBe(second);
    expect(operations.inFlight).toHaveLength(1);
  });

  it("forgets who has not asked for two hours, with the next operation", () => {
    const operations = new Operations();
    operations.track(request(), begun("1"), 0);
    operations.track(request(), begun("2"), 2 * 3_600_000 - 1);
    expect(operations.inFlight).toHaveLength(2);
    operations.track(request(), begun("3"), 2 * 3_600_000);
    expect(operations.find(operationUrl("1"))).toBeUndefined();
    expect(operations.inFlight).toHaveLength(2);
  });

  it("gives the end that it came to to whoever asks at an earlier submission, and only there", () => {
    const operations = new Operations();
    const operation = operations.track(request(), begun("1"), 0);
    if (!operation) throw new Error("not tracked");
    operation.failedUrls.push(operation.operationUrl);
    operations.follow(operation, request(), begun("2"), 1);

    operations.end(operation, response({}, '{"status":"Succeeded"}', 200));

    expect(operations.inFlight).toHaveLength(0);
    expect(operations.find(operationUrl("1"))?.final?.bodyAsText).toBe('{"status":"Succeeded"}');
    expect(operations.find(operationUrl("1"))?.first.body).toBeUndefined();
    expect(operations.find(operationUrl("2"))).toBeUndefined();
  });

  it("holds nothing after a hundred thousand operations, of which some were healed, and no more than ten thousand of those abandoned", () => {
    const operations = new Operations();
    const put = request();
    const answer = begun("x");
    const before = heap();
    for (let n = 0; n < 100_000; n++) {
      answer.headers.set("azure-asyncoperation", operationUrl(`op-${n}`));
      const operation = operations.track(put, answer, n);
      if (!operation) throw new Error("not tracked");
      if (n % 5 === 0) continue; // its poller went away
      if (n % 3 === 0) operation.failedUrls.push(operation.operationUrl);
      operations.end(operation, n % 3 === 0 ? answer : undefined);
    }
    expect(operations.inFlight.length).toBeLessThanOrEqual(10_000);
    const last = operations.track(put, answer, 100_000 + 2 * 3_600_000);
    if (last) operations.end(last);
    expect(operations.inFlight).toHaveLength(0);
    expect(heap() - before).toBeLessThan(3_000_000);
  });
});

/** Bytes in use after the garbage is gone. */
function heap(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}
