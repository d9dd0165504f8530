/**
 * The outer half of `withRemedy`. It runs before everything else in the pipeline, because three things are possible
 * only there: getting a fresh token for a request that is already inside (the bearer policy is outside every retry, by
 * the SDK's design); learning what the outer policies made of a response (no token at all; a challenge that was
 * answered; a status that the operation declares); and throwing where no policy of the caller's sees it, as the SDK
 * does.
 *
 * A clean request passes without a mark on it, an async function around it or an entry in a map: each of these would
 * cost it more than everything that is done for it here.
 */
import type {
  Pipeline,
  PipelinePolicy,
  PipelineRequest,
  PipelineResponse,
  SendRequest,
} from "@azure/core-rest-pipeline";
import { createHttpHeaders, createPipelineRequest } from "@azure/core-rest-pipeline";
import { credentialHeaders } from "../recovery/own-request.js";
import type { RemedyError } from "../recovery/remedy-error.js";
import type { ResponseContract } from "./failed-responses.js";

export const outerPolicyName = "remedyEntryPolicy";

/** What to do about an error thrown before the request came inside (no token): wait it out, or explain it. */
export type RecoverToken = (error: unknown, request: PipelineRequest, next: SendRequest) => Promise<PipelineResponse>;

/** A failed response on its way out, and the error that stands for it. */
export interface Held {
  readonly response: PipelineResponse;
  /** @param thrown what the client's deserializer made of the response */
  readonly makeError: (thrown?: unknown) => RemedyError;
}

export class OuterPolicy {
  readonly #pipeline: Pipeline;
  readonly #contract: () => ResponseContract;
  /** The policies that set credentials. */
  #credentialPolicies: readonly PipelinePolicy[] | undefined;
  readonly #held = new Map<PipelineRequest, Held>();

  constructor(pipeline: Pipeline, contract: () => ResponseContract) {
    this.#pipeline = pipeline;
    this.#contract = contract;
  }

  /**
   * Fresh credentials for a request, by header name. Only the policies that set them see the probe, and nothing is
   * sent.
   */
  async freshCredentials(request: PipelineRequest): Promise<Readonly<Record<string, string>>> {
    const { url, abortSignal, tracingOptions } = request;
    const probe = createPipelineRequest({
      url,
      ...(abortSignal && { abortSignal }),
      ...(tracingOptions && { tracingOptions }),
      ...(request.allowInsecureConnection && { allowInsecureConnection: true }),
    });
    this.#credentialPolicies ??= this.#pipeline.getOrderedPolicies().filter(({ name }) => setsCredentials.test(name));
    for (const policy of this.#credentialPolicies) {
      await policy.sendRequest(probe, (sent) => Promise.resolve(unsent(sent)));
    }
    return Object.fromEntries(
      credentialHeaders.flatMap((name) => {
        const value = probe.headers.get(name);
        return value === undefined ? [] : [[name, value]];
      }),
    );
  }

  /** Whether the caller gets a response with this status as it is. */
  async declares(request: PipelineRequest, { status }: PipelineResponse): Promise<boolean> {
    return !(await this.#contract().throws(request, status));
  }

  /**
   * Lets a failed response pass the caller's own policies on its way out. Then it is decided who gets it: it is
   * returned if the operation declares it, if a challenge was answered for it, or if a REST-level caller made the
   * request; otherwise the error is thrown.
   */
  hold(request: PipelineRequest, held: Held): void {
    this.#held.set(request, held);
  }

  /** The request came in again: a challenge is being answered, or another retry policy has not given up. */
  release(request: PipelineRequest): void {
    if (this.#held.size > 0) this.#held.delete(request);
  }

  /** It failed, and the failure is on its way out. */
  isHeld(request: PipelineRequest): boolean {
    return this.#held.has(request);
  }

  policy(recover: RecoverToken): PipelinePolicy {
    return {
      name: outerPolicyName,
      sendRequest: (request, next) => {
        try {
          return next(request).then(
            (response) => (this.#held.size === 0 ? response : this.#conclude(request, response)),
            (error: unknown) => this.#fail(error, request, next, recover),
          );
        } catch (error) {
          return this.#fail(error, request, next, recover);
        }
      },
    };
  }

  /** The response has passed everything outside us. @throws RemedyError if the client would throw for it */
  async #conclude(request: PipelineRequest, response: PipelineResponse): Promise<PipelineResponse> {
    const held = this.#take(request);
    if (held?.response.status !== response.status) return response;
    const { deserializes, throws } = this.#contract();
    // If a deserializer lets a failed status pass, the operation declares it, or there is no operation.
    if (deserializes && response.status >= 400) return response;
    if (await throws(request)) throw held.makeError();
    return response;
  }

  /** @throws RemedyError, or what another policy threw */
  async #fail(
    error: unknown,
    request: PipelineRequest,
    next: SendRequest,
    recover: RecoverToken,
  ): Promise<PipelineResponse> {
    const held = this.#take(request);
    if (!held) return recover(error, request, next);
    const { name, response } = error as { name?: string; response?: PipelineResponse };
    // The caller's own policies may throw for a response as they like.
    if (name !== "RestError" || response?.status !== held.response.status) throw error;
    throw held.makeError(error);
  }

  #take(request: PipelineRequest): Held | undefined {
    const held = this.#held.get(request);
    this.#held.delete(request);
    return held;
  }
}

const unsent = (request: PipelineRequest): PipelineResponse => ({
  request,
  status: 204,
  headers: createHttpHeaders(),
  bodyAsText: "",
});

/**
 * `bearerTokenAuthenticationPolicy`, `auxiliaryAuthenticationHeaderPolicy`, `keyVaultAuthenticationPolicy` and the
 * like.
 */
const setsCredentials = /authentication(?:header)?policy$/i;
