/** Results of successful requests that the caller wants as errors: `failOn: ["runCommand"]`. */
import type { PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import { failureInResult } from "../failure/results.js";
import { jsonOf } from "../lro/json-body.js";
import { diagnoseResponse } from "./diagnosing.js";
import { attemptOf } from "./recover.js";
import type { FailedEnd } from "./request-state.js";
import type { Settings } from "./settings.js";

const reason = "the request succeeded, and its result says that something failed";

/** The end of a request whose result reports a failure, if the caller asked for that. */
export function failedResult(
  request: PipelineRequest,
  response: PipelineResponse,
  settings: Settings,
): FailedEnd | undefined {
  if (response.status < 200 || response.status >= 300 || request.method === "HEAD") return undefined;
  const kind = failureInResult(jsonOf(response));
  if (kind === undefined || !settings.failOn.has(kind)) return undefined;
  const diagnosis = diagnoseResponse(response, settings);
  const attempts = [attemptOf(diagnosis, reason, settings.clock.now())];
  return { kind: "failed", diagnosis, attempts, reason, outcome: "failed", response };
}
