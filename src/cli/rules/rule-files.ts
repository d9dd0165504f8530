/**
 * Rule files: the catalog's own in `policies/`, and those of users. They are checked first against the schema (with the
 * line of the mistake), then for what a schema cannot express, such as unique ids and placeholders that really occur in
 * the message. `yaml` keeps the source position of every node, so that "rules/3/steps must NOT have more than 3 items"
 * gets a line number; JSON is YAML, so one parser reads both.
 *
 * The build compiles the catalog with this file, so nothing here may need the compiled catalog.
 */
import { factNames } from "../../failure/facts.js";
import { LineCounter, parseDocument, type Document } from "yaml";
import type { CatalogDefinition, FamilyDefinition, RuleDefinition } from "../../catalog/define-catalog.js";
import { checkFamily, checkRule, type SchemaCheck, type SchemaError } from "../../catalog/rule-checks.generated.js";
import type { Category, Disposition, Family, Rule, RuleSource } from "../../catalog/rule.js";
import { checkCodeFile, checkFamilyFile } from "./rule-file-checks.generated.js";

/** What a rule file has besides the rule: real messages, or none if none is known, and where they were seen. */
export type RuleWithExamples = Rule & { readonly examples: readonly string[]; readonly seen?: readonly string[] };
export type FamilyWithExamples = Family & { readonly examples: readonly string[] };

/** A place in a document: keys and indices from its root. */
export type Place = readonly (string | number)[];

export interface Mistake {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** A parsed file. Entries with mistakes are left out. */
export interface RuleFile {
  readonly path: string;
  /** The rules of one code, in the format of `policies/`. */
  readonly rules: readonly RuleWithExamples[];
  /** One family, in the format of `policies/`. */
  readonly families: readonly FamilyWithExamples[];
  /** Rules and families in the format of `defineCatalog`. */
  readonly definition: Required<CatalogDefinition> | undefined;
  /** Where each id is defined. */
  readonly ids: readonly { readonly id: string; readonly at: Place }[];
  readonly mistakes: readonly Mistake[];
  readonly lineOf: (at: Place) => number;
}

interface RuleEntry {
  id: string;
  sources?: string[];
  message?: string;
  messageZh?: string;
  disposition?: Disposition;
  category?: Category;
  status?: number;
  explanation: string;
  steps: string[];
  automatic?: string;
  docs?: string;
  waitMs?: number;
  kindOnly?: boolean;
  vague?: boolean;
  examples: string[] | "none known";
  seen?: string[];
}
interface CodeFile {
  code: string;
  disposition?: Disposition;
  category?: Category;
  docs?: string;
  status?: number;
  rules: RuleEntry[];
}
type FamilyFile = Omit<FamilyWithExamples, "id" | "examples"> & {
  family: string;
  examples: RuleEntry["examples"];
};

type Report = (at: Place, message: string) => void;
type Content = Pick<RuleFile, "rules" | "families" | "definition" | "ids">;
const nothing: Content = { rules: [], families: [], definition: undefined, ids: [] };

/**
 * Reads and checks the text of one file. Never throws on bad content: the mistakes are in the result.
 *
 * A file with `code` or `family` at the top has the format of `policies/`; a list, or `rules` and `families`, is what
 * `defineCatalog` takes.
 */
export function readRuleFile(path: string, text: string): RuleFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const mistakes: Mistake[] = [];
  const lineOf = (at: Place): number => lineIn(document, lines, at);
  const report: Report = (at, message) => void mistakes.push({ file: path, line: lineOf(at), message });
  for (const { message, pos } of document.errors) {
    // The parser appends line and excerpt to its message.
    mistakes.push({
      file: path,
      line: lines.linePos(pos[0]).line,
      message: (message.split("\n", 1)[0] ?? "").replace(/ at line \d+.*/, ""),
    });
  }
  const plain = mistakes.length > 0 ? undefined : plainContent(document);
  if (plain?.failure !== undefined) mistakes.push({ file: path, line: 1, message: plain.failure });
  const content = mistakes.length > 0 ? nothing : readContent(plain?.value, report);
  return { path, ...content, mistakes, lineOf };
}

