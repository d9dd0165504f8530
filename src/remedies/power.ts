/** `deallocateFirst()` and `startFirst()`: bring a virtual machine into the power state that a request needs. */
import type { Diagnosis } from "../catalog/diagnosis.js";
import { parseArmUrl } from "./arm-url.js";
import type { FailedRequest, Remedy, RemedyContext } from "./remedy.js";
import { DeallocationSession, startOnce } from "./deallocation-session.js";

export interface DeallocateFirstOptions {
  /**
   * Start the machine again at the end, if it ran before, also when the request failed after all. Where several calls want
   * it stopped at the same time, the last one's end. After an abort nothing is sent: an event and the error say what state
   * it was left in. Default true.
   */
  startAgain?: boolean;
}

/** Milliseconds between checks of a machine that another caller is deallocating. */
const lookAgainMs = 5_000;

/**
 * Allows deallocating a virtual machine for a resize or an update. Its applications stop; a dynamic public IP address
 * and the temporary disk are lost: use it only where that is acceptable.
 */
export function deallocateFirst({ startAgain = true }: DeallocateFirstOptions = {}): Remedy {
  return {
    name: "deallocateFirst",
    fits: (diagnosis, request) => diagnosis.remedy.automatic === "deallocateFirst" && isAboutMachine(request),
    async apply(context) {
      const { machine, query, name } = machineOf(context);
      const session = await DeallocationSession.join(context, machine);
      const startIt = async (): Promise<void> => {
        session.power = "starting";
        await start(context, machine, query).catch((error: unknown) => {
          session.power = "deallocated";
          throw error;
        });
      };
      // Before it is stopped: a deallocation that fails half-way may have stopped it all the same.
      context.afterwards(
        () => session.leave(context, startAgain, startIt),
        () => {
          const left = session.abandon(context, startAgain);
          return left && `VM ${name} ${left}`;
        },
      );
      let done = `VM ${name} was deallocated for another call`;
      await session.deallocate(context, async () => {
        const before = await look(context, machine, query);
        if (before.ephemeral)
          throw new Error(
            `VM ${name} has an ephemeral OS disk and cannot be deallocated; delete and create it instead`,
          );
        session.ran ||= before.power === "running" || before.power === "starting";
        const isDown = (await settledPower(context, machine, query, before.power)) === "deallocated";
        if (!isDown) {
          session.power = "deallocating";
          await context.send({ method: "POST", url: `${machine}/deallocate${query}` });
        }
        session.power = "deallocated";
        done = isDown ? `VM ${name} was ${before.power} already` : `deallocated VM ${name}, which was ${before.power}`;
      });
      return { change: done + (session.ran && startAgain ? "; it is started again at the end" : "") };
    },
  };
}

/** Allows starting a virtual machine for a request that needs it running. It is left running, which costs money. */
export function startFirst(): Remedy {
  return {
    name: "startFirst",
    fits: (diagnosis, request) => diagnosis.remedy.automatic === "startFirst" && isAboutMachine(request),
    async apply(context) {
      const { machine, query, name } = machineOf(context);
      await startOnce(context, machine, () => start(context, machine, query));
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

async function start(context: RemedyContext, machine: string, query: string): Promise<void> {
  await context.send({ method: "POST", url: `${machine}/start${query}` });
}

/** Only the version is carried over: the request's other parameters are its own. */
function apiVersionOf(query: string): string {
  const version = /[?&]api-version=([^&]*)/i.exec(query)?.[1];
  return `?api-version=${version ?? "2024-07-01"}`;
}

/** Another caller may be deallocating the machine: waits for that. Returns the power state afterwards. */
async function settledPower(context: RemedyContext, machine: string, query: string, found: string): Promise<string> {
  let power = found;
  while (power === "deallocating") {
    await context.clock.sleep(lookAgainMs, context.signal);
    ({ power } = await look(context, machine, query));
  }
  return power;
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
