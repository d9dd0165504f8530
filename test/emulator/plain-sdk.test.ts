/** What the SDK as it ships makes of each kind of failure: this is what the emulator must bring about. */
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { compute22, compute24, generations, type Compute } from "./clients.js";
import { atOnce, thrownBy } from "./outcome.js";

let arm: Emulator;
beforeEach(async () => {
  arm = await startEmulator();
  arm.addVm({ name: "web-01" });
});
afterEach(() => arm.stop());

const nested = {
  error: {
    code: "Conflict",
    message: "outer",
    details: [{ code: "Inner", message: "m", details: [{ code: "Root" }] }],
  },
};
const get = (compute: Compute): Promise<unknown> => compute.virtualMachines.get("rg", "web-01");

describe("a call that fails at once", () => {
  it("keeps its whole body in 22, and the top of it in 24", async () => {
    arm.fail({ status: 409, body: nested }, { on: "GET virtualMachines", times: 2 });
    const [older, newer] = [await thrownBy(get(compute22(arm))), await thrownBy(get(compute24(arm)))];
    for (const error of [older, newer]) {
      expect(error).toMatchObject({ name: "RestError", statusCode: 409, code: "Conflict", message: "outer" });
    }
    expect(older.details).toMatchObject(nested);
    expect(older.response?.bodyAsText).toBe(JSON.stringify(nested));
    expect(newer.details).toEqual({
      error: { code: "Conflict", message: "outer", details: [{ code: "Inner", message: "m" }] },
    });
    expect(newer.response).not.toHaveProperty("bodyAsText");
  });

  it("is only a page when a gateway answers", async () => {
    arm.html({ on: "GET virtualMachines", times: Infinity });
    const [older, newer] = [await thrownBy(get(compute22(arm))), await thrownBy(get(compute24(arm)))];
    expect(older).toMatchObject({ statusCode: 502, code: undefined });
    expect(older.message).toContain("<html>");
    expect(newer).toMatchObject({ statusCode: 502, code: undefined, message: "Unexpected status code: 502" });
    expect(older.response?.headers.get("x-ms-request-id")).toBeUndefined();
    expect(arm.story).toEqual(Array.from({ length: 8 }, () => "GET virtualMachines/web-01 502"));
  });

  it.each(generations)("%s: a reset comes as ECONNRESET, after four requests", async (_, connect) => {
    arm.reset({ on: "GET virtualMachines", times: Infinity });
    const error = await thrownBy(get(connect(arm)));
    expect(error).toMatchObject({ name: "RestError", code: "ECONNRESET", statusCode: undefined, response: undefined });
    expect(arm.story).toEqual(Array.from({ length: 4 }, () => "GET virtualMachines/web-01 reset"));
  });

  it.each(generations)("%s: half an answer comes as PARSE_ERROR and is not retried", async (_, connect) => {
    arm.cutBody({ on: "GET virtualMachines" });
    const error = await thrownBy(get(connect(arm)));
    expect(error).toMatchObject({ name: "RestError", code: "PARSE_ERROR", statusCode: undefined });
    expect(error.message).toContain("aborted");
    expect(arm.story).toEqual(["GET virtualMachines/web-01 cut"]);
  });

  it.each(generations)("%s: EAI_AGAIN never leaves the machine and is not retried", async (_, connect) => {
    arm.fail("EAI_AGAIN", { on: "GET virtualMachines" });
    const error = await thrownBy(get(connect(arm)));
    expect(error).toMatchObject({ name: "RestError", code: "EAI_AGAIN", statusCode: undefined });
    expect(arm.story).toEqual(["GET virtualMachines/web-01 failed to send EAI_AGAIN"]);
  });

  it.each(generations)("%s: a hung call ends when the caller gives up, and not before", async (_, connect) => {
    arm.hang({ on: "POST virtualMachines/start" });
    const given = new AbortController();
    const call = connect(arm).virtualMachines.beginStartAndWait("rg", "web-01", { abortSignal: given.signal });
    const error = thrownBy(call);
    await expect.poll(() => arm.story).toEqual(["POST virtualMachines/web-01/start hung"]);
    given.abort();
    expect(await error).toMatchObject({ name: "AbortError" });
  });

  it.each(generations)(
    "%s: an answer that stops half-way keeps the caller waiting until it gives up",
    async (_, connect) => {
      arm.hang({ on: "POST virtualMachines/runCommand", inBody: true });
      const given = new AbortController();
      const command = { commandId: "RunShellScript" };
      const vms = connect(arm).virtualMachines;
      const error = thrownBy(vms.beginRunCommandAndWait("rg", "web-01", command, { abortSignal: given.signal }));
      await expect.poll(() => arm.story).toEqual(["POST virtualMachines/web-01/runCommand stalled"]);
      given.abort();
      expect((await error).name).toMatch(/^(AbortError|RestError)$/);
      expect(arm.exchanges).toMatchObject([{ executed: true }]);
    },
  );

  it.each(generations)("%s: 429 is retried when a header says how long, and only then", async (_, connect) => {
    const compute = connect(arm);
    arm.throttle({ on: "GET virtualMachines", retryAfter: 0 });
    await get(compute);
    arm.throttle({ on: "GET virtualMachines", hint: "text", retryAfter: 7 });
    const inText = await thrownBy(get(compute));
    expect(inText).toMatchObject({ statusCode: 429, code: "SubscriptionRequestsThrottled" });
    expect(inText.message).toContain("try again after '7' seconds");
    arm.throttle({ on: "GET virtualMachines", hint: "none", from: "compute" });
    expect(await thrownBy(get(compute))).toMatchObject({ statusCode: 429 });
    expect(arm.story).toEqual([
      "GET virtualMachines/web-01 429 SubscriptionRequestsThrottled",
      "GET virtualMachines/web-01 200",
      "GET virtualMachines/web-01 429 SubscriptionRequestsThrottled",
      "GET virtualMachines/web-01 429 OperationNotAllowed",
    ]);
  });
});

