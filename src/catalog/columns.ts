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

/**
 * Texts that have words in common are side by side, since compression looks back only so far. Columns called shared
 * have a row for each rule in order, then for each family; those of rules or families alone have theirs.
 */
export interface CatalogColumns {
  readonly messageZh: Texts;
  readonly familyCodes: Lists;
  readonly code: Texts;
  readonly phrases: Lists;
  readonly message: Texts;
  /** Shared. */
  readonly explanation: Texts;
  /** Shared. */
  readonly steps: Lists;
  /** What follows the code in a rule's id; nothing where the id is the code. */
  readonly variant: Texts;
  readonly familyId: Texts;
  /** Shared. */
  readonly docs: Choices<string>;
  /** Shared. */
  readonly disposition: Choices<Disposition>;
  /** Shared. */
  readonly category: Choices<Category>;
  /** Shared. */
  readonly automatic: Choices<string>;
  /** Shared. */
  readonly waitMs: Choices<number>;
  /** Shared. */
  readonly kindOnly: Choices<boolean>;
  readonly vague: Choices<boolean>;
  readonly status: Choices<number>;
  /** `document/row` each. */
  readonly sources: Lists;
  readonly rank: Choices<number>;
  readonly statuses: Lists;
  readonly refines: Lists;
}

export function readColumns(columns: CatalogColumns): { rules: readonly Rule[]; families: readonly Family[] } {
  const rules = readRules(columns);
  const families = readFamilies(columns);
  const knowledge = readKnowledge(columns);
  return {
    rules: rules.map((rule, row) => withoutGaps({ ...rule, ...knowledge[row] }) as Rule),
    families: families.map((family, row) => withoutGaps({ ...family, ...knowledge[rules.length + row] }) as Family),
  };
}

/** A code as ids write it: without the characters that ids have not. */
export const codeInId = (code: string): string => code.replaceAll(/[^A-Za-z0-9_-]/g, "");

function readRules(columns: CatalogColumns): object[] {
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

function readFamilies(columns: CatalogColumns): object[] {
  const codes = readLists(columns.familyCodes);
  const phrases = readLists(columns.phrases);
  const statuses = readLists(columns.statuses);
  const ranks = readChoices(columns.rank);
  const refines = readLists(columns.refines);
  return readTexts(columns.familyId).map((id, row) => ({
    id,
    codes: codes[row],
    phrases: phrases[row],
    statuses: statuses[row]?.map(Number),
    rank: ranks[row],
    refines: refines[row],
  }));
}

function readKnowledge(columns: CatalogColumns): object[] {
  const explanations = readTexts(columns.explanation);
  const steps = readLists(columns.steps);
  const dispositions = readChoices(columns.disposition);
  const categories = readChoices(columns.category);
  const docs = readChoices(columns.docs);
  const automatic = readChoices(columns.automatic);
  const waitsMs = readChoices(columns.waitMs);
  const kindOnly = readChoices(columns.kindOnly);
  return explanations.map((explanation, row) => ({
    explanation,
    steps: steps[row],
    disposition: dispositions[row],
    category: categories[row],
    docs: docs[row],
    automatic: automatic[row],
    waitMs: waitsMs[row],
    kindOnly: kindOnly[row],
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
  const seen: string[] = [];
  let above = "";
  return (cell) => {
    if (cell === "") return undefined;
    if (!cell.startsWith("=")) seen.push((above = cell));
    else if (cell !== "=") above = seen[Number(cell.slice(1))] ?? "";
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
