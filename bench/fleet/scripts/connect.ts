/** What every script of this bench shares: the client, and the patch that each machine gets. */
import { ComputeManagementClient, type RunCommandInput } from "@azure/arm-compute";

/** A client of the emulator in another process. No token is sent over http. */
export function connect(): ComputeManagementClient {
  const { ENDPOINT: endpoint = "", SUBSCRIPTION: subscriptionId = "" } = process.env;
  const credential = { getToken: () => Promise.resolve({ token: "none", expiresOnTimestamp: Infinity }) };
  const client = new ComputeManagementClient(credential, subscriptionId, { endpoint, allowInsecureConnection: true });
  client.pipeline.removePolicy({ name: "bearerTokenAuthenticationPolicy" });
  return client;
}

export const patch: RunCommandInput = { commandId: "RunShellScript", script: ["apt-get -y upgrade"] };
