/** Reading a resource to learn what became of a request whose answer was lost or told nothing. */
import { createHttpHeaders, type PipelineRequest, type PipelineResponse } from "@azure/core-rest-pipeline";
import type { Diagnosis } from "../catalog/diagnosis.js";
import { jsonOf } from "../lro/json.js";
import { interpret, type ReadTarget, type Reading } from "../lro/read-back.js";
import { fitsBudget, newCall, type Call } from "./call.js";
import type { Calls, Later } from "./calls.js";
import { RemedyError } from "./remedy-error.js";
import { subRequest } from "./sub-request.js";

/** What one look at a resource brings. */
export type Look = { readonly reading: Reading; readonly response: PipelineResponse } | Later;

/** How a reading ended: the resource says so, or the budget ended first. */
export type ReadingEnd =
  | { readonly kind: "succeeded"; readonly response: PipelineResponse; readonly lastSeen: string }
  | {
      readonly kind: "failed";
      readonly lastSeen: string;
      readonly diagnosis: Diagnosis | undefined;
      readonly response: PipelineResponse;
    }
  | { readonly kind: "unknown"; readonly lastSeen: string };

export class Readings {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** Reads the resource until it says what became of the request, or the budget ends. */
  async untilKnown(call: Call, target: ReadTarget, firstDelayMs: number): Promise<ReadingEnd> {
    const { clock } = this.#calls.settings;
    let delayMs = firstDelayMs;
    let lastSeen = "nothing";
    for (;;) {
      if (!fitsBudget(call, delayMs, this.#calls.settings)) return { kind: "unknown", lastSeen };
      await clock.sleep(delayMs, call.request.abortSignal);
      await this.#calls.tokens.renew(call);
      const { reading, response } = await this.read(call, target);
      lastSeen = reading.lastSeen;
      if (reading.kind === "succeeded") return { kind: "succeeded", response, lastSeen };
      if (reading.kind === "failed")
        return { kind: "failed", lastSeen, diagnosis: this.#diagnosisOf(reading), response };
      delayMs = Math.min(Math.max(delayMs * 2, 5_000), 30_000);
    }
  }

  /** Reads the resource. A reading that fails for good says nothing about the request: it counts as pending. */
  async read(call: Call, target: ReadTarget): Promise<{ reading: Reading; response: PipelineResponse }> {
    const reading = this.#readingOf(call, target);
    try {
      const response = await this.#calls.run(reading);
      return { reading: this.#interpret(target, response), response };
    } catch (error) {
      return unread(target, reading.request, error);
    }
  }

  /** Looks at the resource once on behalf of a poll, and leaves every wait to its poller. */
  async look(call: Call, target: ReadTarget): Promise<Look> {
    const reading = this.#readingOf(call, target, call.patienceMs);
    try {
      const asked = await this.#calls.ask(reading);
      if ("againInMs" in asked) return asked;
      return { reading: this.#interpret(target, asked.response), response: asked.response };
    } catch (error) {
      return unread(target, reading.request, error);
    }
  }

  /** It lives on what is left of the call's time, and has retries of its own. */
  #readingOf({ request, next, startedAt }: Call, target: ReadTarget, patienceMs?: number): Call {
    const reading = subRequest(request, { method: "GET", url: target.url });
    return newCall(reading, next, this.#calls.settings.clock.now(), { nested: true, startedAt, patienceMs });
  }

  /** A resource that has failed for a reason that may still pass by itself (OSProvisioningTimedOut) has not failed for good. */
  #interpret(target: ReadTarget, response: PipelineResponse): Reading {
    const reading = interpret(target, response.status, jsonOf(response));
    if (reading.kind !== "failed") return reading;
    const why = this.#diagnosisOf(reading);
    return why?.disposition === "indeterminate" ? { ...reading, kind: "pending" } : reading;
  }

  #diagnosisOf(reading: Reading & { kind: "failed" }): Diagnosis | undefined {
    return reading.error === undefined ? undefined : this.#calls.verdicts.diagnose(reading.error);
  }
}

/** What a reading that brought no resource tells: that there is none, or nothing. */
function unread(
  target: ReadTarget,
  request: PipelineRequest,
  error: unknown,
): { reading: Reading; response: PipelineResponse } {
  if (!(error instanceof RemedyError)) throw error;
  const response = error.response ?? { request, status: 0, headers: createHttpHeaders() };
  if (error.statusCode === 404) return { reading: interpret(target, 404, undefined), response };
  const lastSeen = `not readable (${error.code ?? error.statusCode ?? "no answer"})`;
  return { reading: { kind: "pending", lastSeen }, response };
}
