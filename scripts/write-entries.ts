/** Writes into package.json and tsconfig.json what follows from `entries.json`. Unchanged files are left alone. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import { manifestFields, sourcePaths } from "./entries.js";

type Json = Record<string, unknown>;

await rewrite("package.json", (manifest) => ({ ...manifest, ...manifestFields() }));
await rewrite("tsconfig.json", (config) => ({
  ...config,
  compilerOptions: { ...(config["compilerOptions"] as Json), paths: sourcePaths() },
}));

async function rewrite(name: string, change: (content: Json) => Json): Promise<void> {
  const filepath = fileURLToPath(new URL(`../${name}`, import.meta.url));
  const before = readFileSync(filepath, "utf8");
  const after = await format(JSON.stringify(change(JSON.parse(before) as Json), undefined, 2), {
    filepath,
    printWidth: 120,
  });
  if (after === before) return;
  writeFileSync(filepath, after);
  console.log(`${name} follows entries.json`);
}
