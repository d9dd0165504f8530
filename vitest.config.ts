import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    // Tests and examples import the package by its public names, as users do.
    alias: [
      { find: /^azure-remedy\/emulator$/, replacement: source("src/emulator/index.ts") },
      { find: /^azure-remedy\/redis$/, replacement: source("src/throttle/redis.ts") },
      { find: /^azure-remedy$/, replacement: source("src/index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 20_000,
  },
});
