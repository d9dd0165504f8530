/** What goes to the registry: everything that package.json promises, nothing else, and readable by every tool. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { manifestFields, sourcePaths } from "../../scripts/entries.js";
import { manifest, pack, root, run, type Packed } from "./packed.js";

let packed: Packed;
beforeAll(() => (packed = pack()), 60_000);
afterAll(() => packed.remove());

describe("the tarball", () => {
  it("has every file that package.json names", () => {
    const named = [
      manifest.main,
      manifest.types,
      ...Object.values(manifest.typesVersions["*"]).flat(),
      ...Object.values(manifest.exports).flatMap((target) =>
        typeof target === "string" ? target : [...Object.values(target.import), ...Object.values(target.require)],
      ),
      ...Object.values(manifest.bin),
    ].map((path) => path.replace("./", ""));
    expect(named.filter((path) => !packed.files.includes(path))).toEqual([]);
  });

  it("has licence, notice, readme and changelog", () => {
    expect(packed.files).toEqual(expect.arrayContaining(["LICENSE", "NOTICE", "README.md", "CHANGELOG.md"]));
  });

  it("has no tests, generated code or anything else that only developers need", () => {
    const allowed =
      /^(dist\/.+\.(js|d\.ts)(\.map)?|dist\/cjs\/package\.json|src\/.+(?<!\.generated)\.ts|docs\/[\w-]+\.md|skills\/[\w-]+\/SKILL\.md|policies\/rule\.schema\.json|package\.json|[A-Z]+(\.md)?)$/;
    expect(packed.files.filter((path) => !allowed.test(path))).toEqual([]);
  });

  it("has the sources that its maps lead to", () => {
    const maps = packed.files.filter((path) => path.endsWith(".map"));
    expect(maps.filter((path) => path.endsWith(".d.ts.map")).length).toBeGreaterThan(0);
    const missing = maps.flatMap((path) => {
      const { sources } = JSON.parse(readFileSync(join(root, path), "utf8")) as { sources: string[] };
      return sources.map((source) => join(path, "..", source)).filter((source) => !packed.files.includes(source));
    });
    // The catalog is data from policies/; cockatiel is somebody else's.
    expect([...new Set(missing)].filter((path) => !/\.generated\.ts$|node_modules\/cockatiel\//.test(path))).toEqual(
      [],
    );
  });

  it("pleases publint", () => {
    expect(() => run("npx", ["publint", "run", packed.tarball, "--strict"], root)).not.toThrow();
  }, 60_000);

  it("has types that resolve for CommonJS, ES modules, bundlers and `moduleResolution: node`, by attw", () => {
    expect(() => run("npx", ["attw", packed.tarball], root)).not.toThrow();
  }, 60_000);

  it("says in package.json and tsconfig.json what follows from entries.json", () => {
    const { compilerOptions } = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8")) as {
      compilerOptions: { paths: object };
    };
    expect(manifest).toMatchObject(manifestFields());
    expect(compilerOptions.paths).toEqual(sourcePaths());
  });
});
