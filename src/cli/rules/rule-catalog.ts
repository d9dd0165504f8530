/** Users' rule files as a catalog, asked before ours; and whether their examples are recognised. */
import { CatalogLayer, type Catalog } from "../../catalog/catalog.js";
import { defaultCatalog } from "../../catalog/default-catalog.js";
import { defineCatalog } from "../../catalog/define-catalog.js";
import { diagnose } from "../../pipeline/diagnose.js";
import { CliError } from "../cli-error.js";
import { readInputFile } from "../text/input.js";
import { readRuleFile, repeatedIds, type Mistake, type Place, type RuleFile } from "./rule-files.js";

/** @throws CliError when a file cannot be read; what is wrong inside stands in the results */
export async function readRuleFiles(paths: readonly string[]): Promise<RuleFile[]> {
  const files: RuleFile[] = [];
  for (const path of paths) files.push(readRuleFile(path, (await readInputFile(path)).text));
  return files;
}

/** Everything that is wrong with files that are used together. */
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
      `the rule files have mistakes:\n${mistakes.map((mistake) => `  ${inOneLine(mistake)}`).join("\n")}`,
      "Correct them, and check with: azure-remedy catalog lint FILES",
    );
  }
  return catalogOf(files);
}

/** `file:line message`, as editors and CI systems make links of it. */
export const inOneLine = ({ file, line, message }: Mistake): string => `${file}:${line} ${message}`;

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

/** An example that is taken for something else shows that the rule would not be found when it is needed. */
function examplesMissed(files: readonly RuleFile[]): Mistake[] {
  const catalog = catalogOf(files);
  return files.flatMap((file) => {
    const missed = (id: string, at: Place, input: unknown): Mistake[] => {
      const found = diagnose(input, { catalog }).rule?.id;
      const message = `the example is not recognised as ${id}, but ${found === undefined ? "not at all" : `as ${found}`}`;
      return found === id ? [] : [{ file: file.path, line: file.lineOf(at), message }];
    };
    return [
      ...file.rules.flatMap(({ id, code, examples }) => {
        const index = file.ids.findIndex((named) => named.id === id);
        return examples.flatMap((message, example) =>
          missed(id, ["rules", index, "examples", example], { error: { code, message } }),
        );
      }),
      ...file.families.flatMap(({ id, examples }) =>
        examples.flatMap((text, example) => missed(id, ["examples", example], familyExample(text))),
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
