/**
 * Text in columns. Pure: text and widths in, lines out; colours are added once the widths are settled. No library: all
 * it takes is a greedy wrap and two passes over the widths.
 */

/** A piece of a line, and its colour. */
export interface Cell {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

export interface Column {
  readonly title: string;
  /** The minimum width in characters; a column without it keeps the width of its widest cell. */
  readonly shrinksTo?: number;
  readonly right?: boolean;
}

/** Breaks at blanks; a word longer than the line is cut. Line breaks in the text are kept. Never empty. */
export function wrap(text: string, width: number): string[] {
  return text.split("\n").flatMap((line) => wrapLine(line, Math.max(1, width)));
}

function wrapLine(line: string, width: number): string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(" ")) {
    const joined = current === "" ? word : `${current} ${word}`;
    if (joined.length <= width) {
      current = joined;
      continue;
    }
    if (current !== "") lines.push(current);
    current = word;
    for (; current.length > width; current = current.slice(width)) lines.push(current.slice(0, width));
  }
  return [...lines, current];
}

/** Cut or padded to exactly `width` characters. */
export function fit(text: string, width: number): string {
  if (text.length <= width) return text.padEnd(width);
  return width < 1 ? "" : `${text.slice(0, width - 1)}…`;
}

const gap = "  ";

/**
 * A table. Columns that may shrink do so, widest first, until it fits.
 * @param width characters per line; without it, nothing is wrapped and every row is one line
 */
export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[], width?: number): string[] {
  const widths = settleWidths(columns, rows, width ?? Infinity);
  const titles = columns.map(({ title }) => ({ text: title }));
  const rule = columns.map((_, index) => ({ text: "─".repeat(widths[index] ?? 0) }));
  return [titles, rule, ...rows].flatMap((row) => rowLines(columns, row, widths));
}

function settleWidths(columns: readonly Column[], rows: readonly (readonly Cell[])[], width: number): number[] {
  const widths = columns.map(({ title }, index) =>
    rows.reduce((most, row) => Math.max(most, ...(row[index]?.text ?? "").split("\n").map(lengthOf)), title.length),
  );
  const least = columns.map(({ title, shrinksTo }, index) =>
    shrinksTo === undefined ? (widths[index] ?? 0) : Math.min(widths[index] ?? 0, Math.max(title.length, shrinksTo)),
  );
  const spare = gap.length * (columns.length - 1);
  const sum = (): number => widths.reduce((total, one) => total + one, spare);
  for (let excess = sum() - width; excess > 0; excess = sum() - width) {
    const open = widths.map((one, index) => (one > (least[index] ?? 0) ? one : 0));
    const widest = Math.max(...open);
    if (widest === 0) break;
    const next = Math.max(0, ...open.filter((one) => one < widest));
    const index = open.indexOf(widest);
    const same = open.filter((one) => one === widest).length;
    const step = Math.max(1, Math.min(widest - next, Math.ceil(excess / same)));
    widths[index] = Math.max(least[index] ?? 0, widest - step);
  }
  return widths;
}

const lengthOf = (text: string): number => text.length;

function rowLines(columns: readonly Column[], row: readonly Cell[], widths: readonly number[]): string[] {
  const cells = columns.map((_, index) => wrap(row[index]?.text ?? "", widths[index] ?? 1));
  const height = Math.max(...cells.map(({ length }) => length));
  return Array.from({ length: height }, (_, at) =>
    columns
      .map(({ right }, index) => {
        const text = cells[index]?.[at] ?? "";
        const padding = " ".repeat(Math.max(0, (widths[index] ?? 0) - text.length));
        const painted = text === "" ? "" : (row[index]?.paint?.(text) ?? text);
        return right ? padding + painted : painted + padding;
      })
      .join(gap)
      .trimEnd(),
  );
}
