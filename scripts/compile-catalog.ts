/**
 * Compiles `policies/**.yaml` into `src/catalog/rules.generated.ts`. Every mistake is reported with file and line, all of
 * them at once, and fails the build: a typo must not reach a user.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readPolicies } from "./read-policies.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const { rules, families, mistakes } = readPolicies(root);

if (mistakes.length > 0) {
  for (const mistake of mistakes) console.error(mistake);
  console.error(`${mistakes.length} mistake(s) in policies/. Nothing was compiled.`);
  process.exit(1);
}

const withoutExamples = <T extends { examples: unknown }>({ examples: _, ...rest }: T): Omit<T, "examples"> => rest;
const generated = `// Compiled from policies/ by scripts/compile-catalog.ts. Do not edit.
import type { Family, Rule } from "./rule.js";

export const compiledRules: readonly Rule[] = ${JSON.stringify(rules.map(withoutExamples))};

export const compiledFamilies: readonly Family[] = ${JSON.stringify(families.map(withoutExamples))};
`;
writeFileSync(new URL("../src/catalog/rules.generated.ts", import.meta.url), generated);
console.log(`${rules.length} rules and ${families.length} families compiled.`);
