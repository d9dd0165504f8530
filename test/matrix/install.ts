/** Nodes and packages as npm brings them, each into a folder of its own. */
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";

export const runFile = promisify(execFile);

export interface Node {
  readonly version: string;
  /** The program itself. */
  readonly path: string;
}

/** The Node that runs this, or the newest of the major version, which npm carries too. */
export async function installNode(major: string, folder: string): Promise<Node> {
  if (process.versions.node.startsWith(`${major}.`)) return { version: process.versions.node, path: process.execPath };
  const home = makeProject(join(folder, `node-${major}`), {});
  // The package fetches the binary of this machine's kind in a script of its own.
  await npm(home, process.execPath, ["install", `node@${major}`]);
  const path = join(home, "node_modules/node/bin/node");
  const { stdout } = await runFile(path, ["--version"]);
  return { version: stdout.trim().replace("v", ""), path };
}

export function makeProject(home: string, manifest: object): string {
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, "package.json"), JSON.stringify({ private: true, ...manifest }));
  return home;
}

/** npm as that Node runs it: it takes the newest release whose `engines` admit the Node. */
export async function npm(home: string, node: string, args: readonly string[]): Promise<void> {
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

export interface Installed {
  readonly version: string;
  readonly engines?: { readonly node: string };
}

export function installed(home: string, name: string): Installed {
  return JSON.parse(readFileSync(join(home, "node_modules", name, "package.json"), "utf8")) as Installed;
}

/** What a program printed that failed. */
export function firstLines(error: unknown): string {
  const { stdout = "", stderr = "", message } = error as { stdout?: string; stderr?: string; message: string };
  return (`${stderr}${stdout}`.trim() || message).split("\n").slice(0, 12).join("\n");
}
