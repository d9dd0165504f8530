/**
 * cockatiel, loaded when the first call fails: its thirty files take long to find and read, and a process in which
 * nothing fails never needs them.
 *
 * Node loads it synchronously, so that the wait of a first failure begins when it otherwise would, under a test's fake
 * timers too. Where there is no `require` (browsers), or it finds nothing (programs bundled into one file), it is
 * imported, which every bundler follows.
 */
import type * as cockatiel from "cockatiel";

/** The part that is used. */
export type Cockatiel = Pick<
  typeof cockatiel,
  "BrokenCircuitError" | "CircuitState" | "ConsecutiveBreaker" | "circuitBreaker" | "handleWhenResult"
>;

let loaded: Cockatiel | undefined;

export function loadCockatiel(): Cockatiel | Promise<Cockatiel> {
  loaded ??= requireCockatiel();
  return loaded ?? importCockatiel();
}

async function importCockatiel(): Promise<Cockatiel> {
  const imported: Cockatiel | { readonly default: Cockatiel } = await import("cockatiel");
  // cockatiel 3 is CommonJS, and bundlers that produce several files export such a module only as its default.
  const library = "default" in imported ? imported.default : imported;
  loaded = library;
  return library;
}

function requireCockatiel(): Cockatiel | undefined {
  if (typeof process === "undefined" || typeof process.getBuiltinModule !== "function") return undefined;
  try {
    const { createRequire } = process.getBuiltinModule("node:module");
    return createRequire(import.meta.url)("cockatiel") as Cockatiel;
  } catch {
    return undefined;
  }
}
