/**
 * The catalog as it ships: column by column instead of rule by rule, each repeated text once. Texts of one kind compress
 * well side by side, which takes a fifth off the download, and importing the package reads a few long strings and nothing
 * else: rules are made of them when the first failure asks. `scripts/write-columns.ts` writes what this reads.
 */
import type { Category, Disposition, Family, Rule, RuleSource } from "./rule.js";

/**
 * One text for each row, on a line of its own. An empty line is no text, `=` the text above, `=12` the thirteenth
 * different text of the column.
 */
export type Texts = string;

/** A list of texts for each row: as {@link Texts}, with tabs between them. */
export type Lists = string;

/** One of a few values for each row: `0` picks the first value, `1` the second and so on through Unicode, `-` none. */
export interface Choices<T> {
  readonly values: readonly T[];
  readonly picks: string;
}

/** What rules and families have in common. */
export interface KnowledgeColumns {
  readonly explanation: Texts;
  readonly steps: Lists;
  readonly disposition: Choices<Disposition>;
  readonly category: Choices<Category>;
  readonly docs: Choices<string>;
  readonly automatic: Choices<string>;
  readonly waitMs: Choices<number>;
}

export interface RuleColumns {
  readonly code: Texts;
  /** What stands behind the code in the id; nothing where the id is the code. */
  readonly variant: Texts;
  readonly message: Texts;
  readonly messageZh: Texts;
  readonly status: Choices<number>;
  readonly vague: Choices<boolean>;
  /** `document/row` each. */
  readonly sources: Lists;
}

export interface FamilyColumns {
  readonly id: Texts;
  readonly codes: Lists;
  readonly phrases: Lists;
  readonly statuses: Lists;
  readonly rank: Choices<number>;
}

export interface CatalogColumns {
  readonly rules: RuleColumns;
  readonly families: FamilyColumns;
  /** Of the rules in their order, then of the families. */
  readonly knowledge: KnowledgeColumns;
}

export function readColumns(columns: CatalogColumns): { rules: readonly Rule[]; families: readonly Family[] } {
  const rules = readRules(columns.rules);
  const families = readFamilies(columns.families);
  const knowledge = readKnowledge(columns.knowledge);
  return {
    rules: rules.map((rule, row) => withoutGaps({ ...rule, ...knowledge[row] }) as Rule),
    families: families.map((family, row) => withoutGaps({ ...family, ...knowledge[rules.length + row] }) as Family),
  };
}

/** A code as it stands in ids: without the characters that ids have not. */
export const codeInId = (code: string): string => code.replaceAll(/[^A-Za-z0-9_-]/g, "");

function readRules(columns: RuleColumns): object[] {
  const variants = readTexts(columns.variant);
  const messages = readTexts(columns.message);
  const messagesZh = readTexts(columns.messageZh);
  const statuses = readChoices(columns.status);
  const vague = readChoices(columns.vague);
  const sources = readLists(columns.sources);
  return readTexts(columns.code).map((code = "", row) => ({
    id: variants[row] === undefined ? codeInId(code) : `${codeInId(code)}.${variants[row]}`,
    code,
    message: messages[row],
    messageZh: messagesZh[row],
    status: statuses[row],
    vague: vague[row],
    sources: (sources[row] ?? []).map(toSource),
  }));
}

function readFamilies(columns: FamilyColumns): object[] {
  const codes = readLists(columns.codes);
  const phrases = readLists(columns.phrases);
  const statuses = readLists(columns.statuses);
  const ranks = readChoices(columns.rank);
  return readTexts(columns.id).map((id, row) => ({
    id,
    codes: codes[row],
    phrases: phrases[row],
    statuses: statuses[row]?.map(Number),
    rank: ranks[row],
  }));
}

function readKnowledge(columns: KnowledgeColumns): object[] {
  const explanations = readTexts(columns.explanation);
  const steps = readLists(columns.steps);
  const dispositions = readChoices(columns.disposition);
  const categories = readChoices(columns.category);
  const docs = readChoices(columns.docs);
  const automatic = readChoices(columns.automatic);
  const waitsMs = readChoices(columns.waitMs);
  return explanations.map((explanation, row) => ({
    explanation,
    steps: steps[row],
    disposition: dispositions[row],
    category: categories[row],
    docs: docs[row],
    automatic: automatic[row],
    waitMs: waitsMs[row],
  }));
}

function readTexts(column: Texts): (string | undefined)[] {
  return column.split("\n").map(cellReader());
}

function readLists(column: Lists): (string[] | undefined)[] {
  const read = cellReader();
  return column.split("\n").map((line) => (line === "" ? undefined : line.split("\t").map((cell) => read(cell) ?? "")));
}

function cellReader(): (cell: string) => string | undefined {
  const told: string[] = [];
  let above = "";
  return (cell) => {
    if (cell === "") return undefined;
    if (!cell.startsWith("=")) told.push((above = cell));
    else if (cell !== "=") above = told[Number(cell.slice(1))] ?? "";
    return above;
  };
}

const firstPick = 0x30;

function readChoices<T>({ values, picks }: Choices<T>): (T | undefined)[] {
  return Array.from(picks, (pick) => values[pick.charCodeAt(0) - firstPick]);
}

function toSource(source: string): RuleSource {
  const [document = "", row = ""] = source.split("/");
  return { document, row: Number(row) };
}

/** What a rule does not have it has not, also for `in` and for JSON. */
function withoutGaps(record: Record<string, unknown>): object {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}
