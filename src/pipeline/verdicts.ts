/** What a failure means, and how the end of a call or an operation is told: as an event, and as the error that is thrown. */
import type { PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import { diagnoseFailure } from "../catalog/diagnose-failure.js";
import type { Diagnosis } from "../catalog/diagnosis.js";
import { inWords } from "../decision/decide.js";
import { readFailure } from "../failure/read.js";
import { redact, redactBody } from "../failure/redact.js";
import { jsonOf } from "../lro/json.js";
import type { ResumeInfo } from "../lro/resume.js";
import { ThrottleDeadlineError } from "../throttle/throttle.js";
import { eventRequest, isFollowed, type Call } from "./call.js";
import { failureOf } from "./events.js";
import { remainingMs, type Settings } from "./options.js";
import { RemedyError } from "./remedy-error.js";
import type { Outcome } from "./sender.js";

export class Verdicts {
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  diagnose(input: unknown): Diagnosis {
    const failure = readFailure(input, { now: this.#settings.clock.now() });
    return diagnoseFailure(failure, this.#settings.catalog);
  }

  diagnoseAnswer({ status, headers, bodyAsText }: PipelineResponse): Diagnosis {
    return this.diagnose({ status, headers, bodyAsText });
  }

  /** Diagnoses a failed send, and settles its permit with what it means. */
  explain(outcome: Outcome, request: PipelineRequest): Diagnosis {
    const diagnosis =
      outcome.kind === "answer"
        ? this.diagnoseAnswer(outcome.response)
        : this.diagnose(this.#errorInput(outcome, request));
    settlePermit(outcome, diagnosis);
    return diagnosis;
  }

  /** What to throw when the throttle refused a call: it would have had to wait past its deadline, or its patience. */
  notAdmitted(call: Call, error: unknown): unknown {
    if (!(error instanceof ThrottleDeadlineError)) return error;
    const now = this.#settings.clock.now();
    const comesBack =
      call.patienceMs !== undefined && error.retryAt - now < (remainingMs(this.#settings, now) ?? Infinity);
    return comesBack ? error : this.#throttledPastDeadline(call, error);
  }

  /** A call that had failed before has ended well. */
  tellRecovered(call: Call, reason: string): void {
    const { clock, teller } = this.#settings;
    const now = clock.now();
    teller.tell({
      type: "recovered",
      at: now,
      request: eventRequest(call.request),
      attempts: call.sends,
      elapsedMs: now - call.startedAt,
      reason,
    });
  }

  /** Runs what remedies left to do after the end, last one first. What fails there is reported and hides nothing. */
  async finish(afterwards: (() => Promise<void>)[]): Promise<void> {
    for (const action of afterwards.splice(0).reverse()) {
      await action().catch((error: unknown) =>
        this.#settings.teller.fault("a remedy's last step", error, this.#settings.clock.now()),
      );
    }
  }

  #throttledPastDeadline(call: Call, error: ThrottleDeadlineError): RemedyError {
    const now = this.#settings.clock.now();
    const diagnosis = this.diagnose({ error: { code: "ThrottleWindowClosed", message: error.message } });
    const reason = "the throttling window stays closed past the deadline";
    return this.errorOfCall(call, diagnosis, reason, { retryAfterMs: Math.max(0, error.retryAt - now), cause: error });
  }

  /** The error of a call whose send was its last. */
  giveUp(
    call: Call,
    outcome: Outcome,
    diagnosis: Diagnosis,
    reason: string,
    more: { retryAfterMs?: number | undefined; cause?: unknown; outcome?: RemedyError["outcome"] } = {},
  ): RemedyError {
    const response = outcome.kind === "answer" ? outcome.response : undefined;
    const cause = more.cause ?? (outcome.kind === "error" ? outcome.error : undefined);
    return this.errorOfCall(call, diagnosis, reason, { ...more, response, cause });
  }

  /** The error of a call. */
  errorOfCall(
    call: Call,
    diagnosis: Diagnosis,
    reason: string,
    more: {
      retryAfterMs?: number | undefined;
      response?: PipelineResponse | undefined;
      cause?: unknown;
      outcome?: RemedyError["outcome"];
    },
  ): RemedyError {
    const isRead = call.request.method === "GET" || call.request.method === "HEAD";
    return this.errorOf({
      outcome: call.mayHaveRun && !isRead ? "unknown" : "failed",
      request: call.request,
      diagnosis,
      attempts: call.failures,
      startedAt: call.startedAt,
      reason,
      ...more,
      silent: call.nested || isFollowed(call),
    });
  }

  /** Makes the error of a call or an operation, and tells of it. */
  errorOf(end: {
    request: PipelineRequest | { method: string; url: string };
    liveRequest?: PipelineRequest;
    diagnosis: Diagnosis;
    attempts: RemedyError["attempts"];
    startedAt: number;
    reason: string;
    outcome?: RemedyError["outcome"];
    retryAfterMs?: number | undefined;
    response?: PipelineResponse | undefined;
    cause?: unknown;
    resume?: ResumeInfo | undefined;
    silent?: boolean;
  }): RemedyError {
    const { diagnosis, attempts, reason, outcome, retryAfterMs, cause, resume } = end;
    const now = this.#settings.clock.now();
    const elapsedMs = now - end.startedAt;
    const request = end.liveRequest ?? ("headers" in end.request ? end.request : undefined);
    const response = end.response && withoutSecrets(end.response, request ?? end.response.request);
    if (!end.silent) {
      this.#settings.teller.tell({
        type: "failed",
        at: now,
        request: eventRequest(end.request),
        attempts: attempts.length,
        elapsedMs,
        reason,
        failure: failureOf(diagnosis),
      });
    }
    return new RemedyError({
      diagnosis,
      attempts,
      elapsedMs,
      reason,
      outcome,
      retryAfterMs,
      retryAt: retryAfterMs === undefined ? undefined : now + retryAfterMs,
      request,
      response,
      details: response
        ? ((response as { parsedBody?: unknown }).parsedBody ?? response.bodyAsText ?? undefined)
        : undefined,
      cause,
      resume,
    });
  }

  /** What reading a failed send starts from. A request that ran into its time is no abort, though the SDK calls it one. */
  #errorInput({ error, cutOff }: Outcome & { kind: "error" }, request: PipelineRequest): unknown {
    if (!cutOff) return error;
    const settings = this.#settings;
    const isPast = (remainingMs(settings, settings.clock.now()) ?? 1) <= 0;
    // The SDK's own time-out is the request's; whichever is shorter has ended it.
    const limits = [request.timeout, settings.attemptTimeoutMs].filter((ms) => ms > 0);
    const within = isPast ? "before the deadline" : `within the attempt's ${inWords(Math.min(...limits))}`;
    return Object.assign(new Error(`No whole answer came ${within}.`), { code: "AttemptTimeout" });
  }
}

function settlePermit(outcome: Outcome, diagnosis: Diagnosis): void {
  if (outcome.kind === "error") {
    outcome.permit.settle();
    return;
  }
  const { status, headers } = outcome.response;
  const target = diagnosis.chain[diagnosis.chain.length - 1]?.target;
  outcome.permit.settle({
    status,
    headers,
    throttled: diagnosis.category === "throttling",
    retryAfterMs: diagnosis.retryAfterMs,
    scopeHint: diagnosis.category === "throttling" ? target : undefined,
  });
}

/** The answer as the error shows it, its secrets cut. */
function withoutSecrets(response: PipelineResponse, request: PipelineRequest): PipelineResponse {
  const { status, headers, bodyAsText } = response;
  const parsed = jsonOf(response);
  return Object.assign(
    { request, status, headers },
    typeof bodyAsText === "string" && { bodyAsText: redact(bodyAsText) },
    parsed !== undefined && { parsedBody: redactBody(parsed) },
  );
}
