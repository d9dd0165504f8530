/**
 * What we send ourselves goes the caller's way: here over TLS with a certificate of the client's own, by an agent of the
 * caller's, and through a proxy, on real sockets.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createProxy, type Server as Proxy } from "node:http";
import { Agent, createServer, type Server } from "node:https";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ComputeManagementClient } from "@azure/arm-compute";
import { auxiliaryAuthenticationHeaderPolicy, type PipelinePolicy } from "@azure/core-rest-pipeline";
import { registerProvider, withRemedy } from "azure-remedy";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { freePassage } from "../support/free-passage.js";
import { inVirtualTime, type VirtualTime } from "../support/virtual-time.js";

type ClientOptions = NonNullable<ConstructorParameters<typeof ComputeManagementClient>[2]>;

const openssl = (() => {
  try {
    execFileSync("openssl", ["version"]);
    return true;
  } catch {
    return false;
  }
})();

interface Seen {
  readonly line: string;
  readonly certificate: string | undefined;
  readonly custom: unknown;
  readonly auxiliary: unknown;
  readonly authorization: unknown;
  /** The port that it came from. */
  readonly from: number | undefined;
}

describe.skipIf(!openssl)("requests of our own over TLS (needs openssl)", () => {
  let folder = "";
  let server: Server;
  let endpoint = "";
  let left: Record<string, object[]> = {};
  let seen: Seen[] = [];
  let proxy: Proxy;
  /** The ports that the proxy has used. */
  const tunnels: (number | undefined)[] = [];
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  const make = (name: string): void => {
    const args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", `/CN=${name}`];
    const names = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
    const files = ["-keyout", join(folder, `${name}.key`), "-out", join(folder, `${name}.pem`)];
    execFileSync("openssl", [...args, ...names, ...files], { stdio: "ignore" });
  };

  const vm = { id: "/vm", name: "web-01", location: "westeurope", properties: { provisioningState: "Succeeded" } };
  const failed = (code: string): object => ({ error: { code, message: `${code} happened.` } });
  const missing = {
    error: {
      code: "MissingSubscriptionRegistration",
      message: "The subscription is not registered to use namespace 'Microsoft.Compute'.",
    },
  };
  /** Not registered; then an operation that fails for a passing reason; then one that succeeds. */
  const answers = (): Record<string, object[]> => ({
    "PUT web-01": [
      [409, missing],
      [201, vm, "operations/1"],
      [201, vm, "operations/2"],
    ],
    "POST register": [[200, { registrationState: "Registered" }]],
    "GET 1": [[200, { status: "Failed", ...failed("InternalExecutionError") }]],
    "GET 2": [[200, { status: "Succeeded" }]],
    "GET web-01": [[200, vm]],
  });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "tls-"));
    make("service");
    make("caller");
    const options = { key: read("service.key"), cert: read("service.pem"), ca: read("caller.pem"), requestCert: true };
    server = createServer({ ...options, rejectUnauthorized: true }, (request, response) => {
      const { pathname } = new URL(request.url ?? "", endpoint);
      const line = `${request.method ?? ""} ${pathname.split("/").pop() ?? ""}`;
      const peer = request.socket as unknown as { getPeerCertificate(): { subject?: { CN?: string } } };
      const { subject } = peer.getPeerCertificate();
      const { headers } = request;
      seen.push({
        line,
        certificate: subject?.CN,
        custom: headers["x-custom"],
        auxiliary: headers["x-ms-authorization-auxiliary"],
        authorization: headers.authorization,
        from: request.socket.remotePort,
      });
      const queue = left[line] ?? [];
      const [status, body, operation] = (queue.length > 1 ? queue.shift() : queue[0]) as [number, object, string?];
      request.resume().on("end", () => {
        response.writeHead(status, {
          "content-type": "application/json",
          ...(operation !== undefined && { "azure-asyncoperation": `${endpoint}/subscriptions/s/${operation}` }),
        });
        response.end(JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    proxy = createProxy().on("connect", (request, socket) => {
      const [host, port] = (request.url ?? "").split(":");
      const onward = connect(Number(port), host, () => {
        tunnels.push(onward.localPort);
        socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
        socket.pipe(onward).pipe(socket);
      });
      onward.on("error", () => socket.destroy());
      socket.on("error", () => onward.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  });
  beforeEach(() => {
    left = answers();
    seen = [];
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
    proxy.close();
    rmSync(folder, { recursive: true });
  });

  /** A PUT that meets all of it, by a client that reaches the service in one of these ways. */
  async function create(time: VirtualTime, way: ClientOptions, custom: PipelinePolicy): Promise<void> {
    const credential = (name: string) => ({
      getToken: () => Promise.resolve({ token: name, expiresOnTimestamp: Date.now() + 3_600_000 }),
    });
    const client = new ComputeManagementClient(credential("main"), "s", {
      endpoint,
      ...way,
      additionalPolicies: [{ policy: custom, position: "perCall" }, time.wire],
    });
    client.pipeline.addPolicy(
      auxiliaryAuthenticationHeaderPolicy({ credentials: [credential("second")], scopes: "scope" }),
      { phase: "Sign" },
    );
    withRemedy(client, { throttle: freePassage, remedies: [registerProvider()], random: () => 0 });
    const made = await client.virtualMachines.createOrUpdate("rg", "web-01", { location: "westeurope" });
    expect(made.name).toBe("web-01");
  }

  function expectTheCallersWay(): void {
    expect(seen.map(({ line }) => line)).toEqual(
      expect.arrayContaining(["PUT web-01", "POST register", "GET 1", "GET 2", "GET web-01"]),
    );
    expect(seen.filter(({ line }) => line === "PUT web-01")).toHaveLength(3);
    for (const request of seen) {
      expect(request).toMatchObject({
        certificate: "caller",
        custom: "mine",
        auxiliary: "Bearer second",
        authorization: "Bearer main",
      });
    }
  }

  const keys = (): { ca: string; cert: string; key: string } => ({
    ca: read("service.pem"),
    cert: read("caller.pem"),
    key: read("caller.key"),
  });
  /** The caller's header, and what else a policy of its own sets on each of its requests. */
  const setting = (more: object = {}): PipelinePolicy => ({
    name: "custom",
    sendRequest: (request, next) => {
      request.headers.set("x-custom", "mine");
      return next(Object.assign(request, more));
    },
  });

  it("a remedy's call, a resubmission and the polls bring the certificate, both tokens and the caller's headers", () =>
    inVirtualTime(async (time) => {
      await create(time, { tlsOptions: keys() }, setting());
      expectTheCallersWay();
    }));

  it("they use the caller's agent", () =>
    inVirtualTime(async (time) => {
      const agent = new Agent({ ...keys(), keepAlive: true, maxSockets: 1 });
      await create(time, { agent }, setting());
      agent.destroy();
      expectTheCallersWay();
      // Its only socket.
      expect(new Set(seen.map(({ from }) => from)).size).toBe(1);
    }));

  it("they go through the caller's proxy", () =>
    inVirtualTime(async (time) => {
      const { port } = proxy.address() as AddressInfo;
      // The SDK gives its TLS settings to no proxy; what a policy sets on the request goes on to it.
      const overrides = setting({ requestOverrides: keys() });
      await create(time, { proxyOptions: { host: "http://127.0.0.1", port } }, overrides);
      expectTheCallersWay();
      for (const { from } of seen) expect(tunnels).toContain(from);
    }));
});
