/** Signals that end a command which would otherwise go on. */
import { setMaxListeners } from "node:events";

/** Aborts when the user ends it: Ctrl-C, or a terminal or supervisor that goes. The reason is the name of the signal. */
export function untilInterrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => controller.abort(signal));
  return unbounded(controller.signal);
}

/**
 * Aborts after some time, or with another signal. Not `AbortSignal.timeout`: Node 20 may collect one that only
 * `AbortSignal.any` refers to, and then it never fires.
 */
export function withTimeout(other: AbortSignal, ms: number): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, ms);
  timer.unref();
  other.addEventListener("abort", abort, { once: true });
  if (other.aborted) abort();
  return unbounded(controller.signal);
}

/** Every call in progress listens to it; more than ten are no leak. */
function unbounded(signal: AbortSignal): AbortSignal {
  setMaxListeners(0, signal);
  return signal;
}
