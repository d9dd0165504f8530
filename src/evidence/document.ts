/** Reads documents of the service, which may lack anything or contain anything. */

/** The value at the end of the path; undefined if there is none. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, key)) return undefined;
    found = found[key as keyof typeof found];
  }
  return found;
}

/** A non-empty text. */
export function textAt(value: unknown, ...path: readonly (string | number)[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" && found !== "" ? found : undefined;
}

export function numberAt(value: unknown, ...path: readonly (string | number)[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === "number" && Number.isFinite(found) ? found : undefined;
}

/** The items of a list; none if it is not a list. */
export function itemsAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The texts of a list. */
export function textsAt(value: unknown, ...path: readonly (string | number)[]): string[] {
  return itemsAt(value, ...path).filter((item): item is string => typeof item === "string");
}

/** A time from the service; undefined if it is not a date. */
export function dateAt(value: unknown, ...path: readonly (string | number)[]): Date | undefined {
  const text = textAt(value, ...path);
  const time = text === undefined ? NaN : Date.parse(text);
  return Number.isNaN(time) ? undefined : new Date(time);
}

/** Azure compares names case-insensitively, and locations also without blanks. */
export function sameName(left: string | undefined, right: string | undefined): boolean {
  return left !== undefined && right !== undefined && foldName(left) === foldName(right);
}

export const foldName = (name: string): string => name.toLowerCase().replaceAll(/\s/g, "");

/** A text cut to a readable length. */
export function shorten(text: string, longest = 300): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= longest ? line : `${line.slice(0, longest)}…`;
}
