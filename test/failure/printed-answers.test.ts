/** Answers that were pasted with their head: by curl, by az with --debug, by the SDKs of Go, .NET and Java. */
import { describe, expect, it } from "vitest";
import { diagnose } from "../../src/diagnose.js";
import { readFailure } from "../../src/failure/read.js";

const requestId = "0c4d1f6e-6a2b-4f3c-9a57-1d2e3f405162";
const correlationId = "7f1e2d3c-4b5a-4697-8877-665544332211";
const body = '{"error":{"code":"TooManyRequests","message":"Too many plums."}}';

describe("a printed answer gives its status, its wait and its ids", () => {
  it.each<[tool: string, text: string, waitMs: number]>([
    [
      "curl -i",
      `HTTP/1.1 429 Too Many Requests\nContent-Type: application/json\nRetry-After: 17\nx-ms-request-id: ${requestId}\nx-ms-correlation-request-id: ${correlationId}\n\n${body}`,
      17_000,
    ],
    [
      "curl -v",
      `> PUT /subscriptions/s HTTP/1.1\n< HTTP/1.1 429 Too Many Requests\n< Retry-After: 12\n< x-ms-request-id: ${requestId}\n< x-ms-correlation-request-id: ${correlationId}\n< \n${body}`,
      12_000,
    ],
    [
      "az --debug",
      `cli.azure.cli.core.sdk.policies: Response status: 429\ncli.azure.cli.core.sdk.policies: Response headers:\ncli.azure.cli.core.sdk.policies:     'Retry-After': '23'\ncli.azure.cli.core.sdk.policies:     'x-ms-request-id': '${requestId}'\ncli.azure.cli.core.sdk.policies:     'x-ms-correlation-request-id': '${correlationId}'\ncli.azure.cli.core.sdk.policies: Response content:\ncli.azure.cli.core.sdk.policies: ${body}`,
      23_000,
    ],
    [
      "Go",
      `PUT https://management.azure.com/subscriptions/s\n----\nRESPONSE 429: 429 Too Many Requests\nERROR CODE: TooManyRequests\n----\nRetry-After:[31] X-Ms-Request-Id:[${requestId}] X-Ms-Correlation-Request-Id:[${correlationId}]\n${body}`,
      31_000,
    ],
    [
      ".NET",
      `Azure.RequestFailedException: Too many plums.\nStatus: 429 (Too Many Requests)\nErrorCode: TooManyRequests\n\nContent:\n${body}\n\nHeaders:\nRetry-After: 9\nx-ms-request-id: ${requestId}\nx-ms-correlation-request-id: ${correlationId}`,
      9_000,
    ],
    [
      "Java",
      `com.azure.core.exception.HttpResponseException: Status code 429, "${body}" headers={retry-after-ms=1500, x-ms-request-id=${requestId}, x-ms-correlation-request-id=${correlationId}}`,
      1_500,
    ],
    [
      "a date, which counts from the date of the answer",
      `HTTP/2 429\nretry-after: Tue, 03 Nov 2026 18:01:21 GMT\ndate: Tue, 03 Nov 2026 18:00:51 GMT\nx-ms-request-id: ${requestId}\nx-ms-correlation-request-id: ${correlationId}\n\n${body}`,
      30_000,
    ],
  ])("%s", (_, text, retryAfterMs) => {
    const expected = { code: "TooManyRequests", status: 429, retryAfterMs, requestId, correlationId };
    expect(diagnose(text)).toMatchObject(expected);
  });

  it("whose body is no JSON", () => {
    const text = `HTTP/1.1 503 Service Unavailable\nServer: plums\nRetry-After: 4\n\nThe orchard is closed for maintenance.`;
    const { chains, status, retryAfterMs } = readFailure(text);
    expect(chains).toEqual([[{ message: "The orchard is closed for maintenance." }]]);
    expect({ status, retryAfterMs }).toEqual({ status: 503, retryAfterMs: 4_000 });
  });

  it("that has no body", () => {
    expect(diagnose("HTTP/1.1 503 Service Unavailable\nContent-Length: 0\n")).toMatchObject({
      status: 503,
      disposition: "transient",
      message: "HTTP/1.1 503 Service Unavailable",
    });
  });

  it("but not what went well before", () => {
    const text = `HTTP/1.1 202 Accepted\nRetry-After: 900\n\nHTTP/1.1 409 Conflict\n\n{"error":{"code":"PlumInUse","message":"The plum is in use by a basket."}}`;
    expect(readFailure(text).retryAfterMs).toBeUndefined();
  });
});
