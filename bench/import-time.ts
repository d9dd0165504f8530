/**
 * What importing the package adds to importing the client that everybody imports anyway: fresh processes of both kinds take
 * turns, and the medians are compared. Where Node can keep what it has compiled (22.1 and later, `NODE_COMPILE_CACHE`), also
 * with that. Run after `npm run build`.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import * as nodeModule from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const rounds = 21;
const root = fileURLToPath(new URL("..", import.meta.url));

const sdk = 'await import("@azure/arm-compute");';
const ours = 'await import("azure-remedy");';
const firstDiagnosis =
  'const { diagnose } = await import("azure-remedy"); diagnose({ error: { code: "AllocationFailed" } });';
const subjects = {
  "the SDK alone": sdk,
  "and azure-remedy": sdk + ours,
  "and a first diagnosis": sdk + firstDiagnosis,
};

console.log(`medians of ${rounds} runs of Node ${process.versions.node}, milliseconds`);
compare("as it is", {});
if ("enableCompileCache" in nodeModule) {
  const folder = mkdtempSync(join(tmpdir(), "azure-remedy-compiled-"));
  compare("with NODE_COMPILE_CACHE", { NODE_COMPILE_CACHE: folder });
  rmSync(folder, { recursive: true });
}

function compare(title: string, environment: Readonly<Record<string, string>>): void {
  const times = new Map(Object.keys(subjects).map((name) => [name, [] as number[]]));
  // The first round reads files that later ones find in memory, and fills the cache.
  for (let round = -1; round < rounds; round++) {
    for (const [name, program] of Object.entries(subjects)) {
      const ms = timeOf(program, environment);
      if (round >= 0) times.get(name)?.push(ms);
    }
  }
  const medians = [...times].map(([name, list]) => ({ name, ms: median(list) }));
  console.log(title);
  for (const [index, { name, ms }] of medians.entries()) {
    const added = index === 0 ? "" : `  adds ${(ms - (medians[index - 1]?.ms ?? 0)).toFixed(1)}`;
    console.log(`  ${name.padEnd(22)} ${ms.toFixed(1).padStart(7)}${added}`);
  }
}

/** Milliseconds that the imports take, without the start of Node itself. */
function timeOf(program: string, environment: Readonly<Record<string, string>>): number {
  const timed = `const from = performance.now(); ${program} console.log(performance.now() - from);`;
  const options = { cwd: root, encoding: "utf8", env: { ...process.env, ...environment } } as const;
  return Number(execFileSync(process.execPath, ["--input-type=module", "--eval", timed], options));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
