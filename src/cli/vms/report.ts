/** The outcome of a run over many machines, in lines. Pure. */
import type { Cause, FleetResult, FleetSummary } from "../../fleet/index.js";
import { table, wrap } from "../layout.js";
import { printable } from "../../failure/printable.js";
import { redact } from "../../failure/secrets/redact.js";
import type { Style } from "../terminal.js";

interface Painter {
  style(style: Style, text: string): string;
}

/** A machine's name for people: the last part of its id. */
export const nameOf = (id: string): string => id.slice(id.lastIndexOf("/") + 1);

/** One result as a line of its own. */
export function resultLine({ key, status, error }: FleetResult<string, unknown>): string {
  return [status, key, ...(error === undefined ? [] : [firstLineOf(error)])].map(printable).join("\t");
}

export function firstLineOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return redact(printable(message.split("\n", 1)[0] ?? ""));
}

const statusStyles = {
  succeeded: "green",
  failed: "red",
  unknown: "yellow",
  skipped: "dim",
  notStarted: "yellow",
} as const satisfies Record<string, Style>;
const statusWords: Readonly<Record<string, string>> = { notStarted: "not started", skipped: "done before" };

/** `deallocate: 285 succeeded, 12 failed, 3 unknown`. */
export function countLine(summary: FleetSummary, action: string, out: Painter): string {
  const statuses = Object.keys(statusStyles) as (keyof typeof statusStyles)[];
  const parts = statuses
    .filter((status) => summary[status] > 0)
    .map((status) => out.style(statusStyles[status], `${summary[status]} ${statusWords[status] ?? status}`));
  return `${out.style("bold", action)}: ${parts.join(", ")}`;
}

/** The causes in a table, and below it what to do about each. */
export function causeLines({ causes }: FleetSummary, out: Painter, width: number): string[] {
  if (causes.length === 0) return [];
  const columns = [
    { title: "COUNT", right: true },
    { title: "CODE", shrinksTo: 16 },
    { title: "WHAT HAPPENED", shrinksTo: 24 },
    { title: "MACHINES", shrinksTo: 12 },
  ];
  const rows = causes.map((cause) => [
    { text: String(cause.count) },
    { text: printable(cause.code ?? "-"), paint: (text: string) => out.style("red", text) },
    { text: printable(cause.explanation) },
    { text: machinesOf(cause) },
  ]);
  return ["", ...table(columns, rows, width), ...causes.flatMap((cause) => adviceLines(cause, out, width))];
}

/** How to go on with a run that did not come to its end. */
export function wayOn(journal: string | undefined, width: number): string[] {
  const words =
    journal === undefined
      ? "To be able to go on after an interruption, give --journal <file>."
      : "To go on, give the same command again: what is done is skipped, and what still runs is followed.";
  return wrap(words, width);
}

const namedMachines = 3;

function machinesOf({ keys }: Cause): string {
  const names = keys.slice(0, namedMachines).map((key) => printable(nameOf(key)));
  const more = keys.length - names.length;
  return more > 0 ? `${names.join(", ")} and ${more} more` : names.join(", ");
}

function adviceLines({ code, steps }: Cause, out: Painter, width: number): string[] {
  if (steps.length === 0) return [];
  const numbered = steps.flatMap((step, index) => {
    const [first = "", ...rest] = wrap(printable(step), width - 5);
    return [`  ${index + 1}. ${first}`, ...rest.map((line) => `     ${line}`)];
  });
  return ["", out.style("bold", `What to do about ${printable(code ?? "the failure without a code")}`), ...numbered];
}
