/**
 * Whatever the service answers and whatever budget a call has: what `remedyPolicy` promises of every call, over thousands of
 * calls with random failures. `PROPERTIES_SEED` runs other ones, `PROPERTIES_RUNS` more of them.
 */
import { createHttpHeaders, createPipelineRequest, type PipelineResponse } from "@azure/core-rest-pipeline";
import {
  defaultCatalog,
  defineRemedy,
  isRemedyError,
  rulesOf,
  type Diagnosis,
  type RemedyError,
  type RemedyEvent,
  type RemedyOptions,
} from "azure-remedy";
import fc from "../support/properties.js";
import { expect, it } from "vitest";
import { isIdempotent } from "../../src/decision/idempotency.js";
import { stubPipeline, vmUrl } from "../support/stub.js";
import {
  SimulatedService,
  stateOf,
  type Hint,
  type RequestState,
  type Send,
  type Trouble,
} from "./simulated-service.js";

const second = 1_000;
const attemptTimeoutMs = 30 * second;
/** Attempts that start close together share one timer, which may be late by an eighth. */
const longestAttemptMs = attemptTimeoutMs * 1.125;

interface Scenario {
  readonly call: { readonly method: "GET" | "HEAD" | "PUT" | "PATCH" | "DELETE" | "POST"; readonly action?: string };
  readonly exists: boolean;
  readonly own: readonly Trouble[];
  readonly readings: readonly Trouble[];
  readonly maxRetries: number;
  readonly maxElapsedMs: number;
  readonly deadlineInMs?: number | undefined;
  readonly abortAfterMs?: number | undefined;
  readonly hasRemedy: boolean;
}

interface Played {
  readonly scenario: Scenario;
  readonly service: SimulatedService;
  readonly own: readonly Send[];
  readonly before: RequestState;
  readonly after: RequestState;
  readonly events: readonly RemedyEvent[];
  readonly startedAt: number;
  readonly endedAt: number;
  readonly end: { readonly response: PipelineResponse } | { readonly error: unknown };
}

/** Every code of the catalog with the words of one of its rules, and some that nobody knows. */
const codes = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      ...rulesOf(defaultCatalog).map(({ code, message = "It failed." }) => ({ code, message })),
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom({ code: "WidgetFailed", message: "No widget." }) },
);
const hints: fc.Arbitrary<Hint> = fc.record({
  in: fc.constantFrom("retry-after", "retry-after-ms", "x-ms-retry-after-ms", "date", "text"),
  ms: fc
    .oneof(
      { weight: 4, arbitrary: fc.integer({ min: 0, max: 90 }) },
      { weight: 1, arbitrary: fc.constantFrom(600, 1_200, 3_000_000) },
    )
    .map((seconds) => seconds * second),
});
const answers: fc.Arbitrary<Trouble> = fc
  .tuple(
    codes,
    fc.constantFrom(400, 401, 403, 404, 405, 408, 409, 409, 412, 429, 429, 500, 502, 503, 504),
    fc.option(hints, { nil: undefined }),
    fc.boolean(),
  )
  .map(([{ code, message }, status, hint, acted]) => ({
    kind: "answer",
    status,
    code,
    message,
    hint,
    // A status that says nothing clear may hide that it was done.
    executes: acted && [408, 500, 502, 504].includes(status),
  }));
