/** The CommonJS build, as Jest, older tools and `module: commonjs` load it: by `require`, and never an ES module. */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { entries } from "../../scripts/entries.js";
import { breakerStory } from "./breaker-story.js";
import { freshProject, pack, run, type FreshProject } from "./packed.js";

/** Node as it was before it could `require()` ES modules; Jest's own loader still is. */
const withoutModules = "--no-experimental-require-module";

let project: FreshProject;
beforeAll(() => {
  const packed = pack();
  project = freshProject(packed, ["redis"]);
  packed.remove();
}, 60_000);
afterAll(() => project.remove());

const node = (...args: string[]): string => run(process.execPath, args, project.folder).trim();

it.each(entries)("loads $specifier without ES modules", ({ specifier }) => {
  expect(node(withoutModules, "--print", `Object.keys(require("${specifier}")).length > 0`)).toBe("true");
});

it("shares its state with the ES module build in the same process", () => {
  const story = fileURLToPath(new URL("two-copies.cjs", import.meta.url));
  copyFileSync(story, join(project.folder, "two-copies.cjs"));
  expect(node("two-copies.cjs")).toBe("shared");
}, 30_000);

it("needs no cockatiel beside it, whose fourth version is an ES module alone", () => {
  const cockatiel = join(project.folder, "node_modules/cockatiel");
  rmSync(cockatiel);
  mkdirSync(cockatiel);
  writeFileSync(join(cockatiel, "package.json"), '{ "name": "cockatiel", "type": "module", "main": "index.js" }');
  writeFileSync(join(cockatiel, "index.js"), 'throw new Error("cockatiel was loaded");');
  writeFileSync(join(project.folder, "breaker.cjs"), breakerStory("commonjs"));
  expect(node(withoutModules, "breaker.cjs")).toBe("200 0");
});
