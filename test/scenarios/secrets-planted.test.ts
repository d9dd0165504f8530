/** Every spelling of a secret, planted in every place that an error, an event, a log line, a finding or a journal is made of. */
import { inspect } from "node:util";
import { createEmptyPipeline, createHttpHeaders, createPipelineRequest, RestError } from "@azure/core-rest-pipeline";
import {
  createThrottle,
  diagnose,
  remedyPolicy,
  retryOperation,
  type RemedyError,
  type RemedyEvent,
} from "azure-remedy";
import { defineEvidence } from "azure-remedy/evidence";
import { runFleet, type JournalStore } from "azure-remedy/fleet";
import { describe, expect, it } from "vitest";
import { freePassage } from "../support/free-passage.js";
import { logLinesOf } from "../support/log-lines.js";
import { remedyErrorOf } from "../support/outcome.js";
import { planted, shownIn, spelled, spellings } from "../support/spellings.js";
import { virtualClock } from "../support/virtual-clock.js";

const names = Object.keys(spellings);
const vm =
  "https://management.azure.com/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v?api-version=2024-07-01";

/** Everything of an error that somebody may print, its hidden fields included; `resume` and the request aside. */
function printed(error: Error): string[] {
  const remedy = error as Partial<RemedyError>;
  return [
    error.message,
    String(error.stack),
    JSON.stringify(error),
    inspect(error, { depth: 20, maxStringLength: null }),
    inspect(error.cause, { depth: 20, showHidden: true, maxStringLength: null, maxArrayLength: null }),
    JSON.stringify([
      remedy.diagnosis,
      remedy.attempts,
      remedy.reason,
      remedy.details,
      remedy.evidence,
      remedy.resource,
    ]),
    String(remedy.response?.bodyAsText),
    inspect((remedy.response as { parsedBody?: unknown } | undefined)?.parsedBody, { depth: 20 }),
  ];
}

/** What a failing call lets out. @param answer what the wire gives: an answer, or an error that it throws */
async function outOf(
  answer: (text: string) => { status: number; body: string; headers?: Record<string, string> } | Error,
  name: string,
): Promise<string[]> {
  const clock = virtualClock();
  const events: RemedyEvent[] = [];
  const pipeline = createEmptyPipeline();
  const given = answer(spelled(name));
  pipeline.addPolicy(
    remedyPolicy({
      clock,
      throttle: freePassage,
      maxRetries: 1,
      failedResponses: "throw",
      onEvent: (event) => events.push(event),
    }),
  );
  const http = {
    sendRequest: (request: Parameters<typeof pipeline.sendRequest>[1]) =>
      given instanceof Error
        ? Promise.reject(given)
        : Promise.resolve({
            request,
            status: given.status,
            headers: createHttpHeaders(given.headers),
            bodyAsText: given.body,
          }),
  };
  const out: string[] = [];
  const lines = await logLinesOf(async () => {
    const error = await clock.run(
      pipeline.sendRequest(http, createPipelineRequest({ url: vm, method: "GET" })).then(
        () => undefined,
        (thrown: unknown) => thrown,
      ),
    );
    if (error instanceof Error) out.push(...printed(error));
  });
  expect(out.length).toBeGreaterThan(0);
  return [...out, ...lines, JSON.stringify(events), inspect(events, { depth: 20 })];
}

const bodyOf = (error: object): string => JSON.stringify({ error });

