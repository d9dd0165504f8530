/** What is secret is printed nowhere: not in the error, not in its causes, not in events, not in the log. */
import { inspect } from "node:util";
import { createEmptyPipeline, createHttpHeaders, createPipelineRequest, RestError } from "@azure/core-rest-pipeline";
import { AuthenticationRequiredError } from "@azure/identity";
import { remedyPolicy, retryOperation, type RemedyError, type RemedyEvent } from "azure-remedy";
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect, generations } from "../support/clients.js";
import { freePassage } from "../support/free-passage.js";
import { logLinesOf } from "../support/log-lines.js";
import { remedyErrorOf } from "../support/outcome.js";
import { virtualClock } from "../support/virtual-clock.js";
import { inVirtualTime } from "../support/virtual-time.js";

const signature = "c2VjcmV0LXNpZ25hdHVyZS1vZi1hLXNhcw%3D%3D";
const sas = `https://store.blob.core.windows.net/vhds/os.vhd?sv=2023-11-03&sr=b&sp=r&se=2026-02-01T00%3A00%3A00Z&sig=${signature}`;
const password = "Pa55-w0rd-of-the-admin";
const customData = Buffer.from("#cloud-config\nsecret: yes").toString("base64");
const jwt = `eyJhbGciOiJub25lIn0.${Buffer.from('{"oid":"somebody","scp":"all"}').toString("base64url")}.c2lnbmF0dXJl`;
const key = `${"QWNjb3VudEtleU9mU3RvcmFnZQ".repeat(4).slice(0, 86)}==`;
const secrets = [signature, decodeURIComponent(signature), password, customData, jwt, key];

/** Everything of an error that a careless log might print. */
function printed(error: RemedyError): string[] {
  const causes: unknown[] = [];
  for (let cause: unknown = error.cause; cause instanceof Error && causes.length < 9; cause = cause.cause) {
    causes.push(cause.message, cause.stack, JSON.stringify(cause), inspect(cause, { depth: 9, showHidden: true }));
  }
  return [
    error.message,
    error.reason,
    error.stack,
    String(error),
    JSON.stringify(error),
    JSON.stringify(error.details),
    JSON.stringify(error.diagnosis),
    inspect(error, { depth: 9 }),
    inspect(error, { depth: 9, showHidden: true }),
    inspect(error.details, { depth: 9 }),
    error.response?.bodyAsText,
    JSON.stringify((error.response as { parsedBody?: unknown } | undefined)?.parsedBody),
    ...causes,
  ].map(String);
}

function expectNoSecret(texts: readonly string[]): void {
  for (const text of texts) for (const secret of secrets) expect(text).not.toContain(secret);
}

let arm: Emulator;
beforeEach(async () => {
  arm = await startEmulator();
  arm.addVm({ name: "web-01" });
});
afterEach(() => arm.stop());

const tellingBody = {
  error: {
    code: "DiskBlobNotFound",
    message: `Unable to find VHD blob with URI ${sas} for disk os.`,
    details: [
      { code: "Inner", message: `AccountKey=${key};EndpointSuffix=core.windows.net`, target: sas },
      { code: "Other", message: `Authorization: Bearer ${jwt}` },
    ],
    additionalInfo: [{ type: "Request", info: { osProfile: { adminPassword: password, customData } } }],
  },
};

