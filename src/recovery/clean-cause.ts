/**
 * Loggers print the causes of an error along with it, so a cause has to be as clean as the error itself. One without
 * secrets stays the object that was thrown.
 */
import { redact, redactBody } from "../failure/redact.js";

/** Longer chains are cut: they do not help, and they may be circular. */
const mostCauses = 8;

/** The cause, or a copy of it if it contains what must not be printed. */
export function cleanCause(cause: unknown, depth = 0): unknown {
  if (typeof cause === "string") return redact(cause);
  if (!(cause instanceof Error)) return cause;
  if (depth === mostCauses) return undefined;
  try {
    const inner = cleanCause(cause.cause, depth + 1);
    const message = redact(cause.message);
    const fields = Object.fromEntries(Object.entries(cause));
    const cleanFields = redactBody(fields) as object;
    if (inner === cause.cause && message === cause.message && cleanFields === fields) return cause;
    return copyOf(cause, message, cleanFields, inner);
  } catch {
    return undefined; // a getter that throws, a class that takes no copies: better no cause than another error
  }
}

function copyOf(cause: Error, message: string, fields: object, inner: unknown): Error {
  const copy = new Error(message, inner === undefined ? undefined : { cause: inner });
  copy.stack = redact(cause.stack ?? message);
  Object.setPrototypeOf(copy, Object.getPrototypeOf(cause) as object);
  for (const [name, value] of Object.entries(fields)) {
    Object.defineProperty(copy, name, {
      value: value as unknown,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return copy;
}