const troubles: fc.Arbitrary<Trouble> = fc.oneof(
  { weight: 5, arbitrary: answers },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("lost" as const),
      code: fc.constantFrom("ECONNRESET", "EPIPE", "PARSE_ERROR", "ETIMEDOUT", "ERR_STREAM_PREMATURE_CLOSE"),
      executes: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("refused" as const),
      code: fc.constantFrom("ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("page" as const),
      status: fc.constantFrom(500, 502, 504),
      executes: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("hang" as const), executes: fc.boolean() }) },
);
const scenarios: fc.Arbitrary<Scenario> = fc.record({
  call: fc.constantFrom(
    { method: "GET" as const },
    { method: "HEAD" as const },
    { method: "PUT" as const },
    { method: "PUT" as const },
    { method: "PATCH" as const },
    { method: "DELETE" as const },
    { method: "POST" as const, action: "start" },
    { method: "POST" as const, action: "runCommand" },
    { method: "POST" as const, action: "capture" },
  ),
  exists: fc.boolean(),
  own: fc.array(troubles, { minLength: 1, maxLength: 6 }),
  // 404 would be a lie: whoever reads it knows that there is no machine.
  readings: fc.array(
    troubles.filter((trouble) => trouble.kind !== "answer" || trouble.status !== 404),
    { maxLength: 4 },
  ),
  maxRetries: fc.nat(5),
  maxElapsedMs: fc.oneof(fc.constant(30 * 60 * second), fc.nat(300 * second)),
  deadlineInMs: fc.option(fc.integer({ min: -second, max: 300 * second }), { nil: undefined }),
  abortAfterMs: fc.option(fc.nat(120 * second), { nil: undefined, freq: 6 }),
  hasRemedy: fc.boolean(),
});

async function play(scenario: Scenario): Promise<Played> {
  const { call, maxRetries, maxElapsedMs, deadlineInMs, abortAfterMs } = scenario;
  const events: RemedyEvent[] = [];
  const abort = new AbortController();
  const options: RemedyOptions = {
    maxRetries,
    maxElapsedMs,
    attemptTimeoutMs,
    remedies: scenario.hasRemedy ? [repair] : [],
    onEvent: (event) => events.push(event),
  };
  const stub = stubPipeline((request) => service.transport(request), options, deadlineInMs);
  const { clock } = stub;
  const service = new SimulatedService(clock, call.method, scenario);
  const request = createPipelineRequest({
    method: call.method,
    url: call.action === undefined ? vmUrl : vmUrl.replace("?", `/${call.action}?`),
    headers: createHttpHeaders({ authorization: "Bearer t", "x-ms-client-request-id": "id" }),
    ...(["PUT", "PATCH"].includes(call.method) && { body: '{"location":"westeurope","tags":{"mark":"new"}}' }),
    ...(abortAfterMs !== undefined && { abortSignal: abort.signal }),
  });
  const before = stateOf(request);
  const startedAt = clock.now();
  const signal = request.abortSignal;
  if (abortAfterMs !== undefined)
    void clock.sleep(abortAfterMs, undefined, { background: true }).then(() => abort.abort());
  let endedAt = startedAt;
  const end = await clock.run(
    stub
      .send(request)
      .then(
        (response) => ({ response }),
        (error: unknown) => ({ error }),
      )
      .finally(() => (endedAt = clock.now())),
  );
  expect(request.abortSignal, "the caller's signal is on the request again").toBe(signal);
  const own = service.sends.filter(({ isOwn }) => isOwn);
  return { scenario, service, own, before, after: stateOf(request), events, startedAt, endedAt, end };
}

/** A remedy for everything that it is asked about. */
const repair = defineRemedy({
  name: "repair",
  maxRuns: 2,
  fits: () => true,
  apply: () => Promise.resolve({ change: "repaired it" }),
});

const remedyError = ({ end }: Played): RemedyError | undefined =>
  "error" in end && isRemedyError(end.error) ? end.error : undefined;
const isRead = ({ scenario: { call } }: Played): boolean => call.method === "GET" || call.method === "HEAD";
const isAsked404 = ({ scenario: { call } }: Played, status: number): boolean => call.method === "HEAD" && status < 500;
const isRepairedBetween = ({ events }: Played, from: number, to: number): boolean =>
  events.some(({ type, at }) => type === "remedy" && at >= from && at <= to);

const says404 = ({ trouble }: Send): boolean => trouble?.kind === "answer" && trouble.status === 404;
const isIndeterminate = (diagnosis: Diagnosis | undefined): boolean => diagnosis?.disposition === "indeterminate";

