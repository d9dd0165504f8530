/**
 * Whatever is asked of whichever machine, and whatever fails on the way: what the caller was told is what the cloud holds,
 * nothing ran twice that must not, no remedy ran that was not named, and the operation registry forgets what has ended.
 *
 * A counterexample prints its commands; `MODEL_SEED` runs other ones, `MODEL_RUNS` more of them.
 */
import {
  CapacityMemory,
  deallocateFirst,
  fallbackSizes,
  isRemedyError,
  registerProvider,
  startFirst,
  type Remedy,
  type RemedyError,
} from "azure-remedy";
import { startEmulator, type Emulator, type Exchange } from "azure-remedy/emulator";
import fc from "../support/properties.js";
import { expect, it } from "vitest";
import { sharedOperations } from "../../src/lro/operations.js";
import { connect, generations, type Compute } from "../support/clients.js";
import { openThrottle } from "../support/scene.js";
import { inVirtualTime, type VirtualTime } from "../support/virtual-time.js";
import { faults, plant, type Fault } from "./faults.js";

const machines = ["vm-a", "vm-b"] as const;
const otherSize = "Standard_D2as_v5";
const bigSize = "Standard_E4s_v5";

/** What each remedy may send. */
const traces: Readonly<Record<string, RegExp>> = {
  deallocateFirst: /^POST .*\/(deallocate|start)$/,
  startFirst: /^POST .*\/start$/,
  registerProvider: /^POST providers\/.*\/register$/,
};
const remedyNames = [...Object.keys(traces), "fallbackSizes"];

function remedyOf(name: string): Remedy {
  switch (name) {
    case "deallocateFirst":
      return deallocateFirst();
    case "startFirst":
      return startFirst();
    case "registerProvider":
      return registerProvider();
    default:
      return fallbackSizes([otherSize], { memory: new CapacityMemory() });
  }
}

interface Real {
  readonly arm: Emulator;
  readonly time: VirtualTime;
  readonly compute: Compute;
  readonly named: readonly string[];
  /** Remedies that ran, by their events; and what went wrong beside the call. */
  readonly ran: Set<string>;
  faulted: boolean;
}

/** What the caller knows: how many calls were made. The rest is compared call by call. */
interface Model {
  calls: number;
}

type Verdict = { readonly told: "succeeded" } | { readonly told: RemedyError["outcome"]; readonly error: RemedyError };

interface Kind {
  readonly first: (vm: string) => string;
  readonly call: (compute: Compute, vm: string, mark: string) => Promise<unknown>;
  /** Whether what was asked for is so. `before` is the machine as it was. */
  readonly isDone: (real: Real, vm: string, mark: string, before: ReturnType<Emulator["vm"]>) => boolean;
}

const tagOf = (arm: Emulator, vm: string): unknown => {
  const id = arm.vm(vm)?.id;
  return id === undefined
    ? undefined
    : (arm.state.resource(id) as { tags?: { mark?: string } } | undefined)?.tags?.mark;
};

const kinds: Readonly<Record<string, Kind>> = {
  create: {
    first: (vm) => `PUT virtualMachines/${vm}`,
    call: (compute, vm, mark) => compute.create(vm, { tags: { mark } }),
    isDone: ({ arm, named }, vm, mark, before) => {
      const now = arm.vm(vm);
      const sizes = ["Standard_D2s_v5", ...(named.includes("fallbackSizes") ? [otherSize] : [])];
      const comesUp = before === undefined || before.powerState === "unknown";
      return (
        now?.provisioningState === "Succeeded" &&
        tagOf(arm, vm) === mark &&
        sizes.includes(now.size) &&
        (!comesUp || now.powerState === "running")
      );
    },
  },
  remove: {
    first: (vm) => `DELETE virtualMachines/${vm}`,
    call: (compute, vm) => compute.remove(vm),
    isDone: ({ arm }, vm) => arm.vm(vm) === undefined,
  },
  start: {
    first: (vm) => `POST virtualMachines/${vm}/start`,
    call: (compute, vm) => compute.start(vm),
    isDone: ({ arm }, vm) => arm.vm(vm)?.powerState === "running",
  },
  deallocate: {
    first: (vm) => `POST virtualMachines/${vm}/deallocate`,
    call: (compute, vm) => compute.deallocate(vm),
    isDone: ({ arm }, vm) => arm.vm(vm)?.powerState === "deallocated",
  },
  resize: {
    first: (vm) => `PATCH virtualMachines/${vm}`,
    call: (compute, vm) => compute.resize(vm, bigSize),
    isDone: ({ arm, faulted }, vm, _, before) => {
      const now = arm.vm(vm);
      const isSame = before?.powerState === now?.powerState || before?.powerState === "unknown" || faulted;
      return now?.provisioningState === "Succeeded" && now.size === bigSize && isSame;
    },
  },
  runCommand: {
    first: (vm) => `POST virtualMachines/${vm}/runCommand`,
    call: (compute, vm, mark) => compute.runCommand(vm, [mark]),
    isDone: ({ arm }, vm, mark) => arm.vm(vm)?.commandsRun.some(([line]) => line === mark) ?? false,
  },
};

interface Wanted {
  readonly kind: string;
  readonly vm: string;
  readonly faults: readonly Fault[];
}

const wanted: fc.Arbitrary<Wanted> = fc.record({
  kind: fc.constantFrom(...Object.keys(kinds)),
  vm: fc.constantFrom(...machines),
  faults,
});

/** Calls on machines, at the same time when they are several. */
class Calls implements fc.AsyncCommand<Model, Real> {
  constructor(readonly all: readonly Wanted[]) {}

