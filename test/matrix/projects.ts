/** The story in the kinds of project that load the package by other ways than Node's own, each on every Node. */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { copyStory } from "./clients.js";
import { firstLines, installed, makeProject, npm, runFile, type Node } from "./install.js";
import type { Cell } from "./table.js";

interface Project {
  readonly name: string;
  readonly manifest: object;
  readonly packages: readonly string[];
  /** Copies and builds what is run. */
  readonly prepare: (home: string) => Promise<void> | void;
  /** Arguments of each `node` that is run. */
  readonly runs: readonly (readonly string[])[];
}

const stories = ["story.cjs", "by-import.mjs", "by-require.cjs", "by-jest.test.cjs", "bundle.cjs"];

export const projects: readonly Project[] = [
  {
    name: "Jest 30",
    manifest: {},
    packages: ["jest@30"],
    prepare: (home) => copyStory(home, stories),
    runs: [["node_modules/jest/bin/jest.js"]],
  },
  {
    name: "esbuild and webpack",
    manifest: {},
    packages: ["esbuild", "webpack@5"],
    prepare: async (home) => {
      copyStory(home, stories);
      await runFile(process.execPath, ["bundle.cjs"], { cwd: home });
    },
    runs: ["esbuild/by-require.cjs", "esbuild/by-import.mjs", "webpack/by-require.cjs", "webpack/by-import.cjs"].map(
      (file) => [file],
    ),
  },
  {
    name: "Functions project",
    // As `func init --typescript` of Azure Functions Core Tools 4 writes them.
    manifest: { name: "", version: "1.0.0", main: "dist/src/functions/*.js", scripts: { build: "tsc" } },
    packages: ["@azure/functions@^4.0.0", "@types/node@20.x", "typescript@^5.0.0"],
    prepare: async (home) => {
      const fixture = fileURLToPath(new URL("functions", import.meta.url));
      cpSync(join(fixture, "vms.ts"), join(home, "src/functions/vms.ts"));
      cpSync(join(fixture, "call.cjs"), join(home, "call.cjs"));
      cpSync(join(fixture, "tsconfig.json"), join(home, "tsconfig.json"));
      await runFile(process.execPath, ["node_modules/typescript/bin/tsc"], { cwd: home });
    },
    runs: [["call.cjs"]],
  },
];

export interface ProjectRow {
  readonly name: string;
  readonly cells: readonly Cell[];
}

/** Installs and builds once, with the Node that runs this, which is the oldest; then runs on each. */
export async function projectRow(
  { name, manifest, packages, prepare, runs }: Project,
  nodes: readonly Node[],
  folder: string,
  tarball: string,
): Promise<ProjectRow> {
  const home = makeProject(join(folder, name.replaceAll(" ", "-")), manifest);
  try {
    await npm(home, process.execPath, ["install", tarball, "@azure/arm-compute@24", ...packages]);
    await prepare(home);
  } catch (error) {
    return { name, cells: nodes.map((node) => ({ ...cell(node), outcome: "failed", failures: [firstLines(error)] })) };
  }
  const cells: Cell[] = [];
  for (const node of nodes) {
    const from = performance.now();
    const ended = await Promise.allSettled(runs.map((args) => runFile(node.path, [...args], { cwd: home })));
    const failures = ended.flatMap((run) => (run.status === "rejected" ? [firstLines(run.reason)] : []));
    const seconds = (performance.now() - from) / 1000;
    cells.push({ ...cell(node), outcome: failures.length === 0 ? "passed" : "failed", seconds, failures });
  }
  return { name: `${name}${versionOf(home, packages)}`, cells };
}

const cell = ({ version }: Node): Pick<Cell, "name" | "seconds" | "outside"> => ({
  name: `Node ${version}`,
  seconds: 0,
  outside: [],
});

/** ` (jest 30.5.2)`: what ran, in words. */
function versionOf(home: string, packages: readonly string[]): string {
  const tools = packages
    .map((one) => one.replace(/(.)@.*/, "$1"))
    .filter((name) => !name.startsWith("@types/"))
    .map((name) => `${name} ${installed(home, name).version}`);
  return ` (${tools.join(", ")})`;
}
