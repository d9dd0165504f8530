/** A mix of faults struck at random, from a seed: the same requests in the same order meet the same faults. */
import type { Random } from "../time/clock.js";
import {
  breakEffect,
  failEffect,
  latencyEffect,
  pageEffect,
  throttleEffect,
  type Effect,
  type FailOptions,
  type FaultCode,
  type Moment,
  type ThrottleFaultOptions,
} from "./fault-effects.js";
import type { FaultTarget, Faults, PlantedFault } from "./faults.js";
import { checkNumber } from "./options.js";
import { seeded } from "./random.js";

/** One ingredient of the mix. */
export type ChaosFault = {
  readonly on: FaultTarget;
  /** How often it is chosen against the others. Default 1. */
  readonly weight?: number;
} & (
  | ({ readonly fail: FaultCode } & FailOptions)
  | { readonly throttle: ThrottleFaultOptions }
  | { readonly reset: Moment }
  | { readonly cutBody: true }
  | { readonly hang: Moment }
  | { readonly html: number }
  | { readonly latencyMs: number }
);

export interface ChaosOptions {
  /** Any whole number. */
  readonly seed: number;
  /** Share of the requests that meet a fault, of those that some fault of the mix is for: 0 to 1. */
  readonly rate: number;
  readonly faults: readonly ChaosFault[];
}

export function plantChaos(faults: Faults, options: ChaosOptions): PlantedFault {
  checkNumber("rate", options.rate, 0, 1);
  if (!Number.isSafeInteger(options.seed)) throw new RangeError(`seed must be a whole number, not ${options.seed}.`);
  const random = seeded(options.seed);
  const mix = options.faults.map((fault) => ({
    matches: faults.matcher(fault.on),
    weight: fault.weight ?? 1,
    effect: effectOf(fault, faults.canBeOperation(fault.on)),
  }));
  return faults.plant({ on: "*", times: Infinity }, (request, route, params) => {
    const fitting = mix.filter(
      (entry) => entry.matches(request, route, params) && (entry.effect.kind !== "operation" || route?.longRunning),
    );
    if (fitting.length === 0 || random() >= options.rate) return undefined;
    return choose(fitting, random)?.effect;
  });
}

function effectOf(fault: ChaosFault, canBeOperation: boolean): Effect {
  if ("fail" in fault) {
    const effect = failEffect(fault.fail, fault, canBeOperation);
    if (effect.kind !== "unsent") return effect;
    throw new TypeError(`chaos strikes in the emulator; ${effect.code} is the client's own: plant it by arm.fail.`);
  }
  if ("throttle" in fault) return throttleEffect(fault.throttle);
  if ("reset" in fault) return breakEffect("reset", fault.reset);
  if ("cutBody" in fault) return breakEffect("cut", "after-execution");
  if ("hang" in fault) return breakEffect("hung", fault.hang);
  if ("html" in fault) return pageEffect(fault.html, "before-execution", undefined);
  return latencyEffect(fault.latencyMs);
}

function choose<Entry extends { readonly weight: number }>(
  entries: readonly Entry[],
  random: Random,
): Entry | undefined {
  let left = random() * entries.reduce((sum, entry) => sum + entry.weight, 0);
  return entries.find((entry) => (left -= entry.weight) < 0) ?? entries.at(-1);
}
