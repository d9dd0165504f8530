/** Who is let in: tokens, registration, api-version, and requests that nobody knows. */
import { request } from "node:http";
import { createDefaultHttpClient, createPipelineFromOptions, createPipelineRequest } from "@azure/core-rest-pipeline";
import { ResourceManagementClient } from "@azure/arm-resources";
import { startEmulator, type Emulator, type EmulatorOptions } from "azure-remedy/emulator";
import { afterEach, describe, expect, it } from "vitest";
import { ask, compute, vm } from "./direct.js";
import { manualClock } from "./manual-clock.js";
import { atOnce, thrownBy } from "./outcome.js";

let arm: Emulator;
const start = async (options: EmulatorOptions = {}): Promise<void> => {
  arm = await startEmulator(options);
};
afterEach(() => arm.stop());

const location = { location: "westeurope" };

describe("tokens", () => {
  it("look like those of Entra ID and die when their time is over", async () => {
    const clock = manualClock();
    await start({ clock, tokenLifetimeMs: 60_000 });
    const { token, expiresOnTimestamp } = await arm
      .credentialOf("worker-1")
      .getToken("https://management.azure.com/.default");
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as object;
    expect(claims).toMatchObject({ oid: "worker-1", tid: arm.tenantId, aud: "https://management.azure.com/.default" });
    expect(expiresOnTimestamp).toBe(clock.now() + 60_000);
    const headers = { authorization: `Bearer ${token}` };
    expect((await ask(arm, "GET", "/resourceGroups/rg", undefined, headers)).status).toBe(200);
    clock.advance(60_000);
    const refused = await ask(arm, "GET", "/resourceGroups/rg", undefined, headers);
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toContain('error="invalid_token"');
  });

  it("are needed only where the options say so, and may come from elsewhere", async () => {
    await start({ authentication: "required" });
    expect((await ask(arm, "GET", "/resourceGroups/rg")).error.code).toBe("AuthenticationFailed");
    expect((await ask(arm, "GET", "/resourceGroups/rg", undefined, { authorization: "Bearer opaque" })).status).toBe(
      200,
    );
  });

  it("cannot be had when the credential is told to fail", async () => {
    await start();
    arm.failToken(new Error("AADSTS90033: transient"));
    await expect(arm.credential.getToken("scope")).rejects.toThrow("AADSTS90033");
    await expect(arm.credential.getToken("scope")).resolves.toHaveProperty("token");
  });
});

describe("registration", () => {
  it("is missing until it is made, which takes a while", async () => {
    await start({ unregistered: ["Microsoft.Compute"] });
    const refused = await ask(arm, "PUT", vm("web-01"), location);
    expect(refused.status).toBe(409);
    expect(refused.error).toMatchObject({
      code: "MissingSubscriptionRegistration",
      message:
        "The subscription is not registered to use namespace 'Microsoft.Compute'. See https://aka.ms/rps-not-found for how to register subscriptions.",
      details: [{ target: "Microsoft.Compute" }],
    });
    expect((await ask(arm, "GET", compute("virtualMachines"))).status).toBe(200);
    await ask(arm, "POST", "/providers/Microsoft.Compute/register");
    const states = [];
    for (let look = 0; look < 2; look += 1) {
      states.push((await ask(arm, "GET", "/providers/Microsoft.Compute")).body["registrationState"]);
    }
    expect(states).toEqual(["Registering", "Registered"]);
    expect((await ask(arm, "PUT", vm("web-01"), location)).status).toBe(201);
  });

  it("is given again, made or not, to a PUT that reuses its client request id", async () => {
    await start({ unregistered: ["Microsoft.Compute"] });
    const sameId = { "x-ms-client-request-id": "11111111-1111-1111-1111-111111111111" };
    await ask(arm, "PUT", vm("web-01"), location, sameId);
    arm.state.setRegistration("Microsoft.Compute", "Registered");
    expect((await ask(arm, "PUT", vm("web-01"), location, sameId)).error.code).toBe("MissingSubscriptionRegistration");
    expect((await ask(arm, "PUT", vm("web-01"), location, { "x-ms-client-request-id": "2" })).status).toBe(201);
  });

  it("works through arm-resources", async () => {
    await start({ unregistered: ["Microsoft.Compute"] });
    const resources = new ResourceManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions);
    expect((await resources.providers.register("Microsoft.Compute")).registrationState).toBe("Registering");
    await resources.providers.get("Microsoft.Compute");
    expect((await resources.providers.get("Microsoft.Compute")).registrationState).toBe("Registered");
    expect((await resources.providers.unregister("Microsoft.Network")).registrationState).toBe("Unregistered");
    expect(await thrownBy(resources.providers.get("Microsoft.Nowhere"))).toMatchObject({
      code: "InvalidResourceNamespace",
    });
  });
});

