/**
 * Compiles `policies/**.yaml` into `src/catalog/catalog.generated.ts`. Every mistake is reported with file and line, all of
 * them at once, and fails the build: a typo must not reach a user.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readPolicies } from "./read-policies.js";
import { writeAdvice, writeColumns } from "./write-columns.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const { rules, families, mistakes } = readPolicies(root);

if (mistakes.length > 0) {
  for (const mistake of mistakes) console.error(mistake);
  console.error(`${mistakes.length} mistake(s) in policies/. Nothing was compiled.`);
  process.exit(1);
}

const generated = `// Compiled from policies/ by scripts/compile-catalog.ts. Do not edit.
import type { CatalogColumns } from "./columns.js";

export const compiledCatalog: CatalogColumns = ${JSON.stringify(writeColumns(rules, families), null, 2)};
`;
writeFileSync(new URL("../src/catalog/catalog.generated.ts", import.meta.url), generated);
const advice = `// Compiled from policies/ by scripts/compile-catalog.ts. Do not edit.
import type { AdviceColumns } from "./columns.js";

export const compiledAdvice: AdviceColumns = ${JSON.stringify(writeAdvice(rules, families))};
`;
writeFileSync(new URL("../src/catalog/advice.generated.ts", import.meta.url), advice);
console.log(`${rules.length} rules and ${families.length} families compiled.`);
