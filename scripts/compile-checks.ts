/**
 * Compiles `policies/rule.schema.json` into plain functions, so that a user's rules are checked by the very schema that
 * checks ours, without a schema validator among the runtime dependencies. What `defineCatalog` needs goes into the core;
 * the checks of whole files go to the command line.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import standalone from "ajv/dist/standalone/index.js";

const schema = JSON.parse(readFileSync(new URL("../policies/rule.schema.json", import.meta.url), "utf8")) as {
  $id: string;
};

compile("../src/catalog/rule-checks.generated.ts", { checkRule: "definition", checkFamily: "familyDefinition" });
compile("../src/cli/rules/rule-file-checks.generated.ts", { checkCodeFile: "codeFile", checkFamilyFile: "familyFile" });
console.log("Rule checks compiled.");

/** Writes a module that exports one check for each definition of the schema that is asked for. */
function compile(path: string, definitions: Readonly<Record<string, string>>): void {
  const ajv = new Ajv2020({
    allErrors: true,
    messages: true,
    unicodeRegExp: false,
    code: { source: true, esm: true, optimize: true },
  });
  ajv.addSchema(schema);
  const references = Object.entries(definitions).map(([name, definition]) => [
    name,
    `${schema.$id}#/$defs/${definition}`,
  ]);
  const code = standalone
    .default(ajv, Object.fromEntries(references) as Record<string, string>)
    .replace(/require\("ajv\/dist\/runtime\/ucs2length"\)\.default/g, "(text) => [...text].length");
  if (/\brequire\(/.test(code)) throw new Error(`${path} needs a library at run time; write the schema without it`);
  const header =
    "// Compiled from policies/rule.schema.json by scripts/compile-checks.ts. Do not edit.\n// @ts-nocheck\n/* eslint-disable */\n";
  const types = [
    "export interface SchemaError { instancePath: string; keyword: string; message?: string; params: Record<string, unknown> }",
    "export interface SchemaCheck { (value: unknown): boolean; errors?: readonly SchemaError[] | null }",
  ].join("\n");
  const typed = code
    .replace('"use strict";', "")
    .replace(
      new RegExp(`export const (${Object.keys(definitions).join("|")}) = (\\w+);`, "g"),
      "export const $1: SchemaCheck = $2 as SchemaCheck;",
    );
  writeFileSync(new URL(path, import.meta.url), `${header}${types}\n${typed}\n`);
}
