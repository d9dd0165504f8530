/** Answers are returned where the contract is to return them, with the SDK as it ships beside ours. */
import { ComputeManagementClient as Compute24 } from "@azure/arm-compute";
import { getClient } from "@azure-rest/core-client";
import {
  createEmptyPipeline,
  createPipelineRequest,
  type HttpClient,
  type PipelinePolicy,
} from "@azure/core-rest-pipeline";
import { SecretClient } from "@azure/keyvault-secrets";
import { BlobServiceClient } from "@azure/storage-blob";
import { ComputeManagementClient as Compute22 } from "arm-compute-22";
import { diagnose, remedyPolicy, withRemedy, type RemedyEvent, type RemedyOptions } from "azure-remedy";
import { describe, expect, it } from "vitest";
import { withoutChance } from "../support/clients.js";
import { remedyErrorOf, thrownBy } from "../support/outcome.js";
import { credential, scripted, type ScriptedAnswer } from "../support/side-by-side.js";

const vmPath = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm";
const vmUrl = `https://management.azure.com${vmPath}?api-version=2024-07-01`;
const refusals: [status: number, code: string][] = [
  [404, "ResourceNotFound"],
  [409, "ScopeLocked"],
  [403, "AuthorizationFailed"],
];
const refusal = (status: number, code: string): ScriptedAnswer => ({
  status,
  body: { error: { code, message: `It says ${code}.` } },
});

const options = (httpClient: HttpClient, seen: string[] = []): object => {
  const policy: PipelinePolicy = {
    name: "own",
    sendRequest: (request, next) =>
      next(request).then(
        (response) => (seen.push(String(response.status)), response),
        (error: unknown) => {
          seen.push(`thrown ${String(error)}`);
          throw error;
        },
      ),
  };
  return { httpClient, additionalPolicies: [{ policy, position: "perCall" }] };
};

describe.each([false, true])("with ours: %s", (isOurs) => {
  const give = <Client extends Parameters<typeof withRemedy>[0]>(client: Client, own: RemedyOptions = {}): Client =>
    isOurs ? withRemedy(client, { ...withoutChance(), ...own }) : client;

  it.each(refusals)("a REST-level client gets its %s as a response", async (status, code) => {
    const events: RemedyEvent[] = [];
    const http = scripted(() => refusal(status, code));
    const client = give(getClient("https://management.azure.com", credential, options(http)), {
      onEvent: (event) => events.push(event),
    });
    const response = await client.pathUnchecked(vmPath).get({ queryParameters: { "api-version": "2024-07-01" } });
    expect(response).toMatchObject({ status: String(status), body: { error: { code } } });
    expect(diagnose(response)).toMatchObject({ code, status });
    expect(events).toEqual([]);
    expect(http.sends).toHaveLength(1);
  });

  it.each(refusals)("sendRequest gives a %s, in both generations", async (status, code) => {
    const http = scripted(() => refusal(status, code));
    const request = (): ReturnType<typeof createPipelineRequest> => createPipelineRequest({ url: vmUrl });
    const answer22 = await give(new Compute22(credential, "s", options(http))).sendRequest(request());
    expect(answer22).toMatchObject({ status, parsedBody: { error: { code } } });
    const client24 = give(new Compute24(credential, "s", options(http)));
    const answer24 = await client24.pipeline.sendRequest(http, request());
    expect(answer24).toMatchObject({ status });
    expect(diagnose(answer24)).toMatchObject({ code, status });
  });

  it("a caller's own policy sees the response, and not what is thrown for it", async () => {
    const seen: string[] = [];
    const http = scripted(() => refusal(403, "AuthorizationFailed"));
    const client = give(new Compute24(credential, "s", options(http, seen)));
    expect(await thrownBy(client.virtualMachines.get("rg", "vm"))).toMatchObject({ statusCode: 403 });
    expect(seen).toEqual(["403"]);
  });

  it("a REST-level caller reads a status document that says Failed", async () => {
    const document = { status: "Failed", error: { code: "AllocationFailed", message: "m" } };
    const http = scripted(() => ({ status: 200, body: document }));
    const client = give(getClient("https://management.azure.com", credential, options(http)));
    const url = "/subscriptions/s/providers/Microsoft.Compute/locations/westeurope/operations/op";
    const response = await client.pathUnchecked(url).get();
    expect(response).toMatchObject({ status: "200", body: document });
    expect(http.sends).toHaveLength(1);
  });

  it.each(["22", "24"])("arm-compute %s: sendRequest reads a status document that says Failed", async (generation) => {
    const document = { status: "Failed", error: { code: "AllocationFailed", message: "m" } };
    const http = scripted(() => ({ status: 200, body: document }));
    const url = "https://management.azure.com/subscriptions/s/providers/Microsoft.Compute/locations/l/operations/op";
    const request = createPipelineRequest({ url });
    const response =
      generation === "22"
        ? await give(new Compute22(credential, "s", options(http))).sendRequest(request)
        : await give(new Compute24(credential, "s", options(http))).pipeline.sendRequest(http, request);
    expect(JSON.parse(response.bodyAsText ?? "")).toEqual(document);
  });
});

