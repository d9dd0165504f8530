/** JSON documents as ARM exchanges them: trees without a guaranteed shape. */

export type JsonObject = Record<string, unknown>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Deeper than any ARM document. Code that traverses documents may recurse this far. */
export const deepestJson = 100;

/** The object in a text; undefined for anything else, or if it is nested deeper than `deepestJson`. */
export function parseObject(text: string): JsonObject | undefined {
  if (isTooDeep(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Counts brackets outside strings. Check this before parsing, which may itself run out of stack. */
export function isTooDeep(text: string): boolean {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (inText) {
      if (character === "\\") at += 1;
      else if (character === '"') inText = false;
    } else if (character === '"') inText = true;
    else if (character === "{" || character === "[") {
      depth += 1;
      if (depth > deepestJson) return true;
    } else if (character === "}" || character === "]") depth -= 1;
  }
  return false;
}

/** The value at the end of the path, or undefined if the path breaks off: `dig(vm, "properties", "vmId")`. */
export function dig(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const key of path) {
    if (!isJsonObject(found) || !Object.hasOwn(found, key)) return undefined;
    found = found[key];
  }
  return found;
}

export function digText(value: unknown, ...path: readonly string[]): string | undefined {
  const found = dig(value, ...path);
  return typeof found === "string" ? found : undefined;
}

export function digObject(value: unknown, ...path: readonly string[]): JsonObject {
  const found = dig(value, ...path);
  return isJsonObject(found) ? found : {};
}

/** The objects of an array; none if it is not an array. */
export function digObjects(value: unknown, ...path: readonly string[]): JsonObject[] {
  const found = dig(value, ...path);
  return Array.isArray(found) ? found.filter(isJsonObject) : [];
}

/** JSON merge patch (RFC 7396), which is what a PATCH on ARM means. Neither argument is changed. */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const merged: JsonObject = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    if (key === "__proto__") continue;
    const old = merged[key];
    if (value === null) Reflect.deleteProperty(merged, key);
    else if (isJsonObject(value)) merged[key] = mergePatch(isJsonObject(old) ? old : {}, value);
    else merged[key] = value;
  }
  return merged;
}
