/** A folder with a fake `az` in it, to be found first on the PATH. */
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface FakeAz extends Disposable {
  /** The environment in which `az` is the fake one. */
  readonly env: Readonly<Record<string, string>>;
  /** The arguments of each run so far. */
  readonly runs: readonly string[];
}

export interface FakeAzSays {
  readonly stderr?: string;
  readonly stdout?: string;
  /** How many runs fail before one ends well. Default all. */
  readonly fails?: number;
  /** Exit code of a run that fails. Default 1. */
  readonly exit?: number;
}

export function fakeAz({ stderr = "", stdout = "", fails = 1_000, exit = 1 }: FakeAzSays): FakeAz {
  const folder = mkdtempSync(join(tmpdir(), "fake-az-"));
  const runs = join(folder, "runs");
  copyFileSync(fileURLToPath(new URL("fake-az.sh", import.meta.url)), join(folder, "az"));
  chmodSync(join(folder, "az"), 0o755);
  return {
    env: {
      PATH: folder + delimiter + (process.env["PATH"] ?? ""),
      FAKE_AZ_RUNS: runs,
      FAKE_AZ_STDERR: stderr,
      FAKE_AZ_STDOUT: stdout,
      FAKE_AZ_FAILS: String(fails),
      FAKE_AZ_EXIT: String(exit),
    },
    get runs() {
      return existsSync(runs) ? readFileSync(runs, "utf8").trimEnd().split("\n") : [];
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