/** Aliases that stand for more than a file of rules can hold are refused by the parser, which throws. */
function plainContent(document: Document): { readonly value?: unknown; readonly failure?: string } {
  try {
    return { value: document.toJS() as unknown };
  } catch (error) {
    const why = error instanceof Error ? (error.message.split("\n", 1)[0] ?? "") : "";
    return { failure: `cannot be read: ${why}` };
  }
}

/** Ids must be unique over all files that are used together. */
export function repeatedIds(files: readonly RuleFile[]): Mistake[] {
  const first = new Map<string, string>();
  return files.flatMap(({ path, ids, lineOf }) =>
    ids.flatMap(({ id, at }) => {
      const earlier = first.get(id);
      if (earlier !== undefined) return [{ file: path, line: lineOf(at), message: `id ${id} is taken by ${earlier}` }];
      first.set(id, `${path}:${lineOf(at)}`);
      return [];
    }),
  );
}

function readContent(content: unknown, report: Report): Content {
  if (Array.isArray(content)) return readDefinition({ rules: content }, [], report);
  if (typeof content !== "object" || content === null) {
    report([], "the file must contain rules: `code` and `rules`, `family`, or a list of rules");
    return nothing;
  }
  if ("family" in content)
    return fits(checkFamilyFile, content, [], report) ? readFamilyFile(content as FamilyFile, report) : nothing;
  if ("code" in content)
    return fits(checkCodeFile, content, [], report) ? readCodeFile(content as CodeFile, report) : nothing;
  return readDefinition(content, ["rules"], report);
}

function readCodeFile(file: CodeFile, report: Report): Content {
  const rules = file.rules.flatMap((entry, index): RuleWithExamples[] => {
    const at: Place = ["rules", index];
    const { disposition = file.disposition, category = file.category, docs = file.docs } = entry;
    const missing = Object.entries({ disposition, category, docs }).find(([, value]) => value === undefined);
    if (!disposition || !category || !docs) {
      report(at, `${missing?.[0] ?? ""} is missing, here and at the top of the file`);
      return [];
    }
    checkEntry(entry, file.code, disposition, at, report);
    const { sources, examples, status = file.status, ...rest } = entry;
    const known = { code: file.code, disposition, category, docs, ...(status !== undefined && { status }) };
    return [{ ...rest, ...known, sources: (sources ?? []).map(parseSource), examples: examplesOf(examples) }];
  });
  return { ...nothing, rules, ids: file.rules.map(({ id }, index) => ({ id, at: ["rules", index, "id"] })) };
}

const examplesOf = (examples: RuleEntry["examples"]): readonly string[] => (examples === "none known" ? [] : examples);

function checkEntry(entry: RuleEntry, code: string, disposition: Disposition, at: Place, report: Report): void {
  const idRoot = code.replaceAll(/[^A-Za-z0-9_-]/g, "");
  if (entry.id !== idRoot && !entry.id.startsWith(`${idRoot}.`)) {
    report([...at, "id"], `id ${entry.id} must be ${idRoot} or start with ${idRoot}.`);
  }
  checkPlaceholders(entry, at, report);
  if (entry.automatic !== undefined && disposition !== "adaptable") {
    report([...at, "automatic"], `an automatic remedy needs disposition adaptable, not ${disposition}`);
  }
  if (entry.vague && entry.message !== undefined)
    report([...at, "vague"], "only a rule without a message can be vague");
  if (entry.seen && entry.examples === "none known")
    report([...at, "seen"], "only a rule with an example can have seen");
}

/** Texts may only use placeholders of the message. */
function checkPlaceholders(
  rule: {
    readonly message?: string;
    readonly messageZh?: string;
    readonly explanation: string;
    readonly steps: readonly string[];
  },
  at: Place,
  report: Report,
): void {
  const given = placeholdersOf(rule.message ?? "");
  const check = (text: string, place: Place): void => {
    for (const name of placeholdersOf(text)) {
      if (!given.has(name) && !factNames.has(name)) report(place, `{${name}} is not a placeholder of the message`);
    }
  };
  check(rule.explanation, [...at, "explanation"]);
  rule.steps.forEach((step, index) => check(step, [...at, "steps", index]));
  if (rule.messageZh !== undefined) check(rule.messageZh, [...at, "messageZh"]);
}

