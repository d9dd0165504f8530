/** A part of the matrix as a table: a row for each thing installed, a column for each run, footnotes for what is unusual. */

export interface Cell {
  /** Heads its column. */
  readonly name: string;
  readonly outcome: "passed" | "impossible" | "failed";
  readonly seconds: number;
  /** What of the installed packages does not admit this Node, in words. */
  readonly outside: readonly string[];
  /** What the runs printed that failed. */
  readonly failures: readonly string[];
}

export interface Row {
  readonly node: string;
  readonly compute: string;
  readonly pipeline: string;
  readonly cells: readonly Cell[];
}

interface TableRow {
  readonly words: readonly string[];
  readonly cells: readonly Cell[];
}

export function printTable(heads: readonly string[], rows: readonly TableRow[]): void {
  const notes: string[] = [];
  const mark = (text: string): string => {
    if (!notes.includes(text)) notes.push(text);
    return `[${notes.indexOf(text) + 1}]`;
  };
  const lines = rows.map(({ words, cells }) => [...words, ...cells.map((cell) => describeCell(cell, mark))]);
  const table = [[...heads, ...(rows[0]?.cells.map(({ name }) => name) ?? [])], ...lines];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0))) ?? [];
  for (const line of table)
    console.log(
      line
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join("   ")
        .trimEnd(),
    );
  notes.forEach((note, index) => console.log(`[${index + 1}] ${note}`));
}

function describeCell({ outcome, seconds, outside, failures }: Cell, mark: (text: string) => string): string {
  const asked = outside.join("; ");
  switch (outcome) {
    case "passed":
      return `passed ${seconds.toFixed(1)} s${asked === "" ? "" : ` ${mark(`works, though ${asked}`)}`}`;
    case "impossible":
      return `not possible ${mark(`${asked}, and fails otherwise: ${failures.join("\n")}`)}`;
    case "failed":
      return `FAILED ${mark(failures.join("\n"))}`;
  }
}
