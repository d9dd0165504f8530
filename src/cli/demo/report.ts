/** What the demo prints at the end: one failed create before and after, and the table of all faults. Pure. */
import { table, wrap, type Cell } from "../layout.js";
import type { Style } from "../terminal.js";
import type { DemoFault } from "./faults.js";
import type { Run } from "./rehearsal.js";

export interface Row {
  readonly fault: DemoFault;
  readonly plain: Run;
  readonly remedied: Run;
}

type Paint = (style: Style, text: string) => string;

/** Both error messages of a failed create, one below the other. */
export function beforeAndAfter({ plain, remedied }: Row, paint: Paint, width: number): string[] {
  const indented = (text: string): string[] =>
    text.split("\n").flatMap((line) => hanging(line, width - 4).map((part) => `    ${part}`));
  return [
    paint("bold", "A failed create, as its caller sees it"),
    "",
    `  ${paint("red", "The SDK as it ships")}`,
    ...indented(plain.error ?? ""),
    "",
    `  ${paint("green", "With azure-remedy")}`,
    ...indented(remedied.error ?? ""),
  ];
}

/** Wraps a line and keeps its indentation. */
function hanging(line: string, width: number): string[] {
  const indent = /^ */.exec(line)?.[0] ?? "";
  return wrap(line.slice(indent.length), width - indent.length).map((part) => indent + part);
}

const columns = [
  { title: "FAULT", shrinksTo: 16 },
  { title: "SENT", right: true },
  { title: "TIME", right: true },
  { title: "AS IT SHIPS", shrinksTo: 24 },
  { title: "SENT", right: true },
  { title: "TIME", right: true },
  { title: "WITH AZURE-REMEDY", shrinksTo: 24 },
];

/** Below this the two sides do not fit beside each other, and stand under each other. */
const besideWidth = 100;

export function demoTable(rows: readonly Row[], paint: Paint, width: number): string[] {
  if (width < besideWidth) return stackedTable(rows, paint, width);
  const [titles = "", rule = "", ...lines] = table(
    columns,
    rows.flatMap((row, index) => [...(index > 0 ? [[]] : []), cellsOf(row, paint)]),
    width,
  );
  return [paint("bold", titles), paint("dim", rule), ...lines];
}

const asItShips = "as it ships";

const stackedColumns = [
  { title: "" },
  { title: "SENT", right: true },
  { title: "TIME", right: true },
  { title: "WHAT CAME OF IT", shrinksTo: 24 },
];

function stackedTable(rows: readonly Row[], paint: Paint, width: number): string[] {
  const sides = rows.flatMap(({ plain, remedied }) => [
    [{ text: asItShips }, ...runCells(plain, plainWords(plain), paint)],
    [{ text: "azure-remedy" }, ...runCells(remedied, remediedWords(remedied), paint)],
  ]);
  const [titles = "", rule = "", ...lines] = table(stackedColumns, sides, width);
  return [paint("bold", titles), paint("dim", rule), ...withFaults(rows, lines, paint, width)];
}

/** Puts the fault above its two sides, which may take several lines each. */
function withFaults(rows: readonly Row[], lines: readonly string[], paint: Paint, width: number): string[] {
  const faults = rows.map(({ fault }) =>
    wrap(`${fault.code}: ${fault.title}`, width).map((line) => paint("bold", line)),
  );
  return lines.flatMap((line) => (line.startsWith(asItShips) ? ["", ...(faults.shift() ?? []), line] : [line]));
}

function cellsOf({ fault, plain, remedied }: Row, paint: Paint): Cell[] {
  return [
    { text: `${fault.code}\n${fault.title}` },
    ...runCells(plain, plainWords(plain), paint),
    ...runCells(remedied, remediedWords(remedied), paint),
  ];
}

const colourOf: Readonly<Record<Run["outcome"], Style>> = { passed: "green", failed: "red", stopped: "yellow" };

function runCells(run: Run, words: string, paint: Paint): Cell[] {
  return [
    { text: String(run.requests) },
    { text: `${(run.elapsedMs / 1_000).toFixed(1)} s` },
    { text: words, paint: (text) => paint(run.harm ? "yellow" : colourOf[run.outcome], text) },
  ];
}

/** No error, and nothing that was not asked for. */
const endedWell = (run: Run): boolean => run.outcome === "passed" && !run.harm;

function plainWords(run: Run): string {
  if (run.outcome !== "passed") return `✗ ${firstLine(run)} [${run.truth}]`;
  return run.harm ? `! no error, but ${run.truth}` : `✓ ${run.truth}`;
}

function remediedWords(run: Run): string {
  if (run.outcome !== "passed") return `✗ ${firstLine(run)} ${run.reason ?? ""} [${run.truth}]`;
  const how = run.steps.length === 0 ? "" : `: ${[...new Set(run.steps)].join("; ")}`;
  return `✓ ${run.truth}${how}`;
}

const mostWords = 170;

function firstLine({ error = "" }: Run): string {
  const line = error.split("\n", 1)[0] ?? "";
  return line.length <= mostWords ? line : `${line.slice(0, mostWords)}…`;
}

/** The figures under the table. */
export function summaryLine(rows: readonly Row[]): string {
  const well = (run: (row: Row) => Run): number => rows.filter((row) => endedWell(run(row))).length;
  const [plain, remedied] = [well((row) => row.plain), well((row) => row.remedied)];
  const rest = rows.length - remedied;
  const others =
    rest === 0
      ? ""
      : ` ${rest === 1 ? "The other one" : `The other ${rest}`} cannot, and the error says why and what to do.`;
  return `Succeeded: ${plain} of ${rows.length} with the SDK alone, ${remedied} of ${rows.length} with azure-remedy.${others}`;
}

/** One row of \`--json\`. */
export function rowJson({ fault, plain, remedied }: Row): object {
  const { code, title, allowed } = fault;
  return { code, fault: title, ...(allowed !== undefined && { options: allowed }), plain, remedied };
}
