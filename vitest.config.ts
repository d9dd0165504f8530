import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { SkippedTests } from "./test/support/skipped-tests.js";
import entries from "./entries.json" with { type: "json" };

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const scenarios = ["scenarios", "regressions", "pipeline", "decision"].map((room) => `test/${room}/**/*.test.ts`);

export default defineConfig({
  resolve: {
    // Tests and examples import the package by its public names, as users do.
    alias: Object.entries(entries).map(([subpath, path]) => ({
      find: new RegExp(`^azure-remedy${subpath.slice(1)}$`),
      replacement: source(path),
    })),
  },
  test: {
    testTimeout: 20_000,
    reporters: ["default", new SkippedTests()],
    projects: [
      // Loading two generations of an SDK takes longer than most stories. Nothing in them outlives its story, so the files
      // of a worker share what is loaded.
      { extends: true, test: { name: "scenarios", include: scenarios, isolate: false } },
      { extends: true, test: { name: "rooms", include: ["test/**/*.test.ts"], exclude: scenarios } },
    ],
  },
});
