import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readApi, reportFolder, reports } from "./api-report.js";

mkdirSync(reportFolder, { recursive: true });
for (const name of reports.keys()) {
  writeFileSync(join(reportFolder, `${name}.api.md`), readApi(name));
  console.log(`etc/${name}.api.md`);
}
