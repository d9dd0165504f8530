/** The real clients before a service without sockets. Each is made once, and stands before another service for each wire. */
import { getClient } from "@azure-rest/core-client";
import * as installedCompute from "@azure/arm-compute";
import { NetworkManagementClient } from "@azure/arm-network";
import { ResourceManagementClient } from "@azure/arm-resources";
import {
  createPipelineRequest,
  type HttpClient,
  type HttpMethods,
  type Pipeline,
  type PipelinePolicy,
  type PipelineRequest,
  type PipelineResponse,
} from "@azure/core-rest-pipeline";
import { SecretClient } from "@azure/keyvault-secrets";
import { ContainerClient, newPipeline } from "@azure/storage-blob";
import { ComputeManagementClient as Compute22 } from "arm-compute-22";
import { text } from "node:stream/consumers";
import type { CallName, ClientName } from "./calls.js";
import type { PollStyle } from "./wire.js";
import { host } from "./service.js";

export interface CallOptions {
  readonly abortSignal: AbortSignal;
  readonly onResponse: (response: object) => void;
  readonly style: PollStyle;
  readonly updateIntervalInMs?: number;
  readonly requestOptions?: { readonly timeout: number };
}

export interface Player {
  readonly client: { readonly pipeline: Pipeline };
  /** Calls to the end. What comes out has no references to requests. */
  call(name: CallName, vm: string, options: CallOptions): Promise<unknown>;
}

export interface Surroundings {
  readonly httpClient: HttpClient;
  /** The caller's own policy. */
  readonly perCall: PipelinePolicy;
}

type Compute24 = installedCompute.ComputeManagementClient;
let compute: typeof installedCompute = installedCompute;

/** Plays a later arm-compute instead of 24: its clients are alike. */
export function useCompute(other: typeof installedCompute): void {
  compute = other;
}

const credential = { getToken: () => Promise.resolve({ token: "t", expiresOnTimestamp: 9e15 }) };

export function playerOf(name: ClientName, { httpClient, perCall }: Surroundings): Player {
  const options = { httpClient, additionalPolicies: [{ policy: perCall, position: "perCall" as const }] };
  switch (name) {
    case "compute22":
      return compute22(new Compute22(credential, "s", options));
    case "compute24":
      return compute24(new compute.ComputeManagementClient(credential, "s", options));
    case "network":
      return network(new NetworkManagementClient(credential, "s", options));
    case "resources":
      return resources(new ResourceManagementClient(credential, "s", options));
    case "rest":
      return rest(options);
    case "sendRequest22": {
      const client = new Compute22(credential, "s", options);
      return bySendRequest(client, (request) => client.sendRequest(request));
    }
    case "vault":
      return vault(options);
    case "blob":
      return blob(httpClient, perCall);
    case "sendRequest24": {
      const client = new compute.ComputeManagementClient(credential, "s", options);
      return bySendRequest(client, (request) => client.pipeline.sendRequest(httpClient, request));
    }
  }
}

const location = "westeurope";
const body = { location, tags: { mark: "new" } };
const patch = { tags: { mark: "new" } };
const command = { commandId: "RunShellScript", script: ["date"] };
const capture = { vhdPrefix: "p", destinationContainerName: "c", overwriteVhds: false };

interface Poller22 {
  isDone(): boolean;
  poll(options: object): Promise<unknown>;
  pollUntilDone(options?: object): Promise<unknown>;
  getResult(): unknown;
  onProgress(callback: () => void): unknown;
  toString(): string;
}

/** Follows an operation as a caller of `begin…` would. */
async function operate(options: CallOptions, begin: (more: object) => Promise<Poller22>): Promise<unknown> {
  const { style, abortSignal } = options;
  const poller = await begin(options);
  switch (style) {
    case "wait":
      return poller.pollUntilDone();
    case "signal":
      return poller.pollUntilDone({ abortSignal });
    case "hand":
      poller.onProgress(() => undefined);
      while (!poller.isDone()) {
        await poller.poll({ abortSignal });
        if (!poller.isDone()) await delay(3_000);
      }
      return poller.getResult();
    case "restored":
      return (await begin({ ...options, resumeFrom: poller.toString() })).pollUntilDone();
  }
}

