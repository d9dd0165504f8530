/** Reads Azure Resource Manager from the command line, as the signed-in user. */
import {
  bearerTokenAuthenticationPolicy,
  createDefaultHttpClient,
  createHttpHeaders,
  createPipelineFromOptions,
  createPipelineRequest,
} from "@azure/core-rest-pipeline";
import type { LookRequest, LookResponse } from "../../recovery/evidence.js";
import { CliError } from "../cli-error.js";
import { loadIdentityPackage } from "../optional-package.js";

export const publicEndpoint = "https://management.azure.com";

export interface ArmReader {
  readonly endpoint: string;
  send(request: LookRequest, signal?: AbortSignal): Promise<LookResponse>;
}

/**
 * @param emulator the endpoint of a local emulator, which asks for no token; left out, Azure is asked
 * @param command names the command where a package is missing
 */
export async function createArmReader(emulator: string | undefined, command = "investigate"): Promise<ArmReader> {
  const pipeline = createPipelineFromOptions({ retryOptions: { maxRetries: 2 } });
  if (emulator === undefined) {
    const { DefaultAzureCredential } = await loadIdentityPackage(command);
    const scopes = [`${publicEndpoint}/.default`];
    pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential: new DefaultAzureCredential(), scopes }));
  }
  const http = createDefaultHttpClient();
  return {
    endpoint: emulator ?? publicEndpoint,
    async send({ method, url, body }, signal) {
      const headers = createHttpHeaders({ accept: "application/json" });
      if (body !== undefined) headers.set("content-type", "application/json");
      const request = createPipelineRequest({
        method,
        url,
        headers,
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal && { abortSignal: signal }),
        allowInsecureConnection: emulator !== undefined,
      });
      try {
        const { status, headers: answered, bodyAsText } = await pipeline.sendRequest(http, request);
        return { status, headers: answered, bodyAsText };
      } catch (error) {
        throw signal?.aborted ? error : whyNoAnswer(error, emulator);
      }
    },
  };
}

/** Nobody is signed in, or nothing answers: no defect of ours, and no reason for a stack. */
function whyNoAnswer(error: unknown, emulator: string | undefined): Error {
  const { name = "", code = "no answer" } = (error ?? {}) as { name?: string; code?: string };
  if (/Authentication|CredentialUnavailable/.test(name)) {
    return new CliError(
      "nobody is signed in to Azure here",
      "Sign in with az login or azd auth login, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET.",
    );
  }
  return emulator === undefined
    ? new CliError(`${publicEndpoint} does not answer (${code})`, "Look at the network, and at HTTPS_PROXY.")
    : new CliError(
        `nothing answers at ${emulator} (${code})`,
        "Start one with azure-remedy emulator, and give the address that it prints.",
      );
}