describe("a secret of any spelling gets out of no", () => {
  it.each<[place: string, answer: Parameters<typeof outOf>[0]]>([
    ["message", (text) => ({ status: 400, body: bodyOf({ code: "InvalidParameter", message: text }) })],
    [
      "message in a sentence",
      (text) => ({ status: 409, body: bodyOf({ code: "Conflict", message: `It failed: ${text}` }) }),
    ],
    [
      "message of a detail",
      (text) => ({
        status: 400,
        body: bodyOf({
          code: "DeploymentFailed",
          message: "m",
          details: [{ code: "Inner", message: text, target: text }],
        }),
      }),
    ],
    [
      "message in JSON in a message",
      (text) => ({
        status: 400,
        body: bodyOf({ code: "BadRequest", message: bodyOf({ code: "Inner", message: text }) }),
      }),
    ],
    ["code", (text) => ({ status: 400, body: bodyOf({ code: text, message: "m" }) })],
    [
      "additional info",
      (text) => ({
        status: 400,
        body: bodyOf({ code: "PolicyDenied", message: "m", additionalInfo: [{ type: "t", info: { text } }] }),
      }),
    ],
    ["body that is text", (text) => ({ status: 502, body: text })],
    ["page of a gateway", (text) => ({ status: 503, body: `<html><body><h1>Sorry</h1><p>${text}</p></body></html>` })],
    ["header", (text) => ({ status: 500, body: "", headers: { "x-ms-request-id": text } })],
    ["error of the transport", (text) => new RestError(text, { code: "EPIPE" })],
    [
      "field of an error",
      (text) =>
        Object.assign(new RestError("m", { code: "EPIPE" }), {
          config: { text, list: [text], map: new Map([["k", text]]) },
        }),
    ],
  ])("%s", async (place, answer) => {
    const shown: string[] = [];
    for (const name of names) {
      // A header has one line.
      if (place === "header" && spelled(name).includes("\n")) continue;
      const out = await outOf(answer, name);
      if (out.join("\n").includes(planted(name))) shown.push(name);
    }
    expect(shown).toEqual([]);
  });

  it.each<[cause: string, make: (text: string) => unknown]>([
    ["error", (text) => new Error(text)],
    ["cause of a cause", (text) => new Error("outer", { cause: new Error("middle", { cause: new Error(text) }) })],
    ["error of an AggregateError", (text) => new AggregateError([new Error(text), text], "several")],
    ["cause that is a text", (text) => new Error("outer", { cause: text })],
    [
      "cause that is an object",
      (text) =>
        new Error("outer", {
          cause: { text, error: new Error(text), at: new URL(`https://h/?x=${encodeURIComponent(text)}`) },
        }),
    ],
    ["thrown text", (text) => text],
    ["thrown object", (text) => ({ message: text, code: "DiskBusy" })],
  ])("%s of a function", async (_, make) => {
    const events: RemedyEvent[] = [];
    const out: string[] = [];
    const lines = await logLinesOf(async () => {
      for (const name of names) {
        const clock = virtualClock();
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- others throw what they like
        const work = retryOperation(() => Promise.reject(make(spelled(name))), {
          clock,
          name: spelled(name),
          maxRetries: 1,
          onEvent: (event) => events.push(event),
        });
        out.push(...printed(await clock.run(remedyErrorOf(work))));
      }
    });
    expect(lines.length).toBeGreaterThanOrEqual(names.length);
    expect(
      shownIn([...out, ...lines, JSON.stringify(events), inspect(events, { depth: 9, maxArrayLength: null })]),
    ).toEqual([]);
  });

  it("reading that throws, and listener that throws", async () => {
    const lines = await logLinesOf(async () => {
      for (const name of names) {
        const clock = virtualClock();
        const reset = Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
        const work = retryOperation(() => Promise.reject(reset), {
          clock,
          maxElapsedMs: 60_000,
          readBack: () => Promise.reject(new Error(spelled(name))),
          onEvent: () => {
            throw new Error(spelled(name));
          },
        });
        await clock.run(remedyErrorOf(work));
      }
    });
    expect(lines.length).toBeGreaterThan(names.length);
    expect(shownIn(lines)).toEqual([]);
  });

  it("finding", async () => {
    const diagnosis = diagnose({ error: { code: "Conflict", message: "m" } });
    const out: string[] = [];
    for (const name of names) {
      const text = spelled(name);
      const source = defineEvidence({
        name: "telling",
        requests: 0,
        fits: () => true,
        look: () =>
          Promise.resolve({
            says: text,
            confidence: "high",
            data: { text, list: [{ text }] },
            means: { explanation: text, steps: [text] },
          }),
      });
      const failing = defineEvidence({
        name: "failing",
        requests: 0,
        fits: () => true,
        look: () => Promise.reject(new Error(text)),
      });
      const { findings } = await source.investigate(
        [source, failing],
        diagnosis,
        { method: "PUT", url: vm },
        { send: () => Promise.reject(new Error(text)), diagnose, clock: virtualClock() },
      );
      expect(findings).toHaveLength(2);
      out.push(JSON.stringify(findings));
    }
    expect(shownIn(out)).toEqual([]);
  });

  it("store's error, and no snapshot", async () => {
    const out: string[] = [];
    for (const name of names) {
      const clock = virtualClock();
      const store = { lease: () => Promise.reject(new Error(spelled(name))) };
      const throttle = createThrottle({ clock, store, onEvent: (event) => out.push(JSON.stringify(event)) });
      const request = createPipelineRequest({
        url: vm,
        headers: createHttpHeaders({ authorization: `Bearer ${spelled(name).replaceAll(/\s/g, "")}` }),
      });
      const permit = await clock.run(Promise.resolve(throttle.admit(request)));
      await clock.run(clock.sleep(2_000));
      out.push(JSON.stringify(throttle.snapshot()));
      permit.settle({ status: 200, headers: createHttpHeaders() });
    }
    expect(out.join("")).toContain("away");
    expect(shownIn(out)).toEqual([]);
  });

  it("line of a fleet's journal, and no summary", async () => {
    const lines: string[] = [];
    const journal: JournalStore = {
      open: () =>
        Promise.resolve({
          path: "memory",
          lines: [],
          append: (more) => (lines.push(...more), Promise.resolve()),
          rewrite: () => Promise.resolve(),
          close: () => Promise.resolve(),
        }),
    };
    const run = runFleet(
      names.map((_, index) => `item-${index}`),
      (key) => Promise.reject(new Error(spelled(names[Number(key.slice(5))] ?? ""))),
      { journal },
    );
    const summary = await run.summary;
    expect(summary.failed).toBe(names.length);
    expect(shownIn([...lines, JSON.stringify(summary)])).toEqual([]);
  });
});

