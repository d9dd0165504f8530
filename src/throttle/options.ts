/** The options of `createThrottle`, checked at creation. */
import { check, checkNames } from "../option-check.js";
import type { Clock, Random } from "../time/clock.js";
import type { ThrottleListener } from "./events.js";
import type { ThrottleStore } from "./lease/store.js";
import { documentedLimits, type PriorLimits } from "./limits.js";

export interface ThrottleOptions {
  /** Starting limits of Resource Manager. Default the documented ones; all are corrected by observation. */
  readonly limits?: PriorLimits;
  /**
   * Shared by all processes of a subscription, so that they act as one. Default none: each relies on its own responses.
   */
  readonly store?: ThrottleStore;
  /** Called with every event. What it throws is ignored. */
  readonly onEvent?: ThrottleListener;
  /** Replaces time, for tests. */
  readonly clock?: Clock;
  /** Replaces randomness, for tests: a number in [0, 1). */
  readonly random?: Random;
}

const known: Readonly<Record<keyof ThrottleOptions, true>> = {
  limits: true,
  store: true,
  onEvent: true,
  clock: true,
  random: true,
};

/** @throws TypeError or RangeError that names the option and the value */
export function checkOptions(options: ThrottleOptions): void {
  checkNames("createThrottle", options, Object.keys(known));
  const { limits = {}, store, onEvent, clock, random } = options;
  checkLimits(limits);
  const isStore = store === undefined || has(store, "lease");
  check(isStore, "createThrottle: store", store, "a store, such as redisThrottleStore(client)");
  check(onEvent === undefined || typeof onEvent === "function", "createThrottle: onEvent", onEvent, "a function");
  const isClock = clock === undefined || (has(clock, "now") && has(clock, "sleep"));
  check(isClock, "createThrottle: clock", clock, "{ now(), sleep(ms, signal) }");
  check(random === undefined || typeof random === "function", "createThrottle: random", random, "a function");
}

function checkLimits(limits: PriorLimits): void {
  check(typeof limits === "object", "createThrottle: limits", limits, "an object");
  for (const [requestClass, limit] of Object.entries(limits)) {
    const option = `createThrottle: limits.${requestClass}`;
    check(requestClass in documentedLimits, option, limit, "limits.read, limits.write or limits.delete");
    check(typeof limit === "object", option, limit, "{ capacity, refill, periodMs }");
    for (const part of ["capacity", "refill", "periodMs"] as const) {
      const value: unknown = limit[part];
      const fits = typeof value === "number" && Number.isFinite(value) && value > 0;
      check(fits, `${option}.${part}`, value, "a number above 0");
    }
  }
}

function has(value: unknown, method: string): boolean {
  return typeof (value as Record<string, unknown> | null)?.[method] === "function";
}
