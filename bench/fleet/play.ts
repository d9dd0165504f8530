/**
 * Plays a script over many machines: the script and the local ARM are processes of their own, with real sockets between
 * them, in a time that passes faster. In the middle the script may be killed, and is then started once more.
 */
import { build } from "esbuild";
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import entries from "../../entries.json" with { type: "json" };

/** What the cloud gets when it opens. */
export interface CloudSetup {
  readonly machines: number;
  /** Share of the requests that meet a fault, 0 to 1. */
  readonly faults: number;
}

/** A machine as it truly is, and how often the service carried out what it was asked for. */
export interface MachineReport {
  readonly name: string;
  readonly isRunning: boolean;
  readonly starts: number;
  readonly scripts: number;
}

export interface CloudReport {
  readonly requests: number;
  readonly throttled: number;
  /** From the first request to the last. */
  readonly elapsedMs: number;
  readonly machines: readonly MachineReport[];
}

export interface Play extends CloudSetup {
  /** Name of a file in `scripts`, without its ending. */
  readonly script: string;
  /** The script is killed when it has printed this many results, and then started again. */
  readonly killAfter?: number;
  /** How many times as fast time passes. */
  readonly speed: number;
}

export interface Played extends CloudReport {
  /** The status that the script printed for each machine, and what the process printed that was killed. */
  readonly statuses: ReadonlyMap<string, string>;
  readonly statusesBefore: ReadonlyMap<string, string>;
  /** What it printed after that. */
  readonly table: readonly string[];
}

const here = fileURLToPath(new URL(".", import.meta.url));
/** The package by its public names, from the sources at hand. */
const sources = Object.fromEntries(
  Object.entries(entries).map(([subpath, path]) => [
    `azure-remedy${subpath.slice(1)}`,
    fileURLToPath(new URL(`../../${path}`, import.meta.url)),
  ]),
);
const scripts = ["night-with-remedy", "night-with-sdk", "starts-with-remedy", "starts-with-sdk"];

/** The scripts as single files, so that a process starts in a moment. */
export class Stage {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(): Promise<Stage> {
    // Below node_modules, so that the packages are found that are not bundled.
    const cache = fileURLToPath(new URL("../../node_modules/.cache", import.meta.url));
    mkdirSync(cache, { recursive: true });
    const folder = mkdtempSync(join(cache, "azure-remedy-fleet-"));
    await build({
      entryPoints: [
        join(here, "scaled-time.ts"),
        join(here, "cloud.ts"),
        ...scripts.map((name) => join(here, "scripts", `${name}.ts`)),
      ],
      outdir: folder,
      outbase: here,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      alias: sources,
      external: ["@azure/*", "proper-lockfile", "cockatiel", "p-limit", "p-retry"],
      logLevel: "error",
    });
    return new Stage(folder);
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async play({ script, machines, faults, killAfter, speed }: Play): Promise<Played> {
    const time = { TIME_SPEED: String(speed), TIME_SINCE: String(Date.now()) };
    const cloud = this.#fork("cloud", time);
    try {
      cloud.send({ machines, faults } satisfies CloudSetup);
      const { endpoint, subscriptionId } = await answerOf<{ endpoint: string; subscriptionId: string }>(cloud);
      const folder = mkdtempSync(join(this.#folder, "run-"));
      const env = { ...time, ENDPOINT: endpoint, SUBSCRIPTION: subscriptionId };
      const start = (): ChildProcess => this.#fork(join("scripts", script), env, folder);
      const before = resultsIn(killAfter === undefined ? [] : await printedUntilKilled(start(), killAfter));
      const after = resultsIn(await printedBy(start()));
      cloud.send("report");
      const report = await answerOf<CloudReport>(cloud);
      return { ...report, ...after, statusesBefore: before.statuses };
    } finally {
      cloud.kill();
    }
  }

  #fork(file: string, env: Readonly<Record<string, string>>, cwd = this.#folder): ChildProcess {
    return fork(join(this.#folder, `${file}.mjs`), {
      cwd,
      env: { ...process.env, ...env },
      execArgv: ["--import", join(this.#folder, "scaled-time.mjs")],
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    });
  }
}

async function answerOf<Answer>(child: ChildProcess): Promise<Answer> {
  const ended = once(child, "exit").then(() => {
    throw new Error("the cloud ended before it answered");
  });
  const [answer] = (await Promise.race([once(child, "message"), ended])) as [Answer];
  return answer;
}

const linesOf = (child: ChildProcess): AsyncIterable<string> => {
  if (!child.stdout) throw new Error("the script has no output");
  return createInterface({ input: child.stdout });
};

async function printedBy(child: ChildProcess): Promise<string[]> {
  const ended = once(child, "exit");
  const lines: string[] = [];
  for await (const line of linesOf(child)) lines.push(line);
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`the script ended with ${code ?? "a signal"}: ${lines.slice(-5).join("\n")}`);
  return lines;
}

async function printedUntilKilled(child: ChildProcess, count: number): Promise<string[]> {
  const ended = once(child, "exit");
  const lines: string[] = [];
  for await (const line of linesOf(child)) {
    lines.push(line);
    if (lines.length >= count) child.kill("SIGKILL");
  }
  const [, signal] = (await ended) as [unknown, string | null];
  if (signal !== "SIGKILL") throw new Error(`the script ended before it was killed: ${lines.slice(-5).join("\n")}`);
  return lines;
}

const resultLine = /^(succeeded|failed|unknown|skipped|notStarted) (vm-\d+)$/;

function resultsIn(lines: readonly string[]): Pick<Played, "statuses" | "table"> {
  const statuses = new Map<string, string>();
  const table: string[] = [];
  for (const line of lines) {
    const [, status, name] = resultLine.exec(line) ?? [];
    if (status === undefined || name === undefined) table.push(line);
    else statuses.set(name, status);
  }
  return { statuses, table };
}