/** What the SDK's default retry policy would send again too. */
const isRetriedBySdk = ({ trouble }: Send, index: number, { hasRemedy }: Scenario): boolean => {
  // The send that follows a remedy is no retry.
  if (index >= (hasRemedy ? 4 : 3) || !trouble) return false;
  if (trouble.kind !== "answer") return true;
  const { status } = trouble;
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
};

/** Each send that was followed by another of the same request, and that one. */
const pairs = (own: readonly Send[]): [Send, Send][] =>
  own.slice(1).map((next, index) => [own[index] ?? next, next] satisfies [Send, Send]);

const promises: Readonly<Record<string, (played: Played) => void>> = {
  "no permanent failure is sent twice, or no more often than by the SDK": ({ own, scenario }) => {
    for (const [index, [failed]] of pairs(own).entries()) {
      if (!isRetriedBySdk(failed, index, scenario)) expect(failed.diagnosis?.disposition).not.toBe("permanent");
    }
  },

  "what wants another request is sent again only by a named remedy": (played) => {
    for (const [index, [failed, next]] of pairs(played.own).entries()) {
      if (failed.diagnosis?.disposition !== "adaptable" || isRetriedBySdk(failed, index, played.scenario)) continue;
      expect(played.scenario.hasRemedy && isRepairedBetween(played, failed.endedAt, next.at)).toBe(true);
    }
  },

  "a call that must not run twice is not sent again after an unknown outcome": ({ own, service }) => {
    for (const [failed] of pairs(own)) {
      if (!isIdempotent(failed.request.method, failed.request.url)) expect(failed.isUnknown).toBe(false);
    }
    expect(service.commandsRun).toBeLessThanOrEqual(1);
  },

  "nothing is sent before a hint has passed": ({ own }) => {
    for (const [{ trouble, endedAt, diagnosis }, next] of pairs(own)) {
      if (trouble?.kind !== "answer" || !trouble.hint || diagnosis?.disposition === "adaptable") continue;
      const waitMs = trouble.hint.in === "date" ? trouble.hint.ms - second : trouble.hint.ms;
      expect(next.at - endedAt).toBeGreaterThanOrEqual(waitMs);
    }
  },

  "the waits keep to the budget": ({ scenario, service, startedAt, endedAt }) => {
    const underWayMs = service.sends.reduce((sum, send) => sum + send.endedAt - send.at, 0);
    expect(endedAt - startedAt - underWayMs).toBeLessThanOrEqual(scenario.maxElapsedMs);
    for (const { at } of service.sends) expect(at - startedAt).toBeLessThanOrEqual(scenario.maxElapsedMs);
    expect(endedAt - startedAt).toBeLessThanOrEqual(scenario.maxElapsedMs + longestAttemptMs);
  },

  "the call ends by its deadline": ({ scenario: { deadlineInMs }, service, startedAt, endedAt }) => {
    if (deadlineInMs === undefined) return;
    for (const { at } of service.sends.slice(1)) expect(at - startedAt).toBeLessThan(deadlineInMs);
    // One that has passed before the call leaves the first send to the caller.
    if (deadlineInMs > 0) expect(endedAt - startedAt).toBeLessThanOrEqual(deadlineInMs);
  },

  "retries keep to their number; throttling is not counted": ({ scenario: { maxRetries }, own, events }) => {
    const uncounted = own.filter(({ diagnosis }) => diagnosis?.category === "throttling").length;
    const repaired = events.filter((event) => event.type === "remedy" && event.phase === "done").length;
    expect(own.length - 1 - uncounted - repaired).toBeLessThanOrEqual(maxRetries);
  },

  "after an abort nothing is sent, and the call ends at once": ({ scenario, service, startedAt, endedAt, end }) => {
    if (scenario.abortAfterMs === undefined) return;
    const abortedAt = startedAt + scenario.abortAfterMs;
    for (const { at } of service.sends) expect(at).toBeLessThanOrEqual(abortedAt);
    expect(endedAt).toBeLessThanOrEqual(abortedAt);
    if ("error" in end && !isRemedyError(end.error)) expect((end.error as Error).name).toBe("AbortError");
  },

  "every send is the caller's request, and the caller's request is as it was": ({ own, before, after, events }) => {
    // After a remedy the service would replay its old answer to the old id.
    const isNewId = events.some(({ type }) => type === "remedy");
    const ids = isNewId ? { "x-ms-client-request-id": expect.any(String) as string } : {};
    const same = { ...before, headers: { ...before.headers, ...ids } };
    for (const { request } of own) expect(request).toEqual(same);
    expect(after).toEqual(same);
  },

  "every end is the service's answer, or an error that explains": (played) => {
    const { end, service, scenario } = played;
    if ("error" in end) {
      if (scenario.abortAfterMs !== undefined && !isRemedyError(end.error)) return;
      expect(isRemedyError(end.error)).toBe(true);
      const error = remedyError(played);
      expect(error?.attempts.length).toBeGreaterThan(0);
      expect(error?.diagnosis.remedy.steps.length).toBeGreaterThan(0);
      return;
    }
    const { response } = end;
    expect(response.status < 400 || isAsked404(played, response.status)).toBe(true);
    const isOfService = [...service.answers].some(
      ({ status, bodyAsText }) => status === response.status && bodyAsText === response.bodyAsText,
    );
    // What was read back after an action or a delete is reported as the action or the delete would have been.
    const isToldInItsPlace = ["POST", "DELETE"].includes(scenario.call.method) && response.bodyAsText === "";
    expect(isOfService || isToldInItsPlace).toBe(true);
  },

  "who is told that it went well has it": (played) => {
    if ("error" in played.end || isRead(played)) return;
    // What a service says of an operation's end, said at the door: the state of the resource is all there is to go by.
    if (played.own.some(({ trouble, diagnosis }) => trouble?.kind === "answer" && isIndeterminate(diagnosis))) return;
    const isGone = played.scenario.call.method === "DELETE" && (!played.scenario.exists || played.own.some(says404));
    expect(played.own.some(({ executed }) => executed) || isGone).toBe(true);
  },

  "who is told that it failed does not have it": (played) => {
    if (remedyError(played)?.outcome !== "failed" || isRead(played)) return;
    expect(played.own.some(({ executed, isUnknown }) => executed && isUnknown)).toBe(false);
  },
};

