/** What goes to the registry: everything that package.json promises, nothing else, and readable by every tool. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { manifest, pack, root, run, type Packed } from "./packed.js";

let packed: Packed;
beforeAll(() => (packed = pack()), 60_000);
afterAll(() => packed.remove());

describe("the tarball", () => {
  it("has every file that package.json names", () => {
    const named = [
      ...Object.values(manifest.exports).flatMap((target) =>
        typeof target === "string" ? target : Object.values(target),
      ),
      ...Object.values(manifest.bin),
    ].map((path) => path.replace("./", ""));
    expect(named.filter((path) => !packed.files.includes(path))).toEqual([]);
  });

  it("has licence, notice, readme and changelog", () => {
    expect(packed.files).toEqual(expect.arrayContaining(["LICENSE", "NOTICE", "README.md", "CHANGELOG.md"]));
  });

  it("has no sources, tests, maps or anything else that only developers need", () => {
    const allowed = /^(dist\/.+(\.js|\.d\.ts)|policies\/rule\.schema\.json|package\.json|[A-Z]+(\.md)?)$/;
    expect(packed.files.filter((path) => !allowed.test(path))).toEqual([]);
  });

  it("names no source map, since it ships none", () => {
    const naming = packed.files.filter(
      (path) => path.endsWith(".js") && readFileSync(join(root, path), "utf8").includes("sourceMappingURL="),
    );
    expect(naming).toEqual([]);
  });

  it("pleases publint", () => {
    expect(() => run("npx", ["publint", "run", packed.tarball, "--strict"], root)).not.toThrow();
  }, 60_000);

  // CommonJS callers use Node's require() of ES modules, which `esm-only` leaves to consumer.test.ts.
  it("has types that resolve for node16 and bundlers, by attw", () => {
    expect(() => run("npx", ["attw", packed.tarball, "--profile", "esm-only"], root)).not.toThrow();
  }, 60_000);
});
