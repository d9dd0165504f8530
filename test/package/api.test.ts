/** The API that users compile against, compared with the report in `etc/`: it changes on purpose or not at all. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { doors, readApi, reportFolder } from "../../scripts/api-report.js";

const howToUpdate = "the API changed. If that is meant: npm run build && npm run api, then commit etc/";

describe.each(Object.keys(doors) as (keyof typeof doors)[])("%s", (door) => {
  it("has the API of its report, and every type of it can be imported", () => {
    const report = join(reportFolder, `${door}.api.md`);
    const { text, mistakes } = readApi(door);
    expect(text, howToUpdate).toBe(existsSync(report) ? readFileSync(report, "utf8") : "");
    expect(mistakes).toEqual([]);
  }, 60_000);
});
