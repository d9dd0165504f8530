/** Users' rule files as a catalog that is checked before ours, and whether their examples are recognized. */
import { printable } from "../../failure/printable.js";
import { CatalogLayer, type Catalog } from "../../catalog/catalog.js";
import { defaultCatalog } from "../../catalog/default-catalog.js";
import { defineCatalog } from "../../catalog/define-catalog.js";
import { diagnose } from "../../diagnose.js";
import { CliError } from "../cli-error.js";
import { readInputFile } from "../text/input.js";
import { readRuleFile, repeatedIds, type Mistake, type Place, type RuleFile } from "./rule-files.js";

/** @throws CliError if a file cannot be read; problems inside a file are part of the results */
export async function readRuleFiles(paths: readonly string[]): Promise<RuleFile[]> {
  const files: RuleFile[] = [];
  for (const path of paths) files.push(readRuleFile(path, (await readInputFile(path)).text));
  return files;
}

/** All mistakes in files that are used together. */
export function mistakesIn(files: readonly RuleFile[]): readonly Mistake[] {
  const mistakes = [...files.flatMap((file) => file.mistakes), ...repeatedIds(files)];
  return mistakes.length > 0 ? mistakes : examplesMissed(files);
}

/**
 * The files' rules before ours.
 * @throws CliError that lists the mistakes
 */
export async function catalogOfFiles(paths: readonly string[]): Promise<Catalog> {
  const files = await readRuleFiles(paths);
  const mistakes = [...files.flatMap((file) => file.mistakes), ...repeatedIds(files)];
  if (mistakes.length > 0) {
    throw new CliError(
      `the rule files contain mistakes:\n${mistakes.map((mistake) => `  ${inOneLine(mistake)}`).join("\n")}`,
      "Correct them, and check with: azure-remedy catalog lint FILES",
    );
  }
  return catalogOf(files);
}

/** `file:line message`, which editors and CI systems turn into links. */
export const inOneLine = ({ file, line, message }: Mistake): string => printable(`${file}:${line} ${message}`);

function catalogOf(files: readonly RuleFile[]): Catalog {
  const written = new CatalogLayer(() => ({
    rules: files.flatMap(({ rules }) => rules),
    families: files.flatMap(({ families }) => families),
  }));
  const defined = {
    rules: files.flatMap(({ definition }) => definition?.rules ?? []),
    families: files.flatMap(({ definition }) => definition?.families ?? []),
  };
  return defineCatalog(defined, { layers: [written, ...defaultCatalog.layers] });
}

/** If an example matches something else, the rule would not be found when needed. */
function examplesMissed(files: readonly RuleFile[]): Mistake[] {
  const catalog = catalogOf(files);
  return files.flatMap((file) => {
    const check = (id: string, at: Place, input: unknown, byMessage: boolean): Mistake[] => {
      const { rule, basis } = diagnose(input, { catalog });
      const mistake = (message: string): Mistake[] => [{ file: file.path, line: file.lineOf(at), message }];
      if (rule?.id !== id)
        return mistake(`the example is not recognized as ${id}, but ${rule ? `as ${rule.id}` : "not at all"}`);
      return byMessage && basis !== "message" ? mistake(`the example does not fit the message of ${id}`) : [];
    };
    return [
      ...file.rules.flatMap(({ id, code, message: template, examples }, index) =>
        examples.flatMap((message, example) =>
          check(id, ["rules", index, "examples", example], { error: { code, message } }, template !== undefined),
        ),
      ),
      ...file.families.flatMap(({ id, examples }) =>
        examples.flatMap((text, example) => check(id, ["examples", example], familyExample(text), false)),
      ),
    ];
  });
}

/** A family's example is a message, `Code: message`, or `409 Code: message`. */
export function familyExample(text: string): unknown {
  const [, status, code, message = text] = /^(?:(\d{3}) )?(?:([A-Za-z0-9_.]+): )(.*)$/s.exec(text) ?? [];
  const body = { error: { ...(code !== undefined && { code }), message } };
  return status === undefined ? body : { status: Number(status), bodyAsText: JSON.stringify(body) };
}
