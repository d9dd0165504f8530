/** Runs an allowed remedy: with its bounds, its events, and a context that sends through the caller's own pipeline. */
import type { PipelineRequest, SendRequest } from "@azure/core-rest-pipeline";
import type { Diagnosis } from "../catalog/diagnosis.js";
import type {
  FailedRequest,
  Remedy,
  RemedyCall,
  RemedyContext,
  RemedyOutcome,
  RemedyResponse,
} from "../remedies/remedy.js";
import { jsonOf } from "../supervisor/json.js";
import { Operations } from "../supervisor/operations.js";
import { progressOf } from "../supervisor/poll.js";
import { eventRequest, newCall } from "./call.js";
import { subRequest, type Calls } from "./calls.js";
import { freshAuthorization } from "./entry.js";
import { messageOf } from "./events.js";
import { remainingMs, type Settings } from "./options.js";

/** What a remedy works on: the call or operation it repairs. */
export interface Patient {
  /** A live request: its token and pipeline are used, and it is what is sent again. */
  readonly request: PipelineRequest;
  readonly next: SendRequest;
  /** How often each remedy has run for it. */
  readonly runs: Map<string, number>;
  readonly notes: Map<string, unknown>;
  readonly startedAt: number;
  readonly afterwards: (() => Promise<void>)[];
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

/** Asks the remedies that remember for a better first request, and puts their change on it. */
export function prepare(settings: Settings, request: PipelineRequest): void {
  for (const remedy of settings.remedies) {
    if (!remedy.prepare) continue;
    const { method, url } = request;
    const now = settings.clock.now();
    try {
      const outcome = remedy.prepare({ method, url, body: () => failedRequestOf(request).body }, now);
      if (!outcome) continue;
      change(request, outcome);
      settings.teller.tell({
        type: "remedy",
        at: now,
        request: eventRequest(request),
        remedy: remedy.name,
        phase: "done",
        change: outcome.change,
      });
    } catch (error) {
      settings.teller.fault(`remedy ${remedy.name}`, error, now);
    }
  }
}

export class RemedyRunner {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
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
      if (patient.request.abortSignal?.aborted) throw error;
      tell("failed", messageOf(error));
      return { message: messageOf(error).split("\n", 1)[0] ?? "", cause: error };
    }
  }

  #contextOf(diagnosis: Diagnosis, { request, next, notes, startedAt, afterwards }: Patient): RemedyContext {
    const { settings } = this.#calls;
    return {
      diagnosis,
      request: failedRequestOf(request),
      clock: settings.clock,
      signal: request.abortSignal,
      startedAt,
      notes,
      remainingMs: () => remainingMs(settings, settings.clock.now()) ?? Infinity,
      send: (call) => this.#sendAndWait(request, next, call),
      afterwards: (action) => void afterwards.push(action),
    };
  }

  /** A remedy's call, followed to the end of its long-running operation. */
  async #sendAndWait(patient: PipelineRequest, next: SendRequest, call: RemedyCall): Promise<RemedyResponse> {
    const { settings } = this.#calls;
    const send = async (target: RemedyCall): Promise<Awaited<ReturnType<Calls["run"]>>> => {
      // A repair takes minutes, and the token of the failed request ages with it.
      const authorization = await freshAuthorization(patient);
      if (authorization !== undefined) patient.headers.set("authorization", authorization);
      return this.#calls.run(newCall(subRequest(patient, target), next, settings.clock.now(), { nested: true }));
    };
    let response = await send(call);
    const operation = new Operations().track(subRequest(patient, call), response, settings.clock.now());
    if (!operation) return toRemedyResponse(response);
    for (;;) {
      const seconds = Number(response.headers.get("retry-after"));
      await settings.clock.sleep(
        Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 60) * 1_000 : 2_000,
        patient.abortSignal,
      );
      response = await send({ method: "GET", url: operation.operationUrl });
      const progress = progressOf(response, operation.mode);
      if (progress === "succeeded") return toRemedyResponse(response);
      if (progress === "failed") {
        const diagnosis = this.#calls.diagnose({
          status: response.status,
          headers: response.headers,
          bodyAsText: response.bodyAsText,
        });
        throw new Error(
          `${call.method} ${eventRequest(call).url} failed: ${diagnosis.code ?? ""} ${diagnosis.explanation}`,
        );
      }
    }
  }
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
