/** Bad input fails at creation, with the option's name and value. Used by every room that has options. */

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

/** A misspelt option would silently leave its default in force. @throws TypeError for a name that is not known */
export function checkNames(where: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const near = known.find((other) => other.toLowerCase().startsWith(name.toLowerCase().slice(0, 4)));
    const hint = near === undefined ? `it knows ${known.join(", ")}` : `did you mean ${near}?`;
    throw new TypeError(`azure-remedy: ${where} has no option ${print(name)}; ${hint}`);
  }
}

/** A value as an error message shows it: short, and never the inside of an object. */
export function print(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid Date" : value.toISOString();
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return String(value);
}
