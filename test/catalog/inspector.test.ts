/** VM Inspector's failures, the 39 of its page and the three solutions, as they come: in the body, in a 200, in a log. */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { diagnose } from "azure-remedy";
import { readPolicies } from "../../scripts/read-policies.js";

const { rules } = readPolicies(fileURLToPath(new URL("../..", import.meta.url)));
const documented = rules.filter(({ sources }) => sources.some(({ document }) => document.startsWith("vm-inspector")));

it("are 39 and three", () => {
  expect(documented.flatMap(({ sources }) => sources)).toHaveLength(42);
});

describe.each(documented.map((rule) => ({ id: rule.id, rule })))("$id", ({ rule: { id, code, examples } }) => {
  it.each(examples)("%s", (message) => {
    const inResult = { resultStatus: "Failed", errorDetail: { code, message } };
    expect(diagnose({ error: { code, message } }).rule?.id).toBe(id);
    expect(diagnose({ status: 200, bodyAsText: JSON.stringify(inResult) }).rule?.id).toBe(id);
    expect(diagnose(`ERROR: (${code}) ${message}`).rule?.id).toBe(id);
  });
});
