/** Streamed bodies on real sockets: a blob, a REST-level client and a bare pipeline, beside the SDK as it ships. */
import { getClient, type Client } from "@azure-rest/core-client";
import {
  createDefaultHttpClient,
  createEmptyPipeline,
  createPipelineRequest,
  defaultRetryPolicy,
  type Pipeline,
  type PipelineRequest,
} from "@azure/core-rest-pipeline";
import { AnonymousCredential, BlobClient, newPipeline } from "@azure/storage-blob";
import { remedyPolicy, withRemedy, type RemedyOptions } from "azure-remedy";
import { buffer, text } from "node:stream/consumers";
import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { withoutChance } from "../support/clients.js";
import { serve } from "../support/local-service.js";
import { thrownBy } from "../support/outcome.js";
import { inVirtualTime, type VirtualTime } from "../support/virtual-time.js";

const minute = 60_000;
/** More than sockets buffer: unread, it keeps its connection. */
const large = "x".repeat(4_000_000);

type Side = "the SDK alone" | "ours";
const sides: readonly Side[] = ["the SDK alone", "ours"];

const busy = (response: ServerResponse, body: string): void => {
  response.writeHead(503, { "content-type": "text/plain", "retry-after": "1" });
  response.end(body);
};

/** What the blob client wants to know of a body before it hands it out. */
const begin = (response: ServerResponse, length: number): ServerResponse =>
  response.writeHead(200, { etag: '"0x1"', "content-length": String(length) });

/** Turns of the event loop in which sockets close that are given up. */
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};

function bare(side: Side, time: VirtualTime, options: RemedyOptions = {}): Pipeline {
  const pipeline = createEmptyPipeline();
  const ours = (): ReturnType<typeof remedyPolicy> => remedyPolicy({ ...withoutChance(), maxRetries: 10, ...options });
  pipeline.addPolicy(side === "ours" ? ours() : defaultRetryPolicy({ maxRetries: 10 }), { phase: "Retry" });
  pipeline.addPolicy(time.wire.policy, { afterPhase: "Retry" });
  return pipeline;
}

const streamed = (url: string, more: Partial<PipelineRequest> = {}): PipelineRequest =>
  createPipelineRequest({
    url,
    allowInsecureConnection: true,
    streamResponseStatusCodes: new Set([Number.POSITIVE_INFINITY]),
    ...more,
  });

/** A client's blob, its pipeline laid open as no caller can. */
function blobAt(url: string, side: Side, time: VirtualTime, options: RemedyOptions = {}): BlobClient {
  const retryOptions = { maxTries: side === "ours" ? 1 : 11 };
  const storage = newPipeline(new AnonymousCredential(), { retryOptions });
  const blob = new BlobClient(`${url}/account/c/b`, storage);
  const { _corePipeline: core } = storage as unknown as { _corePipeline: Pipeline };
  if (side === "ours")
    core.addPolicy(remedyPolicy({ ...withoutChance(), maxRetries: 10, ...options }), { phase: "Retry" });
  core.addPolicy(time.wire.policy, { afterPhase: "Retry" });
  return blob;
}

function rest(url: string, side: Side, time: VirtualTime): Client {
  const client = getClient(url, {
    allowInsecureConnection: true,
    additionalPolicies: [time.wire],
    retryOptions: { maxRetries: 10 },
  });
  return side === "ours" ? withRemedy(client, { ...withoutChance(), maxRetries: 10 }) : client;
}

describe.each(sides)("%s", (side) => {
  it("ten 503s before a blob's download leave one socket", () =>
    inVirtualTime(async (time) => {
      await using service = await serve((_, response, count) =>
        count <= 10 ? busy(response, large) : begin(response, 7).end("content"),
      );
      const { readableStreamBody } = await blobAt(service.url, side, time).download();
      expect(await text(readableStreamBody as NodeJS.ReadableStream)).toBe("content");
      await settled();
      expect(service).toMatchObject({ requests: 11, open: 1 });
    }));

  it("a slow body outlives the time of an attempt", () =>
    inVirtualTime(async (time) => {
      await using service = await serve((_, response) => {
        begin(response, 14).write("first ");
        setTimeout(() => response.end("and last"), 10 * minute);
      });
      const options = { attemptTimeoutMs: minute, deadline: Date.now() + 2 * minute };
      const { readableStreamBody } = await blobAt(service.url, side, time, options).download();
      expect(await text(readableStreamBody as NodeJS.ReadableStream)).toBe("first and last");
      expect(time.elapsedMs()).toBe(10 * minute);
      expect(service.requests).toBe(1);
    }));

  it("the caller's abort reaches the body until its end", () =>
    inVirtualTime(async (time) => {
      let end = "none";
      await using service = await serve((_, response) => {
        response.on("close", () => (end = response.writableFinished ? "finished" : "cut"));
        begin(response, 10).write("first");
      });
      const caller = new AbortController();
      const { readableStreamBody } = await blobAt(service.url, side, time).download(0, undefined, {
        abortSignal: caller.signal,
      });
      const read = thrownBy(buffer(readableStreamBody as NodeJS.ReadableStream));
      await time.sleep(5 * minute);
      caller.abort();
      expect((await read).name).toBe("AbortError");
      await settled();
      expect(end).toBe("cut");
    }));

  it("a REST-level caller reads the body of the last 503", () =>
    inVirtualTime(async (time) => {
      await using service = await serve((_, response) => busy(response, large));
      const response = await rest(service.url, side, time).pathUnchecked("/c/b").get().asNodeStream();
      expect(response.status).toBe("503");
      expect(await text(response.body as NodeJS.ReadableStream)).toHaveLength(large.length);
    }));
});

describe("a streamed 503 is given up before the next try", () => {
  it("of a bare pipeline: ten leave one socket, where the SDK alone leaves eleven", async () => {
    const openAfter = (side: Side): Promise<number> =>
      inVirtualTime(async (time) => {
        await using service = await serve((_, response, count) =>
          count <= 10 ? busy(response, large) : begin(response, 7).end("content"),
        );
        const response = await bare(side, time).sendRequest(createDefaultHttpClient(), streamed(service.url));
        if (!response.readableStreamBody) throw new Error("no stream");
        expect(await text(response.readableStreamBody)).toBe("content");
        await settled();
        return service.open;
      });
    expect(await openAfter("the SDK alone")).toBeGreaterThan(1);
    expect(await openAfter("ours")).toBeLessThanOrEqual(1);
  });

  it("of a bare pipeline: the error that stands for the last one leaves none", () =>
    inVirtualTime(async (time) => {
      await using service = await serve((_, response) => busy(response, large));
      const call = bare("ours", time, { failedResponses: "throw" }).sendRequest(
        createDefaultHttpClient(),
        streamed(service.url),
      );
      expect(await thrownBy(call)).toMatchObject({ statusCode: 503 });
      await settled();
      expect(service).toMatchObject({ requests: 11, open: 0 });
    }));
});
