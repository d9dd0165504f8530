/** Where the machines are: in Azure, or in a rehearsal with the local ARM. */
import type { ComputeManagementClient } from "@azure/arm-compute";
import { startEmulator, type Emulator } from "../../emulator/index.js";
import { withRemedy } from "../../pipeline/with-remedy.js";
import { CliError } from "../cli-error.js";
import { loadComputePackage, loadIdentityPackage } from "../optional-package.js";

export const machineActions = ["start", "deallocate", "restart", "power-off"] as const;
export type MachineAction = (typeof machineActions)[number];

export interface Machine {
  readonly id: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface Cloud {
  readonly isRehearsal: boolean;
  /** All machines of a resource group, or of the subscription. */
  list(group: string | undefined): AsyncIterable<Machine>;
  /** Resolves when the machine is done. */
  act(action: MachineAction, id: string, signal: AbortSignal): Promise<unknown>;
  close(): Promise<void>;
}

/** @param subscription for machines chosen by group or tag; ids name their own */
export async function azureCloud(subscription = process.env["AZURE_SUBSCRIPTION_ID"]): Promise<Cloud> {
  const { ComputeManagementClient } = await loadComputePackage("vms");
  const { DefaultAzureCredential } = await loadIdentityPackage("vms");
  const credential = new DefaultAzureCredential();
  return new SdkCloud((id) => withRemedy(new ComputeManagementClient(credential, id)), subscription);
}

/**
 * A local ARM with this many machines and Azure's documented limits.
 * @param chaos share of the writes that meet a fault, 0 to 1
 */
export async function rehearsalCloud(count: number, chaos: number): Promise<Cloud> {
  const { ComputeManagementClient } = await loadComputePackage("vms");
  const arm = await startEmulator({
    // The same machines in each rehearsal, so that a journal can be rehearsed too.
    subscriptionId: "00000000-0000-0000-0000-000000000000",
    operations: { durationMs: 2_000, retryAfterMs: 1_000 },
    historyLimit: 1_000,
  });
  for (let number = 1; number <= count; number++) arm.addVm({ name: `vm-${String(number).padStart(4, "0")}` });
  if (chaos > 0) plantFaults(arm, chaos);
  const client = withRemedy(new ComputeManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions));
  return new SdkCloud(
    () => client,
    arm.subscriptionId,
    () => arm.stop(),
  );
}

/** The failures of a typical night: most of them transient. */
function plantFaults(arm: Emulator, rate: number): void {
  const on = "POST virtualMachines";
  arm.chaos({
    seed: 1,
    rate,
    faults: [
      { on, fail: "InternalServerError", weight: 3 },
      { on, reset: "before-execution", weight: 3 },
      { on, html: 502, weight: 2 },
      { on, fail: "AllocationFailed", weight: 1 },
      { on, fail: "ScopeLocked", weight: 1 },
    ],
  });
}

/** A method that resolves when the operation has ended: its name since arm-compute 24, and the one before. */
const methodNames: Readonly<Record<MachineAction, readonly string[]>> = {
  start: ["start", "beginStartAndWait"],
  deallocate: ["deallocate", "beginDeallocateAndWait"],
  restart: ["restart", "beginRestartAndWait"],
  "power-off": ["powerOff", "beginPowerOffAndWait"],
};

type MachineMethod = (
  this: unknown,
  group: string,
  name: string,
  options: { abortSignal: AbortSignal },
) => PromiseLike<unknown>;

type ClientOf = (subscription: string) => ComputeManagementClient;

class SdkCloud implements Cloud {
  readonly isRehearsal: boolean;
  readonly #clients = new Map<string, ComputeManagementClient>();

  constructor(
    private readonly makeClient: ClientOf,
    private readonly subscription: string | undefined,
    private readonly stop?: () => Promise<void>,
  ) {
    this.isRehearsal = stop !== undefined;
  }

  async *list(group: string | undefined): AsyncIterable<Machine> {
    if (this.subscription === undefined)
      throw new CliError(
        "no subscription was given",
        "Give --subscription, or set AZURE_SUBSCRIPTION_ID. Which one you use: az account show --query id -o tsv",
      );
    const { virtualMachines } = this.#clientFor(this.subscription);
    const pages = group === undefined ? virtualMachines.listAll() : virtualMachines.list(group);
    for await (const { id, tags } of pages) if (id !== undefined) yield { id, tags: tags ?? {} };
  }

  act(action: MachineAction, id: string, signal: AbortSignal): Promise<unknown> {
    const [, , subscription = "", , group = "", , , , name = ""] = id.split("/");
    const { virtualMachines } = this.#clientFor(subscription);
    const machines = virtualMachines as unknown as Readonly<Record<string, MachineMethod | undefined>>;
    const method = methodNames[action].map((method) => machines[method]).find((known) => known !== undefined);
    if (!method)
      throw new CliError(`this version of @azure/arm-compute cannot ${action}`, "Install one from 22 to 25.");
    return Promise.resolve(method.call(virtualMachines, group, name, { abortSignal: signal }));
  }

  async close(): Promise<void> {
    await this.stop?.();
  }

  #clientFor(subscription: string): ComputeManagementClient {
    const key = subscription.toLowerCase();
    const known = this.#clients.get(key);
    if (known) return known;
    const client = this.makeClient(subscription);
    this.#clients.set(key, client);
    return client;
  }
}
