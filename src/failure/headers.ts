/**
 * The few headers that a failure needs, from any container: the SDK's `HttpHeaders`, `Headers` of fetch, a Map, or a
 * plain object in any case. A plain object is traversed once, and only names of the right length are compared.
 */
import { maxKeys, maxNameChars } from "./read-limits.js";

export interface ResponseHeaders {
  retryAfterMs?: string;
  msRetryAfterMs?: string;
  retryAfter?: string;
  /** `hh:mm:ss`; Resource Graph sends it with every response. */
  quotaResetsAfter?: string;
  requestId?: string;
  correlationId?: string;
  /** All of them, for {@link dateIn}. */
  all?: object;
}

type HeaderField = Exclude<keyof ResponseHeaders, "all">;

const fieldByName = new Map<string, HeaderField>([
  ["retry-after-ms", "retryAfterMs"],
  ["x-ms-retry-after-ms", "msRetryAfterMs"],
  ["retry-after", "retryAfter"],
  ["x-ms-user-quota-resets-after", "quotaResetsAfter"],
  ["x-ms-request-id", "requestId"],
  ["x-ms-correlation-request-id", "correlationId"],
]);
const fields = [...fieldByName];
const lengths = new Set(fields.map(([name]) => name.length));

interface HeaderGetter {
  get(name: string): unknown;
}

export function readHeaders(headers: unknown): ResponseHeaders {
  const found: ResponseHeaders = {};
  if (typeof headers !== "object" || headers === null) return found;
  found.all = headers;
  if (isGetter(headers)) {
    for (const [name, field] of fields) {
      const value = headers.get(name);
      if (typeof value === "string") found[field] = value;
    }
    return found;
  }
  const names = namesIn(headers);
  for (let i = 0; i < names.length && i < maxKeys; i++) {
    const name = names[i];
    if (typeof name !== "string" || !lengths.has(name.length)) continue;
    const field = fieldByName.get(name.toLowerCase());
    const value = field === undefined ? undefined : textOf(valueOf(headers, name));
    if (field !== undefined && value !== undefined) found[field] ??= value;
  }
  return found;
}

/** When the response was sent. Needed only if a wait is given as a date. */
export function dateIn({ all }: ResponseHeaders): string | undefined {
  if (!all) return undefined;
  if (isGetter(all)) return textOf(all.get("date"));
  const name = namesIn(all)
    .slice(0, maxKeys)
    .find((key) => typeof key === "string" && key.toLowerCase() === "date");
  return typeof name === "string" ? textOf(valueOf(all, name)) : undefined;
}

function isGetter(headers: object): headers is HeaderGetter {
  return typeof (headers as Partial<HeaderGetter>).get === "function" && !(headers instanceof Map);
}

function namesIn(headers: object): readonly unknown[] {
  return headers instanceof Map ? [...headers.keys()] : Object.keys(headers);
}

function valueOf(headers: object, name: string): unknown {
  return headers instanceof Map ? headers.get(name) : headers[name as keyof typeof headers];
}

/** Node returns a repeated header as an array; the first value counts, as in Node's own `Retry-After`. */
function textOf(value: unknown): string | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === "string" || typeof first === "number" ? String(first).slice(0, maxNameChars) : undefined;
}
