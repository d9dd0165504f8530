/** The API that users compile against, compared with the report in `etc/`: it changes on purpose or not at all. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readApi, reportFolder, reports } from "../../scripts/api-report.js";

const howToUpdate = "the API changed. If that is meant: npm run api, then commit etc/";

describe.each([...reports.keys()])("%s", (name) => {
  it("has the API of its report", () => {
    const report = join(reportFolder, `${name}.api.md`);
    expect(readApi(name), howToUpdate).toBe(existsSync(report) ? readFileSync(report, "utf8") : "");
  }, 120_000);
});
