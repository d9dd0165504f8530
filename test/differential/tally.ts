/** Counts findings by kind, with a few seeds of each. */
import type { Finding } from "./compare.js";

const seedsKept = 6;

interface Row {
  readonly verdict: Finding["verdict"];
  readonly kind: string;
  count: number;
  readonly seeds: number[];
}

export class Tally {
  #wires = 0;
  #same = 0;
  #better = 0;
  #worse = 0;
  readonly #rows = new Map<string, Row>();

  /** Wires on which ours did worse than the SDK. */
  get worse(): number {
    return this.#worse;
  }

  add(seed: number, findings: readonly Finding[]): void {
    this.#wires += 1;
    const verdicts = new Set(findings.map(({ verdict }) => verdict));
    if (verdicts.has("worse")) this.#worse += 1;
    else if (verdicts.has("better")) this.#better += 1;
    else this.#same += 1;
    for (const finding of findings) this.#count(finding, 1, [seed]);
  }

  #count({ verdict, kind }: Pick<Finding, "verdict" | "kind">, count: number, seeds: readonly number[]): void {
    const key = `${verdict}: ${kind}`;
    const row = this.#rows.get(key) ?? { verdict, kind, count: 0, seeds: [] };
    this.#rows.set(key, row);
    row.count += count;
    row.seeds.push(...seeds.slice(0, seedsKept - row.seeds.length));
  }

  print(): string {
    const rows = [...this.#rows.values()].sort((a, b) => a.verdict.localeCompare(b.verdict) || b.count - a.count);
    return [
      `${this.#wires} wires: ${this.#same} the same, ${this.#better} better, ${this.#worse} worse`,
      ...rows.map(
        ({ verdict, kind, count, seeds }) =>
          `  ${verdict.padEnd(8)} ${String(count).padStart(7)}  ${kind}  (--seed ${seeds.join(", ")})`,
      ),
    ].join("\n");
  }

  toJSON(): object {
    return {
      wires: this.#wires,
      same: this.#same,
      better: this.#better,
      worse: this.#worse,
      rows: [...this.#rows.values()],
    };
  }

  static from(json: unknown): Tally {
    const { wires, same, better, worse, rows } = json as {
      wires: number;
      same: number;
      better: number;
      worse: number;
      rows: Row[];
    };
    const tally = new Tally();
    tally.#wires = wires;
    tally.#same = same;
    tally.#better = better;
    tally.#worse = worse;
    for (const row of rows) tally.#count(row, row.count, row.seeds);
    return tally;
  }

  static sum(tallies: readonly Tally[]): Tally {
    const sum = new Tally();
    for (const tally of tallies) {
      sum.#wires += tally.#wires;
      sum.#same += tally.#same;
      sum.#better += tally.#better;
      sum.#worse += tally.#worse;
      for (const row of tally.#rows.values()) sum.#count(row, row.count, row.seeds);
    }
    return sum;
  }
}