it("every call keeps what is promised of it", async () => {
  await fc.assert(
    // Many calls at once: each turn of a virtual clock waits for a timer of the system's, and they wait together.
    fc.asyncProperty(fc.array(scenarios, { minLength: 1, maxLength: 75, size: "max" }), async (all) => {
      for (const played of await Promise.all(all.map(play))) {
        for (const [promise, check] of Object.entries(promises)) keep(promise, played, check);
      }
    }),
    { numRuns: Number(process.env["PROPERTIES_RUNS"] ?? 24) },
  );
});

function keep(promise: string, played: Played, check: (played: Played) => void): void {
  try {
    check(played);
  } catch (error) {
    throw new Error(`Not so: ${promise}.\n${storyOf(played)}`, { cause: error });
  }
}

/** What happened, for the reader of a counterexample. */
function storyOf({ service, startedAt, endedAt, end, scenario }: Played): string {
  const lines = service.sends.map(
    ({ at, request, trouble, diagnosis }) =>
      `  ${(at - startedAt) / second} s ${request.method} ${trouble ? JSON.stringify(trouble) : "well"}${diagnosis ? ` ${diagnosis.disposition}` : ""}`,
  );
  const told = "response" in end ? String(end.response.status) : toldBy(end.error);
  const { own: _, readings: __, ...rest } = scenario;
  return [JSON.stringify(rest), ...lines, `  ${(endedAt - startedAt) / second} s told: ${told}`].join("\n");
}

const toldBy = (error: unknown): string =>
  isRemedyError(error) ? `${error.outcome}: ${error.code ?? ""} ${error.reason}` : String(error);
