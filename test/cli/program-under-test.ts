/**
 * The command line as a process of its own: bundled once for each test file from the sources at hand, so that no stale
 * build is tested, and started without a compiler in between.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, vi } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder = "";

/** Call it once on top of a test file. Processes start when the machine has time for them, so that their tests may take long. */
export function bundleProgram(): void {
  vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });
  beforeAll(async () => {
    // Below node_modules, so that the packages it imports are found.
    const cache = join(root, "node_modules", ".cache");
    mkdirSync(cache, { recursive: true });
    folder = mkdtempSync(join(cache, "azure-remedy-cli-"));
    writeFileSync(join(folder, "package.json"), readFileSync(join(root, "package.json")));
    cpSync(join(root, "skills"), join(folder, "skills"), { recursive: true });
    await build({
      entryPoints: [join(root, "src/cli/main.ts")],
      outdir: join(folder, "dist", "cli"),
      bundle: true,
      splitting: true,
      format: "esm",
      platform: "node",
      target: "node20",
      packages: "external",
      logLevel: "error",
    });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
}

/** The program's file, for shells that start it themselves. */
export const programFile = (): string => join(folder, "dist", "cli", "main.js");

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What it has printed so far. */
  readonly stdout: string;
  /** Resolves once stdout or stderr holds the text. */
  said(text: string): Promise<void>;
}

export interface StartOptions {
  readonly stdin?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Starts `azure-remedy` with these arguments. Without `stdin` its input is empty. */
export function start(args: readonly string[], { stdin = "", env = {}, cwd }: StartOptions = {}): Running {
  const { NO_COLOR: _, FORCE_COLOR: __, ...outer } = process.env;
  const child = spawn(process.execPath, [programFile(), ...args], {
    env: { ...outer, ...env },
    ...(cwd !== undefined && { cwd }),
  });
  const said = { stdout: "", stderr: "" };
  let heard: (() => void)[] = [];
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      said[name] += chunk;
      heard.forEach((listener) => listener());
    });
  }
  // Whoever reads no input may be gone before it was written.
  child.stdin.on("error", () => undefined);
  child.stdin.end(stdin);
  const ended = new Promise<Ended>((resolve) => child.once("close", (code) => resolve({ code, ...said })));
  return {
    process: child,
    ended,
    get stdout() {
      return said.stdout;
    },
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!said.stdout.includes(text) && !said.stderr.includes(text)) return;
          heard = heard.filter((listener) => listener !== look);
          resolve();
        };
        heard.push(look);
        void ended.then(() => reject(new Error(`it ended without saying ${text}: ${said.stdout}${said.stderr}`)));
        look();
      }),
  };
}

export const run = (args: readonly string[], options?: StartOptions): Promise<Ended> => start(args, options).ended;
