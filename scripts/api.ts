import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { doors, readApi, reportFolder } from "./api-report.js";

mkdirSync(reportFolder, { recursive: true });
for (const door of Object.keys(doors) as (keyof typeof doors)[]) {
  writeFileSync(join(reportFolder, `${door}.api.md`), readApi(door));
  console.log(`etc/${door}.api.md`);
}
