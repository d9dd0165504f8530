/** Makes the error of a request, an operation or a function, and emits its `failed` event. */
import type { PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import { redact, redactBody } from "../failure/redact.js";
import { jsonOf } from "../lro/json.js";
import type { ResumeInfo } from "../lro/resume.js";
import { aboutRequest, failureOf, type EventSubject } from "./events.js";
import { RemedyError } from "./remedy-error.js";
import type { FailedEnd, RequestState } from "./request-state.js";
import type { Settings } from "./settings.js";

/** Whose error it is. */
export interface Failed {
  /** As events show it. */
  readonly about: EventSubject;
  /** Becomes `error.request`. */
  readonly request?: PipelineRequest | undefined;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly resume?: ResumeInfo | undefined;
  /** Its maker reports the end. */
  readonly silent?: boolean;
}

export class ErrorFactory {
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  ofRequest({ request, operation, startedAt, nested, poll }: RequestState, end: FailedEnd): RemedyError {
    const silent = nested || (poll !== undefined && poll !== "foreign");
    return this.make({ about: aboutRequest(request, operation), request, startedAt, silent }, end);
  }

  make({ about, request, startedAt, resume, silent = false }: Failed, end: Omit<FailedEnd, "kind">): RemedyError {
    const { diagnosis, attempts, reason, outcome, retryAfterMs, cause, evidence } = end;
    const { clock, reporter } = this.#settings;
    const at = clock.now();
    const elapsedMs = at - startedAt;
    if (!silent) {
      const failure = failureOf(diagnosis);
      reporter.emit({ type: "failed", at, ...about, attempts: attempts.length, elapsedMs, reason, failure });
    }
    const response = end.response && withoutSecrets(end.response, request ?? end.response.request);
    return new RemedyError({
      diagnosis,
      attempts,
      elapsedMs,
      reason,
      outcome,
      retryAfterMs,
      retryAt: retryAfterMs === undefined ? undefined : at + retryAfterMs,
      request,
      response,
      details: response?.parsedBody ?? response?.bodyAsText ?? undefined,
      cause,
      resume,
      evidence,
      resource: about.resource,
    });
  }
}

/** The response as the error shows it, its secrets cut. */
function withoutSecrets(
  response: PipelineResponse,
  request: PipelineRequest,
): PipelineResponse & { readonly parsedBody?: unknown } {
  const { status, headers, bodyAsText } = response;
  const parsed = jsonOf(response);
  return Object.assign(
    { request, status, headers },
    typeof bodyAsText === "string" && { bodyAsText: redact(bodyAsText) },
    parsed !== undefined && { parsedBody: redactBody(parsed) },
  );
}
