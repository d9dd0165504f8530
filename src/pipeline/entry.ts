/**
 * The outer half of `withRemedy`. It stands before everything else in the pipeline, because two things can only be done
 * from there: getting a fresh token for a request that is already inside (the bearer policy sits outside every retry, by
 * the SDK's design), and learning what the outside made of an answer (no token at all; a status the operation declares).
 */
import type { PipelinePolicy, PipelineRequest, PipelineResponse, SendRequest } from "@azure/core-rest-pipeline";
import { createPipelineRequest } from "@azure/core-rest-pipeline";
import type { RemedyError } from "./remedy-error.js";

export const remedyEntryPolicyName = "remedyEntryPolicy";

/** What the inner policy may ask of the entry that a request came through. */
export interface Entry {
  readonly next: SendRequest;
  /** Answers go through a deserializer on their way out, which knows the statuses that the operation declares. */
  readonly deserializes: boolean;
}

/** Kept on the request itself: an entry of a weak map for every request would cost a clean call more than the rest does. */
const entryMark = Symbol("azure-remedy entry");
const probeMark = Symbol("azure-remedy probe");
const verdicts = new WeakMap<PipelineRequest, () => RemedyError>();

type MarkedRequest = PipelineRequest & { [entryMark]?: Entry; [probeMark]?: true };

/** The entry that a request came through, if it came through one. */
export const entryOf = (request: MarkedRequest): Entry | undefined => request[entryMark];

/** A probe is a request that only wants its Authorization header set: it is answered inside and never sent. */
export const isProbe = (request: MarkedRequest): boolean => request[probeMark] === true;

export function answerProbe(request: PipelineRequest): PipelineResponse {
  return { request, status: 204, headers: createPipelineRequest({ url: request.url }).headers, bodyAsText: "" };
}

/** A fresh Authorization header, or nothing when the pipeline sets none or the request came through no entry. */
export async function freshAuthorization(request: PipelineRequest): Promise<string | undefined> {
  const entry = entryOf(request);
  if (!entry) return undefined;
  const { url, abortSignal, tracingOptions } = request;
  const probe = createPipelineRequest({
    url,
    ...(abortSignal && { abortSignal }),
    ...(tracingOptions && { tracingOptions }),
    ...(request.allowInsecureConnection && { allowInsecureConnection: true }),
  });
  Object.assign(probe, { [probeMark]: true });
  await entry.next(probe);
  return probe.headers.get("authorization");
}

/**
 * Leaves the last word on a failed answer to the deserializer: what it declares passes untouched, what it rejects is
 * thrown as the error that `verdict` makes.
 */
export function leaveToDeserializer(request: PipelineRequest, verdict: () => RemedyError): void {
  verdicts.set(request, verdict);
}

/** @param recover is given what was thrown before the request was inside (no token), and retries or explains it */
export function remedyEntryPolicy(
  deserializes: () => boolean,
  recover: (error: unknown, request: PipelineRequest, next: SendRequest) => Promise<PipelineResponse>,
): PipelinePolicy {
  return {
    name: remedyEntryPolicyName,
    async sendRequest(request: MarkedRequest, next) {
      request[entryMark] = { next, deserializes: deserializes() };
      try {
        return await next(request);
      } catch (error) {
        const verdict = verdicts.get(request);
        if (verdict) {
          verdicts.delete(request);
          throw verdict();
        }
        return await recover(error, request, next);
      }
    },
  };
}
