/** The API that users compile against, compared with the report in `etc/`: it changes on purpose or not at all. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { doors, readApi, reportFolder } from "../../scripts/api-report.js";

const howToUpdate = "the API changed. If that is meant: npm run api, then commit etc/";

describe.each(Object.keys(doors) as (keyof typeof doors)[])("%s", (door) => {
  it("has the API of its report", () => {
    const report = join(reportFolder, `${door}.api.md`);
    expect(readApi(door), howToUpdate).toBe(existsSync(report) ? readFileSync(report, "utf8") : "");
  }, 120_000);
});
