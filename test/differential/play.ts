/** Plays a wire to one side: the SDK as it ships, or a build of ours. In virtual time, without sockets. */
import { install as installFakeTimers } from "@sinonjs/fake-timers";
import type { HttpClient, Pipeline, PipelinePolicy, PipelineResponse } from "@azure/core-rest-pipeline";
import { clientNames, type ClientName } from "./calls.js";
import { playerOf, type Player } from "./clients.js";
import { chance } from "./random.js";
import { Service, type Exchange } from "./service.js";
import { isRaw, type Wire } from "./wire.js";

/** What is played of a build of ours. */
export interface Build {
  withRemedy(client: { pipeline: Pipeline }, options: object): unknown;
  remedyPolicy(options: object): PipelinePolicy;
  createThrottle(options: object): unknown;
}

export interface Play {
  readonly outcome: Outcome;
  /** Milliseconds until the caller had it. */
  readonly elapsedMs: number;
  readonly exchanges: readonly Exchange[];
  /** Requests that were sent after the caller had the outcome. */
  readonly late: number;
  /** What the caller's own policy saw, request by request: a status, or the name of what was thrown. */
  readonly seen: readonly string[];
  readonly heard: readonly string[];
  /** Whether what was asked for was so when the caller heard of it, and whether it is when nothing runs any more. */
  readonly isDone: boolean;
  readonly isDoneLater: boolean;
  readonly executions: number;
  readonly unhandled: readonly string[];
}

export type Outcome =
  | { readonly how: "resolved"; readonly value: unknown }
  | { readonly how: "rejected"; readonly error: ErrorFields }
  /** Nothing is left that could end the call, or it takes longer than anybody waits. */
  | { readonly how: "hung" };

/** What a caller can read of an error. */
export interface ErrorFields {
  readonly name: string;
  readonly message: string;
  readonly code: unknown;
  readonly statusCode: unknown;
  readonly details: unknown;
  readonly hasRequest: boolean;
  readonly response:
    | { readonly status: number; readonly bodyAsText: unknown; readonly headers: unknown; readonly parsedBody: unknown }
    | undefined;
  readonly outcome: unknown;
  /** The codes of the whole chain, and what ours says beyond the SDK. */
  readonly chain: readonly unknown[];
  readonly own: unknown;
}

/** A side of the comparison, with its clients. */
export interface Side {
  readonly play: (wire: Wire) => Promise<Play>;
}

const longestMs = 48 * 3_600_000;
const mostSteps = 20_000;

let time: ReturnType<typeof installFakeTimers> | undefined;
let random = Math.random;
const real = { setImmediate: globalThis.setImmediate, random: Math.random };

/** Takes the process into virtual time, and chance out of it. */
export function enterVirtualTime(): void {
  Math.random = () => random();
  time ??= installFakeTimers({
    now: Date.UTC(2026, 0, 5, 8, 0, 0),
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"],
  });
}

export function leaveVirtualTime(): void {
  time?.uninstall();
  time = undefined;
  Math.random = real.random;
}

export function sideOf(build: Build | undefined): Side {
  const stage = new Stage();
  const players = new Map<ClientName, Player>();
  const playerFor = (name: ClientName): Player => {
    const made = players.get(name) ?? playerOf(name, stage);
    // A vault's client remembers the challenge it has met.
    if (name !== "vault") players.set(name, made);
    return made;
  };
  clientNames.forEach(playerFor);
  return {
    play: async (wire) => {
      const player = playerFor(wire.client);
      random = chance(wire.seed + 1).next;
      if (build) add(build, wire, player.client);
      return stage.play(wire, player);
    },
  };
}

/** For every wire with a memory of its own, as a process would have that has just started. */
function add(build: Build, wire: Wire, client: { pipeline: Pipeline }): void {
  const options = { throttle: build.createThrottle({}) };
  // Storage brings a retry policy of its own.
  client.pipeline.removePolicy({ name: "storageRetryPolicy" });
  if (wire.install === "withRemedy") {
    build.withRemedy(client, options);
    return;
  }
  client.pipeline.removePolicy({ phase: "Retry" });
  const names = ["defaultRetryPolicy", "remedyPolicy", "remedyEntryPolicy", "remedyOuterPolicy"];
  for (const name of names) client.pipeline.removePolicy({ name });
  // By hand it has to be said that the caller takes responses.
  const byHand = isRaw(wire) ? { ...options, failedResponses: "return" } : options;
  client.pipeline.addPolicy(build.remedyPolicy(byHand), { phase: "Retry" });
}

class Stage {
  #service: Service | undefined;
  #seen: string[] = [];

