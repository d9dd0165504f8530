/**
 * Bundles `src/` into few files, one for each thing that is loaded together, twice: ES modules in `dist/`, CommonJS in
 * `dist/cjs/`. Node spends most of an import on finding and linking files: as a hundred modules the core took three times as
 * long to load. Names, comments and line breaks stay, so that a stack trace leads to code that can be read.
 *
 * Each build imports the packages around it in its own module system, so that `error instanceof RestError` compares with
 * the class that the caller has. The declarations are the same for both; what a declaration file is, ES module or CommonJS,
 * the `type` of the nearest package.json says.
 */
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown, type ModuleFormat, type Plugin } from "rolldown";
import { entries } from "./entries.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const library = Object.fromEntries(entries.map(({ output, source }) => [output, source]));

const cockatielInside: Plugin = {
  name: "cockatiel-inside",
  resolveId: (id) => (id.endsWith("/cockatiel.js") ? join(root, "src/recovery/cockatiel-inside.ts") : undefined),
};

/** What to do is most of the catalog's text; a page loads it after the rest. */
const forBrowsers: Plugin = {
  name: "for-browsers",
  resolveId: (id) =>
    id.endsWith("/default-catalog.js") ? join(root, "src/catalog/default-catalog.browser.ts") : undefined,
};

await bundle("esm", "dist", { ...library, "cli/main": "src/cli/main.ts" });
await bundle("cjs", "dist/cjs", library);
await bundle("esm", "dist/browser", { diagnose: "src/diagnose.ts" }, [forBrowsers]);
writeCommonJsDeclarations();

async function bundle(
  format: ModuleFormat & ("esm" | "cjs"),
  dir: string,
  input: Record<string, string>,
  plugins: Plugin[] = [],
): Promise<void> {
  const isCommonJs = format === "cjs";
  const build = await rolldown({
    cwd: root,
    input,
    platform: "neutral",
    tsconfig: "src/tsconfig.json",
    // Dependencies, peers and Node's own modules stay imports; what we wrote begins with a dot.
    external: (id) => /^[^./]/.test(id) && !(isCommonJs && id === "cockatiel"),
    plugins: isCommonJs ? [cockatielInside] : plugins,
    resolve: { mainFields: ["module", "main"] },
    transform: { target: "es2023" },
    onLog: (level, { code, message }, handle) => {
      // A command that is loaded late may need at once what another loads later still.
      if (level === "warn" && code === "INEFFECTIVE_DYNAMIC_IMPORT") return;
      handle(level === "warn" ? "error" : level, message);
    },
  });
  await build.write({
    dir,
    format,
    exports: "named",
    // Jest runs `import()` behind a flag of Node only, and an ES module that it loads has another RestError.
    dynamicImportInCjs: false,
    sourcemap: true,
    // The sources are in the package.
    sourcemapExcludeSources: true,
    chunkFileNames: "chunks/[name].js",
    codeSplitting: {
      groups: [
        ...(plugins.includes(forBrowsers) ? [{ name: "advice", test: /\/advice\.generated\b/, priority: 4 }] : []),
        { name: "reading", test: /\/src\/(failure|catalog|diagnose)\b/, priority: 3 },
        // `explain` asks for a decision, and needs nothing of the pipeline.
        { name: "deciding", test: /\/src\/(decision|time)\b/, priority: 3 },
        {
          name: "core",
          test: /\/src\/(throttle|lro|remedies|pipeline|option-check|log|process-wide)\b(?!\/lease\/(redis|shared-bucket-numbers))/,
          priority: 2,
        },
        { name: "emulator", test: /\/src\/emulator\//, priority: 1 },
      ],
    },
  });
  await build.close();
}

/** The declarations that tsc wrote into `dist/`, a second time as CommonJS, with maps that lead to the same sources. */
function writeCommonJsDeclarations(): void {
  const from = join(root, "dist");
  const to = join(root, "dist/cjs");
  for (const path of readdirSync(from, { recursive: true, encoding: "utf8" })) {
    if (path.startsWith("cjs") || path.startsWith("cli")) continue;
    if (path.endsWith(".d.ts")) cpSync(join(from, path), join(to, path));
    if (path.endsWith(".d.ts.map")) {
      const map = JSON.parse(readFileSync(join(from, path), "utf8")) as { sources: string[] };
      map.sources = map.sources.map((source) => `../${source}`);
      writeFileSync(join(to, path), JSON.stringify(map));
    }
  }
  writeFileSync(join(to, "package.json"), '{ "type": "commonjs" }\n');
}
