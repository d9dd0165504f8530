/**
 * The outer half of `withRemedy`. It stands before everything else in the pipeline, because two things can only be done
 * from there: getting a fresh token for a request that is already inside (the bearer policy sits outside every retry, by
 * the SDK's design), and learning what the outside made of an answer (no token at all; a status the operation declares).
 *
 * A clean request passes by without a mark on it, an async function around it or an entry in a map: each of them would cost it
 * more than all that is done for it here.
 */
import type {
  Pipeline,
  PipelinePolicy,
  PipelineRequest,
  PipelineResponse,
  SendRequest,
} from "@azure/core-rest-pipeline";
import { createPipelineRequest } from "@azure/core-rest-pipeline";
import { credentialHeaders } from "../recovery/own-request.js";
import type { RemedyError } from "../recovery/remedy-error.js";

export const outerPolicyName = "remedyEntryPolicy";

/** What to do about an error that was thrown before the request was inside (no token): wait it out, or explain it. */
export type RecoverToken = (error: unknown, request: PipelineRequest, next: SendRequest) => Promise<PipelineResponse>;

export class OuterPolicy {
  /** The way in that the last request took. A probe may take it too, since it is answered before anybody sends it. */
  #next: SendRequest | undefined;
  #deserializes: boolean | undefined;
  readonly #pipeline: Pipeline;
  readonly #probes = new Set<PipelineRequest>();
  readonly #errors = new WeakMap<PipelineRequest, () => RemedyError>();

  constructor(pipeline: Pipeline) {
    this.#pipeline = pipeline;
  }

  /** Answers go through a deserializer on their way out, which knows the statuses that the operation declares. */
  get deserializes(): boolean {
    this.#deserializes ??= this.#pipeline.getOrderedPolicies().some(({ name }) => name === "deserializationPolicy");
    return this.#deserializes;
  }

  /** A probe is a request that only wants its Authorization header set: it is answered inside and never sent. */
  isProbe(request: PipelineRequest): boolean {
    return this.#probes.size > 0 && this.#probes.has(request);
  }

  answerProbe(request: PipelineRequest): PipelineResponse {
    return { request, status: 204, headers: createPipelineRequest({ url: request.url }).headers, bodyAsText: "" };
  }

  /** Fresh credentials for a request, by header name; undefined before the pipeline has sent anything. */
  async freshCredentials(request: PipelineRequest): Promise<Readonly<Record<string, string>> | undefined> {
    if (!this.#next) return undefined;
    const { url, abortSignal, tracingOptions } = request;
    const probe = createPipelineRequest({
      url,
      ...(abortSignal && { abortSignal }),
      ...(tracingOptions && { tracingOptions }),
      ...(request.allowInsecureConnection && { allowInsecureConnection: true }),
    });
    this.#probes.add(probe);
    try {
      await this.#next(probe);
    } finally {
      this.#probes.delete(probe);
    }
    return Object.fromEntries(
      credentialHeaders.flatMap((name) => {
        const value = probe.headers.get(name);
        return value === undefined ? [] : [[name, value]];
      }),
    );
  }

  /**
   * Leaves the last word on a failed answer to the deserializer: what it declares passes untouched, what it rejects is
   * thrown as the error that `makeError` makes.
   */
  leaveToDeserializer(request: PipelineRequest, makeError: () => RemedyError): void {
    this.#errors.set(request, makeError);
  }

  /** What failed was left to the deserializer, and has not been thrown. */
  hasErrorFor(request: PipelineRequest): boolean {
    return this.#errors.has(request);
  }

  policy(recover: RecoverToken): PipelinePolicy {
    const failed = async (error: unknown, request: PipelineRequest, next: SendRequest): Promise<PipelineResponse> => {
      const makeError = this.#errors.get(request);
      if (!makeError) return recover(error, request, next);
      this.#errors.delete(request);
      throw makeError();
    };
    return {
      name: outerPolicyName,
      sendRequest: (request, next) => {
        this.#next = next;
        try {
          return next(request).then(undefined, (error: unknown) => failed(error, request, next));
        } catch (error) {
          return failed(error, request, next);
        }
      },
    };
  }
}
