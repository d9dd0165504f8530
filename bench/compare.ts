/**
 * Side by side: the subjects take turns in many short rounds, so that a machine that is busy for a moment is busy for all
 * of them, and the median round counts.
 */

export interface Comparison {
  readonly rounds: number;
  /** Calls of each subject in each round. */
  readonly calls: number;
  /** Subtracted from the others: what is spent without what is measured. */
  readonly baseline?: string;
  /** The subject that ratios refer to. */
  readonly reference: string;
  readonly subjects: Readonly<Record<string, () => unknown>>;
}

/** Nanoseconds of the processor for one call of each subject: what other processes do meanwhile does not count. */
export async function compare(
  title: string,
  { rounds, calls, baseline, reference, subjects }: Comparison,
): Promise<Map<string, number>> {
  const times = new Map(Object.keys(subjects).map((name) => [name, [] as number[]]));
  for (let round = -2; round < rounds; round++) {
    for (const [name, run] of Object.entries(subjects)) {
      const ns = await timeOf(run, calls);
      if (round >= 0) times.get(name)?.push(ns);
    }
  }
  const medians = new Map([...times].map(([name, list]) => [name, median(list)]));
  const base = baseline === undefined ? 0 : (medians.get(baseline) ?? 0);
  const referenceNs = (medians.get(reference) ?? 0) - base;
  console.log(`\n${title} (${rounds} rounds of ${calls} calls, medians)`);
  for (const [name, ns] of medians) {
    const added =
      baseline === undefined || name === baseline ? "" : `  adds ${String(Math.round(ns - base)).padStart(6)} ns`;
    const ratio = name === baseline ? "" : `  ratio ${((ns - base) / referenceNs).toFixed(2)}`;
    console.log(`  ${name.padEnd(44)} ${String(Math.round(ns)).padStart(8)} ns${added}${ratio}`);
  }
  return medians;
}

async function timeOf(run: () => unknown, calls: number): Promise<number> {
  const start = process.cpuUsage();
  for (let call = 0; call < calls; call++) {
    const result = run();
    if (result instanceof Promise) await result;
  }
  const { user, system } = process.cpuUsage(start);
  return ((user + system) * 1_000) / calls;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
