/** Reads and checks the policy files of the catalog: all of them, each by the same checks that users' own files get. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import {
  readRuleFile,
  repeatedIds,
  type FamilyWithExamples,
  type Mistake,
  type RuleFile,
  type RuleWithExamples,
} from "../src/cli/rules/rule-files.js";

export { placeholdersOf } from "../src/cli/rules/rule-files.js";

export interface Policies {
  readonly rules: readonly RuleWithExamples[];
  readonly families: readonly FamilyWithExamples[];
  /** `file:line message`, one per mistake. */
  readonly mistakes: readonly string[];
}

/** Reads every file below `policies/` of `root`. Never throws on bad content: the mistakes are in the result. */
export function readPolicies(root: string): Policies {
  const names = readdirSync(join(root, "policies"), { recursive: true, encoding: "utf8" });
  // Signatures of guests are data of another form, with a schema of their own.
  const rules = names.filter((name) => name.endsWith(".yaml") && !/^(?:guest|zh)/.test(name));
  const paths = rules.map((name) => join("policies", name));
  const files = paths.sort().map((path) => readRuleFile(path, readFileSync(join(root, path), "utf8")));
  const mistakes = [...files.flatMap((file) => [...file.mistakes, ...misnamed(file)]), ...repeatedIds(files)];
  return {
    rules: files.flatMap(({ rules }) => rules),
    families: files.flatMap(({ families }) => families),
    mistakes: mistakes.map(({ file, line, message }) => `${file}:${line} ${message}`),
  };
}

/** A family is looked for by its file's name, and a file in another form would be left out of the catalog in silence. */
function misnamed({ path, families, definition, lineOf }: RuleFile): Mistake[] {
  const name = basename(path, ".yaml");
  if (definition) return [{ file: path, line: 1, message: "a file of policies/ has code and rules, or family" }];
  return families
    .filter(({ id }) => id !== name)
    .map(({ id }) => ({
      file: path,
      line: lineOf(["family"]),
      message: `the file of family ${id} must be ${id}.yaml`,
    }));
}