interface Poller24<Result> extends PromiseLike<Result> {
  readonly isDone: boolean;
  readonly result: Result | undefined;
  poll(options: object): Promise<unknown>;
  pollUntilDone(options?: object): Promise<Result>;
  submitted(): Promise<void>;
  serialize(): Promise<string>;
}

async function follow<Result>(
  client: Compute24,
  options: CallOptions,
  operation: unknown,
  begin: (more: object) => Poller24<Result>,
): Promise<unknown> {
  const { style, abortSignal } = options;
  const poller = begin(options);
  switch (style) {
    case "wait":
      return poller;
    case "signal":
      return poller.pollUntilDone({ abortSignal });
    case "hand":
      await poller.submitted();
      for (await poller.poll({ abortSignal }); !poller.isDone; await poller.poll({ abortSignal })) await delay(3_000);
      return poller.result;
    case "restored":
      await poller.submitted();
      return compute.restorePoller(
        client,
        await poller.serialize(),
        operation as Compute24["virtualMachines"]["start"],
      );
  }
}

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function compute22(client: Compute22): Player {
  const { virtualMachines: vms } = client;
  return {
    client,
    call: (name, vm, options) => {
      switch (name) {
        case "get":
          return vms.get("rg", vm, options);
        case "instanceView":
          return vms.instanceView("rg", vm, options);
        case "list":
          return all(vms.list("rg", options));
        case "createOrUpdate":
          return operate(options, (more) => vms.beginCreateOrUpdate("rg", vm, body, more));
        case "update":
          return operate(options, (more) => vms.beginUpdate("rg", vm, patch, more));
        case "delete":
          return operate(options, (more) => vms.beginDelete("rg", vm, more));
        case "start":
          return operate(options, (more) => vms.beginStart("rg", vm, more));
        case "restart":
          return operate(options, (more) => vms.beginRestart("rg", vm, more));
        case "deallocate":
          return operate(options, (more) => vms.beginDeallocate("rg", vm, more));
        case "powerOff":
          return operate(options, (more) => vms.beginPowerOff("rg", vm, more));
        case "redeploy":
          return operate(options, (more) => vms.beginRedeploy("rg", vm, more));
        case "reapply":
          return operate(options, (more) => vms.beginReapply("rg", vm, more));
        case "runCommand":
          return operate(options, (more) => vms.beginRunCommand("rg", vm, command, more));
        case "assessPatches":
          return operate(options, (more) => vms.beginAssessPatches("rg", vm, more));
        case "capture":
          return operate(options, (more) => vms.beginCapture("rg", vm, capture, more));
        case "simulateEviction":
          return vms.simulateEviction("rg", vm, options);
        case "retrieveBootDiagnosticsData":
          return vms.retrieveBootDiagnosticsData("rg", vm, options);
        default:
          throw new Error(`arm-compute 22 has no ${name}.`);
      }
    },
  };
}

