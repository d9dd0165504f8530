/**
 * Compiles the part of `policies/rule.schema.json` that `defineCatalog` needs into plain functions, so that a user's rules
 * are checked by the very schema that checks ours, without a schema validator among the runtime dependencies.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import standalone from "ajv/dist/standalone/index.js";

const schema = JSON.parse(readFileSync(new URL("../policies/rule.schema.json", import.meta.url), "utf8")) as {
  $id: string;
};
const ajv = new Ajv2020({
  allErrors: true,
  messages: true,
  unicodeRegExp: false,
  code: { source: true, esm: true, optimize: true },
});
ajv.addSchema(schema);
const code = standalone.default(ajv, {
  checkRule: `${schema.$id}#/$defs/definition`,
  checkFamily: `${schema.$id}#/$defs/familyDefinition`,
});
if (/\brequire\(/.test(code))
  throw new Error("the compiled checks need a library at run time; write the schema without uniqueItems and lengths");
const header =
  "// Compiled from policies/rule.schema.json by scripts/compile-checks.ts. Do not edit.\n// @ts-nocheck\n/* eslint-disable */\n";
const types = [
  "export interface SchemaError { instancePath: string; keyword: string; message?: string; params: Record<string, unknown> }",
  "export interface SchemaCheck { (value: unknown): boolean; errors?: readonly SchemaError[] | null }",
].join("\n");
const typed = code
  .replace('"use strict";', "")
  .replace(/export const (checkRule|checkFamily) = (\w+);/g, "export const $1: SchemaCheck = $2 as SchemaCheck;");
writeFileSync(new URL("../src/catalog/rule-checks.generated.ts", import.meta.url), `${header}${types}\n${typed}\n`);
console.log("Rule checks compiled.");
