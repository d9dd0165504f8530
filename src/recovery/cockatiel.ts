/**
 * cockatiel, loaded when the first call fails: its thirty files take long to find and to read, and a process in which nothing
 * fails never needs them.
 *
 * Node loads it at once, so that the wait of a first failure begins when it would otherwise, under a test's fake timers too.
 * Where there is no `require` (browsers), or nothing to be found by it (programs that were bundled into one file), the import
 * does it, which every bundler follows.
 */
import type * as cockatiel from "cockatiel";

/** What of it is used. */
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
  // cockatiel 3 is CommonJS, and bundlers that make several files give such a module as its default alone.
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
