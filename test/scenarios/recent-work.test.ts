/** What this process has just done may not be known everywhere yet: only what comes of that is waited out. */
import { createPipelineRequest, type PipelineRequest, type PipelineResponse } from "@azure/core-rest-pipeline";
import { describe, expect, it } from "vitest";
import { remedyErrorOf } from "../support/outcome.js";
import { answer, stubPipeline } from "../support/stub.js";

const host = "https://management.azure.com";
const group = "/subscriptions/s/resourceGroups/rg";
const nic = `${group}/providers/Microsoft.Network/networkInterfaces/nic-1`;
const vm = `${group}/providers/Microsoft.Compute/virtualMachines/web-01`;
const grant = `${group}/providers/Microsoft.Authorization/roleAssignments/1`;

const request = (method: "GET" | "HEAD" | "PUT" | "DELETE", path: string, body?: object): PipelineRequest =>
  createPipelineRequest({
    url: `${host}${path}?api-version=2024-07-01`,
    method,
    ...(body && { body: JSON.stringify(body) }),
  });

const refusal = (sent: PipelineRequest, status: number, code: string, message: string): PipelineResponse =>
  answer(sent, status, { error: { code, message } });

/** A service that refuses requests like `method path` for so many milliseconds, and accepts the rest. */
function serviceThatRefuses(what: string, forMs: number, status: number, code: string, message: string) {
  const sends: number[] = [];
  let startedAt: number | undefined;
  const stub = stubPipeline((sent) => {
    const now = stub.clock.now();
    startedAt ??= now;
    if (`${sent.method} ${new URL(sent.url).pathname}` !== what) return answer(sent, 200, {});
    sends.push(now - startedAt);
    return now - startedAt < forMs ? refusal(sent, status, code, message) : answer(sent, 200, { ok: true });
  });
  const call = (sent: PipelineRequest): Promise<PipelineResponse> => stub.clock.run(stub.send(sent));
  return { sends, call, clock: stub.clock };
}

const notFound = "The Resource 'Microsoft.Network/networkInterfaces/nic-1' under resource group 'rg' was not found.";
const inUse = `Network Interface ${nic} is used by existing resource ${vm}. In order to delete it, it must be dissociated.`;
const notAllowed = "The client 'a' with object id 'p-1' does not have authorization to perform action over scope.";

describe("is waited out", () => {
  it("a 404 for what was created less than 30 seconds ago", async () => {
    const { call, sends } = serviceThatRefuses(`GET ${nic}`, 6_000, 404, "ResourceNotFound", notFound);
    await call(request("PUT", nic, {}));
    expect((await call(request("GET", nic))).status).toBe(200);
    expect(sends).toEqual([0, 1_000, 3_000, 7_000]);
  });

  it.each([
    ["what lies below it", `GET ${group}/providers/Microsoft.Network/networkInterfaces/nic-1/ipConfigurations/a`, nic],
    ["what names it", `PUT ${vm}`, nic],
    ["what is in a new group", `PUT ${vm}`, group],
  ])("a 404 for %s", async (_, what, made) => {
    const { call, sends } = serviceThatRefuses(what, 2_000, 404, "ResourceNotFound", notFound);
    await call(request("PUT", made, {}));
    const [method, path] = what.split(" ") as ["GET" | "PUT", string];
    expect((await call(request(method, path, {}))).status).toBe(200);
    expect(sends).toEqual([0, 1_000, 3_000]);
  });

  it("a resource that is in use by what was just deleted", async () => {
    const { call, sends } = serviceThatRefuses(`DELETE ${nic}`, 60_000, 400, "NicInUse", inUse);
    await call(request("DELETE", vm));
    expect((await call(request("DELETE", nic))).status).toBe(200);
    expect(sends).toEqual([0, 10_000, 30_000, 70_000]);
  });

  it("a 403 after the caller's own role assignment", async () => {
    const { call, sends } = serviceThatRefuses(`PUT ${vm}`, 100_000, 403, "AuthorizationFailed", notAllowed);
    await call(request("PUT", grant, { properties: { principalId: "p-1" } }));
    expect((await call(request("PUT", vm, {}))).status).toBe(200);
    expect(sends).toEqual([0, 10_000, 30_000, 70_000, 110_000]);
  });
});

describe("is not waited out", () => {
  it.each<[string, PipelineRequest | undefined, PipelineRequest, number, string, string]>([
    ["a 404 for what nobody created here", undefined, request("GET", nic), 404, "ResourceNotFound", notFound],
    ["one for another resource", request("PUT", `${nic}0`, {}), request("GET", nic), 404, "ResourceNotFound", notFound],
    ["one for what was deleted", request("DELETE", nic), request("GET", nic), 404, "ResourceNotFound", notFound],
    ["a resource in use by another", request("DELETE", `${vm}0`), request("DELETE", nic), 400, "NicInUse", inUse],
    [
      "a 403 of another principal",
      request("PUT", grant, { properties: { principalId: "p-2" } }),
      request("PUT", vm, {}),
      403,
      "AuthorizationFailed",
      notAllowed,
    ],
  ])("%s", async (_, before, sent, status, code, message) => {
    const what = `${sent.method} ${new URL(sent.url).pathname}`;
    const { call, sends } = serviceThatRefuses(what, Infinity, status, code, message);
    if (before) await call(before);
    await remedyErrorOf(call(sent));
    expect(sends).toEqual([0]);
  });

  it("the answer to a HEAD", async () => {
    const { call, sends } = serviceThatRefuses(`HEAD ${nic}`, Infinity, 404, "ResourceNotFound", notFound);
    await call(request("PUT", nic, {}));
    expect((await call(request("HEAD", nic))).status).toBe(404);
    expect(sends).toEqual([0]);
  });

  it("a 404 for what a thousand others were created or deleted after", async () => {
    const { call, sends } = serviceThatRefuses(`GET ${nic}`, Infinity, 404, "ResourceNotFound", notFound);
    await call(request("PUT", nic, {}));
    for (let count = 1; count <= 1_000; count++)
      await call(count % 2 === 0 ? request("PUT", `${vm}${count}`, {}) : request("DELETE", `${vm}${count}`));
    await remedyErrorOf(call(request("GET", nic)));
    expect(sends).toEqual([0]);
  });

  it("for longer than Azure needs", async () => {
    const { call, clock } = serviceThatRefuses(`GET ${nic}`, Infinity, 404, "ResourceNotFound", notFound);
    await call(request("PUT", nic, {}));
    expect(await remedyErrorOf(call(request("GET", nic)))).toMatchObject({ statusCode: 404 });
    expect(clock.elapsedMs()).toBe(30_000);
  });

  it("a creation that failed", async () => {
    const { call, sends } = serviceThatRefuses(`PUT ${nic}`, Infinity, 409, "InvalidTemplate", "It does not fit.");
    await remedyErrorOf(call(request("PUT", nic, {})));
    expect(sends).toEqual([0]);
  });
});
