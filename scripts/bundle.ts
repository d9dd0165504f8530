/**
 * Bundles `src/` into few files, one for each thing that is loaded together. Node spends most of an import on finding and
 * linking files: as a hundred modules the core took three times as long to load. Names, comments and line breaks stay, so
 * that a stack trace leads to code that can be read; there are no source maps, since there is nothing they would add.
 */
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));

const bundle = await rolldown({
  cwd: root,
  input: {
    index: "src/index.ts",
    diagnose: "src/diagnose.ts",
    "emulator/index": "src/emulator/index.ts",
    "fleet/index": "src/fleet/index.ts",
    "throttle/lease/redis": "src/throttle/lease/redis.ts",
    "cli/main": "src/cli/main.ts",
  },
  platform: "neutral",
  tsconfig: "src/tsconfig.json",
  // Dependencies, peers and Node's own modules stay imports; what we wrote begins with a dot.
  external: /^[^./]/,
  transform: { target: "es2023" },
  onLog: (level, { code, message }, handle) => {
    // A command that is loaded late may need at once what another loads later still.
    if (level === "warn" && code === "INEFFECTIVE_DYNAMIC_IMPORT") return;
    handle(level === "warn" ? "error" : level, message);
  },
});
await bundle.write({
  dir: "dist",
  format: "esm",
  chunkFileNames: "chunks/[name].js",
  codeSplitting: {
    groups: [
      { name: "reading", test: /\/src\/(failure|catalog|diagnose)\b/, priority: 3 },
      {
        name: "core",
        test: /\/src\/(time|decision|throttle|lro|remedies|pipeline|option-check|log)\b(?!\/lease\/redis)/,
        priority: 2,
      },
      { name: "emulator", test: /\/src\/emulator\//, priority: 1 },
    ],
  },
});
await bundle.close();
