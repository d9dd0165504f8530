/** What no retry helps: one request, and an error that says what to do and passes for the SDK's own. */
import { inspect } from "node:util";
import { isRestError, RestError } from "@azure/core-rest-pipeline";
import { isRemedyError, RemedyError } from "azure-remedy";
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect, generations } from "../support/clients.js";
import { remedyErrorOf, thrownBy } from "../support/outcome.js";
import { inVirtualTime } from "../support/virtual-time.js";

let arm: Emulator;
beforeEach(async () => {
  arm = await startEmulator();
  arm.addVm({ name: "web-01" });
});
afterEach(() => arm.stop());

/** As Resource Manager nests it: the telling node inside, facts beside it that clients of 24 drop. */
const nested = {
  error: {
    code: "BadRequest",
    message: "The request is bad.",
    target: "vm",
    details: [
      {
        code: "InvalidParameter",
        message: "The value of parameter osDisk.name is invalid.",
        target: "osDisk.name",
        additionalInfo: [{ type: "Hint", info: { allowed: ["a-z", "0-9"] } }],
      },
    ],
    additionalInfo: [{ type: "Trace", info: { region: "westeurope" } }],
    innererror: { exceptiontype: "ArgumentException", errordetail: "osDisk.name" },
    unknownToModels: { kept: true },
  },
};