function readFamilyFile({ family, examples, ...rest }: FamilyFile, report: Report): Content {
  checkPlaceholders(rest, [], report);
  const families = [{ id: family, ...rest, examples: examplesOf(examples) }];
  return { ...nothing, families, ids: [{ id: family, at: ["family"] }] };
}

/** @param under where the rules are: at the root of a list, otherwise below `rules` */
function readDefinition(content: object, under: Place, report: Report): Content {
  const { rules = [], families = [], ...rest } = content as { rules?: unknown; families?: unknown };
  for (const key of Object.keys(rest))
    report([key], `${key} is unknown; a file contains rules, families, or code and rules`);
  if (!Array.isArray(rules) || !Array.isArray(families)) {
    report([Array.isArray(rules) ? "families" : "rules"], "rules and families must be lists");
    return nothing;
  }
  const goodRules = rules.filter((rule, index) => fits(checkRule, rule, [...under, index], report)) as RuleDefinition[];
  const goodFamilies = families.filter((family, index) =>
    fits(checkFamily, family, ["families", index], report),
  ) as FamilyDefinition[];
  goodRules.forEach((rule) => checkPlaceholders(rule, [...under, rules.indexOf(rule)], report));
  goodFamilies.forEach((family) => checkPlaceholders(family, ["families", families.indexOf(family)], report));
  return {
    ...nothing,
    definition: { rules: goodRules, families: goodFamilies },
    ids: [
      ...goodRules.map((rule) => ({ id: rule.id, at: [...under, rules.indexOf(rule), "id"] })),
      ...goodFamilies.map((family) => ({ id: family.id, at: ["families", families.indexOf(family), "id"] })),
    ],
  };
}

function fits(check: SchemaCheck, value: unknown, at: Place, report: Report): boolean {
  if (check(value)) return true;
  for (const error of check.errors ?? []) report([...at, ...placeOf(error)], describe(error));
  return false;
}

function placeOf({ instancePath, keyword, params }: SchemaError): (string | number)[] {
  const place = instancePath
    .split("/")
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part.replaceAll("~1", "/").replaceAll("~0", "~")));
  return keyword === "additionalProperties" ? [...place, String(params["additionalProperty"])] : place;
}

function describe({ instancePath, keyword, message = "is wrong", params }: SchemaError): string {
  const where = instancePath === "" ? "it" : instancePath.slice(1);
  if (keyword === "additionalProperties") return `${where} must not contain ${String(params["additionalProperty"])}`;
  const allowed = keyword === "enum" ? `: ${(params["allowedValues"] as string[]).join(", ")}` : "";
  return `${where} ${message}${allowed}`;
}

/** The names between braces; doubled braces are not placeholders. */
export function placeholdersOf(text: string): Set<string> {
  return new Set([...text.matchAll(/\{([a-zA-Z][a-zA-Z0-9]*)\}/g)].map((match) => match[1] ?? ""));
}

function parseSource(source: string): RuleSource {
  const [document = "", row = ""] = source.split("/");
  return { document, row: Number(row) };
}

/** The line of a place, or of its nearest existing ancestor. */
function lineIn(document: Document, lines: LineCounter, at: Place): number {
  for (let depth = at.length; depth > 0; depth--) {
    const line = ownLine(document, lines, at.slice(0, depth));
    if (line !== undefined) return line;
  }
  return 1;
}

/** A key's line rather than its value's: a list begins on the line below its name. */
function ownLine(document: Document, lines: LineCounter, at: Place): number | undefined {
  const parent = document.getIn(at.slice(0, -1), true) as { items?: { key?: unknown }[] } | undefined;
  const last = at.at(-1);
  const pair = parent?.items?.find(({ key }) => (key as { value?: unknown } | undefined)?.value === last);
  const node = (pair?.key ?? document.getIn(at, true)) as { range?: [number, number, number] } | undefined;
  return node?.range && lines.linePos(node.range[0]).line;
}
