/**
 * One token serves all attempts of a request, since the bearer policy stands outside every retry. What a wait has killed is
 * replaced here; what only the bearer policy can answer is left to it.
 */
import type { PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import type { Diagnosis } from "../catalog/diagnosis.js";
import { isRepeatable } from "../lro/resubmission.js";
import { hasClaimsChallenge } from "./answers.js";
import { eventRequest, type Call } from "./call.js";
import type { Entry } from "./entry.js";
import type { Settings } from "./options.js";

/** A token that has lived through a longer wait may be dead: the SDK refreshes two minutes before the end, not later. */
const tokenMayBeDeadAfterMs = 120_000;

export class Tokens {
  readonly #settings: Settings;
  readonly #entry: Entry | undefined;
  /** Requests whose claims challenge the bearer policy has seen. */
  readonly #challenged = new WeakSet<PipelineRequest>();

  constructor(settings: Settings, entry: Entry | undefined) {
    this.#settings = settings;
    this.#entry = entry;
  }

  /**
   * A claims challenge is answered by the bearer policy outside, which gets another token and sends the request again. It
   * does so once; and requests of our own never come by it.
   */
  isLeftToBearer(call: Call, response: PipelineResponse): boolean {
    if (call.nested || !hasClaimsChallenge(response) || this.#challenged.has(call.request)) return false;
    this.#challenged.add(call.request);
    return true;
  }

  /** One resend with fresh credentials for an expired token. */
  async getsFresh(call: Call, diagnosis: Diagnosis): Promise<boolean> {
    if (diagnosis.remedy.automatic !== "refreshCredential" || (call.remedyRuns.get("refreshCredential") ?? 0) > 0)
      return false;
    if (!isRepeatable(call.request)) return false;
    const authorization = await this.#entry?.freshAuthorization(call.request);
    // The SDK hands out a token until shortly before it believes it dead: the same one would be refused again.
    if (authorization === undefined || authorization === call.request.headers.get("authorization")) return false;
    call.remedyRuns.set("refreshCredential", 1);
    call.request.headers.set("authorization", authorization);
    call.authorizedAt = this.#settings.clock.now();
    this.#settings.teller.tell({
      type: "remedy",
      at: call.authorizedAt,
      request: eventRequest(call.request),
      remedy: "refreshCredential",
      phase: "done",
      change: "the token had expired; the request is sent again with a fresh one",
    });
    return true;
  }

  /** Before a send after a wait. @throws AbortError when the caller aborts */
  async renew(call: Call): Promise<void> {
    const { clock, teller } = this.#settings;
    if (clock.now() - call.authorizedAt < tokenMayBeDeadAfterMs) return;
    try {
      const authorization = await this.#entry?.freshAuthorization(call.request);
      if (authorization !== undefined) call.request.headers.set("authorization", authorization);
    } catch (error) {
      if (call.request.abortSignal?.aborted) throw error;
      // The old one may still be good; if not, the service says so.
      teller.fault("renewing the token", error, clock.now());
    }
    call.authorizedAt = clock.now();
  }
}
