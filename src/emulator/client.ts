/**
 * Points a client at the emulator. Azure's clients send a token only over https, and 24.x takes the final GET of an
 * operation from `request.url`. So the client keeps its https URLs and its bearer policy, and one policy at the very
 * end of the pipeline redirects each request to 127.0.0.1 just for the send.
 */
import { Agent } from "node:http";
import { RestError, type Pipeline, type PipelinePolicy, type PipelineRequest } from "@azure/core-rest-pipeline";
import { originHeader } from "./server.js";

/** Records a request about to be sent; returns the failure that prevents it, if one was injected. */
export type BeforeSend = (request: PipelineRequest) => { readonly code: string; readonly message: string } | undefined;

/** Options for the constructor of any ARM client; spread them into your own options. */
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
  // Our own agent, so that no socket of a test outlives its emulator in Node's shared agent.
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

/** Whatever its host, a request goes to the emulator: a rehearsal must never reach Azure. */
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
