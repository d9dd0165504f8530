/** Secrets in what is no text: bodies, fields of errors, what a look found. */
import { maxDepth, maxItems, maxKeys, maxNodes } from "../read-limits.js";
import { secretKey } from "./names.js";
import { redact, replacement } from "./redact.js";

/**
 * A copy of a value without its secrets, cut by the name of the key and by what texts say; the very same value when it holds
 * none. What lies beyond the bounds of reading is left out of the copy, since it was not searched.
 *
 * @param clean what becomes of each text
 */
export function redactBody(value: unknown, clean = redact): unknown {
  return withoutSecrets(value, { nodesLeft: 10 * maxNodes, clean }, 0);
}

const leftOut = "[left out]";

interface Budget {
  nodesLeft: number;
  readonly clean: (text: string) => string;
}

function withoutSecrets(value: unknown, budget: Budget, depth: number): unknown {
  if (typeof value === "string") return budget.clean(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth > maxDepth || budget.nodesLeft <= 0 || ArrayBuffer.isView(value)) return leftOut;
  budget.nodesLeft -= 1;
  try {
    if (Array.isArray(value)) return itemsWithoutSecrets(value, budget, depth);
    if (value instanceof Map) return mapWithoutSecrets(value, budget, depth);
    if (value instanceof Set) return setWithoutSecrets(value, budget, depth);
    if (value instanceof URL || value instanceof URLSearchParams) return ifChanged(value, String(value), budget);
    if (value instanceof Error) return errorWithoutSecrets(value, budget, depth);
    return fieldsWithoutSecrets(value, budget, depth);
  } catch {
    return leftOut; // a getter or a proxy that throws
  }
}

const ifChanged = (value: object, text: string, budget: Budget): unknown => {
  const clean = budget.clean(text);
  return clean === text ? value : clean;
};

/** In a list of arguments a value follows its flag. */
function itemsWithoutSecrets(items: readonly unknown[], budget: Budget, depth: number): unknown {
  const kept = Array.from({ length: Math.min(items.length, maxItems) }, (_, i) => items[i]);
  let isSecret = false;
  const copy = kept.map((item) => {
    const clean = isSecret && typeof item === "string" ? replacement : withoutSecrets(item, budget, depth + 1);
    isSecret = typeof item === "string" && /^--?[A-Za-z][\w-]*$/.test(item) && secretKey(item) !== undefined;
    return clean;
  });
  if (items.length > maxItems) return [...copy, leftOut];
  return copy.every((item, i) => Object.is(item, kept[i])) ? items : copy;
}

function mapWithoutSecrets(map: ReadonlyMap<unknown, unknown>, budget: Budget, depth: number): unknown {
  const fields = fieldsOf([...map].slice(0, maxKeys), budget, depth);
  return fields.isChanged || map.size > maxKeys ? new Map(fields.entries) : map;
}

function setWithoutSecrets(set: ReadonlySet<unknown>, budget: Budget, depth: number): unknown {
  const items = [...set].slice(0, maxItems);
  const clean = itemsWithoutSecrets(items, budget, depth);
  return clean === items && set.size <= maxItems ? set : new Set(clean as unknown[]);
}

function fieldsWithoutSecrets(fields: object, budget: Budget, depth: number): unknown {
  const keys = Object.keys(fields);
  const pairs = keys.slice(0, maxKeys).map((key): [string, unknown] => [key, fields[key as keyof typeof fields]]);
  const { entries, isChanged } = fieldsOf(pairs, budget, depth);
  // fromEntries defines properties: a key `__proto__` stays a key.
  return isChanged || keys.length > maxKeys ? Object.fromEntries(entries) : fields;
}

interface Entries<Key> {
  readonly entries: [Key, unknown][];
  readonly isChanged: boolean;
}

function fieldsOf<Key>(pairs: readonly [Key, unknown][], budget: Budget, depth: number): Entries<Key> {
  const valueKey = keyOfSecretValue(pairs);
  let isChanged = false;
  const entries = pairs.map(([key, value]): [Key, unknown] => {
    const isSecret = typeof key === "string" && (valueKey?.test(key) === true || holdsSecret(key, value));
    const clean = isSecret ? redactWhole(value) : withoutSecrets(value, budget, depth + 1);
    isChanged ||= !Object.is(value, clean);
    return [key, clean];
  });
  return { entries, isChanged };
}

/** A name that means other things too names a secret when a text is its value; so does a header's. */
function holdsSecret(key: string, value: unknown): boolean {
  const name = secretKey(key);
  if (!name) return false;
  return (!name.isAmbiguous && !name.isHeader) || typeof value !== "object" || Array.isArray(value);
}

/** `{ name: "DB_PASSWORD", value: "…" }`, `{ type: "SecureString", value: "…" }`, `{ keyName: "key1", value: "…" }`, `{ name: "auth", args: […] }` */
function keyOfSecretValue(pairs: readonly [unknown, unknown][]): RegExp | undefined {
  for (const [key, said] of pairs) {
    if (typeof key !== "string" || typeof said !== "string" || said.length > 128) continue;
    if (/^keyname$/i.test(key)) return values;
    if (/^type$/i.test(key) && /^secure(?:string|object)$/i.test(said)) return values;
    if (!/^(?:name|key|id)$/i.test(key)) continue;
    if (secretKey(said)) return values;
    if (/^(?:auth|hello)$/i.test(said)) return /^args$/;
  }
  const opens = pairs.some(([key]) => typeof key === "string" && secretKey(key)?.isPassword === true);
  return opens ? certificates : undefined;
}

/** What a password beside it opens. */
const certificates = /^(?:data|certificate\w{0,16})$/i;

const values = /^(?:default|secret)?value$/i;

/** Under the name of a secret nothing is kept, unless it reveals nothing anyway. */
function redactWhole(value: unknown): unknown {
  return value === undefined || value === null || value === "" || typeof value === "boolean" ? value : replacement;
}

/** What an error says outside of its fields: `message`, `stack`, `cause`, and the `errors` of an AggregateError. */
const hiddenFields = ["message", "stack", "cause", "errors"] as const;

/** An error that says something secret becomes a copy that passes for one of its class. */
function errorWithoutSecrets(error: Error, budget: Budget, depth: number): unknown {
  const hidden = hiddenFields.filter((name) => Object.hasOwn(error, name) && !Object.keys(error).includes(name));
  const fields = [...hidden, ...Object.keys(error).slice(0, maxKeys)].map((name): [string, unknown] => [
    name,
    error[name as keyof Error],
  ]);
  const { entries, isChanged } = fieldsOf(fields, budget, depth);
  if (!isChanged) return error;
  const copy = new Error();
  Object.setPrototypeOf(copy, Object.getPrototypeOf(error) as object);
  for (const [name, value] of entries) {
    const enumerable = !hidden.includes(name as (typeof hidden)[number]);
    Object.defineProperty(copy, name, { value, enumerable, configurable: true, writable: true });
  }
  return copy;
}
