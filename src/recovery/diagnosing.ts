/** Turns what came back into a diagnosis. */
import type { PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import { diagnoseFailure } from "../catalog/diagnose-failure.js";
import type { Diagnosis } from "../catalog/diagnosis.js";
import { readFailure } from "../failure/read.js";
import { formatDuration } from "../time/format-duration.js";
import { hostOf } from "./circuit-breaker.js";
import { saysWhen } from "./responses.js";
import { attemptLimitMs, type SendOutcome } from "./sender.js";
import { remainingMs, type Settings } from "./settings.js";

export function diagnoseInput(input: unknown, { catalog, clock }: Settings): Diagnosis {
  return diagnoseFailure(readFailure(input, { now: clock.now() }), catalog);
}

/** A date to come back at is compared with the service's own clock, if the response shows it. */
export function diagnoseResponse(response: PipelineResponse, { catalog, clock }: Settings): Diagnosis {
  const { status, headers, bodyAsText } = response;
  const showsTime = !Number.isNaN(Date.parse(headers.get("date") ?? ""));
  const failure = readFailure({ status, headers, bodyAsText }, showsTime ? {} : { now: clock.now() });
  return diagnoseFailure(failure, catalog);
}

/** Diagnoses a send that did not succeed, and settles its permit accordingly. */
export function diagnoseSend(outcome: SendOutcome, request: PipelineRequest, settings: Settings): Diagnosis {
  switch (outcome.kind) {
    case "circuitOpen": {
      const message = `Too many failures in a row at ${hostOf(request.url)}.`;
      return diagnoseInput({ error: { code: "CircuitOpen", message } }, settings);
    }
    case "notAdmitted":
      return diagnoseInput({ error: { code: "ThrottleWindowClosed", message: outcome.error.message } }, settings);
    case "error":
      outcome.permit.settle();
      return diagnoseInput(outcome.cutOff ? timeoutOf(request, settings) : outcome.error, settings);
    case "response": {
      const diagnosis = diagnoseResponse(outcome.response, settings);
      const { status, headers } = outcome.response;
      const { category, chain } = diagnosis;
      const retryAfterMs = diagnosis.retryAfterMs ?? (saysWhen(headers) ? 0 : undefined);
      const throttled = category === "throttling";
      const scopeHint = throttled ? chain[chain.length - 1]?.target : undefined;
      outcome.permit.settle({ status, headers, throttled, retryAfterMs, scopeHint });
      return diagnosis;
    }
  }
}

/** A request that ran into its time limit is not aborted, although the SDK calls it so. */
function timeoutOf(request: PipelineRequest, settings: Settings): Error {
  const isPast = (remainingMs(settings, settings.clock.now()) ?? 1) <= 0;
  const limitMs = attemptLimitMs(request, settings);
  const limit =
    request.timeout > 0
      ? `within ${formatDuration(request.timeout)}, the request's own timeout`
      : `within ${formatDuration(limitMs)}, the limit of attemptTimeoutMs`;
  const within = isPast ? "before the deadline" : limit;
  return Object.assign(new Error(`No complete response came ${within}.`), { code: "AttemptTimeout" });
}
