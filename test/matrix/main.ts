/**
 * The packed package on every Node, with every generation of clients and of cockatiel that it says it works with, each in
 * its newest release: `npm run test:matrix`. Every cell installs the tarball from scratch far from the repository, as that
 * Node's npm resolves it, and runs the story by `import` and by `require`. A cell that fails outside the `engines` of what it
 * installed is not possible, and the table says why; any other that fails is ours.
 */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { satisfies } from "semver";
import { pack } from "../package/packed.js";
import { printTable, type Cell, type Row } from "./table.js";

const nodeMajors = ["20", "22", "24"];
const computeMajors = ["22", "23", "24", "25"];
const cockatielMajors = ["3", "4"];

/** Two cores: one installs while the other waits out a Retry-After. */
const atOnce = 3;

const storyFiles = ["story.mjs", "by-import.mjs", "by-require.cjs"];
const runFile = promisify(execFile);

const startedAt = performance.now();
const packed = pack();
const folder = realpathSync(mkdtempSync(join(tmpdir(), "azure-remedy-matrix-")));
try {
  const nodes = await Promise.all(nodeMajors.map(nodeOf));
  const places = nodes.flatMap((node) => computeMajors.map((computeMajor) => ({ node, computeMajor })));
  const rows = await inTurns(places, (place) => rowOf(place.node, place.computeMajor));
  printTable(rows);
  const cells = rows.flatMap((row) => row.cells);
  const count = (outcome: Cell["outcome"]): number => cells.filter((cell) => cell.outcome === outcome).length;
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log(
    `${count("passed")} cells passed, ${count("impossible")} not possible, ${count("failed")} failed in ${seconds} s`,
  );
  if (count("failed") > 0 || count("passed") === 0) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
  packed.remove();
}

interface Node {
  readonly version: string;
  /** The folder that has `node`. */
  readonly bin: string;
}

/** The Node that runs this, or the newest of the major version, which npm carries too. */
async function nodeOf(major: string): Promise<Node> {
  if (process.versions.node.startsWith(`${major}.`)) {
    return { version: process.versions.node, bin: dirname(process.execPath) };
  }
  const home = join(folder, `node-${major}`);
  mkdirSync(home);
  writeFileSync(join(home, "package.json"), JSON.stringify({ private: true }));
  // The package fetches the binary of this machine's kind in a script of its own.
  await npm(home, process.execPath, ["install", `node@${major}`]);
  const bin = join(home, "node_modules/node/bin");
  const { stdout } = await runFile(join(bin, "node"), ["--version"]);
  return { version: stdout.trim().replace("v", ""), bin };
}

async function rowOf(node: Node, computeMajor: string): Promise<Row> {
  const home = join(folder, `node-${node.version}-compute-${computeMajor}`);
  mkdirSync(home);
  writeFileSync(join(home, "package.json"), JSON.stringify({ private: true, type: "module" }));
  for (const file of storyFiles) cpSync(fileURLToPath(new URL(file, import.meta.url)), join(home, file));
  const cells: Cell[] = [];
  for (const cockatielMajor of cockatielMajors) {
    await npm(home, join(node.bin, "node"), [
      "install",
      "--ignore-scripts",
      packed.tarball,
      `@azure/arm-compute@${computeMajor}`,
      `cockatiel@${cockatielMajor}`,
    ]);
    cells.push(await cellOf(home, node));
  }
  return {
    node: node.version,
    compute: installed(home, "@azure/arm-compute").version,
    pipeline: installed(home, "@azure/core-rest-pipeline").version,
    cells,
  };
}

async function cellOf(home: string, node: Node): Promise<Cell> {
  const outside = ["@azure/arm-compute", "@azure/core-rest-pipeline", "cockatiel"]
    .map((name) => ({ name, ...installed(home, name) }))
    .filter(({ engines }) => engines !== undefined && !satisfies(node.version, engines.node))
    .map(({ name, version, engines }) => `${name} ${version} asks for Node ${engines?.node ?? ""}`);
  const from = performance.now();
  const told = await Promise.allSettled(
    ["by-import.mjs", "by-require.cjs"].map((file) => runFile(join(node.bin, "node"), [file], { cwd: home })),
  );
  const failures = told.flatMap((run) => (run.status === "rejected" ? [firstLines(run.reason)] : []));
  return {
    cockatiel: installed(home, "cockatiel").version,
    outcome: failures.length === 0 ? "passed" : outside.length > 0 ? "impossible" : "failed",
    seconds: (performance.now() - from) / 1000,
    outside,
    failures,
  };
}

interface Installed {
  readonly version: string;
  readonly engines?: { readonly node: string };
}

function installed(home: string, name: string): Installed {
  return JSON.parse(readFileSync(join(home, "node_modules", name, "package.json"), "utf8")) as Installed;
}

/** npm as that Node runs it: it takes the newest release whose `engines` admit the Node. */
async function npm(home: string, node: string, args: readonly string[]): Promise<void> {
  const path = `${dirname(node)}${delimiter}${process.env["PATH"] ?? ""}`;
  const options = ["--no-audit", "--no-fund", "--no-save", "--prefer-offline", "--loglevel=error"];
  try {
    await runFile(node, [npmScript(), ...args, ...options], { cwd: home, env: { ...process.env, PATH: path } });
  } catch (error) {
    throw new Error(`npm ${args.join(" ")} failed: ${firstLines(error)}`, { cause: error });
  }
}

/** The script behind the `npm` that runs this. */
function npmScript(): string {
  const script = process.env["npm_execpath"];
  if (script === undefined) throw new Error("run this by npm: npm run test:matrix");
  return script;
}

function firstLines(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return (stderr ?? message).trim().split("\n").slice(0, 12).join("\n");
}

/** Runs `work` for each item, a few at a time, and keeps the order. */
async function inTurns<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = [...items.entries()];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return results;
}
