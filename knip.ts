import type { KnipConfig } from "knip";
import entries from "./entries.json" with { type: "json" };

export default {
  entry: [
    ...Object.values(entries),
    "src/cli/main.ts",
    "site/src/*.tsx",
    "src/recovery/cockatiel-inside.ts",
    "scripts/*.ts",
    "bench/*.ts",
    "bench/throttle/*.ts",
    "bench/fleet/{cloud,scaled-time}.ts",
    "bench/fleet/scripts/*.ts",
    "examples/*.ts",
    "test/types/*.ts",
    "test/matrix/{by-*,bundle.cjs}",
    "test/package/browser-story.ts",
    "test/**/own-process.ts",
    "test/docs/given.ts",
  ],
  project: [
    "src/**/*.ts",
    "scripts/**/*.ts",
    "bench/**/*.ts",
    "examples/*.ts",
    "test/**/*.{ts,mjs,cjs}",
    "!test/matrix/functions/**",
    "!examples/functions/**",
  ],
  ignoreDependencies: ["@arethetypeswrong/cli", "publint", "webpack", "@types/sinonjs__fake-timers", "azurite"],
  // util-linux, and a test that is skipped without it
  ignoreBinaries: ["script", "openssl"],
  ignoreExportsUsedInFile: true,
} satisfies KnipConfig;
