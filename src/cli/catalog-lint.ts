/** `azure-remedy catalog lint`: checks rule files and reports each mistake with its line. */
import { exitCodes } from "./exit-codes.js";
import { inOneLine, mistakesIn, readRuleFiles } from "./rules/rule-catalog.js";
import { Terminal } from "./terminal.js";

export async function catalogLintCommand(paths: readonly string[], flags: { readonly json?: true }): Promise<number> {
  const out = new Terminal(process.stdout);
  const files = await readRuleFiles(paths);
  const mistakes = mistakesIn(files);
  const count = files.reduce((sum, { ids }) => sum + ids.length, 0);
  if (flags.json) out.line(JSON.stringify({ files: paths, rules: count, mistakes }, undefined, 2));
  else {
    out.lines(mistakes.map(inOneLine));
    const rules = `${count} ${count === 1 ? "rule" : "rules"} in ${paths.length} ${paths.length === 1 ? "file" : "files"}`;
    const verdict =
      mistakes.length === 0 ? "no mistakes" : `${mistakes.length} ${mistakes.length === 1 ? "mistake" : "mistakes"}`;
    out.line(out.style(mistakes.length === 0 ? "green" : "red", `${rules}, ${verdict}.`));
  }
  return mistakes.length === 0 ? exitCodes.ok : exitCodes.no;
}
