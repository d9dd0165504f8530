/** `deallocateFirst()` and `startFirst()`: bring a virtual machine into the power state that a request wants. */
import type { Diagnosis } from "../catalog/diagnosis.js";
import { parseArmUrl } from "./arm-url.js";
import type { FailedRequest, Remedy, RemedyContext } from "./remedy.js";

export interface DeallocateFirstOptions {
  /** Start the machine again at the end, if it ran before, also when the request failed after all. Default false. */
  startAgain?: boolean;
}

/**
 * Allows deallocating a virtual machine that a resize or an update wants stopped. Its applications stop, a dynamic public
 * IP address and the temporary disk are lost: name it only where that is welcome.
 */
export function deallocateFirst({ startAgain = false }: DeallocateFirstOptions = {}): Remedy {
  return {
    name: "deallocateFirst",
    fits: (diagnosis, request) => diagnosis.remedy.automatic === "deallocateFirst" && isAboutMachine(request),
    async apply(context) {
      const { machine, query, name } = machineOf(context);
      const before = await look(context, machine, query);
      if (before.ephemeral)
        throw new Error(`VM ${name} has an ephemeral OS disk and cannot be deallocated; delete and create it instead`);
      const ran = before.power === "running" || before.power === "starting";
      if (ran && startAgain) {
        // Before it is stopped: a deallocation that fails half-way may have stopped it all the same.
        context.afterwards(async () => {
          await context.send({ method: "POST", url: `${machine}/start${query}` });
        });
      }
      await context.send({ method: "POST", url: `${machine}/deallocate${query}` });
      return {
        change: `deallocated VM ${name}, which was ${before.power}${ran && startAgain ? "; it is started again at the end" : ""}`,
      };
    },
  };
}

/** Allows starting a virtual machine for a request that wants it running. It costs money while it runs, and is left running. */
export function startFirst(): Remedy {
  return {
    name: "startFirst",
    fits: (diagnosis, request) => diagnosis.remedy.automatic === "startFirst" && isAboutMachine(request),
    async apply(context) {
      const { machine, query, name } = machineOf(context);
      await context.send({ method: "POST", url: `${machine}/start${query}` });
      return { change: `started VM ${name}` };
    },
  };
}

const isAboutMachine = (request: FailedRequest): boolean => parseArmUrl(request.url).virtualMachine !== undefined;

function machineOf({ request }: { diagnosis: Diagnosis; request: FailedRequest }): {
  machine: string;
  query: string;
  name: string;
} {
  const { virtualMachine: machine, query } = parseArmUrl(request.url);
  if (!machine) throw new Error("the request's URL names no virtual machine");
  return { machine, query: apiVersionOf(query), name: machine.slice(machine.lastIndexOf("/") + 1) };
}

/** Only the version is carried over: the request's other parameters are its own. */
function apiVersionOf(query: string): string {
  const version = /[?&]api-version=([^&]*)/i.exec(query)?.[1];
  return `?api-version=${version ?? "2024-07-01"}`;
}

async function look(
  context: RemedyContext,
  machine: string,
  query: string,
): Promise<{ power: string; ephemeral: boolean }> {
  const { body } = await context.send({ method: "GET", url: `${machine}${query}&$expand=instanceView` });
  const { properties } = (body ?? {}) as {
    properties?: {
      storageProfile?: { osDisk?: { diffDiskSettings?: { option?: string } } };
      instanceView?: { statuses?: { code?: string }[] };
    };
  };
  const code = properties?.instanceView?.statuses?.find((status) => status.code?.startsWith("PowerState/"))?.code;
  return {
    power: code?.slice("PowerState/".length) ?? "in an unknown state",
    ephemeral: properties?.storageProfile?.osDisk?.diffDiskSettings?.option === "Local",
  };
}
