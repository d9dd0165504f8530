/** What the policy leaves as it is: answers that an operation expects, streams, the caller's request; and what cannot be sent twice. */
import { Readable } from "node:stream";
import { ResourceManagementClient } from "@azure/arm-resources";
import {
  createHttpHeaders,
  createPipelineRequest,
  type PipelineRequest,
  type PipelineResponse,
} from "@azure/core-rest-pipeline";
import { withRemedy, type RemedyEvent, type RemedyOptions } from "azure-remedy";
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect, generations, withoutChance } from "../support/clients.js";
import { remedyErrorOf } from "../support/outcome.js";
import { answer, stubPipeline, vmUrl, type StubPipeline, type Transport } from "../support/stub.js";
import { inVirtualTime } from "../support/virtual-time.js";

describe("an answer that the operation expects", () => {
  let arm: Emulator;
  beforeEach(async () => {
    arm = await startEmulator();
  });
  afterEach(() => arm.stop());

  it("HEAD asks a question: 204 is yes, 404 is no, and neither is a failure", () =>
    inVirtualTime(async (time) => {
      const events: RemedyEvent[] = [];
      const resources = new ResourceManagementClient(arm.credential, arm.subscriptionId, {
        additionalPolicies: [time.wire, ...arm.clientOptions.additionalPolicies],
      });
      withRemedy(resources, { ...withoutChance(), onEvent: (event) => events.push(event) });
      expect(await resources.resourceGroups.checkExistence("rg")).toMatchObject({ body: true });
      expect(await resources.resourceGroups.checkExistence("nowhere")).toMatchObject({ body: false });
      expect(arm.story).toEqual(["HEAD resourceGroups/rg 204", "HEAD resourceGroups/nowhere 404"]);
      expect(events).toEqual([]);
    }));

  it("HEAD is sent again when the platform is down", () =>
    inVirtualTime(async (time) => {
      const resources = new ResourceManagementClient(arm.credential, arm.subscriptionId, {
        additionalPolicies: [time.wire, ...arm.clientOptions.additionalPolicies],
      });
      withRemedy(resources, withoutChance());
      arm.fail({ status: 503 }, { on: "HEAD resourceGroups" });
      expect(await resources.resourceGroups.checkExistence("rg")).toMatchObject({ body: true });
      expect(arm.story).toEqual(["HEAD resourceGroups/rg 503", "HEAD resourceGroups/rg 204"]);
    }));

  it("a status that the operation declares passes arm-compute 22's deserializer, and is not told as a failure", () =>
    inVirtualTime(async (time) => {
      const events: RemedyEvent[] = [];
      const compute = connect("22", arm, time, { onEvent: (event) => events.push(event) });
      const client = compute.client as unknown as {
        sendOperationRequest(args: object, spec: object): Promise<unknown>;
      };
      const spec = {
        path: "/subscriptions/{id}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/none",
        httpMethod: "GET",
        baseUrl: "https://management.azure.com",
        urlParameters: [{ parameterPath: "id", mapper: { serializedName: "id", type: { name: "String" } } }],
        queryParameters: [{ parameterPath: "v", mapper: { serializedName: "api-version", type: { name: "String" } } }],
        responses: { 200: {}, 404: {}, default: {} },
        serializer: { modelMappers: {}, serialize: (_: object, value: unknown) => value },
      };
      await client.sendOperationRequest({ id: arm.subscriptionId, v: "2024-07-01" }, spec);
      expect(arm.story).toEqual(["GET virtualMachines/none 404 ResourceNotFound"]);
      expect(events).toEqual([]);
      const undeclared = { ...spec, responses: { 200: {}, default: {} } };
      const error = await remedyErrorOf(
        client.sendOperationRequest({ id: arm.subscriptionId, v: "2024-07-01" }, undeclared),
      );
      expect(error).toMatchObject({ code: "ResourceNotFound", statusCode: 404 });
      expect(events.map(({ type }) => type)).toEqual(["failed"]);
    }));

  it.each(generations)("arm-compute %s: an undeclared 404 says what is missing", (generation) =>
    inVirtualTime(async (time) => {
      const error = await remedyErrorOf(connect(generation, arm, time).get("none"));
      expect(error).toMatchObject({ code: "ResourceNotFound", statusCode: 404 });
      expect(error.message).toContain("none");
    }),
  );
});