describe.each(generations)("arm-compute %s, a permanent failure", (generation) => {
  it.each([
    ["a wrong parameter", "InvalidParameter", 400],
    ["a method that is not allowed", "MethodNotAllowed", 405],
    ["no right to do it", "AuthorizationFailed", 403],
    ["a group that is not there", "ResourceGroupNotFound", 404],
    ["a quota that is used up", "QuotaExceeded", 409],
  ])("%s ends in one request, at once", (_, code, status) =>
    inVirtualTime(async (time) => {
      const compute = connect(generation, arm, time);
      const fault = arm.fail(code, { on: "PUT virtualMachines", status, times: Infinity });
      const error = await remedyErrorOf(compute.create("web-02"));
      expect(arm.story).toEqual([`PUT virtualMachines/web-02 ${status} ${code}`]);
      expect(time.elapsedMs()).toBe(0);
      expect(fault.hits).toBe(1);
      expect(error).toMatchObject({ code, statusCode: status });
      expect(error.diagnosis.disposition).toBe("permanent");
      expect(error.retryAfterMs).toBeUndefined();
      expect(error.retryAt).toBeUndefined();
    }),
  );

  it("passes for the SDK's own error, by name and by class", () =>
    inVirtualTime(async (time) => {
      arm.fail({ status: 400, body: nested }, { on: "GET virtualMachines" });
      const error = await thrownBy(connect(generation, arm, time).get("web-01"));
      expect(error.name).toBe("RestError");
      expect(isRestError(error)).toBe(true);
      expect(error).toBeInstanceOf(RestError);
      expect(error).toBeInstanceOf(RemedyError);
      expect(error).toBeInstanceOf(Error);
      expect(isRemedyError(error)).toBe(true);
    }));

  it("carries the whole answer, the root's code in front", () =>
    inVirtualTime(async (time) => {
      arm.fail({ status: 400, headers: { "x-ms-request-id": "r-1" }, body: nested }, { on: "GET virtualMachines" });
      const error = await remedyErrorOf(connect(generation, arm, time).get("web-01"));
      expect(error.code).toBe("InvalidParameter");
      expect(error.statusCode).toBe(400);
      expect(error.details).toEqual(nested);
      expect(error.response?.status).toBe(400);
      expect(error.response?.bodyAsText).toBe(JSON.stringify(nested));
      expect((error.response as { parsedBody?: unknown }).parsedBody).toEqual(nested);
      expect(error.response?.headers.get("x-ms-request-id")).toBe("r-1");
      expect(error.response?.request).toBe(error.request);
      expect(error.request).toMatchObject({ method: "GET" });
      expect(error.request?.url).toContain("/virtualMachines/web-01?");
      expect(error.diagnosis.chain.map(({ code }) => code)).toEqual(["BadRequest", "InvalidParameter"]);
      expect(error.diagnosis.requestId).toBe("r-1");
    }));

  it("says in its first line what happened, and below it what to do", () =>
    inVirtualTime(async (time) => {
      const headers = { "x-ms-request-id": "r-1", "x-ms-correlation-request-id": "c-1" };
      arm.fail({ status: 400, headers, body: nested }, { on: "GET virtualMachines" });
      const { message } = await remedyErrorOf(connect(generation, arm, time).get("web-01"));
      expect(message.split("\n")).toEqual([
        "InvalidParameter: Azure does not accept the value of osDisk.name.",
        "  The service said: The request is bad. Because: The value of parameter osDisk.name is invalid.",
        "  What to do:",
        "    1. Correct osDisk.name, then send the request again.",
        "    2. Compare it with the reference: https://learn.microsoft.com/azure/templates/microsoft.compute/virtualmachines",
        "  Tried once in 0 ms; permanent: sending it again would fail again.",
        "  More: https://learn.microsoft.com/troubleshoot/azure/virtual-machines/windows/error-messages",
        "  For support: request id r-1, correlation id c-1",
      ]);
    }));

  it("is safe to log: JSON has what a log needs, and the token is printed nowhere", () =>
    inVirtualTime(async (time) => {
      arm.fail({ status: 400, body: nested }, { on: "GET virtualMachines" });
      const error = await remedyErrorOf(connect(generation, arm, time).get("web-01"));
      const token = error.request?.headers.get("authorization")?.slice("Bearer ".length) ?? "";
      expect(token.length).toBeGreaterThan(20);
      expect(JSON.parse(JSON.stringify(error))).toMatchObject({
        name: "RemedyError",
        message: error.message,
        code: "InvalidParameter",
        statusCode: 400,
        diagnosis: { disposition: "permanent", category: "invalid-input", rule: { id: "InvalidParameter.value" } },
        attempts: [{ status: 400, code: "InvalidParameter", waitMs: 0 }],
        elapsedMs: 0,
      });
      const printed = [
        JSON.stringify(error),
        inspect(error, { depth: 20 }),
        inspect({ error }),
        String(error),
        error.stack,
      ];
      for (const text of printed) {
        expect(text).toContain("InvalidParameter");
        expect(text).not.toContain(token);
      }
    }));

  it.each([
    ["an HTML page", { status: 403, body: "<html><body>Blocked by the proxy</body></html>" }, "<html>"],
    ["a sentence", { status: 400, body: "Nothing like that." }, "Nothing like that"],
    ["an error without its envelope", { status: 400, body: { code: "BadArgument", message: "m" } }, "BadArgument"],
    ["an empty body", { status: 400 }, ""],
  ])("%s is still an error with a status and a reason", (_, fault, inBody) =>
    inVirtualTime(async (time) => {
      arm.fail(fault, { on: "GET virtualMachines" });
      const error = await remedyErrorOf(connect(generation, arm, time).get("web-01"));
      expect(error.statusCode).toBe(fault.status);
      expect(error.message.length).toBeGreaterThan(20);
      expect(error.response?.bodyAsText ?? "").toContain(inBody);
      expect(arm.story).toHaveLength(1);
    }),
  );

  it("a 500 whose words say that it will not pass is sent no more often than by the SDK", () =>
    inVirtualTime(async (time) => {
      const message = "The value of parameter osDisk.name is invalid.";
      arm.fail(
        { status: 500, body: { error: { code: "InvalidParameter", message } } },
        { on: "GET virtualMachines", times: 9 },
      );
      const error = await remedyErrorOf(connect(generation, arm, time).get("web-01"));
      expect(error.diagnosis.disposition).toBe("permanent");
      expect(arm.story).toEqual(Array.from({ length: 4 }, () => "GET virtualMachines/web-01 500 InvalidParameter"));
    }));

  it("the plain SDK's error and ours agree where both say something", () =>
    inVirtualTime(async (time) => {
      arm.fail("ResourceGroupNotFound", { on: "GET virtualMachines", times: 2 });
      const plain = (await thrownBy(connect(generation, arm, time, null).get("web-01"))) as RestError;
      const ours = await remedyErrorOf(connect(generation, arm, time).get("web-01"));
      expect(ours.name).toBe(plain.name);
      expect(ours.code).toBe(plain.code);
      expect(ours.statusCode).toBe(plain.statusCode);
      expect(ours.request?.url).toBe(plain.request?.url);
      expect(ours.details).toMatchObject({ error: { code: plain.code, message: plain.message } });
      expect(Object.keys(ours)).toEqual(expect.arrayContaining(["code", "statusCode", "details"]));
      expect(Object.keys(ours)).not.toEqual(expect.arrayContaining(["request"]));
    }));
});
