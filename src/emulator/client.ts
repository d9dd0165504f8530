/**
 * Pointing a client at the emulator. Azure's clients send a token over https only, and 24.x takes the final GET of an
 * operation from `request.url`; so the client keeps its https URLs and its bearer policy, and one policy at the very end
 * of the pipeline turns the request to 127.0.0.1 for the send alone.
 */
import { Agent } from "node:http";
import { RestError, type Pipeline, type PipelinePolicy, type PipelineRequest } from "@azure/core-rest-pipeline";
import { originHeader } from "./server.js";

/** Takes note of a request about to be sent; gives the failure that keeps it from being sent, if one is planted. */
export type BeforeSend = (request: PipelineRequest) => { readonly code: string; readonly message: string } | undefined;

/** Options for the constructor of any ARM client; spread them into options of your own. */
export interface EmulatorClientOptions {
  additionalPolicies: { policy: PipelinePolicy; position: "perRetry" }[];
}

export interface ClientSide {
  readonly clientOptions: EmulatorClientOptions;
  connect<Connected extends Pipeline>(pipeline: Connected): Connected;
  /** Closes the connections that clients keep for reuse. */
  close(): void;
}

export const emulatorPolicyName = "azureRemedyEmulatorPolicy";

export function createClientSide(endpoint: string, beforeSend: BeforeSend): ClientSide {
  // An agent of our own, so that no socket of a test outlives its emulator in Node's shared agent.
  const agent = new Agent({ keepAlive: true });
  const policy = redirectPolicy(endpoint, agent, beforeSend);
  return {
    get clientOptions() {
      return { additionalPolicies: [{ policy, position: "perRetry" as const }] };
    },
    connect: (pipeline) => {
      pipeline.addPolicy(policy, { afterPhase: "Sign" });
      return pipeline;
    },
    close: () => agent.destroy(),
  };
}

/** Whatever host the request means, it goes to the emulator: a rehearsal must never reach Azure. */
function redirectPolicy(endpoint: string, agent: Agent, beforeSend: BeforeSend): PipelinePolicy {
  return {
    name: emulatorPolicyName,
    sendRequest: async (request, next) => {
      const unsent = beforeSend(request);
      if (unsent) throw new RestError(unsent.message, { code: unsent.code, request });
      const { url, proxySettings, agent: ownAgent } = request;
      const allowInsecureConnection = request.allowInsecureConnection ?? false;
      const meant = new URL(url);
      request.url = endpoint + meant.pathname + meant.search;
      request.allowInsecureConnection = true;
      request.headers.set(originHeader, meant.origin);
      request.agent = agent;
      delete request.proxySettings;
      try {
        return await next(request);
      } finally {
        request.url = url;
        request.allowInsecureConnection = allowInsecureConnection;
        request.headers.delete(originHeader);
        if (ownAgent) request.agent = ownAgent;
        else delete request.agent;
        if (proxySettings) request.proxySettings = proxySettings;
      }
    },
  };
}