describe("a challenge goes out to whoever answers it", () => {
  const vault = "https://v.vault.azure.net";
  const challenge: ScriptedAnswer = {
    status: 401,
    body: { error: { code: "Unauthorized", message: "AKV10000: Request is missing a Bearer token." } },
    headers: {
      "www-authenticate": `Bearer authorization="https://login.microsoftonline.com/t", resource="https://vault.azure.net"`,
    },
  };
  const secret = { id: `${vault}/secrets/s/1`, value: "hidden", attributes: { enabled: true } };
  const vaultAnswers = (second: ScriptedAnswer): ReturnType<typeof scripted> =>
    scripted((request) => (request.headers.has("authorization") ? second : challenge));

  const clientWith = (httpClient: HttpClient, onEvent: RemedyOptions["onEvent"]): SecretClient =>
    new SecretClient(vault, credential, {
      httpClient,
      retryOptions: { maxRetries: 0 },
      additionalPolicies: [
        {
          policy: remedyPolicy({ ...withoutChance(), ...(onEvent && { onEvent }) }),
          position: "perRetry",
        },
      ],
    });

  it("Key Vault's first answer is one by design, and no event", async () => {
    const events: RemedyEvent[] = [];
    const http = vaultAnswers({ status: 200, body: secret });
    const found = await clientWith(http, (event) => events.push(event)).getSecret("s");
    expect(found.value).toBe("hidden");
    expect(events).toEqual([]);
    expect(http.sends).toHaveLength(2);
  });

  it("Key Vault's errors reach its client as it reads them", async () => {
    const missing = refusal(404, "SecretNotFound");
    const plain = await thrownBy(
      new SecretClient(vault, credential, { httpClient: vaultAnswers(missing) }).getSecret("s"),
    );
    const ours = await thrownBy(clientWith(vaultAnswers(missing), undefined).getSecret("s"));
    expect(plain).toMatchObject({ name: "RestError", code: "SecretNotFound", statusCode: 404 });
    expect(ours).toEqual(plain);
  });

  it("nobody answers Resource Manager's: it is explained", async () => {
    const http = scripted(() => ({
      status: 401,
      body: { error: { code: "InvalidAuthenticationToken", message: "The access token is invalid." } },
      headers: { "www-authenticate": 'Bearer authorization_uri="https://login.windows.net/", error="invalid_token"' },
    }));
    for (const client of [
      new Compute22(credential, "s", options(http)),
      new Compute24(credential, "s", options(http)),
    ]) {
      const error = await remedyErrorOf(withRemedy(client, withoutChance()).virtualMachines.get("rg", "vm"));
      expect(error).toMatchObject({ code: "InvalidAuthenticationToken", statusCode: 401, outcome: "failed" });
    }
    expect(http.sends).toHaveLength(2);
  });
});

describe("the policy by hand", () => {
  const hosts = [
    ["https://management.azure.com/subscriptions/s", {}, true],
    ["https://management.usgovcloudapi.net/subscriptions/s", {}, true],
    ["https://management.local.azurestack.external/subscriptions/s", { "x-ms-routing-request-id": "r" }, true],
    ["https://management.local.azurestack.external/subscriptions/s", {}, false],
    ["https://v.vault.azure.net/secrets/s", {}, false],
    ["https://account.blob.core.windows.net/c/b", {}, false],
    ["https://login.microsoftonline.com/t/oauth2/v2.0/token", {}, false],
    ["https://management.azure.com.example.net/", {}, false],
  ] as const;

  it.each(hosts)("%s %o: thrown %s", async (url, headers, isThrown) => {
    for (const failedResponses of ["auto", "throw", "return"] as const) {
      const pipeline = createEmptyPipeline();
      pipeline.addPolicy(remedyPolicy({ ...withoutChance(), failedResponses }), { phase: "Retry" });
      const http = scripted(() => ({ ...refusal(403, "Forbidden"), headers }));
      const call = pipeline.sendRequest(http, createPipelineRequest({ url }));
      const expected = failedResponses === "throw" || (failedResponses === "auto" && isThrown);
      if (expected) expect(await remedyErrorOf(call)).toMatchObject({ statusCode: 403 });
      else expect(await call).toMatchObject({ status: 403 });
    }
  });

  it("a device-code wait of Microsoft Entra ID comes through", async () => {
    const pipeline = createEmptyPipeline();
    pipeline.addPolicy(remedyPolicy(withoutChance()), { phase: "Retry" });
    const pending = { error: "authorization_pending", error_description: "AADSTS70016: Pending." };
    const http = scripted(() => ({ status: 400, body: pending }));
    const url = "https://login.microsoftonline.com/t/oauth2/v2.0/token";
    const response = await pipeline.sendRequest(http, createPipelineRequest({ url, method: "POST" }));
    expect(JSON.parse(response.bodyAsText ?? "")).toEqual(pending);
    expect(http.sends).toHaveLength(1);
  });

  it("refuses another word by name", () => {
    expect(() => remedyPolicy({ failedResponses: "ignore" as "auto" })).toThrow(/failedResponses must be "auto", /);
  });
});

it.each([
  new SecretClient("https://v.vault.azure.net", credential),
  new BlobServiceClient("https://account.blob.core.windows.net"),
])("withRemedy says what to do with a client that hides its pipeline", (client) => {
  expect(() => withRemedy(client as never)).toThrow(
    /additionalPolicies: \[\{ policy: remedyPolicy\(\).*retryOperation/,
  );
});