/** Sends a request through the policy alone. */
function pipelineBefore(transport: Transport, options: RemedyOptions = {}): StubPipeline["send"] {
  const { clock, send } = stubPipeline(transport, options);
  return (request) => clock.run(send(request));
}

const url = vmUrl;
const unavailable = (request: PipelineRequest): PipelineResponse => answer(request, 503, "", { "retry-after": "1" });
const fine = (request: PipelineRequest): PipelineResponse => answer(request, 200, {});

async function textOf(body: unknown): Promise<string> {
  if (typeof body === "function") return textOf((body as () => unknown)());
  if (typeof body === "string") return body;
  if (body instanceof Blob) return body.text();
  if (ArrayBuffer.isView(body) || body instanceof ArrayBuffer) return Buffer.from(body as Uint8Array).toString();
  let text = "";
  for await (const chunk of body as Readable) text += Buffer.from(chunk as string).toString();
  return text;
}

describe("the body of a request", () => {
  it.each<[string, () => PipelineRequest["body"]]>([
    ["text", () => "hello"],
    ["a Buffer", () => Buffer.from("hello")],
    ["an ArrayBuffer", () => new TextEncoder().encode("hello").buffer],
    ["a Blob", () => new Blob(["hello"])],
    ["a function that makes a stream", () => () => Readable.from(["hello"])],
  ])("is sent again whole when it is %s", async (_, body) => {
    const received: string[] = [];
    const send = pipelineBefore(async (request, count) => {
      received.push(await textOf(request.body));
      return count < 2 ? unavailable(request) : fine(request);
    });
    const response = await send(createPipelineRequest({ url, method: "PUT", body: body() ?? null }));
    expect(response.status).toBe(200);
    expect(received).toEqual(["hello", "hello", "hello"]);
  });

  const expired = (request: PipelineRequest): PipelineResponse => ({
    ...unavailable(request),
    status: 401,
    bodyAsText: JSON.stringify({ error: { code: "ExpiredAuthenticationToken", message: "Too old." } }),
  });
  it.each<[string, () => PipelineRequest["body"], typeof unavailable, string]>([
    ["a stream", () => Readable.from(["hello"]), unavailable, "transient"],
    ["a web stream", () => new Blob(["hello"]).stream(), unavailable, "transient"],
    ["a stream, and the token has expired", () => Readable.from(["hello"]), expired, "adaptable"],
  ])(
    "is sent once when it is %s: the second time it would be empty, and succeed",
    async (_, body, answer, disposition) => {
      let received = 0;
      const send = pipelineBefore(async (request) => {
        received += (await textOf(request.body)).length;
        return answer(request);
      });
      const error = await remedyErrorOf(send(createPipelineRequest({ url, method: "PUT", body: body() ?? null })));
      expect(received).toBe("hello".length);
      expect(error.diagnosis.disposition).toBe(disposition);
      expect(error.attempts).toHaveLength(1);
    },
  );

  it("is sent once when it is a stream, though a remedy is allowed that would help", async () => {
    const notRegistered = {
      error: {
        code: "MissingSubscriptionRegistration",
        message: "The subscription is not registered to use namespace 'Microsoft.Compute'.",
      },
    };
    let sends = 0;
    const remedy = { name: "registerProvider", apply: () => Promise.resolve({ change: "registered" }) };
    const send = pipelineBefore(
      (request) => {
        sends += 1;
        return { ...unavailable(request), status: 409, bodyAsText: JSON.stringify(notRegistered) };
      },
      { remedies: [remedy] },
    );
    const error = await remedyErrorOf(
      send(createPipelineRequest({ url, method: "PUT", body: Readable.from(["hello"]) })),
    );
    expect(error.reason).toContain("the body is a stream and cannot be sent twice");
    expect(sends).toBe(1);
  });

  it("is sent once when it is a stream, and the operation that it began fails", async () => {
    const failed = { status: "Failed", error: { code: "StorageAccountTooBusy", message: "Busy." } };
    const operationUrl = url.replace(/virtualMachines.*\?/, "locations/westeurope/operations/op-1?");
    const methods: string[] = [];
    const send = pipelineBefore((request) => {
      methods.push(request.method);
      return request.method === "PUT"
        ? answer(request, 201, {}, { "azure-asyncoperation": operationUrl })
        : answer(request, 200, failed);
    });
    await send(createPipelineRequest({ url, method: "PUT", body: Readable.from(["hello"]) }));
    const error = await remedyErrorOf(send(createPipelineRequest({ url: operationUrl })));
    expect(error.reason).toBe("transient, but the body is a stream and cannot be sent twice");
    expect(methods).toEqual(["PUT", "GET"]);
  });

  it("form data is sent once", async () => {
    const send = pipelineBefore(unavailable);
    const request = createPipelineRequest({ url, method: "PUT", formData: { file: "hello" } });
    expect((await remedyErrorOf(send(request))).attempts).toHaveLength(1);
  });
});

