/** `azure-remedy catalog`: searches and shows what the package knows. */
import { defaultCatalog } from "../catalog/default-catalog.js";
import type { Family, Rule, RuleKnowledge } from "../catalog/rule.js";
import { formatDuration } from "../time/format-duration.js";
import { CliError } from "./cli-error.js";
import { dispositionColours } from "./disposition-colours.js";
import { exitCodes } from "./exit-codes.js";
import { table, type Cell } from "./layout.js";
import { searchCatalog } from "../catalog/search.js";
import { suggestionsFor } from "../catalog/suggestions.js";
import { Terminal } from "./terminal.js";

interface Flags {
  readonly json?: true;
}

const allRules = (): readonly Rule[] => defaultCatalog.layers.flatMap((layer) => layer.rules);
const allFamilies = (): readonly Family[] => defaultCatalog.layers.flatMap((layer) => layer.families);

/** Rules and families that contain every search word. */
export function catalogListCommand(search: readonly string[], flags: Flags): number {
  const query = search.join(" ");
  const found = searchCatalog(defaultCatalog, query);
  const out = new Terminal(process.stdout);
  if (flags.json) out.line(JSON.stringify(found, undefined, 2));
  else if (found.length > 0) out.lines(listLines(found, out));
  if (!flags.json && out.isLive)
    out.line(out.style("dim", `${countOf(found)}. For details: azure-remedy catalog show CODE`));
  if (found.length === 0)
    new Terminal(process.stderr).line(
      `azure-remedy: nothing in the catalog contains ${query.trim().split(/\s+/).join(" and ").toLowerCase()}.`,
    );
  return found.length > 0 ? exitCodes.ok : exitCodes.no;
}

/** Everything known about one code, rule or family. */
export function catalogShowCommand(name: string, flags: Flags): number {
  const wanted = name.toLowerCase();
  const found = [...allRules(), ...allFamilies()].filter(
    (knowledge) =>
      knowledge.id.toLowerCase() === wanted || ("code" in knowledge && knowledge.code.toLowerCase() === wanted),
  );
  if (found.length === 0) throw unknownName(name);
  const out = new Terminal(process.stdout);
  if (flags.json) out.line(JSON.stringify(found, undefined, 2));
  else {
    found.forEach((knowledge, index) => {
      if (index > 0) out.line();
      out.lines(entryLines(knowledge, out));
    });
  }
  return exitCodes.ok;
}

/** The codes to complete on the command line. */
export function catalogCodes(): readonly string[] {
  return [...new Set(allRules().map(({ code }) => code))];
}

function unknownName(name: string): CliError {
  const names = [
    ...new Set([...allRules().flatMap(({ id, code }) => [code, id]), ...allFamilies().map(({ id }) => id)]),
  ];
  const near = suggestionsFor(name, names);
  const advice = near.length > 0 ? `Did you mean ${near.join(", ")}?` : `Search with: azure-remedy catalog ${name}`;
  return new CliError(`the catalog has no code or rule ${name}`, advice, exitCodes.no);
}

function listLines(found: readonly (Rule | Family)[], out: Terminal): string[] {
  const columns = [
    { title: "RULE" },
    { title: "DISPOSITION" },
    { title: "CATEGORY" },
    { title: "WHAT HAPPENED", shrinksTo: 30 },
  ];
  const rows = found.map((knowledge): Cell[] => {
    const { id, disposition, category, explanation } = knowledge;
    return [
      { text: "code" in knowledge ? id : `${id} (family)` },
      { text: disposition, paint: (text) => out.style(dispositionColours[disposition], text) },
      { text: category },
      { text: explanation },
    ];
  });
  return table(columns, rows, out.columns);
}

function countOf(found: readonly (Rule | Family)[]): string {
  const count = found.filter((knowledge) => "code" in knowledge).length;
  return `${count} ${count === 1 ? "rule" : "rules"}, ${found.length - count} families`;
}

function entryLines(knowledge: Rule | Family, out: Terminal): string[] {
  const { id, disposition, category, explanation, steps, automatic, docs, waitMs } = knowledge;
  const entry = (label: string, text: string): string => `  ${out.style("dim", label.padEnd(10))}${text}`;
  return [
    `${out.style("bold", id)}  ${out.style(dispositionColours[disposition], disposition)} · ${category}`,
    `  ${explanation}`,
    ...foundBy(knowledge).map(([label, text]) => entry(label, text)),
    ...steps.map((step, index) => entry(index === 0 ? "do" : "", `${index + 1}. ${step}`)),
    ...(automatic === undefined ? [] : [entry("automatic", automatic)]),
    ...(waitMs === undefined ? [] : [entry("wait", formatDuration(waitMs))]),
    entry("more", docs),
    ...sourcesOf(knowledge).map((source) => entry("source", source)),
  ];
}

function foundBy(knowledge: Rule | Family): (readonly [string, string])[] {
  if ("code" in knowledge) {
    const { code, message, messageZh, status, vague } = knowledge;
    return [
      [
        "code",
        `${code}${status === undefined ? "" : ` (HTTP ${status})`}${vague ? ", says little on its own: the message is checked first" : ""}`,
      ],
      ["message", message ?? "any"],
      ...(messageZh === undefined ? [] : [["中文", messageZh] as const]),
    ];
  }
  const { codes = [], phrases = [], statuses = [] } = knowledge;
  return [
    ...(codes.length > 0 ? [["codes", codes.join("  ")] as const] : []),
    ...(phrases.length > 0 ? [["wording", phrases.join(" | ")] as const] : []),
    ...(statuses.length > 0 ? [["status", statuses.join(", ")] as const] : []),
  ];
}

function sourcesOf(knowledge: RuleKnowledge & Partial<Pick<Rule, "sources">>): string[] {
  return (knowledge.sources ?? []).map(({ document, row }) => `${document} row ${row}`);
}