describe.each(generations)("an operation that fails, seen by %s", (_, connect) => {
  const create = (): Promise<unknown> =>
    connect(arm).virtualMachines.beginCreateOrUpdateAndWait("rg", "new-01", { location: "westeurope" }, atOnce);

  it("is a plain Error with words and no code", async () => {
    arm.fail("AllocationFailed", { on: "PUT virtualMachines" });
    const error = await thrownBy(create());
    expect(error.name).toBe("Error");
    expect(error.message).toMatch(/^The long-running operation has failed\. AllocationFailed\. /);
    expect(error).not.toHaveProperty("code");
  });

  it("loses its code to Compute's innererror", async () => {
    const innererror = { exceptiontype: "X", errordetail: "Y" };
    arm.fail("AllocationFailed", { on: "PUT virtualMachines", error: { innererror }, message: "outer" });
    const error = await thrownBy(create());
    expect(error.message).toBe("The long-running operation has failed. undefined. outer. undefined");
  });

  it("says nothing at all without an error object", async () => {
    arm.fail({ status: 500 }, { on: "PUT virtualMachines", as: "operation" });
    expect((await thrownBy(create())).message).toBe("The long-running operation has failed");
  });

  it("loses its error when it was canceled", async () => {
    arm.fail("OperationPreempted", { on: "PUT virtualMachines" });
    const error = await thrownBy(create());
    expect(error.message).toBe("Operation was canceled");
    expect(arm.story.at(-1)).toBe("GET operations/op-1 200 Canceled OperationPreempted");
  });

  it("is dead after a 404 on a poll", async () => {
    arm.fail("ResourceNotFound", { on: "GET operations" });
    expect(await thrownBy(create())).toMatchObject({ name: "RestError", statusCode: 404 });
    expect(arm.vm("new-01")?.provisioningState).toBe("Creating");
  });

  it("rides out a 503 on a poll, which the SDK retries", async () => {
    arm.fail(
      { status: 503, body: { error: { code: "ServerBusy", message: "m" } } },
      { on: "GET operations", times: 2 },
    );
    await create();
    expect(arm.story).toContain("GET operations/op-1 503 ServerBusy");
    expect(arm.vm("new-01")?.provisioningState).toBe("Succeeded");
  });

  it("is a RestError when Location polling brings it", async () => {
    arm.longRunning({ on: "POST virtualMachines/start", style: "location" });
    arm.fail("VMStartTimedOut", { on: "POST virtualMachines/start", status: 409, as: "operation" });
    const call = connect(arm).virtualMachines.beginStartAndWait("rg", "web-01", atOnce);
    expect(await thrownBy(call)).toMatchObject({ name: "RestError", statusCode: 409, code: "VMStartTimedOut" });
  });
});

describe("a token", () => {
  it.each(generations)("%s: serves many calls until it is expired behind the client's back", async (_, connect) => {
    const compute = connect(arm).virtualMachines;
    await compute.get("rg", "web-01");
    await compute.get("rg", "web-01");
    expect(arm.credential.calls).toBe(1);
    const [first, second] = arm.exchanges;
    expect(first?.token).toBe(second?.token);
    expect(first).toMatchObject({ principal: "emulator-user" });
    expect(first?.headers["authorization"]).toBe(`Bearer ${first?.token ?? ""}`);

    arm.expireTokens();
    const error = await thrownBy(compute.get("rg", "web-01"));
    expect(error).toMatchObject({ statusCode: 401, code: "ExpiredAuthenticationToken" });
    await connect(arm).virtualMachines.get("rg", "web-01"); // a new client asks for a new token
    expect(arm.credential.calls).toBe(2);
  });
});