describe("the caller's request", () => {
  it.each([
    ["goes well at once", 0],
    ["goes well at last", 2],
    ["fails", Infinity],
  ])("is as it was after a call that %s", async (_, failures) => {
    const { signal } = new AbortController();
    const request = createPipelineRequest({
      url,
      method: "PUT",
      body: "hello",
      abortSignal: signal,
      timeout: 5_000,
      headers: createHttpHeaders({ authorization: "Bearer t", "x-ms-client-request-id": "c-1", "x-own": "1" }),
    });
    const before = { ...request, headers: request.headers.toJSON() };
    const seen: PipelineRequest["abortSignal"][] = [];
    const send = pipelineBefore(
      (sent, count) => {
        seen.push(sent.abortSignal);
        // As the redirect policy does, which stands inside.
        sent.url = "https://elsewhere.example/";
        return count < failures ? unavailable(sent) : fine(sent);
      },
      { maxRetries: 3 },
    );
    await send(request).catch(() => undefined);
    expect({ ...request, headers: request.headers.toJSON() }).toEqual(before);
    expect(request.abortSignal).toBe(signal);
    for (const own of seen) expect(own).not.toBe(signal);
  });

  it("every send goes to the URL that the caller named", async () => {
    const urls: string[] = [];
    const send = pipelineBefore((request, count) => {
      urls.push(request.url);
      request.url = "https://elsewhere.example/";
      return count < 2 ? unavailable(request) : fine(request);
    });
    await send(createPipelineRequest({ url }));
    expect(urls).toEqual([url, url, url]);
  });
});

describe("the answer", () => {
  it("passes as the very object that came, its stream unread", async () => {
    const stream = Readable.from(["large"]);
    let answered: PipelineResponse | undefined;
    const send = pipelineBefore((request) => {
      answered = { request, status: 200, headers: createHttpHeaders(), readableStreamBody: stream };
      return answered;
    });
    const response = await send(createPipelineRequest({ url, streamResponseStatusCodes: new Set([200]) }));
    expect(response).toBe(answered);
    expect(stream.readableDidRead).toBe(false);
  });

  it.each([201, 202, 204, 206, 304])("%i passes untouched", async (status) => {
    const send = pipelineBefore((request) => ({ ...fine(request), status }));
    expect((await send(createPipelineRequest({ url }))).status).toBe(status);
  });
});
