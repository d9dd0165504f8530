/** The scene of a story about long-running operations: an emulator, virtual time, and clients of one generation. */
import type { RemedyEvent, RemedyOptions, Throttle } from "azure-remedy";
import { startEmulator, type Emulator, type EmulatorOptions } from "azure-remedy/emulator";
import type { Operation } from "../../src/lro/operation.js";
import { sharedOperations } from "../../src/lro/operations.js";
import { connect, type ClientSetup, type Compute, type generations } from "./clients.js";
import { inVirtualTime, storyStart, type VirtualTime } from "./virtual-time.js";

export type Generation = (typeof generations)[number];

export interface Scene {
  readonly arm: Emulator;
  readonly time: VirtualTime;
  /** A client that knows what failures mean, and reports to `events`; `null` leaves it as the SDK ships it. */
  readonly client: (options?: RemedyOptions | null, setup?: ClientSetup) => Compute;
  readonly events: RemedyEvent[];
  /** What was told, short: `"resubmit: transient: again in 5 s, storage backoff"`. */
  readonly said: string[];
  /** Every exchange with the second of its arrival: `"5 s PUT virtualMachines/web-01 200"`. */
  readonly timeline: string[];
}

/** Lets everything through: all waits in a story are then the operation's own. */
export const openThrottle: Throttle = { admit: () => ({ settle: () => undefined }) };

/**
 * Tells a story. Unless it says otherwise, operations end before the first look, so that both generations poll alike; and
 * none is left in flight at the end.
 */
export async function scene(
  generation: Generation,
  story: (scene: Scene) => Promise<void>,
  { left = "none", ...options }: EmulatorOptions & { left?: "none" | "some" } = {},
): Promise<void> {
  await inVirtualTime(async (time) => {
    await using arm = await startEmulator({ throttling: false, operations: { polls: 0 }, ...options });
    const events: RemedyEvent[] = [];
    const before = new Set(sharedOperations.inFlight);
    await story({
      arm,
      time,
      events,
      client: (remedyOptions = {}, setup = {}) =>
        connect(
          generation,
          arm,
          time,
          remedyOptions && { throttle: openThrottle, onEvent: (event) => events.push(event), ...remedyOptions },
          setup,
        ),
      get said() {
        return events.map(lineOf);
      },
      get timeline() {
        return timelineOf(arm);
      },
    });
    // Told apart one by one: of those that were there before, some may have been forgotten meanwhile.
    const own = sharedOperations.inFlight.filter((operation) => !before.has(operation));
    if (left === "none" && own.length > 0) throw new Error(`Still in flight: ${own.map(inWords).join(", ")}.`);
  });
}

const inWords = ({ first, operationUrl }: Operation): string => `${first.method} ${first.url} at ${operationUrl}`;

export function timelineOf(arm: Emulator): string[] {
  const { story } = arm;
  return arm.exchanges.map(({ at }, index) => `${(at - storyStart) / 1_000} s ${story[index] ?? ""}`);
}

function lineOf(event: RemedyEvent): string {
  switch (event.type) {
    case "remedy":
      return `remedy ${event.remedy} ${event.phase}${event.change === undefined ? "" : `: ${event.change}`}`;
    case "throttle":
      return `throttle: ${event.change}`;
    case "circuit":
      return `circuit: ${event.state}`;
    case "fault":
      return `fault in ${event.where}: ${event.message}`;
    case "readBack":
      return `readBack: ${event.lastSeen ?? event.reason}`;
    case "evidence":
      return `evidence: ${event.findings.map(({ source }) => source).join(", ")}`;
    default:
      return `${event.type}: ${event.reason}`;
  }
}
