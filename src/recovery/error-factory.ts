/** Makes the error of a request, an operation or a function, and emits its `failed` event. */
import type { PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import { redactBody } from "../failure/secrets/redact-body.js";
import { redact } from "../failure/secrets/redact.js";
import { jsonOf } from "../lro/json-body.js";
import type { ResumeInfo } from "../lro/resume.js";
import { callOf, type TracedCall } from "./call-tracer.js";
import { aboutRequest, failureOf, type EventSubject } from "./events.js";
import { RemedyError } from "./remedy-error.js";
import type { FailedEnd, RequestState } from "./request-state.js";
import type { Settings } from "./settings.js";

/** Whose error it is. */
export interface Failed {
  /** As events show it. */
  readonly about: EventSubject;
  /** As `options.telemetry` knows it. */
  readonly call?: TracedCall | undefined;
  /** Becomes `error.request`. */
  readonly request?: PipelineRequest | undefined;
  /** Requests that we sent ourselves. Default 0. */
  readonly addedRequests?: number;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly resume?: ResumeInfo | undefined;
  /** Whoever made the request reports the end. */
  readonly silent?: boolean;
}

export class ErrorFactory {
  readonly #settings: Settings;
  readonly #responses = new WeakMap<object, PipelineResponse>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /**
   * @param thrown what the SDK's deserializer made of the same response: the error has its body and headers in that
   * shape
   */
  ofRequest(
    { request, next, operation, startedAt, nested, poll, remedies }: RequestState,
    end: FailedEnd,
    thrown?: unknown,
  ): RemedyError {
    const silent = nested || (poll !== undefined && poll !== "foreign");
    const { resume } = end;
    const about = aboutRequest(request, operation);
    const addedRequests = remedies.added.count;
    return this.make({ about, call: callOf(next), request, addedRequests, startedAt, silent, resume }, end, thrown);
  }

  /** The original response of an error. */
  responseOf(error: unknown): PipelineResponse | undefined {
    return this.#responses.get(error as object);
  }

  make(
    { about, call, request, addedRequests = 0, startedAt, resume, silent = false }: Failed,
    end: Omit<FailedEnd, "kind">,
    thrown?: unknown,
  ): RemedyError {
    const { diagnosis, attempts, reason, outcome, retryAfterMs, cause, evidence } = end;
    const { clock, reporter } = this.#settings;
    const at = clock.now();
    const elapsedMs = at - startedAt;
    if (!silent) {
      const failure = failureOf(diagnosis);
      const counts = { attempts: attempts.length, addedRequests };
      reporter.emit({ type: "failed", at, ...about, ...counts, elapsedMs, reason, failure }, call);
    }
    const response = end.response && withoutSecrets(end.response, request ?? end.response.request, thrown);
    const error = new RemedyError({
      diagnosis,
      attempts,
      elapsedMs,
      reason,
      outcome,
      retryAfterMs,
      retryAt: retryAfterMs === undefined ? undefined : dateOf(at + retryAfterMs),
      request,
      response,
      details: typeof response?.parsedBody === "object" ? response.parsedBody : undefined,
      cause,
      resume,
      evidence,
      resource: about.resource,
      addedRequests,
    });
    if (end.response) this.#responses.set(error, end.response);
    return error;
  }
}

type ParsedResponse = PipelineResponse & { readonly parsedBody?: unknown; readonly parsedHeaders?: unknown };

/** The deserializer may spread a text into its letters; as letters its secrets would not be found. */
const parsedBySdk = ({ parsedBody }: ParsedResponse, json: unknown): unknown =>
  typeof json === "string" && typeof parsedBody === "object" ? Object.assign({}, redact(json)) : parsedBody;

/** Services have asked for waits beyond the last valid date. */
const dateOf = (at: number): number | undefined => (Number.isNaN(new Date(at).getTime()) ? undefined : at);

/** The response in the error, secrets removed. */
function withoutSecrets(response: PipelineResponse, request: PipelineRequest, thrown: unknown): ParsedResponse {
  const { status, headers, bodyAsText } = response;
  const bySdk = (thrown as { response?: ParsedResponse } | undefined)?.response;
  const json = jsonOf(response);
  const parsed = bySdk ? parsedBySdk(bySdk, json) : (json ?? (bodyAsText === "" ? undefined : bodyAsText));
  return Object.assign(
    { request, status, headers },
    typeof bodyAsText === "string" && { bodyAsText: redact(bodyAsText) },
    parsed !== undefined && { parsedBody: redactBody(parsed) },
    bySdk?.parsedHeaders !== undefined && { parsedHeaders: bySdk.parsedHeaders },
  );
}
