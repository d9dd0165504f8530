/** Runs an allowed remedy: with its bounds, its events, and a context that sends through the caller's own pipeline. */
import type { PipelineRequest, PipelineResponse, SendRequest } from "@azure/core-rest-pipeline";
import type { Diagnosis } from "../catalog/diagnosis.js";
import { inWords } from "../decision/decide.js";
import type {
  FailedRequest,
  Remedy,
  RemedyCall,
  RemedyContext,
  RemedyOutcome,
  RemedyResponse,
} from "../remedies/remedy.js";
import type { Carrier } from "../lro/errand.js";
import { jsonOf } from "../lro/json.js";
import type { PollMode } from "../lro/operation.js";
import { followUpOf } from "../lro/operations.js";
import { askedWaitMs, progressOf } from "../lro/poll.js";
import type { AbortSignalLike, Clock } from "../time/clock.js";
import { eventRequest, newCall } from "./call.js";
import type { Calls } from "./calls.js";
import { messageOf } from "./events.js";
import { remainingMs, type Settings } from "./options.js";
import { subRequest } from "./sub-request.js";

/** What a remedy works on: the call or operation it repairs. */
export interface Patient {
  /** What is sent again: the remedy's changes are put on it. */
  readonly request: PipelineRequest;
  readonly carrier: Carrier;
  /** How often each remedy has run for it. */
  readonly runs: Map<string, number>;
  readonly notes: Map<string, unknown>;
  readonly startedAt: number;
  readonly afterwards: (() => Promise<void>)[];
  /** The body by which the service said that this very request created the resource. */
  readonly created?: string | undefined;
}

/** The remedies that are allowed, fit the failure, and are not used up, in the caller's order. */
export function fittingRemedies(
  remedies: readonly Remedy[],
  diagnosis: Diagnosis,
  request: { method: string; url: string; body?: unknown },
  runs: ReadonlyMap<string, number>,
): readonly Remedy[] {
  if (remedies.length === 0 || diagnosis.disposition !== "adaptable") return [];
  const failed = failedRequestOf(request);
  return remedies.filter(
    (remedy) => (runs.get(remedy.name) ?? 0) < (remedy.maxRuns ?? 1) && fits(remedy, diagnosis, failed),
  );
}

function fits(remedy: Remedy, diagnosis: Diagnosis, request: FailedRequest): boolean {
  try {
    return remedy.fits ? remedy.fits(diagnosis, request) : diagnosis.remedy.automatic === remedy.name;
  } catch {
    // A predicate that throws does not fit; the failure it was asked about is what the caller should hear of.
    return false;
  }
}

export function failedRequestOf({ method, url, body }: { method: string; url: string; body?: unknown }): FailedRequest {
  const parsed = typeof body === "string" ? jsonOf({ bodyAsText: body }) : undefined;
  return { method, url, ...(parsed !== undefined && { body: parsed }) };
}

/** Tells every remedy that remembers of a failure. */
export function letLearn(
  settings: Settings,
  diagnosis: Diagnosis,
  request: { method: string; url: string; body?: unknown },
): void {
  if (diagnosis.disposition !== "adaptable") return;
  for (const remedy of settings.remedies) {
    if (!remedy.learn) continue;
    const now = settings.clock.now();
    try {
      remedy.learn(diagnosis, failedRequestOf(request), now);
    } catch (error) {
      settings.teller.fault(`remedy ${remedy.name}`, error, now);
    }
  }
}

export class RemedyRunner {
  readonly #calls: Calls;
  readonly #preparing: readonly Remedy[];

  constructor(calls: Calls) {
    this.#calls = calls;
    this.#preparing = calls.settings.remedies.filter((remedy) => remedy.prepare !== undefined);
  }

  /** Runs the remedy and puts its changes on the request. Gives the failure, or nothing when it went well. */
  async apply(
    name: string,
    diagnosis: Diagnosis,
    patient: Patient,
  ): Promise<{ message: string; cause: unknown } | undefined> {
    const { settings } = this.#calls;
    const remedy = settings.remedies.find((candidate) => candidate.name === name);
    if (!remedy) return { message: "it is not known", cause: undefined };
    patient.runs.set(name, (patient.runs.get(name) ?? 0) + 1);
    const tell = (phase: "started" | "done" | "failed", change?: string): void =>
      settings.teller.tell({
        type: "remedy",
        at: settings.clock.now(),
        request: eventRequest(patient.request),
        remedy: name,
        phase,
        ...(change !== undefined && { change }),
      });
    tell("started");
    try {
      const outcome = await remedy.apply(this.#contextOf(diagnosis, patient));
      change(patient.request, outcome);
      tell("done", outcome.change);
      return undefined;
    } catch (error) {
      if (patient.carrier.request.abortSignal?.aborted) throw error;
      tell("failed", messageOf(error));
      return { message: messageOf(error).split("\n", 1)[0] ?? "", cause: error };
    }
  }

  /**
   * Asks the remedies that remember for a better first request, and puts their change on it. Gives a promise only when one
   * of them has something to say.
   */
  prepare(request: PipelineRequest, next: SendRequest): Promise<void> | undefined {
    for (const [index, remedy] of this.#preparing.entries()) {
      const coming = this.#consult(remedy, request, next);
      if (coming) return this.#putOn(request, next, remedy, coming, this.#preparing.slice(index + 1));
    }
    return undefined;
  }

  #consult(remedy: Remedy, request: PipelineRequest, next: SendRequest): ReturnType<NonNullable<Remedy["prepare"]>> {
    const { clock, teller } = this.#calls.settings;
    const { method, url } = request;
    const asked = { method, url, body: () => failedRequestOf(request).body };
    const carrier = { request, next, clock };
    try {
      return remedy.prepare?.(asked, clock.now(), (call) => this.#send(carrier, call, () => this.#leftMs()));
    } catch (error) {
      teller.fault(`remedy ${remedy.name}`, error, clock.now());
      return undefined;
    }
  }

  async #putOn(
    request: PipelineRequest,
    next: SendRequest,
    { name }: Remedy,
    coming: Promise<RemedyOutcome | undefined>,
    rest: readonly Remedy[],
  ): Promise<void> {
    const { clock, teller } = this.#calls.settings;
    try {
      const outcome = await coming;
      if (outcome) {
        change(request, outcome);
        const at = clock.now();
        const { change: words } = outcome;
        teller.tell({ type: "remedy", at, request: eventRequest(request), remedy: name, phase: "done", change: words });
      }
    } catch (error) {
      if (request.abortSignal?.aborted) throw error;
      teller.fault(`remedy ${name}`, error, clock.now());
    }
    for (const [index, remedy] of rest.entries()) {
      const later = this.#consult(remedy, request, next);
      if (later) return this.#putOn(request, next, remedy, later, rest.slice(index + 1));
    }
  }

