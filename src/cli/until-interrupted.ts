/** A signal that aborts when the user ends a command that runs until then: Ctrl-C, or a terminal or supervisor that goes. */
export function untilInterrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}