describe("requests that ARM would refuse", () => {
  it.each([
    ["another subscription", "/subscriptions/00000000-0000-0000-0000-000000000000", 404, "SubscriptionNotFound"],
    ["a missing group", "/resourceGroups/none", 404, "ResourceGroupNotFound"],
    [
      "a VM in a missing group",
      "/resourceGroups/none/providers/Microsoft.Compute/virtualMachines/a",
      404,
      "ResourceGroupNotFound",
    ],
    ["a missing VM", vm("none"), 404, "ResourceNotFound"],
  ])("%s", async (_, path, status, code) => {
    await start();
    const answer = await ask(arm, "GET", path);
    expect([answer.status, answer.error.code]).toEqual([status, code]);
  });

  it("a missing api-version, a body that is no JSON, a missing location, another location", async () => {
    await start();
    arm.addVm({ name: "web-01" });
    const url = `${arm.endpoint}/subscriptions/${arm.subscriptionId}/resourceGroups/rg`;
    expect((await ask(arm, "GET", url)).error.code).toBe("MissingApiVersionParameter");
    const broken = await fetch(`${url}?api-version=1`, { method: "PUT", body: "{" });
    expect(await broken.json()).toMatchObject({ error: { code: "InvalidRequestContent" } });
    expect((await ask(arm, "PUT", vm("new"), {})).error.code).toBe("LocationRequired");
    expect((await ask(arm, "PUT", vm("web-01"), { location: "westus2" })).error.code).toBe("InvalidResourceLocation");
  });

  it("a write whose etag is old, or whose resource should be new", async () => {
    await start();
    arm.addVm({ name: "web-01" });
    const etag = arm.vm("web-01")?.etag ?? "";
    arm.state.changeVm("web-01", { powerState: "stopped" });
    const stale = await ask(arm, "PATCH", vm("web-01"), { tags: {} }, { "if-match": etag });
    expect([stale.status, stale.error.code]).toEqual([412, "PreconditionFailed"]);
    expect((await ask(arm, "PUT", vm("web-01"), location, { "if-none-match": "*" })).status).toBe(412);
    const fresh = { "if-match": arm.vm("web-01")?.etag ?? "" };
    expect((await ask(arm, "PATCH", vm("web-01"), { tags: {} }, fresh)).status).toBe(200);
  });
});

describe("every answer", () => {
  it("carries ARM's ids and a date of the emulator's clock", async () => {
    await start({ clock: manualClock() });
    const { headers } = await ask(arm, "GET", "/resourceGroups/rg");
    const guid = /^[0-9a-f-]{36}$/;
    expect(headers.get("x-ms-request-id")).toMatch(guid);
    expect(headers.get("x-ms-correlation-request-id")).toMatch(guid);
    expect(headers.get("x-ms-routing-request-id")).toMatch(/^WESTEUROPE:20260101T000000Z:[0-9a-f-]{36}$/);
    expect(headers.get("date")).toBe("Thu, 01 Jan 2026 00:00:00 GMT");
  });
});