function compute24(client: Compute24): Player {
  const { virtualMachines: vms } = client;
  return {
    client,
    call: (name, vm, options) => {
      switch (name) {
        case "get":
          return vms.get("rg", vm, options);
        case "instanceView":
          return vms.instanceView("rg", vm, options);
        case "list":
          return all(vms.list("rg", options));
        case "createOrUpdate":
          return follow(client, options, vms.createOrUpdate, (more) => vms.createOrUpdate("rg", vm, body, more));
        case "update":
          return follow(client, options, vms.update, (more) => vms.update("rg", vm, patch, more));
        case "delete":
          return follow(client, options, vms.delete, (more) => vms.delete("rg", vm, more));
        case "start":
          return follow(client, options, vms.start, (more) => vms.start("rg", vm, more));
        case "restart":
          return follow(client, options, vms.restart, (more) => vms.restart("rg", vm, more));
        case "deallocate":
          return follow(client, options, vms.deallocate, (more) => vms.deallocate("rg", vm, more));
        case "powerOff":
          return follow(client, options, vms.powerOff, (more) => vms.powerOff("rg", vm, more));
        case "redeploy":
          return follow(client, options, vms.redeploy, (more) => vms.redeploy("rg", vm, more));
        case "reapply":
          return follow(client, options, vms.reapply, (more) => vms.reapply("rg", vm, more));
        case "runCommand":
          return follow(client, options, vms.runCommand, (more) => vms.runCommand("rg", vm, command, more));
        case "assessPatches":
          return follow(client, options, vms.assessPatches, (more) => vms.assessPatches("rg", vm, more));
        case "capture":
          return follow(client, options, vms.capture, (more) => vms.capture("rg", vm, capture, more));
        case "simulateEviction":
          return vms.simulateEviction("rg", vm, options);
        case "retrieveBootDiagnosticsData":
          return vms.retrieveBootDiagnosticsData("rg", vm, options);
        default:
          throw new Error(`arm-compute 24 has no ${name}.`);
      }
    },
  };
}

function network(client: NetworkManagementClient): Player {
  const { networkInterfaces: nics } = client;
  return {
    client,
    call: (name, nic, options) => {
      switch (name) {
        case "get":
          return nics.get("rg", nic, options);
        case "list":
          return all(nics.list("rg", options));
        case "createOrUpdate":
          return operate(options, (more) => nics.beginCreateOrUpdate("rg", nic, body, more));
        case "update":
          return nics.updateTags("rg", nic, patch, options);
        case "delete":
          return operate(options, (more) => nics.beginDelete("rg", nic, more));
        case "assessPatches":
          return operate(options, (more) => nics.beginGetEffectiveRouteTable("rg", nic, more));
        default:
          throw new Error(`arm-network has no ${name}.`);
      }
    },
  };
}

function resources(client: ResourceManagementClient): Player {
  const { resourceGroups: groups } = client;
  return {
    client,
    call: (name, group, options) => {
      switch (name) {
        case "get":
          return groups.get(group, options);
        case "checkExistence":
          return groups.checkExistence(group, options);
        case "list":
          return all(groups.list(options));
        case "createOrUpdate":
          return groups.createOrUpdate(group, body, options);
        case "update":
          return groups.update(group, patch, options);
        case "delete":
          return operate(options, (more) => groups.beginDelete(group, more));
        default:
          throw new Error(`arm-resources has no ${name}.`);
      }
    },
  };
}

/** It wraps the client that was generated, whose pipeline is the one that counts. */
function vault(options: object): Player {
  const client = new SecretClient("https://v.vault.azure.net", credential, options);
  return {
    client: (client as unknown as { client: Player["client"] }).client,
    call: async (name, _, { abortSignal }) => {
      switch (name) {
        case "getSecret":
          return client.getSecret("s", { abortSignal });
        case "setSecret":
          return client.setSecret("s", "hidden", { abortSignal });
        case "deleteSecret": {
          const poller = await client.beginDeleteSecret("s", { abortSignal });
          return poller.pollUntilDone();
        }
        case "listSecrets":
          return all(client.listPropertiesOfSecrets({ abortSignal }));
        default:
          throw new Error(`A vault has no ${name}.`);
      }
    },
  };
}

/** Private parts of storage's pipeline. */
interface StoragePipeline {
  _coreHttpClient: HttpClient;
  readonly _corePipeline: Pipeline;
}

