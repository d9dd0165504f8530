/** The story with every generation of clients and of cockatiel, by `import` and by `require`, on one Node. */
import { cpSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { satisfies } from "semver";
import { firstLines, installed, makeProject, npm, runFile, type Node } from "./install.js";
import type { Cell, Row } from "./table.js";

export const computeMajors = ["22", "23", "24", "25"];
export const cockatielMajors = ["3", "4"];

const storyFiles = ["story.cjs", "by-import.mjs", "by-require.cjs"];

export interface Setting {
  readonly node: Node;
  /** Where to make folders. */
  readonly folder: string;
  /** Path of the packed package. */
  readonly tarball: string;
}

/** Each cockatiel once, as `node_modules/cockatiel` of a project of its own. */
export async function installCockatiels(folder: string): Promise<readonly string[]> {
  return Promise.all(
    cockatielMajors.map(async (major) => {
      const home = makeProject(join(folder, `cockatiel-${major}`), {});
      await npm(home, process.execPath, ["install", `cockatiel@${major}`]);
      return join(home, "node_modules/cockatiel");
    }),
  );
}

/** Installs the clients once, and puts one cockatiel after the other beside them. */
export async function clientsRow(
  { node, folder, tarball }: Setting,
  computeMajor: string,
  cockatiels: readonly string[],
): Promise<Row> {
  const home = makeProject(join(folder, `node-${node.version}-compute-${computeMajor}`), {});
  copyStory(home, storyFiles);
  await npm(home, node.path, ["install", "--ignore-scripts", tarball, `@azure/arm-compute@${computeMajor}`]);
  const cells: Cell[] = [];
  for (const cockatiel of cockatiels) {
    const place = join(home, "node_modules/cockatiel");
    renameSync(place, join(home, `before-${cells.length}`));
    cpSync(cockatiel, place, { recursive: true });
    cells.push(await cellOf(home, node));
  }
  return {
    node: node.version,
    compute: installed(home, "@azure/arm-compute").version,
    pipeline: installed(home, "@azure/core-rest-pipeline").version,
    cells,
  };
}

export function copyStory(home: string, files: readonly string[]): void {
  for (const file of files) cpSync(fileURLToPath(new URL(file, import.meta.url)), join(home, file));
}

async function cellOf(home: string, node: Node): Promise<Cell> {
  const outside = ["@azure/arm-compute", "@azure/core-rest-pipeline", "cockatiel"]
    .map((name) => ({ name, ...installed(home, name) }))
    .filter(({ engines }) => engines !== undefined && !satisfies(node.version, engines.node))
    .map(({ name, version, engines }) => `${name} ${version} asks for Node ${engines?.node ?? ""}`);
  const from = performance.now();
  const runs = await Promise.allSettled(
    ["by-import.mjs", "by-require.cjs"].map((file) => runFile(node.path, [file], { cwd: home })),
  );
  const failures = runs.flatMap((run) => (run.status === "rejected" ? [firstLines(run.reason)] : []));
  return {
    name: `cockatiel ${installed(home, "cockatiel").version}`,
    outcome: failures.length === 0 ? "passed" : outside.length > 0 ? "impossible" : "failed",
    seconds: (performance.now() - from) / 1000,
    outside,
    failures,
  };
}