  readonly httpClient: HttpClient = {
    sendRequest: (request) => {
      if (!this.#service) throw new Error("No wire is played.");
      return this.#service.send(request);
    },
  };

  readonly perCall: PipelinePolicy = {
    name: "callersOwnPolicy",
    sendRequest: async (request, next) => {
      try {
        const response = await next(request);
        this.#seen.push(`${request.method} ${response.status}`);
        return response;
      } catch (error) {
        const { name, statusCode } = error as { name: string; statusCode?: number };
        this.#seen.push(`${request.method} thrown ${name} ${statusCode ?? ""}`.trimEnd());
        throw error;
      }
    },
  };

  async play(wire: Wire, player: Player): Promise<Play> {
    const clock = time;
    if (!clock) throw new Error("Not in virtual time.");
    clock.reset();
    const startedAt = Date.now();
    const service = new Service(wire, `vm${wire.seed}`, () => Date.now());
    this.#service = service;
    this.#seen = [];
    const unhandled: string[] = [];
    const onUnhandled = (reason: unknown): void => void unhandled.push(String(reason).split("\n")[0] ?? "");
    process.on("unhandledRejection", onUnhandled);
    try {
      const heard: string[] = [];
      const controller = new AbortController();
      if (wire.abortAtMs !== undefined) setTimeout(() => controller.abort(), wire.abortAtMs);
      const ended = watch(
        player.call(wire.call, service.name, {
          abortSignal: controller.signal,
          style: wire.style,
          ...(wire.updateIntervalMs !== undefined && { updateIntervalInMs: wire.updateIntervalMs }),
          ...(wire.timeoutMs !== undefined && { requestOptions: { timeout: wire.timeoutMs } }),
          onResponse: (response) => heard.push(heardOf(response as PipelineResponse)),
        }),
      );
      await runUntil(clock, startedAt, () => ended.outcome !== undefined);
      const elapsedMs = Date.now() - startedAt;
      const isDone = service.isDone();
      const sent = service.exchanges.length;
      await runTail(clock, Date.now() + 20 * 60_000);
      return {
        outcome: ended.outcome ?? { how: "hung" },
        elapsedMs,
        exchanges: service.exchanges,
        late: service.exchanges.length - sent,
        seen: this.#seen,
        heard,
        isDone,
        isDoneLater: service.isDone(),
        executions: service.executions,
        unhandled,
      };
    } finally {
      process.off("unhandledRejection", onUnhandled);
      this.#service = undefined;
    }
  }
}

function watch(call: Promise<unknown>): { outcome: Outcome | undefined } {
  const ended: { outcome: Outcome | undefined } = { outcome: undefined };
  call.then(
    (value) => (ended.outcome = { how: "resolved", value: plain(value) }),
    (error: unknown) => (ended.outcome = { how: "rejected", error: fieldsOf(error) }),
  );
  return ended;
}

/** Nothing happens but by promises and timers: when the promises have come to rest, the next timer is due. */
async function runUntil(clock: NonNullable<typeof time>, startedAt: number, isOver: () => boolean): Promise<void> {
  for (let step = 0; step < mostSteps; step++) {
    await turn();
    if (isOver()) return;
    if (clock.countTimers() === 0) {
      await turn();
      await turn();
      if (isOver() || clock.countTimers() === 0) return;
    }
    if (Date.now() - startedAt > longestMs) return;
    clock.next();
  }
}

/** What still happens after the end: nothing should be sent any more. */
async function runTail(clock: NonNullable<typeof time>, until: number): Promise<void> {
  await turn();
  for (let step = 0; step < 30 && clock.countTimers() > 0 && Date.now() < until; step++) {
    clock.next();
    await turn();
  }
  if (Date.now() < until) clock.setSystemTime(until);
}

const turn = (): Promise<void> => new Promise((resolve) => real.setImmediate(resolve));

function heardOf({ status, bodyAsText, parsedBody }: PipelineResponse & { parsedBody?: unknown }): string {
  return `${status} ${bodyAsText === undefined ? "" : "text"} ${parsedBody === undefined ? "" : "parsed"}`.trimEnd();
}

/** A copy without requests, prototypes and what cannot be printed. */
const plain = (value: unknown): unknown =>
  value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);

function fieldsOf(thrown: unknown): ErrorFields {
  const error = thrown as Partial<Record<string, unknown>> & { name?: string; message?: string };
  const response = error["response"] as (PipelineResponse & { parsedBody?: unknown }) | undefined;
  const diagnosis = error["diagnosis"] as { chain?: readonly { code?: unknown }[] } | undefined;
  return {
    name: error.name ?? typeof thrown,
    message: error.message ?? String(thrown),
    code: error["code"],
    statusCode: error["statusCode"],
    details: plain(error["details"]),
    hasRequest: error["request"] !== undefined,
    response: response && {
      status: response.status,
      bodyAsText: response.bodyAsText,
      headers: response.headers.toJSON(),
      parsedBody: plain(response.parsedBody),
    },
    outcome: error["outcome"],
    chain: diagnosis?.chain?.map(({ code }) => code) ?? [],
    own: diagnosis && plain({ ...error, details: undefined, diagnosis: { ...diagnosis } }),
  };
}
