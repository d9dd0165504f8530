/**
 * The catalog as it ships: column by column instead of rule by rule, each repeated text once. Texts of one kind compress
 * well side by side, which takes a fifth off the download, and importing the package reads a few long strings and nothing
 * else: rules are made of them when the first failure asks. `scripts/write-columns.ts` writes what this reads.
 */
import type { LayerContent } from "./catalog.js";
import type { Category, Disposition, Family, Rule, RuleKnowledge, RuleSource } from "./rule.js";

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
  readonly familyCodes: Lists;
  readonly code: Texts;
  readonly phrases: Lists;
  readonly message: Texts;
  /** Shared. */
  readonly explanation: Texts;
  /** What follows the code in a rule's id; nothing where the id is the code. */
  readonly variant: Texts;
  readonly familyId: Texts;
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

/**
 * What a page may load later: what to do and where to read on, for each rule in order, then for each family, and the messages in
 * Chinese.
 */
export interface AdviceColumns {
  readonly messageZh: Texts;
  readonly steps: Lists;
  readonly docs: Choices<string>;
}

/**
 * The rules and families of the columns. Plain loops: this is most of what the first diagnosis of a process costs.
 * Without {@link addAdvice} they have no steps, no pages and no messages in Chinese.
 */
export class ColumnContent implements LayerContent {
  readonly rules: readonly Rule[];
  readonly #columns: CatalogColumns;
  /** A row for each rule, then for each family. */
  readonly #knowledge: readonly Knowledge[];
  #families: readonly Family[] | undefined;

  constructor(columns: CatalogColumns) {
    const codes = readTexts(columns.code);
    this.#columns = columns;
    this.#knowledge = readKnowledge(columns, codes.length + columns.familyId.split("\n").length);
    this.rules = readRules(columns, codes, this.#knowledge);
  }

  /** Read when a failure is first known by its kind alone, which in most processes never happens. */
  get families(): readonly Family[] {
    return (this.#families ??= readFamilies(this.#columns, this.#knowledge, this.rules.length));
  }

  /** Adds to the very rules and families, since they may be in use already. */
  addAdvice(columns: AdviceColumns): void {
    const steps = readLists(columns.steps);
    const messagesZh = readTexts(columns.messageZh);
    for (const [row, knowledge] of this.#knowledge.entries()) {
      (knowledge.steps as string[]).push(...(steps[row] ?? []));
      set(knowledge, "docs", columns.docs, row);
    }
    for (const [row, rule] of this.rules.entries()) setIfThere(rule as Writable<Rule>, "messageZh", messagesZh[row]);
  }
}

/** A code as ids write it: without the characters that ids have not. */
export const codeInId = (code: string): string => code.replaceAll(/[^A-Za-z0-9_-]/g, "");

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };
type Knowledge = Writable<Omit<RuleKnowledge, "id">>;

function readRules(
  columns: CatalogColumns,
  codes: readonly (string | undefined)[],
  knowledge: readonly Knowledge[],
): Rule[] {
  const variants = readTexts(columns.variant);
  const messages = readTexts(columns.message);
  const sources = readLists(columns.sources);
  const rules: Rule[] = [];
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row] ?? "";
    const variant = variants[row];
    const stem = codeInId(code);
    const rule = knowledge[row] as Writable<Rule>;
    rule.id = variant === undefined ? stem : `${stem}.${variant}`;
    rule.code = code;
    rule.sources = (sources[row] ?? []).map(toSource);
    setIfThere(rule, "message", messages[row]);
    set(rule, "status", columns.status, row);
    set(rule, "vague", columns.vague, row);
    rules.push(rule);
  }
  return rules;
}

function readFamilies(columns: CatalogColumns, knowledge: readonly Knowledge[], firstRow: number): Family[] {
  const ids = readTexts(columns.familyId);
  const codes = readLists(columns.familyCodes);
  const phrases = readLists(columns.phrases);
  const statuses = readLists(columns.statuses);
  const refines = readLists(columns.refines) as (Category[] | undefined)[];
  const families: Family[] = [];
  for (let row = 0; row < ids.length; row++) {
    const family = knowledge[firstRow + row] as Writable<Family>;
    family.id = ids[row] ?? "";
    setIfThere(family, "codes", codes[row]);
    setIfThere(family, "phrases", phrases[row]);
    setIfThere(family, "statuses", statuses[row]?.map(Number));
    setIfThere(family, "refines", refines[row]);
    set(family, "rank", columns.rank, row);
    families.push(family);
  }
  return families;
}

function readKnowledge(columns: CatalogColumns, rows: number): Knowledge[] {
  const explanations = readTexts(columns.explanation);
  const knowledge: Knowledge[] = [];
  for (let row = 0; row < rows; row++) {
    const one = { explanation: explanations[row] ?? "", steps: [] as string[], docs: "" } as unknown as Knowledge;
    set(one, "disposition", columns.disposition, row);
    set(one, "category", columns.category, row);
    set(one, "automatic", columns.automatic, row);
    set(one, "waitMs", columns.waitMs, row);
    set(one, "kindOnly", columns.kindOnly, row);
    knowledge.push(one);
  }
  return knowledge;
}

function setIfThere<T, Key extends keyof T>(record: T, key: Key, value: T[Key] | undefined): void {
  if (value !== undefined) record[key] = value;
}

/** What a rule does not have it has not, also for `in` and for JSON. */
function set<T, Key extends keyof T>(record: T, key: Key, { values, picks }: Choices<T[Key]>, row: number): void {
  const value = values[picks.charCodeAt(row) - firstPick];
  if (value !== undefined) record[key] = value;
}

const firstPick = 0x30;
const equals = 61;

function readTexts(column: Texts): (string | undefined)[] {
  const cells: (string | undefined)[] = column.split("\n");
  const seen: string[] = [];
  let above = "";
  for (let row = 0; row < cells.length; row++) {
    const cell = cells[row] ?? "";
    if (cell === "") cells[row] = undefined;
    else cells[row] = above = readCell(cell, seen, above);
  }
  return cells;
}

function readLists(column: Lists): (string[] | undefined)[] {
  const seen: string[] = [];
  let above = "";
  const lists: (string[] | undefined)[] = [];
  for (const line of column.split("\n")) {
    const cells = line === "" ? undefined : line.split("\t");
    if (cells)
      for (let index = 0; index < cells.length; index++)
        cells[index] = above = readCell(cells[index] ?? "", seen, above);
    lists.push(cells);
  }
  return lists;
}

function readCell(cell: string, seen: string[], above: string): string {
  if (cell.charCodeAt(0) !== equals) {
    seen.push(cell);
    return cell;
  }
  return cell.length === 1 ? above : (seen[Number(cell.slice(1))] ?? "");
}

function toSource(source: string): RuleSource {
  const slash = source.indexOf("/");
  return { document: source.slice(0, slash), row: Number(source.slice(slash + 1)) };
}
