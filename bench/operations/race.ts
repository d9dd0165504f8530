/** One contestant creates all machines, some at a time, against an emulator of its own; then what it was told is compared with what is there. */
import { ComputeManagementClient } from "@azure/arm-compute";
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { inVirtualTime, type VirtualTime } from "../../test/support/virtual-time.js";
import { seeded } from "../throttle/virtual-time.js";
import type { Contestant } from "./contestants.js";
import type { Machine } from "./troubles.js";

export interface Result {
  /** Machines whose create came back well, and which are there. */
  readonly well: number;
  /** Told failed, though the machine is there and runs. */
  readonly falseAlarms: number;
  /** Told well, though the machine is not there or does not run. */
  readonly falseComfort: number;
  /** Told that the outcome is not known. */
  readonly unknown: number;
  readonly requests: number;
  readonly operations: number;
  /** Milliseconds, virtual: until the last create came back, and until the middle one did. */
  readonly elapsedMs: number;
  readonly medianMs: number;
  /** The machines whose create came back well. */
  readonly served: ReadonlySet<Machine>;
}

type Told = "well" | "failed" | "unknown";

export const atATime = 50;
/** A create takes this long, and Azure asks to be polled so often. */
export const pace = { durationMs: 45_000, polls: 0, retryAfterMs: 10_000 };
/** Other tools use half of what the subscription may write: 429 with Retry-After comes by itself. Reads are as documented. */
export const writes = { capacity: 100, refill: 5 };

export async function race(contestant: Contestant, machines: readonly Machine[], seed: number): Promise<Result> {
  const dice = Math.random;
  Math.random = seeded(seed);
  try {
    return await inVirtualTime((time) => run(contestant, machines, time));
  } finally {
    Math.random = dice;
  }
}

async function run(contestant: Contestant, machines: readonly Machine[], time: VirtualTime): Promise<Result> {
  await using arm = await startEmulator({ operations: pace, throttling: { writes } });
  for (const { name, troubles } of machines)
    for (const trouble of troubles) trouble.plant(arm, `PUT virtualMachines/${name}`, name);
  const compute = new ComputeManagementClient(arm.credential, arm.subscriptionId, {
    additionalPolicies: [time.wire, ...arm.clientOptions.additionalPolicies],
  });
  const create = contestant.start(compute);
  const told = new Map<Machine, Told>();
  const times: number[] = [];
  await inTurns(machines, async (machine) => {
    const startedAt = time.elapsedMs();
    try {
      await create(machine);
      told.set(machine, "well");
    } catch (error) {
      told.set(machine, contestant.isUnknown?.(error) === true ? "unknown" : "failed");
    }
    times.push(time.elapsedMs() - startedAt);
  });
  const elapsedMs = time.elapsedMs();
  const requests = arm.exchanges.filter(({ outcome }) => outcome !== "failed to send").length;
  const operations = arm.state.operations.length;
  // What is still under way comes to its end, whatever the caller was told.
  arm.finishOperations();
  const count = (what: Told, there: boolean): number =>
    machines.filter((machine) => told.get(machine) === what && isThere(arm, machine) === there).length;
  return {
    well: count("well", true),
    falseComfort: count("well", false),
    falseAlarms: count("failed", true),
    unknown: count("unknown", true) + count("unknown", false),
    requests,
    operations,
    elapsedMs,
    medianMs: times.sort((one, other) => one - other)[Math.floor(times.length / 2)] ?? NaN,
    served: new Set(machines.filter((machine) => told.get(machine) === "well")),
  };
}

const isThere = (arm: Emulator, { name }: Machine): boolean => {
  const vm = arm.vm(name);
  return vm?.provisioningState === "Succeeded" && vm.powerState === "running";
};

/** As a script with a limit does it: whoever is done takes the next. */
async function inTurns(machines: readonly Machine[], work: (machine: Machine) => Promise<void>): Promise<void> {
  const queue = [...machines];
  const worker = async (): Promise<void> => {
    for (let machine = queue.shift(); machine; machine = queue.shift()) await work(machine);
  };
  await Promise.all(Array.from({ length: atATime }, worker));
}
