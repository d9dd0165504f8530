/**
 * The SDK's clients of each generation behind what the cases do. 25 needs Node.js 22 or newer, and is skipped where it is not
 * installed beside the others:
 *
 *     npm i --prefix /tmp/node24 node@24 arm-compute-25@npm:@azure/arm-compute@25
 *     ARM_COMPUTE_25=/tmp/node24 /tmp/node24/node_modules/.bin/node --import tsx bench/evidence/main.ts
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ComputeManagementClient as Compute24 } from "@azure/arm-compute";
import type { PipelinePolicy } from "@azure/core-rest-pipeline";
import { ComputeManagementClient as Compute22 } from "arm-compute-22";
import { ResourceManagementClient } from "arm-resources-5";
import { withRemedy, type RemedyOptions } from "azure-remedy";
import type { Emulator } from "azure-remedy/emulator";
import type { VirtualTime } from "../../test/support/virtual-time.js";

export interface MachineBody {
  readonly location?: string;
  readonly zones?: string[];
  readonly size?: string;
  readonly priority?: string;
  readonly subnet?: string;
  readonly reservationGroup?: string;
  /** Name of a dedicated host in the host group "hosts". */
  readonly host?: string;
  readonly plan?: { readonly publisher: string; readonly product: string; readonly name: string };
}

/** What the cases ask for. Every call runs to its end. */
export interface Cloud {
  create(name: string, body?: MachineBody): Promise<unknown>;
  start(name: string): Promise<unknown>;
  remove(name: string): Promise<unknown>;
  extend(machine: string, extension: string): Promise<unknown>;
  deploy(name: string, resources: readonly object[]): Promise<unknown>;
  createSet(name: string, instances: number): Promise<unknown>;
  /** A managed run command. */
  runScript(machine: string, command: string): Promise<unknown>;
}

export type Connect = (arm: Emulator, time: VirtualTime, options: RemedyOptions | null) => Cloud;

type Call = (...args: unknown[]) => Promise<unknown>;
type Machines = Readonly<Record<string, Call>>;
interface ComputeLike {
  readonly virtualMachines: Machines;
  readonly virtualMachineExtensions: Machines;
  readonly virtualMachineScaleSets: Machines;
  readonly virtualMachineRunCommands: Machines;
}
type ComputeClass = new (credential: Emulator["credential"], subscription: string, options: object) => object;

const group = "rg";

/** What Resource Manager takes to answer, in virtual time. */
const latencyMs = 120;

export async function generations(): Promise<ReadonlyMap<string, Connect>> {
  const known = new Map<string, Connect>([
    ["22", connectWith(Compute22, "begin")],
    ["24", connectWith(Compute24, "await")],
  ]);
  const latest = await loadLatest();
  if (latest) known.set("25", connectWith(latest, "await"));
  return known;
}

async function loadLatest(): Promise<ComputeClass | undefined> {
  const folder = process.env["ARM_COMPUTE_25"];
  if (folder === undefined) return undefined;
  const path = createRequire(join(folder, "package.json")).resolve("arm-compute-25");
  return ((await import(pathToFileURL(path).href)) as { ComputeManagementClient: ComputeClass })
    .ComputeManagementClient;
}

/** Up to 23 a call that runs long is `beginXAndWait`; from 24 on it is awaited under its own name. */
function connectWith(client: ComputeClass, style: "begin" | "await"): Connect {
  return (arm, time, options) => {
    const latency: PipelinePolicy = {
      name: "latency",
      sendRequest: (request, next) => time.sleep(latencyMs).then(() => next(request)),
    };
    const additionalPolicies: { policy: PipelinePolicy; position: string }[] = [
      { policy: latency, position: "perRetry" },
      time.wire,
      ...arm.clientOptions.additionalPolicies,
    ];
    const prepared = <Client extends object>(made: Client): Client => {
      if (options) withRemedy(made as unknown as Parameters<typeof withRemedy>[0], options);
      return made;
    };
    const compute = prepared(new client(arm.credential, arm.subscriptionId, { additionalPolicies })) as ComputeLike;
    const resources = prepared(
      new ResourceManagementClient(arm.credential, arm.subscriptionId, { additionalPolicies } as object),
    );
    const call = async (of: Machines, method: string, ...args: unknown[]): Promise<unknown> => {
      const name = style === "await" ? method : `begin${method.charAt(0).toUpperCase()}${method.slice(1)}AndWait`;
      return of[name]?.call(of, group, ...args);
    };
    const { virtualMachines: machines, virtualMachineExtensions: extensions } = compute;
    const { virtualMachineScaleSets: sets, virtualMachineRunCommands: scripts } = compute;
    return {
      create: (name, body = {}) => call(machines, "createOrUpdate", name, modelOf(arm, body)),
      start: (name) => call(machines, "start", name),
      remove: (name) => call(machines, "delete", name),
      extend: (machine, extension) => call(extensions, "createOrUpdate", machine, extension, customScript),
      createSet: (name, instances) => call(sets, "createOrUpdate", name, setOf(instances)),
      runScript: (machine, command) =>
        call(scripts, "createOrUpdate", machine, command, { location: "westeurope", source: { script: "sleep 1" } }),
      deploy: (name, templateResources) =>
        resources.deployments.beginCreateOrUpdateAndWait(group, name, {
          properties: { mode: "Incremental", template: { resources: templateResources } },
        }),
    };
  };
}

const customScript = {
  location: "westeurope",
  publisher: "Microsoft.Azure.Extensions",
  typePropertiesType: "CustomScript",
  typeHandlerVersion: "2.1",
};

const setOf = (capacity: number): object => ({
  location: "westeurope",
  sku: { name: "Standard_D2s_v5", tier: "Standard", capacity },
  orchestrationMode: "Uniform",
  upgradePolicy: { mode: "Manual" },
  virtualMachineProfile: { osProfile: { computerNamePrefix: "w", adminUsername: "ann" } },
});

function modelOf(arm: Emulator, body: MachineBody): object {
  const {
    location = "westeurope",
    zones,
    size = "Standard_D2s_v5",
    priority,
    subnet,
    reservationGroup,
    host,
    plan,
  } = body;
  const id = (path: string): string => `/subscriptions/${arm.subscriptionId}/resourceGroups/${group}/providers/${path}`;
  return {
    location,
    ...(zones && { zones }),
    hardwareProfile: { vmSize: size },
    diagnosticsProfile: { bootDiagnostics: { enabled: true } },
    ...(plan && { plan }),
    ...(priority !== undefined && { priority }),
    ...(host !== undefined && { host: { id: id(`Microsoft.Compute/hostGroups/hosts/hosts/${host}`) } }),
    ...(subnet !== undefined && { networkProfile: { networkInterfaces: [{ id: id(subnet) }] } }),
    ...(reservationGroup !== undefined && {
      capacityReservation: {
        capacityReservationGroup: { id: id(`Microsoft.Compute/capacityReservationGroups/${reservationGroup}`) },
      },
    }),
  };
}
