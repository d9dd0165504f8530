/** Compiles `policies/zh/` into `src/catalog/zh.generated.ts`, which only `azure-remedy/zh` and `explain --lang zh` load. */
import { writeFileSync } from "node:fs";
import { readZh } from "./read-zh.js";

const zh = readZh();
const generated = `// Compiled from policies/zh/ by scripts/compile-zh.ts. Do not edit.
import type { LanguageTexts } from "./define-language.js";

export const zhTexts: LanguageTexts = ${JSON.stringify(zh, null, 2)};
`;
writeFileSync(new URL("../src/catalog/zh.generated.ts", import.meta.url), generated);
console.log(`${Object.keys(zh.sentences).length} Chinese sentences compiled.`);