describe.each(generations)("arm-compute %s, secrets", (generation) => {
  it.each([
    ["an answer that fails for good", 400, 1],
    ["an answer that is waited for in vain", 503, 3],
  ])("of %s are cut everywhere", (_, status, attempts) =>
    inVirtualTime(async (time) => {
      const events: RemedyEvent[] = [];
      arm.fail({ status, body: tellingBody }, { on: "PUT virtualMachines", times: Infinity });
      const compute = connect(generation, arm, time, {
        maxRetries: attempts - 1,
        onEvent: (event) => events.push(event),
      });
      let error: RemedyError | undefined;
      const osProfile = { computerName: "c", adminUsername: "u", adminPassword: password, customData };
      const lines = await logLinesOf(async () => {
        error = await remedyErrorOf(compute.create("web-02", { osProfile }));
      });
      if (!error) throw new Error("no error");
      expect(lines.length).toBeGreaterThan(0);
      expectNoSecret([...printed(error), JSON.stringify(events), inspect(events, { depth: 9 }), ...lines]);
      const token = error.request?.headers.get("authorization")?.slice(7) ?? "none";
      for (const text of [...printed(error), JSON.stringify(events), ...lines]) expect(text).not.toContain(token);
      // What is no secret is still there.
      expect(JSON.stringify(error.details)).toContain("EndpointSuffix=core.windows.net");
      expect(error.response?.bodyAsText).toContain("store.blob.core.windows.net/vhds/os.vhd");
    }),
  );

  it("of a failed login are cut everywhere, its cause included", () =>
    inVirtualTime(async (time) => {
      const message = `invalid_client: AADSTS7000215: Invalid client secret. client_secret=${password}&assertion=${jwt}`;
      arm.failToken(new AuthenticationRequiredError({ scopes: ["s"], message }));
      const error = await remedyErrorOf(connect(generation, arm, time).get("web-01"));
      expect(error.cause).toBeInstanceOf(AuthenticationRequiredError);
      expect((error.cause as Error).message).toContain("AADSTS7000215");
      expectNoSecret(printed(error));
    }));
});

describe("secrets of other code", () => {
  const request = () =>
    createPipelineRequest({ url: sas, headers: createHttpHeaders({ authorization: `Bearer ${jwt}` }) });

  it("in the URL of a request: neither events nor the log show its signature", async () => {
    const clock = virtualClock();
    const events: RemedyEvent[] = [];
    const pipeline = createEmptyPipeline();
    pipeline.addPolicy(remedyPolicy({ clock, throttle: freePassage, onEvent: (event) => events.push(event) }));
    const http = {
      sendRequest: () =>
        Promise.reject(new RestError(`write EPIPE while sending to ${sas}`, { code: "EPIPE", request: request() })),
    };
    let error: RemedyError | undefined;
    const lines = await logLinesOf(async () => {
      error = await clock.run(remedyErrorOf(pipeline.sendRequest(http, request())));
    });
    expect(error?.code).toBe("EPIPE");
    expect(error?.cause).toBeInstanceOf(RestError);
    expect(events.length).toBeGreaterThan(3);
    expectNoSecret([...(error ? printed(error) : []), JSON.stringify(events), ...lines]);
    expect(JSON.stringify(events)).toContain("store.blob.core.windows.net/vhds/os.vhd");
  });

  it("in the causes of a cause, and in what they carry", async () => {
    const inner = Object.assign(new Error(`could not read ${sas}`), { config: { adminPassword: password } });
    const middle = new Error("the copy failed", { cause: inner });
    const outer = new Error("the job failed", { cause: middle });
    const error = await remedyErrorOf(retryOperation(() => Promise.reject(outer)));
    expectNoSecret(printed(error));
    const copy = (error.cause as Error).cause as Error;
    expect(copy.message).toBe("the copy failed");
    expect((copy.cause as Error).message).toContain("could not read https://store.blob.core.windows.net/vhds/os.vhd");
  });

  it("a cause without secrets is the very object that was thrown", async () => {
    const thrown = new Error("the job failed", { cause: new Error("no disk") });
    expect((await remedyErrorOf(retryOperation(() => Promise.reject(thrown)))).cause).toBe(thrown);
  });

  it("in causes that go in circles, or throw when looked at", async () => {
    const circle = new Error(`a ${sas}`);
    circle.cause = circle;
    expectNoSecret(printed(await remedyErrorOf(retryOperation(() => Promise.reject(circle)))));
    const trap = Object.defineProperty(new Error("b"), "detail", {
      enumerable: true,
      get: () => {
        throw new Error("do not look");
      },
    });
    expect((await remedyErrorOf(retryOperation(() => Promise.reject(trap)))).message).toContain("b");
  });

  it("in what a listener throws", async () => {
    const clock = virtualClock();
    const lines = await logLinesOf(() => {
      const fails = retryOperation(() => Promise.reject(new Error("x")), {
        clock,
        onEvent: () => {
          throw new Error(`cannot post to ${sas}`);
        },
      });
      return clock.run(remedyErrorOf(fails));
    });
    expect(lines.some((line) => line.includes("onEvent threw: cannot post to https://store"))).toBe(true);
    expectNoSecret(lines);
  });
});
