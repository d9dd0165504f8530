/**
 * Reads and checks the policy files: schema first (with the line of the mistake), then what a schema cannot say, such as
 * unique ids and placeholders that the message really gives. `yaml` keeps the source position of every node, which is what
 * turns "rules/3/steps must NOT have more than 3 items" into a line to jump to.
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import { LineCounter, parseDocument, type Document } from "yaml";
import type { Category, Disposition, Family, Rule, RuleSource } from "../src/catalog/rule.js";

export type RuleWithExamples = Rule & { readonly examples: readonly string[] };
export type FamilyWithExamples = Family & { readonly examples: readonly string[] };

export interface Policies {
  readonly rules: readonly RuleWithExamples[];
  readonly families: readonly FamilyWithExamples[];
  /** `file:line message`, one per mistake. */
  readonly mistakes: readonly string[];
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
  vague?: boolean;
  examples: string[];
}
interface CodeFile {
  code: string;
  disposition?: Disposition;
  category?: Category;
  docs?: string;
  status?: number;
  rules: RuleEntry[];
}
type FamilyFile = Omit<FamilyWithExamples, "id"> & { family: string };

/** Reads every file below `policies/` of `root`. Never throws on bad content: the mistakes are in the result. */
export function readPolicies(root: string): Policies {
  const folder = join(root, "policies");
  const schema = JSON.parse(readFileSync(join(folder, "rule.schema.json"), "utf8")) as object;
  const validate = new Ajv2020({ allErrors: true }).compile(schema);
  const rules: RuleWithExamples[] = [];
  const families: FamilyWithExamples[] = [];
  const mistakes: string[] = [];
  const idPlaces = new Map<string, string>();

  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".yaml"));
  for (const name of files.sort()) {
    const path = join(folder, name);
    const lines = new LineCounter();
    const document = parseDocument(readFileSync(path, "utf8"), { lineCounter: lines });
    const report = (at: readonly (string | number)[], message: string): void => {
      mistakes.push(`${relative(root, path)}:${lineOf(document, lines, at)} ${message}`);
    };
    for (const error of document.errors) report([], error.message);
    if (document.errors.length > 0) continue;

    const content: unknown = document.toJS();
    if (!validate(content)) {
      for (const error of relevant(validate.errors ?? [], content)) report(pathOf(error), describe(error));
      continue;
    }
    if (isFamilyFile(content)) {
      noteId(content.family, ["family"]);
      const { family, ...rest } = content;
      if (basename(name, ".yaml") !== family) report(["family"], `the file of family ${family} must be ${family}.yaml`);
      families.push({ id: family, ...rest });
      continue;
    }
    const file = content as CodeFile;
    file.rules.forEach((entry, index) => {
      noteId(entry.id, ["rules", index, "id"]);
      const disposition = entry.disposition ?? file.disposition;
      const category = entry.category ?? file.category;
      const docs = entry.docs ?? file.docs;
      if (!disposition) {
        report(["rules", index], "disposition is missing, here and on top of the file");
        return;
      }
      if (!category) {
        report(["rules", index], "category is missing, here and on top of the file");
        return;
      }
      if (!docs) {
        report(["rules", index], "docs is missing, here and on top of the file");
        return;
      }
      for (const problem of ruleProblems(entry, file.code, disposition))
        report(["rules", index, problem.at], problem.message);
      const { sources, status = file.status, ...rest } = entry;
      rules.push({
        ...rest,
        code: file.code,
        disposition,
        category,
        docs,
        ...(status === undefined ? {} : { status }),
        sources: (sources ?? []).map(parseSource),
      });
    });

    function noteId(id: string, at: readonly (string | number)[]): void {
      const earlier = idPlaces.get(id);
      if (earlier) report(at, `id ${id} is taken by ${earlier}`);
      else idPlaces.set(id, relative(root, path));
    }
  }
  return { rules, families, mistakes };
}

function* ruleProblems(
  entry: RuleEntry,
  code: string,
  disposition: Disposition,
): Generator<{ at: string; message: string }> {
  const idRoot = code.replaceAll(/[^A-Za-z0-9_-]/g, "");
  if (entry.id !== idRoot && !entry.id.startsWith(`${idRoot}.`)) {
    yield { at: "id", message: `id ${entry.id} must be ${idRoot} or start with ${idRoot}.` };
  }
  const given = placeholdersOf(entry.message ?? "");
  for (const field of ["explanation", ...entry.steps.keys()] as const) {
    const text = field === "explanation" ? entry.explanation : (entry.steps[field] ?? "");
    for (const name of placeholdersOf(text)) {
      if (!given.has(name)) {
        yield {
          at: field === "explanation" ? field : "steps",
          message: `{${name}} is not a placeholder of the message`,
        };
      }
    }
  }
  for (const name of placeholdersOf(entry.messageZh ?? "")) {
    if (!given.has(name)) yield { at: "messageZh", message: `{${name}} is not a placeholder of the message` };
  }
  if (entry.automatic && disposition !== "adaptable") {
    yield { at: "automatic", message: `an automatic remedy needs disposition adaptable, not ${disposition}` };
  }
  if (entry.vague && entry.message) yield { at: "vague", message: "vague is for a rule without a message" };
}

/** The names between braces; doubled braces are not placeholders. */
export function placeholdersOf(text: string): Set<string> {
  return new Set([...text.matchAll(/\{([a-zA-Z][a-zA-Z0-9]*)\}/g)].map((match) => match[1] ?? ""));
}

function parseSource(source: string): RuleSource {
  const [document = "", row = ""] = source.split("/");
  return { document, row: Number(row) };
}

function isFamilyFile(content: unknown): content is FamilyFile {
  return typeof content === "object" && content !== null && "family" in content;
}

/** `oneOf` reports the mistakes of both kinds of file; keep those of the kind that was meant. */
function relevant(errors: readonly ErrorObject[], content: unknown): readonly ErrorObject[] {
  const kind = isFamilyFile(content) ? "familyFile" : "codeFile";
  const own = errors.filter(
    (error) => error.schemaPath.includes(kind) || !/\/(code|family)File\//.test(error.schemaPath),
  );
  const precise = own.filter((error) => error.keyword !== "oneOf");
  return precise.length > 0 ? precise : errors;
}

function pathOf(error: ErrorObject): (string | number)[] {
  return error.instancePath
    .split("/")
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

function describe(error: ErrorObject): string {
  const where = error.instancePath === "" ? "the file" : error.instancePath.slice(1);
  const extra =
    error.keyword === "additionalProperties"
      ? `: ${String(error.params["additionalProperty"])}`
      : error.keyword === "enum"
        ? `: ${(error.params["allowedValues"] as string[]).join(", ")}`
        : "";
  return `${where} ${error.message ?? "is wrong"}${extra}`;
}

function lineOf(document: Document, lines: LineCounter, at: readonly (string | number)[]): number {
  for (let depth = at.length; depth >= 0; depth--) {
    const node = document.getIn(at.slice(0, depth), true) as { range?: [number, number, number] } | undefined;
    if (node?.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}
