/**
 * One token serves all attempts of a request, since the bearer policy runs outside every retry. A token that expired
 * during a wait is replaced here; what only the bearer policy can answer is left to it.
 */
import type { PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import type { Diagnosis } from "../catalog/diagnosis.js";
import { isRepeatable } from "../lro/resubmission.js";
import { callOf } from "./call-tracer.js";
import { aboutRequest } from "./events.js";
import type { RequestState } from "./request-state.js";
import { challengeOf } from "./responses.js";
import type { Settings } from "./settings.js";

/** Where fresh credentials come from, by header name; undefined if the pipeline sets none. */
export interface CredentialSource {
  freshCredentials(request: PipelineRequest): Promise<Readonly<Record<string, string>> | undefined>;
}

/** A token may have expired after a longer wait: the SDK refreshes two minutes before the end, not later. */
const tokenMayBeDeadAfterMs = 120_000;

export class Tokens {
  readonly #settings: Settings;
  readonly #source: CredentialSource | undefined;
  /** Requests whose challenge the outer policies have seen. */
  readonly #challenged = new WeakSet<PipelineRequest>();

  constructor(settings: Settings, source: CredentialSource | undefined) {
    this.#settings = settings;
    this.#source = source;
  }

  /**
   * An outer policy answers a challenge: it gets another token and sends the request again. It does so once, and
   * requests of our own never pass it. In a poll only a claims challenge counts: any other refusal of a poll has to say
   * how to follow the operation.
   */
  challengeIn({ nested, poll, request }: RequestState, response: PipelineResponse): "claims" | "token" | undefined {
    const challenge = nested || this.#challenged.has(request) ? undefined : challengeOf(response);
    if (!challenge || (poll !== undefined && challenge === "token")) return undefined;
    this.#challenged.add(request);
    return challenge;
  }

  /** Gets a fresh token for an expired one, once per request. False if there is none. */
  async refreshToken(state: RequestState, diagnosis: Diagnosis): Promise<boolean> {
    const { request, remedies } = state;
    const isExpired = diagnosis.remedy.automatic === "refreshCredential";
    if (!isExpired || remedies.runs.has("refreshCredential") || !isRepeatable(request)) return false;
    const credentials = await this.#source?.freshCredentials(request);
    const authorization = credentials?.["authorization"];
    // The SDK returns a token until shortly before it expires by its own estimate: the same one would be refused again.
    if (authorization === undefined || authorization === request.headers.get("authorization")) return false;
    remedies.runs.set("refreshCredential", 1);
    this.#putOn(state, credentials);
    const about = { at: state.authorizedAt, ...aboutRequest(request) };
    const change = "the token had expired; the request is sent again with a fresh one";
    const what = { remedy: "refreshCredential", phase: "done", change } as const;
    this.#settings.reporter.emit({ type: "remedy", ...about, ...what }, callOf(state.next));
    return true;
  }

  /** Before a send after a wait. @throws AbortError if the caller aborts */
  async renew(state: RequestState): Promise<void> {
    const { clock, reporter } = this.#settings;
    if (clock.now() - state.authorizedAt < tokenMayBeDeadAfterMs) return;
    try {
      this.#putOn(state, await this.fresh(state.request));
    } catch (error) {
      if (state.request.abortSignal?.aborted) throw error;
      // The old one may still be good; if not, the service will say so.
      reporter.fault("renewing the token", error, clock.now());
      state.authorizedAt = clock.now();
    }
  }

  /** Fresh credentials for a request of our own on behalf of `request`. */
  async fresh(request: PipelineRequest): Promise<Readonly<Record<string, string>> | undefined> {
    return this.#source?.freshCredentials(request);
  }

  #putOn(state: RequestState, credentials: Readonly<Record<string, string>> = {}): void {
    for (const [name, value] of Object.entries(credentials)) state.request.headers.set(name, value);
    state.authorizedAt = this.#settings.clock.now();
  }
}
