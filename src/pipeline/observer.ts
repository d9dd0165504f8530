/**
 * `mode: "observe"`: the SDK's own retry policy acts. Each attempt is diagnosed and decided about, and an event says
 * what would have been done; nothing is sent, delayed or changed.
 */
import type { PipelinePolicy, PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import type { Diagnosis } from "../catalog/diagnosis.js";
import { decide } from "../decision/decide.js";
import { noRemedies } from "../lro/operation.js";
import { Operations } from "../lro/operations.js";
import { progressOf } from "../lro/poll.js";
import { readTargetOf } from "../lro/read-back.js";
import { isRepeatable } from "../lro/resubmission.js";
import { diagnoseInput, diagnoseResponse } from "../recovery/diagnosing.js";
import { aboutRequest, failureOf } from "../recovery/events.js";
import { fittingRemedies, type SentRequest } from "../recovery/fitting-remedies.js";
import { isSuccess } from "../recovery/responses.js";
import { isAbort } from "../recovery/sender.js";
import { remainingMs, type Settings } from "../recovery/settings.js";

export const observerPolicyName = "remedyObserverPolicy";

/** Stands inside the retry policy, where every attempt passes. */
export function observerPolicy(settings: Settings): PipelinePolicy {
  const observer = new Observer(settings);
  return {
    name: observerPolicyName,
    async sendRequest(request, next) {
      try {
        const response = await next(request);
        observer.observe(request, () => observer.responded(request, response));
        return response;
      } catch (error) {
        observer.observe(request, () => observer.threw(request, error));
        throw error;
      }
    },
  };
}

interface Seen {
  attempts: number;
  readonly startedAt: number;
}

class Observer {
  readonly #settings: Settings;
  readonly #operations = new Operations();
  readonly #seen = new WeakMap<PipelineRequest, Seen>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** No error here reaches the call. */
  observe(request: PipelineRequest, look: () => void): void {
    const { clock, reporter } = this.#settings;
    try {
      const seen = this.#seen.get(request) ?? { attempts: 0, startedAt: clock.now() };
      seen.attempts += 1;
      this.#seen.set(request, seen);
      look();
    } catch (error) {
      reporter.fault("mode observe", error, clock.now());
    }
  }

  responded(request: PipelineRequest, response: PipelineResponse): void {
    const { clock } = this.#settings;
    if (!isSuccess(request, response)) {
      this.#report(request, request, diagnoseResponse(response, this.#settings), isRepeatable(request));
      return;
    }
    const operation = request.method === "GET" ? this.#operations.find(request.url) : undefined;
    if (!operation) {
      this.#operations.track(request, response, clock.now());
      return;
    }
    operation.lastPollAt = clock.now();
    const progress = progressOf(response, operation.mode);
    if (progress === "running") return;
    this.#operations.end(operation);
    if (progress === "succeeded") return;
    const diagnosis: Diagnosis = { ...diagnoseResponse(response, this.#settings), execution: "unknown" };
    this.#report(request, operation.first, diagnosis, operation.first.repeatable);
  }

  threw(request: PipelineRequest, error: unknown): void {
    if (isAbort(error)) return;
    this.#report(request, request, diagnoseInput(error, this.#settings), isRepeatable(request));
  }

  /** @param subject what would be sent again: the first request of an operation, or the request itself */
  #report(request: PipelineRequest, subject: SentRequest, diagnosis: Diagnosis, repeatable: boolean): void {
    const settings = this.#settings;
    const { clock, reporter, telemetry, remedies, maxRetries, maxElapsedMs } = settings;
    const { attempts = 1, startedAt = clock.now() } = this.#seen.get(request) ?? {};
    const at = clock.now();
    const left = remainingMs(settings, at);
    const decision = decide(diagnosis, {
      method: subject.method,
      url: subject.url,
      attempt: attempts,
      elapsedMs: at - startedAt,
      ...(left !== undefined && { remainingMs: left }),
      maxRetries,
      maxElapsedMs,
      readable: readTargetOf(subject.method, subject.url) !== undefined,
      repeatable,
      remedies: fittingRemedies(remedies, diagnosis, { request: subject, remedies: noRemedies() }),
      random: settings.random(),
    });
    const about = aboutRequest(request, subject === request ? undefined : subject);
    const failure = failureOf(diagnosis);
    reporter.emit({ type: "observed", at, ...about, attempt: attempts, decision, reason: decision.reason, failure });
    telemetry?.observed?.(diagnosis, decision);
  }
}
