/**
 * What another process needs to continue a long-running operation that this one had to leave: the state of a poller, in
 * the form that each generation of the SDK reads.
 */

/** The part of an operation that makes up a poller's state. */
export interface ResumableOperation {
  readonly method: string;
  readonly url: string;
  readonly mode: "status" | "location" | "body";
  readonly operationUrl: string;
  /** Where to read the result when the operation has ended; absent if there is nothing to read. */
  readonly resourceUrl?: string | undefined;
}

export interface ResumeInfo {
  /** Method of the request that began the operation. */
  readonly method: string;
  /** URL of the request that began the operation. */
  readonly url: string;
  /** URL of the operation's status. */
  readonly operationUrl: string;
  /** State for `beginX(…, { resumeFrom })` of arm-compute 22 and 23. */
  readonly resumeFrom: string;
  /** State for `restorePoller(client, restoreFrom, operation)` of arm-compute 24 and newer. */
  readonly restoreFrom: string;
}

const modeNames = { status: "OperationLocation", location: "ResourceLocation", body: "Body" } as const;

/** The states as core-lro 2 and 3 serialize them. */
export function resumeInfo({ method, url, mode, operationUrl, resourceUrl }: ResumableOperation): ResumeInfo {
  const config = {
    metadata: { mode: modeNames[mode] },
    operationLocation: operationUrl,
    // In the other modes the last response to a poll is the result.
    ...(mode === "status" && resourceUrl !== undefined && { resourceLocation: resourceUrl }),
  };
  const status = "running";
  return {
    method,
    url,
    operationUrl,
    resumeFrom: JSON.stringify({ state: { status, config } }),
    // core-lro 3 needs the request that began it; core-lro 2 does not.
    restoreFrom: JSON.stringify({
      state: { status, config: { ...config, initialRequestUrl: url, requestMethod: method } },
    }),
  };
}