  #contextOf(diagnosis: Diagnosis, patient: Patient): RemedyContext {
    const { request, carrier, notes, startedAt, afterwards, created } = patient;
    const { clock } = this.#calls.settings;
    let begunAt = clock.now();
    const leftMs = (): number => this.#leftMs(begunAt);
    const createdBody = created === undefined ? undefined : jsonOf({ bodyAsText: created });
    return {
      diagnosis,
      request: failedRequestOf(request),
      clock: {
        now: () => clock.now(),
        sleep: (ms, signal, options) => sleepWithin(carrier, ms, leftMs(), signal, options),
      },
      get signal() {
        return carrier.request.abortSignal;
      },
      startedAt,
      notes,
      ...(createdBody !== undefined && { created: createdBody }),
      remainingMs: leftMs,
      send: (call) => this.#send(carrier, call, leftMs),
      afterwards: (action) => {
        afterwards.push(() => {
          begunAt = clock.now();
          return action();
        });
      },
    };
  }

  /** Milliseconds that a remedy has left: until the deadline, and never more than `maxElapsedMs` from its beginning. */
  #leftMs(begunAt?: number): number {
    const { settings } = this.#calls;
    const now = settings.clock.now();
    return Math.min(settings.maxElapsedMs - (now - (begunAt ?? now)), remainingMs(settings, now) ?? Infinity);
  }

  /** A remedy's call, followed to the end of its long-running operation. */
  async #send(carrier: Carrier, call: RemedyCall, leftMs: () => number): Promise<RemedyResponse> {
    const first = await this.#sendOnce(carrier, call);
    const followUp = followUpOf(first.request, first.response);
    if (!followUp) return toRemedyResponse(first.response);
    for (let { response } = first; ;) {
      await sleepWithin(carrier, Math.min(askedWaitMs(response) ?? 2_000, 60_000), leftMs());
      ({ response } = await this.#sendOnce(carrier, { method: "GET", url: followUp.operationUrl }, followUp.mode));
      const progress = progressOf(response, followUp.mode);
      if (progress === "succeeded") return toRemedyResponse(response);
      if (progress === "failed") {
        const { status, headers, bodyAsText } = response;
        const { code, explanation } = this.#calls.verdicts.diagnose({ status, headers, bodyAsText });
        throw new Error(`${call.method} ${eventRequest(call).url} failed: ${code ?? ""} ${explanation}`);
      }
    }
  }

  async #sendOnce(
    carrier: Carrier,
    target: RemedyCall,
    poll?: PollMode,
  ): Promise<{ request: PipelineRequest; response: PipelineResponse }> {
    // A repair takes minutes, and the token of the failed request ages with it.
    const authorization = await this.#calls.entry?.freshAuthorization(carrier.request);
    const request = subRequest(carrier.request, target);
    if (authorization !== undefined) request.headers.set("authorization", authorization);
    const { next, clock } = carrier;
    const call = newCall(request, next, this.#calls.settings.clock.now(), { nested: true, poll, clock });
    return { request, response: await this.#calls.run(call) };
  }
}

/** What waits past the time that is left would be too late to help. */
function sleepWithin(
  carrier: Carrier,
  ms: number,
  leftMs: number,
  signal: AbortSignalLike | undefined = carrier.request.abortSignal,
  options?: Parameters<Clock["sleep"]>[2],
): Promise<void> {
  if (ms >= leftMs) return Promise.reject(new Error(`no time is left: the next step is due in ${inWords(ms)}`));
  return carrier.clock.sleep(ms, signal, options);
}

function toRemedyResponse(response: {
  status: number;
  headers: { get(name: string): string | undefined };
  bodyAsText?: string | null;
}): RemedyResponse {
  const body = jsonOf(response);
  return { status: response.status, headers: response.headers, ...(body !== undefined && { body }) };
}

/** Puts a remedy's changes on the request that is sent again. */
export function change(request: PipelineRequest, outcome: RemedyOutcome): void {
  const { url, body, headers } = outcome.request ?? {};
  if (url !== undefined) request.url = url;
  if (body !== undefined) {
    request.body = JSON.stringify(body);
    // Set by the first send, and kept by the next: a longer body would be cut at the length of the old one.
    request.headers.delete("content-length");
  }
  for (const [name, value] of Object.entries(headers ?? {})) request.headers.set(name, value);
  // ARM replays its earlier answer to a known id: "not registered" although it is by now.
  request.headers.set("x-ms-client-request-id", crypto.randomUUID());
}
