/**
 * What goes wrong in two hundred creates. Each fault is planted on the machine it is for, so that every contestant meets the
 * same ones whatever order its requests come in. Throttling of writes is not among them: the emulator's bucket does that.
 */
import type { Emulator, ObservedRequest } from "azure-remedy/emulator";
import { seeded } from "../throttle/virtual-time.js";

export interface Machine {
  readonly name: string;
  readonly zone: string;
  readonly troubles: readonly Trouble[];
}

/** What it takes for a machine with a trouble to end well: patience, another size, or nothing does it. */
type WayOut = "patience" | "another size" | "none";

export interface Trouble {
  readonly title: string;
  /** How often it is drawn against the others. */
  readonly weight: number;
  readonly wayOut: WayOut;
  /** Where the machine is wanted. Default anywhere but in the full zone. */
  readonly zone?: string;
  plant(arm: Emulator, put: string, machine: string): void;
}

export const wantedSize = "Standard_D4s_v5";
export const otherSize = "Standard_D4as_v5";
/** Has no room for the wanted size, for as long as the bench runs. */
const fullZone = "3";

export const troubles: readonly Trouble[] = [
  {
    title: "operation fails: StorageAccountTooBusy",
    weight: 5,
    wayOut: "patience",
    plant: (arm, on) => arm.fail("StorageAccountTooBusy", { on }),
  },
  {
    title: "operation fails: InternalOperationError, twice",
    weight: 3,
    wayOut: "patience",
    plant: (arm, on) => arm.fail({ rule: "InternalOperationError.goal-seeking" }, { on, as: "operation", times: 2 }),
  },
  {
    title: "OSProvisioningTimedOut, and the VM comes up",
    weight: 5,
    wayOut: "patience",
    plant: (arm, on) => arm.fail("OSProvisioningTimedOut", { on, completesAnyway: true }),
  },
  {
    title: "no room for the size in its zone",
    weight: 6,
    wayOut: "another size",
    zone: fullZone,
    plant: (arm, on) =>
      arm.fail("ZonalAllocationFailed", { on, as: "operation", times: Infinity, when: wantsFullSize }),
  },
  {
    title: "429 without a word on a poll",
    weight: 3,
    wayOut: "patience",
    plant: (arm, _, machine) => arm.throttle({ on: "GET operations", when: pollOf(arm, machine), hint: "none" }),
  },
  {
    title: "500 at the door",
    weight: 3,
    wayOut: "patience",
    plant: (arm, on) => arm.fail("InternalServerError", { on, as: "answer" }),
  },
  {
    title: "502, a gateway's page, five times",
    weight: 2,
    wayOut: "patience",
    plant: (arm, on) => arm.html({ on, times: 5 }),
  },
  {
    title: "503 on three polls",
    weight: 3,
    wayOut: "patience",
    plant: (arm, _, machine) =>
      arm.fail({ status: 503 }, { on: "GET operations", when: pollOf(arm, machine), times: 3 }),
  },
  {
    title: "reply lost: reset after the service acted",
    weight: 4,
    wayOut: "patience",
    plant: (arm, on) => arm.reset({ on, after: "after-execution" }),
  },
  {
    title: "reply lost: 502 after the service acted",
    weight: 3,
    wayOut: "patience",
    plant: (arm, on) => arm.html({ on, after: "after-execution" }),
  },
  {
    title: "reply cut in half",
    weight: 3,
    wayOut: "patience",
    plant: (arm, on) => arm.cutBody({ on }),
  },
  {
    title: "poll's reply cut in half",
    weight: 2,
    wayOut: "patience",
    plant: (arm, _, machine) => arm.cutBody({ on: "GET operations", when: pollOf(arm, machine) }),
  },
  {
    title: "409, another operation is in progress, three times",
    weight: 5,
    wayOut: "patience",
    plant: (arm, on) => arm.fail("AnotherOperationInProgress", { on, times: 3 }),
  },
  {
    title: "400 InvalidParameter",
    weight: 5,
    wayOut: "none",
    plant: (arm, on) => arm.fail({ rule: "InvalidParameter.admin-username" }, { on, times: Infinity }),
  },
  {
    title: "500 whose words are for good",
    weight: 3,
    wayOut: "none",
    plant: (arm, on) =>
      arm.fail("DiskEncryptionKeySecretUnwrapFailed", { on, as: "answer", status: 500, times: Infinity }),
  },
];

/** The machines of one night. Of ten, four meet nothing and one or two meet two troubles. */
export function drawMachines(count: number, seed: number): readonly Machine[] {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, index) => {
    const dice = random();
    const drawn = Array.from({ length: dice < 0.4 ? 0 : dice < 0.86 ? 1 : 2 }, () => draw(random));
    const zone = drawn.find((trouble) => trouble.zone !== undefined)?.zone ?? String(1 + (index % 2));
    // What is wrong for good is wrong from the first request on.
    const hopeless = drawn.find(({ wayOut }) => wayOut === "none");
    const troubles = hopeless ? [hopeless] : [...new Set(drawn)];
    return { name: `vm-${String(index + 1).padStart(3, "0")}`, zone, troubles };
  });
}

export const wayOutOf = ({ troubles: met }: Machine): WayOut =>
  (["none", "another size"] as const).find((way) => met.some(({ wayOut }) => wayOut === way)) ?? "patience";

function draw(random: () => number): Trouble {
  let left = random() * troubles.reduce((sum, { weight }) => sum + weight, 0);
  const drawn = troubles.find(({ weight }) => (left -= weight) < 0) ?? troubles[0];
  if (!drawn) throw new Error("There is no trouble to draw from.");
  return drawn;
}

function wantsFullSize({ body }: ObservedRequest): boolean {
  const { properties } = body as { properties?: { hardwareProfile?: { vmSize?: string } } };
  return properties?.hardwareProfile?.vmSize === wantedSize;
}

/** Polls of the operations of one machine: a poll's URL names only the operation. */
function pollOf(arm: Emulator, machine: string): (request: ObservedRequest) => boolean {
  return ({ name }) => machineOf(arm, name.replace(/^operations\//, "")) === machine;
}

const machinesOf = new WeakMap<Emulator, Map<string, string>>();

function machineOf(arm: Emulator, operation: string): string | undefined {
  const known = machinesOf.get(arm) ?? new Map<string, string>();
  machinesOf.set(arm, known);
  if (!known.has(operation)) {
    for (const { name, resourceId } of arm.state.operations) known.set(name, resourceId.split("/").at(-1) ?? "");
  }
  return known.get(operation);
}
