/** Bad input fails at creation, with the option's name and the value. Used by every room that takes options. */

/** @throws RangeError for a number that does not fit, TypeError for anything else */
export function check(fits: boolean, option: string, value: unknown, expected: string): asserts fits {
  if (fits) return;
  const message = `azure-remedy: ${option} must be ${expected}; it is ${print(value)}.`;
  throw typeof value === "number" ? new RangeError(message) : new TypeError(message);
}

/** @throws RangeError or TypeError unless a whole number, 0 or more */
export function checkCount(option: string, value: number): void {
  check(Number.isInteger(value) && value >= 0, option, value, "a whole number, 0 or more");
}

/** @throws RangeError or TypeError unless a finite number of milliseconds, 0 or more */
export function checkMs(option: string, value: number): void {
  check(Number.isFinite(value) && value >= 0, option, value, "a number of milliseconds, 0 or more");
}

/** A value as an error message shows it: short, and never the inside of an object. */
export function print(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid Date" : value.toISOString();
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return String(value);
}
