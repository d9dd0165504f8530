/** The package inside one file of somebody's own, as Functions are deployed: what is loaded late must be found there too. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build, type BuildOptions } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { breakerStory } from "./breaker-story.js";
import { root, run } from "./packed.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "azure-remedy-bundled-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const needsRequire = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

it.each<[string, string, BuildOptions]>([
  ["one ES module", "program.mjs", { format: "esm", banner: { js: needsRequire } }],
  ["one CommonJS file", "program.cjs", { format: "cjs" }],
  ["several ES modules", "program.mjs", { format: "esm", splitting: true, banner: { js: needsRequire } }],
])("works as %s", async (name, file, options) => {
  const outdir = join(folder, name.replaceAll(" ", "-"));
  const { warnings } = await build({
    stdin: { contents: breakerStory("esm"), resolveDir: root, sourcefile: "program.js" },
    outdir,
    entryNames: "program",
    outExtension: { ".js": file.slice("program".length) },
    bundle: true,
    platform: "node",
    logLevel: "silent",
    // By its public name, so that what is built in dist/ is what runs.
    tsconfigRaw: {},
    ...options,
  });
  expect(warnings.map(({ text }) => text)).toEqual([]);
  expect(run(process.execPath, [file], outdir).trim()).toBe("200 0");
});

it("loads cockatiel when a call fails, not before", () => {
  const names = "Object.keys(createRequire(import.meta.url).cache)";
  const isLoaded = `${names}.some((name) => name.includes("cockatiel"))`;
  const text = `import { createRequire } from "node:module"; import "azure-remedy"; console.log(${isLoaded});`;
  expect(run(process.execPath, ["--input-type=module", "--eval", text], root).trim()).toBe("false");
});

it("explains an error without loading the pipeline", () => {
  const loaded = chunksOf("dist/chunks/explain.js");
  expect(loaded).toContain("dist/chunks/reading.js");
  expect(loaded).not.toContain("dist/chunks/core.js");
  expect(chunksOf("dist/cli/main.js")).not.toContain("dist/chunks/core.js");
});

/** The files that a file of the build imports at once, and those that they import. */
function chunksOf(path: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  const code = readFileSync(join(root, path), "utf8");
  for (const [, from = ""] of code.matchAll(/^(?:import|export)\b[^;]*?["'](\.[^"']+)["'];/gm)) {
    chunksOf(join(dirname(path), from), seen);
  }
  return seen;
}
