/**
 * The packed package on every Node, with every generation of clients and of cockatiel that it says it works with, each in
 * its newest release, and in the projects that load it by other ways: `npm run test:matrix`. Each row installs the tarball
 * from scratch far from the repository, as that Node's npm resolves it. A cell that fails outside the `engines` of what it
 * installed is not possible, and the table says why; any other that fails is ours.
 */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pack } from "../package/packed.js";
import { clientsRow, computeMajors, installCockatiels } from "./clients.js";
import { installNode } from "./install.js";
import { projectRow, projects } from "./projects.js";
import { printTable, type Cell } from "./table.js";

const nodeMajors = ["20", "22", "24"];

/** Two cores: one installs while others wait out a Retry-After. */
const atOnce = 4;

const startedAt = performance.now();
const packed = pack();
const folder = realpathSync(mkdtempSync(join(tmpdir(), "azure-remedy-matrix-")));
try {
  const [cockatiels, ...nodes] = await Promise.all([
    installCockatiels(folder),
    ...nodeMajors.map((major) => installNode(major, folder)),
  ]);
  const { tarball } = packed;
  const clients = nodes.flatMap((node) => computeMajors.map((major) => ({ node, major })));
  // The projects take longest, so they begin.
  const waiting: (() => Promise<void>)[] = [];
  const projectRows = schedule(waiting, projects, (project) => projectRow(project, nodes, folder, tarball));
  const clientRows = schedule(waiting, clients, ({ node, major }) =>
    clientsRow({ node, folder, tarball }, major, cockatiels),
  );
  await runAll(waiting);
  printTable(
    ["Node", "arm-compute", "core-rest-pipeline"],
    clientRows.map(({ node, compute, pipeline, cells }) => ({ words: [node, compute, pipeline], cells })),
  );
  console.log();
  printTable(
    ["project"],
    projectRows.map(({ name, cells }) => ({ words: [name], cells })),
  );
  report([...clientRows, ...projectRows].flatMap(({ cells }) => cells));
} finally {
  rmSync(folder, { recursive: true, force: true });
  packed.remove();
}

function report(cells: readonly Cell[]): void {
  const count = (outcome: Cell["outcome"]): number => cells.filter((cell) => cell.outcome === outcome).length;
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log(
    `\n${count("passed")} cells passed, ${count("impossible")} not possible, ${count("failed")} failed in ${seconds} s`,
  );
  if (count("failed") > 0 || count("passed") === 0) process.exitCode = 1;
}

/** Puts the work for each item in line; the list it returns is full, in the items' order, when all of it has run. */
function schedule<Item, Result>(
  waiting: (() => Promise<void>)[],
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Result[] {
  const results: Result[] = [];
  items.forEach((item, index) => waiting.push(async () => void (results[index] = await work(item))));
  return results;
}

async function runAll(waiting: (() => Promise<void>)[]): Promise<void> {
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await next();
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}
