import { describe, expect, it } from "vitest";
import { readFailure } from "../../src/failure/read.js";
import { answer } from "./reading.js";

const now = Date.UTC(2024, 2, 1, 10, 0, 0);
const wait = (input: unknown, at: number | undefined = now): number | undefined =>
  readFailure(input, { now: at }).retryAfterMs;

describe("waits that headers ask for", () => {
  it.each<[headers: Record<string, string>, waitMs: number | undefined]>([
    [{ "Retry-After": "17" }, 17_000],
    [{ "retry-after": "1.5" }, 1_500],
    [{ "RETRY-AFTER": "0" }, 0],
    [{ "Retry-After": " 5 " }, 5_000],
    [{ "Retry-After": "5, 7" }, 5_000],
    [{ "retry-after-ms": "250", "Retry-After": "1" }, 250],
    [{ "x-ms-retry-after-ms": "300", "Retry-After": "1" }, 300],
    [{ "retry-after-ms": "soon", "Retry-After": "1" }, 1_000],
    [{ "Retry-After": "Fri, 01 Mar 2024 10:00:30 GMT" }, 30_000],
    [{ "Retry-After": "2024-03-01T10:01:00Z" }, 60_000],
    [{ "Retry-After": "Fri, 01 Mar 2024 09:59:00 GMT" }, undefined],
    [{ "Retry-After": "-5" }, undefined],
    [{ "Retry-After": "soon 1" }, undefined],
    [{ "Retry-After": "" }, undefined],
    // Resource Graph
    [{ "x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "00:00:03" }, 3_000],
    [{ "x-ms-user-quota-resets-after": "01:02:03.5" }, 3_723_000],
    [{ "x-ms-user-quota-resets-after": "00:00:05", "Retry-After": "1" }, 1_000],
    [{ "x-ms-user-quota-resets-after": "soon" }, undefined],
    [{}, undefined],
    // VM Inspector's examples count milliseconds; whole days of seconds are no wait that a service asks for.
    [{ "Retry-After": "120000" }, 120_000],
    [{ "Retry-After": "86400" }, 86_400_000],
    [{ "Retry-After": "86401" }, 86_401],
    [{ "Retry-After": "99999999999" }, 99_999_999_999_000],
    [{ "Retry-After": "9".repeat(399) }, Number.MAX_SAFE_INTEGER],
  ])("%o: %s", (headers, waitMs) => {
    expect(wait(answer(409, "", headers))).toBe(waitMs);
    expect(wait({ status: 429, headers: new Headers(headers) })).toBe(waitMs);
  });

  it("measures a date from the time of the answer when nobody says what time it is", () => {
    const headers = { Date: "Fri, 01 Mar 2024 10:00:00 GMT", "Retry-After": "Fri, 01 Mar 2024 10:00:20 GMT" };
    expect(readFailure(answer(503, "", headers)).retryAfterMs).toBe(20_000);
    expect(readFailure({ status: 503, headers: new Headers(headers) }).retryAfterMs).toBe(20_000);
    expect(readFailure({ status: 503, headers: new Map(Object.entries(headers)), bodyAsText: "" }).retryAfterMs).toBe(
      20_000,
    );
    expect(readFailure(answer(503, "", { "Retry-After": headers["Retry-After"] })).retryAfterMs).toBeUndefined();
  });
});

describe("waits that messages ask for", () => {
  it.each<[message: string, waitMs: number | undefined]>([
    ["Too many reads. Please try again after '12' seconds.", 12_000],
    ["Limit of '50' for '00:05:00' reached. Please try again after '372' seconds.", 372_000],
    ["The NIC is reserved for another machine for 180 seconds. Provide another one.", 180_000],
    ["Retry after 90 seconds.", 90_000],
    ["The store is busy. Please retry in 5 minutes.", 300_000],
    ["Please wait 2 minutes and send the request again.", 120_000],
    ["Too many redeployments. Try again in 1 hour.", 3_600_000],
    ["Please try again after ‘6’ seconds", 6_000],
    ["Please try again in 1.5 minutes", 90_000],
    ["Please try again in 500 milliseconds.", 500],
    ["The guest did not answer within 20 minutes. Please retry.", undefined],
    ["Provisioning timed out after 40 minutes. Check the log and try again.", undefined],
    ["Please try again in a few minutes.", undefined],
    ["Please try again after 10 attempts.", undefined],
    ["The name is 5 minutes", undefined],
  ])("%s", (message, waitMs) => {
    expect(wait(answer(429, { error: { code: "Busy", message } }))).toBe(waitMs);
    expect(wait(`(DiskBusy) ${message}`)).toBe(waitMs);
  });

  it("believes the header over the message", () => {
    expect(
      wait(answer(429, { error: { code: "Busy", message: "Try again after '9' seconds." } }, { "Retry-After": "4" })),
    ).toBe(4_000);
  });

  it("finds the end of Compute's window", () => {
    const window = (end: string): object => ({
      code: "OperationNotAllowed",
      message: "Too many requests.",
      details: [
        {
          code: "TooManyRequests",
          target: "GetVM3Min",
          message: JSON.stringify({ operationGroup: "GetVM3Min", startTime: "2024-03-01T09:59:00Z", endTime: end }),
        },
      ],
    });
    expect(wait(answer(429, window("2024-03-01T10:02:30.5+00:00")))).toBe(150_500);
    expect(wait(answer(429, window("2024-03-01T09:59:59Z")))).toBeUndefined();
    expect(wait(answer(429, window("tomorrow")))).toBeUndefined();
    expect(
      wait(answer(429, window("2024-03-01T10:01:00Z"), { Date: "Fri, 01 Mar 2024 10:00:00 GMT" }), undefined),
    ).toBe(60_000);
  });

  it("reads a header that was printed with the answer", () => {
    expect(wait("Status: 429 (Too Many Requests)\nErrorCode: TooManyRequests\n\nHeaders:\nRetry-After: 33\n")).toBe(
      33_000,
    );
  });
});