  check = (): boolean => true;
  toString = (): string => this.all.map((call) => JSON.stringify(call)).join(" & ");

  async run(model: Model, real: Real): Promise<void> {
    const { arm, time } = real;
    // Whoever sees a machine that was made this very second cannot tell by whom.
    await time.sleep(10_000);
    real.ran.clear();
    real.faulted = false;
    arm.clearStory();
    for (const call of this.all) for (const fault of call.faults) plant(arm, fault, firstOf(call));
    const before = new Map(this.all.map(({ vm }) => [vm, arm.vm(vm)]));
    const followed = sharedOperations.inFlight;
    const marks = this.all.map(() => `call-${++model.calls}`);

    const verdicts = await Promise.all(this.all.map((call, n) => verdictOf(real, call, marks[n] ?? "")));

    for (const settled of [false, true]) {
      // What was reported as failed does not come about later either.
      if (settled) arm.finishOperations();
      this.all.forEach((call, n) => compare(real, call, marks[n] ?? "", before.get(call.vm), verdicts[n]));
    }
    expect(sharedOperations.inFlight, "operations left in flight").toEqual(followed);
    checkNothingTwice(arm);
    checkRemedies(real, this.all);
    arm.clearFaults();
  }
}

const firstOf = ({ kind, vm }: Wanted): string => kinds[kind]?.first(vm) ?? "";

async function verdictOf({ compute }: Real, { kind, vm }: Wanted, mark: string): Promise<Verdict> {
  try {
    await kinds[kind]?.call(compute, vm, mark);
    return { told: "succeeded" };
  } catch (error) {
    if (!isRemedyError(error)) throw error;
    return { told: error.outcome, error };
  }
}

function compare(
  real: Real,
  { kind, vm }: Wanted,
  mark: string,
  before: ReturnType<Emulator["vm"]>,
  verdict: Verdict | undefined,
): void {
  if (!verdict || verdict.told === "unknown") return;
  const rule = kinds[kind];
  const isDone = rule?.isDone(real, vm, mark, before) ?? false;
  const wasDone = before !== undefined && kind !== "create" && kind !== "runCommand" && isAlready(kind, before);
  const context = `${kind} ${vm} was told ${verdict.told}${"error" in verdict ? ` (${verdict.error.reason})` : ""}`;
  // Starting the machine again at the end also completes the update that had failed before.
  const isCompletedByStart = real.ran.has("deallocateFirst") && (kind === "create" || kind === "resize");
  if (verdict.told === "succeeded") expect(isDone, context).toBe(true);
  else if (!wasDone && !isCompletedByStart && !(kind === "remove" && before === undefined))
    expect(isDone, context).toBe(false);
}

/** Whether what is asked for was so before: then a failure changes nothing about it. */
function isAlready(kind: string, { powerState, size }: NonNullable<ReturnType<Emulator["vm"]>>): boolean {
  if (kind === "start") return powerState === "running";
  if (kind === "deallocate") return powerState === "deallocated";
  return kind === "resize" && size === bigSize;
}

function checkNothingTwice(arm: Emulator): void {
  for (const { commandsRun, name } of arm.state.vms) {
    const lines = commandsRun.map(([line]) => line);
    expect(lines, `commands on ${name}`).toEqual([...new Set(lines)]);
  }
}

function checkRemedies({ arm, named, ran }: Real, calls: readonly Wanted[]): void {
  expect(
    [...ran].filter((name) => !named.includes(name)),
    "remedies that were not named",
  ).toEqual([]);
  const own = calls.map(firstOf);
  const foreign = arm.exchanges.filter(
    ({ method, name }) => method !== "GET" && !own.includes(`${method} ${name}`) && !isOfNamed(named, method, name),
  );
  expect(foreign.map(lineOf), "writes that nobody asked for").toEqual([]);
}

const isOfNamed = (named: readonly string[], method: string, name: string): boolean =>
  named.some((remedy) => traces[remedy]?.test(`${method} ${name}`));
const lineOf = ({ method, name }: Exchange): string => `${method} ${name}`;

const commands = fc.commands(
  [
    wanted.map((call) => new Calls([call])),
    fc
      .tuple(wanted, wanted)
      .filter(([one, other]) => one.vm !== other.vm)
      .map((pair) => new Calls(pair)),
  ],
  { maxCommands: 8, size: "max" },
);

it("what the caller was told is what the cloud holds", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...generations),
      fc.subarray(remedyNames),
      fc.integer({ min: 0, max: 2 }),
      commands,
      (generation, named, polls, sequence) =>
        inVirtualTime(async (time) => {
          await using arm = await startEmulator({ throttling: false, operations: { polls } });
          const ran = new Set<string>();
          const real: Real = {
            arm,
            time,
            named,
            ran,
            faulted: false,
            compute: connect(generation, arm, time, {
              throttle: openThrottle,
              circuitBreaker: false,
              remedies: named.map(remedyOf),
              onEvent: (event) => {
                if (event.type === "remedy") ran.add(event.remedy);
                if (event.type === "fault") real.faulted = true;
              },
            }),
          };
          arm.addVm({ name: "vm-a", size: "Standard_D2s_v5" });
          await fc.asyncModelRun(() => ({ model: { calls: 0 }, real }), sequence);
        }),
    ),
    {
      seed: Number(process.env["MODEL_SEED"] ?? 20_260_105),
      numRuns: Number(process.env["MODEL_RUNS"] ?? 30),
      endOnFailure: false,
    },
  );
}, 120_000);
