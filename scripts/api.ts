import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { doors, readApi, reportFolder } from "./api-report.js";

mkdirSync(reportFolder, { recursive: true });
for (const door of Object.keys(doors) as (keyof typeof doors)[]) {
  const { text, mistakes } = readApi(door);
  writeFileSync(join(reportFolder, `${door}.api.md`), text);
  console.log(`etc/${door}.api.md`);
  for (const mistake of mistakes) console.log(`  ${mistake}`);
}