describe("a request that the emulator does not know", () => {
  it("is answered loudly, and complained of when the emulator stops", async () => {
    const other = await startEmulator();
    const answer = await ask(other, "GET", compute("galleries/images"));
    expect(answer.status).toBe(501);
    expect(answer.error.message).toMatch(/^The emulator does not know GET \/subscriptions\/.+\/galleries\/images\./);
    await expect(other.stop()).rejects.toThrow(/does not know 1 of the requests.*\n {2}GET .*galleries\/images/);
    await start();
  });

  it("is complained of once, or not at all where the options say so", async () => {
    const other = await startEmulator();
    await ask(other, "GET", compute("galleries/images"));
    expect(() => other.assertNoUnknownRequests()).toThrow(/galleries\/images/);
    await other.stop();
    const silent = await startEmulator({ onUnknownRequest: "answer" });
    await ask(silent, "GET", compute("galleries/images"));
    await silent.stop();
    await start();
    expect(() => arm.assertNoUnknownRequests()).not.toThrow();
  });
});

describe("a request that nobody should send", () => {
  const raw = (path: string, method = "GET", body = ""): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const { port } = new URL(arm.endpoint);
      const sent = request({ host: "127.0.0.1", port, path, method, agent: false }, (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode));
      });
      sent.on("error", reject);
      sent.end(body);
    });

  it.each(["/%", "//evil.example/x", "/%2e%2e/", "/providers/%E0%A4%A", "http://evil.example/", "/?api-version=1"])(
    "is answered 501 at %s",
    async (path) => {
      await start({ onUnknownRequest: "answer" });
      expect(await raw(path)).toBe(501);
    },
  );

  it("is no way to break it: bodies of the wrong shape end in a plain answer", async () => {
    await start();
    arm.addVm({ name: "web-01" });
    const url = `/subscriptions/${arm.subscriptionId}${vm("web-01")}?api-version=1`;
    const shapes: unknown[] = [
      [],
      "text",
      { location: 7 },
      { location: "westeurope", properties: "x", tags: 1, zones: {} },
      { location: "westeurope", properties: { storageProfile: [], networkProfile: { networkInterfaces: [null, 1] } } },
      { location: "westeurope", properties: { storageProfile: { dataDisks: [{}, null], osDisk: "x" } } },
      JSON.parse('{"location":"westeurope","properties":{"__proto__":{"polluted":true},"constructor":1}}'),
    ];
    for (const shape of shapes) {
      for (const method of ["PUT", "PATCH"]) {
        await raw(url, method, JSON.stringify(shape));
        arm.finishOperations();
      }
    }
    expect(arm.exchanges.filter(({ code }) => code === "EmulatorDefect")).toEqual([]);
    expect(arm.exchanges.filter(({ status }) => status === undefined || status >= 500)).toEqual([]);
    expect({}).not.toHaveProperty("polluted");
  });
});

describe("a bare pipeline", () => {
  it("is connected by hand and finds its request as it was", async () => {
    await start();
    arm.addVm({ name: "web-01" });
    const pipeline = arm.connect(createPipelineFromOptions({}));
    const url = `https://management.azure.com/subscriptions/${arm.subscriptionId}${vm("web-01")}?api-version=2024-07-01`;
    const sent = createPipelineRequest({ url });
    const response = await pipeline.sendRequest(createDefaultHttpClient(), sent);
    expect(JSON.parse(response.bodyAsText ?? "")).toMatchObject({ name: "web-01" });
    expect(sent).toMatchObject({ url, allowInsecureConnection: false });
    expect(sent.agent).toBeUndefined();
    expect(sent.headers.has("x-emulator-origin")).toBe(false);
  });

  it("never reaches a real host, whatever it asks for", async () => {
    await start({ onUnknownRequest: "answer" });
    const pipeline = arm.connect(createPipelineFromOptions({}));
    const sent = createPipelineRequest({ url: "https://management.usgovcloudapi.net/subscriptions?api-version=1" });
    expect((await pipeline.sendRequest(createDefaultHttpClient(), sent)).status).toBe(200);
  });
});

it("passes deletes of what is gone", async () => {
  await start();
  expect((await ask(arm, "DELETE", vm("none"))).status).toBe(204);
  const resources = new ResourceManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions);
  expect(await resources.resourceGroups.checkExistence("rg")).toEqual({ body: true });
  expect(await resources.resourceGroups.checkExistence("none")).toEqual({ body: false });
  await resources.resourceGroups.createOrUpdate("new", location);
  await resources.resourceGroups.beginDeleteAndWait("new", atOnce);
  expect(await resources.resourceGroups.checkExistence("new")).toEqual({ body: false });
});
