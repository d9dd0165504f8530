/** A mix of random faults from a seed: the same requests in the same order meet the same faults. */
import type { Random } from "../time/clock.js";
import {
  breakEffect,
  failEffect,
  failNames,
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
import { checkNames } from "../option-check.js";

/** One fault of the mix. */
export type ChaosFault = {
  readonly on: FaultTarget;
  /** How often it is chosen relative to the others. Default 1. */
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
  /** Share of the requests that meet a fault, among those for which the mix has one: 0 to 1. */
  readonly rate: number;
  /** Default `everydayChaos`: what a script meets on a bad day, nothing permanent. */
  readonly faults?: readonly ChaosFault[];
}

/** Lost responses, throttling, busy storage, conflicts, a gateway's error page, and failed allocations. */
export const everydayChaos: readonly ChaosFault[] = [
  { on: "* virtualMachines", reset: "before-execution", weight: 2 },
  { on: "* virtualMachines", reset: "after-execution" },
  { on: "* virtualMachines", throttle: { retryAfter: 5 }, weight: 2 },
  { on: "* virtualMachines", html: 503 },
  { on: "GET operations", reset: "before-execution" },
  { on: "GET operations", html: 502 },
  { on: ["PUT virtualMachines", "POST virtualMachines"], fail: "StorageAccountTooBusy", weight: 2 },
  { on: ["PUT virtualMachines", "POST virtualMachines/start"], fail: "AllocationFailed" },
  { on: ["PUT virtualMachines", "PATCH virtualMachines"], fail: "InternalServerError", as: "answer" },
];

/** What a fault does: one of these, and how often by `weight`. */
export const ingredients = ["fail", "throttle", "reset", "cutBody", "hang", "html", "latencyMs"] as const;
const moments = ["before-execution", "after-execution"];

export function plantChaos(faults: Faults, options: ChaosOptions): PlantedFault {
  checkNumber("rate", options.rate, 0, 1);
  if (!Number.isSafeInteger(options.seed)) throw new RangeError(`seed must be a whole number, not ${options.seed}.`);
  const random = seeded(options.seed);
  checkNames("chaos", options, ["seed", "rate", "faults"]);
  const mix = (options.faults ?? everydayChaos).map((fault) => ({
    matches: faults.matcher(fault.on),
    weight: weightOf(fault),
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

function checkIngredient(fault: ChaosFault): void {
  const named = ingredients.filter((name) => name in fault);
  const [only] = named;
  if (only === undefined || named.length > 1) {
    const found =
      named.length > 1 ? named.join(" and ") : JSON.stringify(Object.keys(fault).filter((name) => name !== "on"));
    throw new TypeError(`chaos: a fault needs exactly one of ${ingredients.join(", ")}, not ${found}.`);
  }
  checkNames(`the chaos fault ${only}`, fault, ["on", "weight", only, ...(only === "fail" ? failNames : [])]);
  const moment = only === "reset" || only === "hang" ? (fault as Record<string, unknown>)[only] : "before-execution";
  if (typeof moment === "string" && moments.includes(moment)) return;
  throw new TypeError(`chaos: ${only} must be one of ${moments.join(", ")}, not ${String(moment)}.`);
}

function weightOf({ weight = 1 }: ChaosFault): number {
  checkNumber("chaos: weight", weight, 0);
  return weight;
}

function effectOf(fault: ChaosFault, canBeOperation: boolean): Effect {
  checkIngredient(fault);
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
