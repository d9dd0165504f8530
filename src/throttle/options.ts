/** The check of what a caller gives to `createThrottle`, at creation. */
import type { ThrottleOptions } from "./local-throttle.js";
import { documentedLimits } from "./limits.js";

/** @throws TypeError or RangeError that names the option and the value */
export function checkOptions(options: ThrottleOptions): void {
  const { limits = {}, store, onEvent, clock, random } = options;
  checkLimits(limits);
  check(store === undefined || has(store, "lease"), "store", store, "a store, such as redisThrottleStore(client)");
  check(onEvent === undefined || typeof onEvent === "function", "onEvent", onEvent, "a function");
  check(
    clock === undefined || (has(clock, "now") && has(clock, "sleep")),
    "clock",
    clock,
    "{ now(), sleep(ms, signal) }",
  );
  check(random === undefined || typeof random === "function", "random", random, "a function");
}

function checkLimits(limits: NonNullable<ThrottleOptions["limits"]>): void {
  check(typeof limits === "object", "limits", limits, "an object");
  for (const [operation, limit] of Object.entries(limits)) {
    const option = `limits.${operation}`;
    check(operation in documentedLimits, option, limit, "limits.read, limits.write or limits.delete");
    check(typeof limit === "object", option, limit, "{ capacity, refill, periodMs }");
    for (const part of ["capacity", "refill", "periodMs"] as const) {
      const value: unknown = limit[part];
      const isFine = typeof value === "number" && Number.isFinite(value) && value > 0;
      check(isFine, `${option}.${part}`, value, "a number above 0");
    }
  }
}

function has(value: unknown, method: string): boolean {
  return typeof (value as Record<string, unknown> | null)?.[method] === "function";
}

function check(fits: boolean, option: string, value: unknown, expected: string): void {
  if (fits) return;
  const message = `azure-remedy: createThrottle: ${option} must be ${expected}; it is ${print(value)}.`;
  throw typeof value === "number" ? new RangeError(message) : new TypeError(message);
}

function print(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "function" ? "a function" : String(value);
}
