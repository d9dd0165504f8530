/**
 * What importing the package adds to importing the client that everybody imports anyway: fresh processes of both kinds take
 * turns, and the medians are compared. Run after `npm run build`.
 */
import { execFileSync } from "node:child_process";
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

const times = new Map(Object.keys(subjects).map((name) => [name, [] as number[]]));
for (let round = 0; round < rounds; round++) {
  for (const [name, program] of Object.entries(subjects)) times.get(name)?.push(timeOf(program));
}

const medians = [...times].map(([name, list]) => ({ name, ms: median(list) }));
console.log(`medians of ${rounds} runs of Node ${process.versions.node}, milliseconds`);
for (const [index, { name, ms }] of medians.entries()) {
  const added = index === 0 ? "" : `  adds ${(ms - (medians[index - 1]?.ms ?? 0)).toFixed(1)}`;
  console.log(`  ${name.padEnd(22)} ${ms.toFixed(1).padStart(7)}${added}`);
}

/** Milliseconds that the imports take, without the start of Node itself. */
function timeOf(program: string): number {
  const timed = `const from = performance.now(); ${program} console.log(performance.now() - from);`;
  return Number(
    execFileSync(process.execPath, ["--input-type=module", "--eval", timed], { cwd: root, encoding: "utf8" }),
  );
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
