/** Pollers of both generations behind one surface: for stories that hold a poller in hand, pass it on, or restore it. */
import { ComputeManagementClient as Compute24, restorePoller } from "@azure/arm-compute";
import type { ComputeManagementClient as Compute22 } from "arm-compute-22";
import type { ResumeInfo } from "azure-remedy";
import { wholeBody, type Compute, type VmBody } from "./clients.js";

export interface VmPoller {
  /** Asks once. */
  poll(options?: { abortSignal?: AbortSignal }): Promise<unknown>;
  /** Asks until the end; gives the result. */
  done(options?: { abortSignal?: AbortSignal }): Promise<{ name?: string } | undefined>;
  /** What another process restores the poller from. */
  state(): Promise<string>;
}

/** What a poller is restored from: another poller's state, or what a `RemedyError` gives. */
export type Saved = string | ResumeInfo;

type Kind = "create" | "start" | "runCommand" | "remove";

interface Poller22 {
  poll: VmPoller["poll"];
  pollUntilDone(options?: { abortSignal?: AbortSignal }): Promise<unknown>;
  toString(): string;
}
interface Poller24 {
  poll: VmPoller["poll"];
  pollUntilDone(options?: { abortSignal?: AbortSignal }): Promise<unknown>;
  serialize(): Promise<string>;
}

const command = { commandId: "RunShellScript", script: ["date"] };

/** Begins an operation and gives its poller, which has not asked yet in generation 24 and once in 22. */
export async function begin(
  compute: Compute,
  kind: Kind,
  name: string,
  options: { abortSignal?: AbortSignal; body?: Partial<VmBody>; updateIntervalInMs?: number } = {},
): Promise<VmPoller> {
  const { body = {}, ...call } = options;
  if (compute.client instanceof Compute24) {
    const poller = poller24(compute.client, kind, name, body, call);
    await poller.submitted();
    return wrap24(poller);
  }
  return wrap22(await poller22(compute.client, kind, name, body, call));
}

/** Restores a poller in another client. */
export async function resume(compute: Compute, kind: Kind, name: string, saved: Saved): Promise<VmPoller> {
  if (compute.client instanceof Compute24) {
    const { virtualMachines: vms } = compute.client;
    const state = typeof saved === "string" ? saved : saved.restoreFrom;
    const sources = { create: vms.createOrUpdate, start: vms.start, runCommand: vms.runCommand, remove: vms.delete };
    return wrap24(restorePoller(compute.client, state, sources[kind] as typeof vms.createOrUpdate));
  }
  const resumeFrom = typeof saved === "string" ? saved : saved.resumeFrom;
  return wrap22(await poller22(compute.client, kind, name, {}, { resumeFrom }));
}

function poller24(
  { virtualMachines: vms }: Compute24,
  kind: Kind,
  name: string,
  body: Partial<VmBody>,
  call: object,
): Poller24 & { submitted(): Promise<void> } {
  switch (kind) {
    case "create":
      return vms.createOrUpdate("rg", name, wholeBody(body), call);
    case "start":
      return vms.start("rg", name, call);
    case "runCommand":
      return vms.runCommand("rg", name, command, call);
    case "remove":
      return vms.delete("rg", name, call);
  }
}

function poller22(
  { virtualMachines: vms }: Compute22,
  kind: Kind,
  name: string,
  body: Partial<VmBody>,
  call: object,
): Promise<Poller22> {
  switch (kind) {
    case "create":
      return vms.beginCreateOrUpdate("rg", name, wholeBody(body), call);
    case "start":
      return vms.beginStart("rg", name, call);
    case "runCommand":
      return vms.beginRunCommand("rg", name, command, call);
    case "remove":
      return vms.beginDelete("rg", name, call);
  }
}

const wrap22 = (poller: Poller22): VmPoller => ({
  poll: (options) => poller.poll(options),
  done: async (options) => (await poller.pollUntilDone(options)) as { name?: string },
  state: () => Promise.resolve(poller.toString()),
});

const wrap24 = (poller: Poller24): VmPoller => ({
  poll: (options) => poller.poll(options),
  done: async (options) => (await poller.pollUntilDone(options)) as { name?: string },
  state: () => poller.serialize(),
});

/** Puts an extension onto a machine, to its end. */
export async function putExtension({ client }: Compute, vm: string, name: string): Promise<unknown> {
  const body = { location: "westeurope", publisher: "Microsoft.Azure.Extensions", typePropertiesType: "CustomScript" };
  return client instanceof Compute24
    ? client.virtualMachineExtensions.createOrUpdate("rg", vm, name, body)
    : client.virtualMachineExtensions.beginCreateOrUpdateAndWait("rg", vm, name, body);
}

/** Changes the tags of a machine that still has this ETag, to the end. */
export async function patchTags(
  { client }: Compute,
  vm: string,
  tags: Record<string, string>,
  ifMatch: string,
): Promise<unknown> {
  return client instanceof Compute24
    ? client.virtualMachines.update("rg", vm, { tags }, { ifMatch })
    : client.virtualMachines.beginUpdateAndWait("rg", vm, { tags }, { ifMatch });
}