describe("the state to resume an operation from", () => {
  it("keeps its signed URL whole, and is in nothing that is printed", async () => {
    const signature = planted("resume").repeat(5);
    const operationUrl = `https://management.azure.com/subscriptions/s/providers/Microsoft.Compute/locations/w/operations/o?api-version=2024-07-01&t=638&c=MII&s=${signature}&h=${signature}`;
    const clock = virtualClock();
    const events: RemedyEvent[] = [];
    const pipeline = createEmptyPipeline();
    pipeline.addPolicy(
      remedyPolicy({ clock, throttle: freePassage, maxElapsedMs: 30_000, onEvent: (event) => events.push(event) }),
    );
    const http = {
      sendRequest: (request: Parameters<typeof pipeline.sendRequest>[1]) =>
        request.method === "PUT"
          ? Promise.resolve({
              request,
              status: 201,
              headers: createHttpHeaders({ "azure-asyncoperation": operationUrl }),
              bodyAsText: "{}",
            })
          : Promise.resolve({ request, status: 503, headers: createHttpHeaders(), bodyAsText: "" }),
    };
    let error: RemedyError | undefined;
    const lines = await logLinesOf(async () => {
      await pipeline.sendRequest(http, createPipelineRequest({ url: vm, method: "PUT", body: "{}" }));
      for (let polls = 0; polls < 99 && !error; polls++) {
        const poll = pipeline.sendRequest(http, createPipelineRequest({ url: operationUrl }));
        error = (await clock.run(
          poll.then(
            () => undefined,
            (thrown: unknown) => thrown,
          ),
        )) as RemedyError | undefined;
        await clock.run(clock.sleep(20_000));
      }
    });
    expect(error?.resume?.operationUrl).toBe(operationUrl);
    expect(error?.resume?.restoreFrom).toContain(signature);
    const out = [
      ...printed(error ?? new Error("none")),
      JSON.stringify(Object.entries(error ?? {})),
      ...lines,
      JSON.stringify(events),
    ];
    expect(out.join("\n")).toContain("locations/w/operations/o");
    expect(out.join("\n")).not.toContain(signature);
  });
});
