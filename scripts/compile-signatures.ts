/**
 * Compiles `policies/guest/*.yaml` into `src/evidence/signatures.generated.ts`. Every mistake fails the build, as with the
 * rules of the catalog.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";

const folder = new URL("../policies/guest/", import.meta.url);
const schema = JSON.parse(readFileSync(new URL("signature.schema.json", folder), "utf8")) as object;
const check = new Ajv2020({ allErrors: true }).compile<{ guest: string; signatures: { id: string }[] }>(schema);

const names = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
const mistakes: string[] = [];
const signatures = names.sort().flatMap((name) => {
  const content: unknown = parse(readFileSync(new URL(name, folder), "utf8"));
  if (!check(content)) {
    for (const { instancePath, message } of check.errors ?? []) {
      mistakes.push(`policies/guest/${name} ${instancePath} ${message ?? ""}`);
    }
    return [];
  }
  if (`${content.guest}.yaml` !== name) mistakes.push(`policies/guest/${name} must be named ${content.guest}.yaml`);
  return content.signatures;
});
const ids = signatures.map(({ id }) => id);
for (const id of new Set(ids.filter((id, index) => ids.indexOf(id) !== index))) mistakes.push(`${id} is there twice`);

if (mistakes.length > 0) {
  for (const mistake of mistakes) console.error(mistake);
  console.error(`${mistakes.length} mistake(s) in policies/guest/. Nothing was compiled.`);
  process.exit(1);
}

// Examples and sources are for people and tests, who read the files themselves.
const compiled = JSON.stringify(
  signatures,
  (key, value: unknown) => (key === "examples" || key === "source" ? undefined : value),
  2,
);
writeFileSync(
  new URL("../src/evidence/signatures.generated.ts", import.meta.url),
  `// Compiled from policies/guest/ by scripts/compile-signatures.ts. Do not edit.
import type { Signature } from "./signature.js";

export const signatures: readonly Signature[] = ${compiled};
`,
);
console.log(`${signatures.length} guest signatures compiled.`);
