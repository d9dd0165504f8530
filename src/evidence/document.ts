/** Reading documents of the service, which may lack anything and hold anything. */

/** The value at the end of the path; nothing when there is none. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, key)) return undefined;
    found = found[key as keyof typeof found];
  }
  return found;
}

/** A text that is not empty. */
export function textAt(value: unknown, ...path: readonly (string | number)[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" && found !== "" ? found : undefined;
}

export function numberAt(value: unknown, ...path: readonly (string | number)[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === "number" && Number.isFinite(found) ? found : undefined;
}

/** The items of a list; none when there is no list. */
export function itemsAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The texts of a list. */
export function textsAt(value: unknown, ...path: readonly (string | number)[]): string[] {
  return itemsAt(value, ...path).filter((item): item is string => typeof item === "string");
}

/** A time that the service wrote; nothing when it is none. */
export function dateAt(value: unknown, ...path: readonly (string | number)[]): Date | undefined {
  const text = textAt(value, ...path);
  const time = text === undefined ? NaN : Date.parse(text);
  return Number.isNaN(time) ? undefined : new Date(time);
}

/** Names of Azure compare without case, and locations without blanks too. */
export function sameName(left: string | undefined, right: string | undefined): boolean {
  return left !== undefined && right !== undefined && foldName(left) === foldName(right);
}

export const foldName = (name: string): string => name.toLowerCase().replaceAll(/\s/g, "");

/** A text cut to a length that a person reads. */
export function shorten(text: string, longest = 300): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= longest ? line : `${line.slice(0, longest)}…`;
}
