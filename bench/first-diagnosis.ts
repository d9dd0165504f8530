/**
 * How long the first diagnosis of a process blocks: of a failure that is known to the letter, and of a wording that nobody knows.
 * Fresh processes take turns; the median counts, and the least disturbed run shows what a busy machine added. Run after
 * `npm run build`.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const rounds = Number(process.argv[2] ?? 21);
const root = fileURLToPath(new URL("..", import.meta.url));

const known = {
  code: "OperationNotAllowed",
  message: "Operation 'resize' is not allowed on VM 'web-01' since the VM is not deallocated.",
};
const unknown = { code: "WidgetFailed", message: "The widget shop in aisle seven has closed its doors for the day." };
const subjects = {
  "a known failure": { failure: known, targetMs: 10 },
  "an unknown wording": { failure: unknown, targetMs: 15 },
} as const;

interface Time {
  /** On the clock, which also runs while other programs have the processor. */
  readonly wallMs: number;
  /** Of the processor, all threads of the process together. */
  readonly cpuMs: number;
}

const times = new Map(Object.keys(subjects).map((name) => [name, [] as Time[]]));
for (let round = -1; round < rounds; round++) {
  for (const [name, { failure }] of Object.entries(subjects)) {
    const time = timeOf(failure);
    if (round >= 0) times.get(name)?.push(time);
  }
}

console.log(`the first diagnosis of a process, ${rounds} runs of Node ${process.versions.node}, milliseconds`);
for (const [name, { targetMs }] of Object.entries(subjects)) {
  const wall = describe((times.get(name) ?? []).map(({ wallMs }) => wallMs));
  const cpu = describe((times.get(name) ?? []).map(({ cpuMs }) => cpuMs));
  console.log(`  ${name.padEnd(20)} clock ${wall}  processor ${cpu}  target below ${targetMs}`);
}

function describe(values: readonly number[]): string {
  const sorted = [...values].sort((left, right) => left - right);
  const [least = 0] = sorted;
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return `median ${median.toFixed(1).padStart(6)}, least ${least.toFixed(1).padStart(6)}`;
}

function timeOf(failure: object): Time {
  const program = `
    const { diagnose } = await import("azure-remedy/diagnose");
    const input = { error: ${JSON.stringify(failure)} };
    const cpu = process.cpuUsage();
    const from = performance.now();
    diagnose(input);
    const wallMs = performance.now() - from;
    const { user, system } = process.cpuUsage(cpu);
    console.log(JSON.stringify({ wallMs, cpuMs: (user + system) / 1000 }));`;
  const args = ["--input-type=module", "--eval", program];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" })) as Time;
}