function blob(httpClient: HttpClient, perCall: PipelinePolicy): Player {
  const storage = newPipeline(credential) as unknown as StoragePipeline;
  // Its options take an HTTP client of an older shape only, and no policies.
  storage._coreHttpClient = httpClient;
  const container = new ContainerClient("https://account.blob.core.windows.net/c", storage as never);
  const client = container.getAppendBlobClient("b");
  storage._corePipeline.addPolicy(perCall);
  return {
    client: { pipeline: storage._corePipeline },
    call: async (name, _, { abortSignal }) => {
      switch (name) {
        case "download": {
          const { readableStreamBody, etag } = await client.download(0, undefined, { abortSignal });
          return { etag, body: readableStreamBody && (await text(readableStreamBody)) };
        }
        case "exists":
          return client.exists({ abortSignal });
        case "getProperties":
          return withoutResponse(await client.getProperties({ abortSignal }));
        case "upload":
          return withoutResponse(await client.create({ abortSignal }));
        case "appendBlock":
          return withoutResponse(await client.appendBlock("x", 1, { abortSignal }));
        case "deleteIfExists":
          return withoutResponse(await client.deleteIfExists({ abortSignal }));
        case "listBlobs":
          return all(container.listBlobsFlat({ abortSignal }));
        default:
          throw new Error(`A blob has no ${name}.`);
      }
    },
  };
}

const withoutResponse = (result: object): object => ({ ...result, _response: undefined });

async function all(pages: AsyncIterable<unknown>): Promise<unknown[]> {
  const items: unknown[] = [];
  for await (const item of pages) items.push(item);
  return items;
}

/** How a call looks as a plain request. */
function plainRequest(name: CallName, vm: string): { method: HttpMethods; path: string; body?: object } {
  const path = `/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/${vm}`;
  switch (name) {
    case "checkExistence":
      return { method: "HEAD", path };
    case "readStatusDocument":
      return {
        method: "GET",
        path: `/subscriptions/s/providers/Microsoft.Compute/locations/westeurope/operations/${vm}`,
      };
    case "createOrUpdate":
      return { method: "PUT", path, body };
    case "update":
      return { method: "PATCH", path, body: patch };
    case "delete":
      return { method: "DELETE", path };
    case "start":
    case "simulateEviction":
      return { method: "POST", path: `${path}/${name}` };
    case "runCommand":
      return { method: "POST", path: `${path}/runCommand`, body: command };
    case "list":
      return { method: "GET", path: path.slice(0, path.lastIndexOf("/")) };
    default:
      return { method: "GET", path };
  }
}

interface RestAnswer {
  readonly status: string;
  readonly body: unknown;
  readonly headers: object;
}

function rest(options: object): Player {
  const client = getClient(host, credential, { credentials: { scopes: [`${host}/.default`] }, ...options });
  return {
    client,
    call: async (name, vm, { abortSignal }) => {
      const { method, path, body: content } = plainRequest(name, vm);
      const parameters = {
        abortSignal,
        queryParameters: { "api-version": "2024-07-01" },
        ...(content && { body: content }),
      };
      const target = client.pathUnchecked(path);
      const verb = method.toLowerCase() as "get" | "put" | "patch" | "delete" | "post" | "head";
      const { status, body: answered, headers } = (await target[verb](parameters)) as RestAnswer;
      return { status, body: answered, headers };
    },
  };
}

function bySendRequest(
  client: { readonly pipeline: Pipeline },
  send: (request: PipelineRequest) => Promise<PipelineResponse>,
): Player {
  return {
    client,
    call: async (name, vm, { abortSignal }) => {
      const { method, path, body: content } = plainRequest(name, vm);
      const request = createPipelineRequest({
        url: `${host}${path}?api-version=2024-07-01`,
        method,
        abortSignal,
        ...(content && { body: JSON.stringify(content) }),
        ...(name === "stream" && { streamResponseStatusCodes: new Set([Number.POSITIVE_INFINITY]) }),
      });
      const { status, bodyAsText, readableStreamBody, headers } = await send(request);
      const streamed = readableStreamBody && (await text(readableStreamBody));
      return { status, bodyAsText, streamed, headers: headers.toJSON() };
    },
  };
}
