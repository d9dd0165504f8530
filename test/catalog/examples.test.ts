/** Every rule and family carries examples; each must be recognised as that rule and no other. */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { diagnose } from "azure-remedy";
import { placeholdersOf, readPolicies } from "../../scripts/read-policies.js";

const { rules, families, mistakes } = readPolicies(fileURLToPath(new URL("../..", import.meta.url)));

it("every policy file fits the schema", () => {
  expect(mistakes).toEqual([]);
});

describe.each(rules.map((rule) => ({ id: rule.id, rule })))("rule $id", ({ rule }) => {
  // A rule without a known example is at least found by its code, whatever the text says.
  it.each(rule.examples.length > 0 ? rule.examples : ["Qx7."])("recognises: %s", (example) => {
    const diagnosis = diagnose({ error: { code: rule.code, message: example } });
    expect(diagnosis.rule?.id).toBe(rule.id);
    expect(diagnosis.disposition).toBe(rule.disposition);
    expect(diagnosis.category).toBe(rule.category);
    expect(diagnosis.basis).toBe(rule.message === undefined ? "code" : "message");
  });
});

/** A value per placeholder that no template holds. */
const filled = (template: string): string =>
  template.replaceAll(/\{([a-zA-Z]+)\}/g, (_, name: string) => `q7${name.toLowerCase()}`);

describe("every message of the documents", () => {
  const documented = rules.filter((rule) => rule.sources.length > 0 && rule.message !== undefined);

  it.each(documented.map((rule) => ({ id: rule.id, rule })))(
    "$id is found by its message, with its values",
    ({ rule }) => {
      const diagnosis = diagnose({ error: { code: rule.code, message: filled(rule.message ?? "") } });
      expect(diagnosis.rule).toEqual({ id: rule.id, sources: rule.sources });
      expect(diagnosis.disposition).toBe(rule.disposition);
      const names = [...placeholdersOf(rule.message ?? "")];
      expect(diagnosis.parameters).toEqual(Object.fromEntries(names.map((name) => [name, `q7${name.toLowerCase()}`])));
    },
  );

  it.each(documented.filter((rule) => rule.messageZh !== undefined).map((rule) => ({ id: rule.id, rule })))(
    "$id is found by its Chinese message",
    ({ rule }) => {
      const diagnosis = diagnose({ error: { code: rule.code, message: filled(rule.messageZh ?? "") } });
      expect(diagnosis.rule?.id).toBe(rule.id);
      expect(diagnosis.disposition).toBe(rule.disposition);
    },
  );

  it.each(documented.map((rule) => ({ id: rule.id, rule })))(
    "$id is found in capitals, with other quotes, spaces and no full stop",
    ({ rule }) => {
      const drifted = filled(rule.message ?? "")
        .toUpperCase()
        .replaceAll("'", "\u2019")
        .replaceAll(" ", "  ")
        .replace(/\.$/, "");
      const diagnosis = diagnose({ error: { code: rule.code, message: drifted } });
      expect(diagnosis.rule?.id).toBe(rule.id);
    },
  );

  it.each(documented.map((rule) => ({ id: rule.id, rule })))(
    "$id explains itself without an open placeholder",
    ({ rule }) => {
      const { explanation, remedy } = diagnose({ error: { code: rule.code, message: filled(rule.message ?? "") } });
      expect([explanation, ...remedy.steps].join(" ")).not.toMatch(/\{[a-zA-Z]+\}/);
    },
  );
});

describe.each(families.map((family) => ({ id: family.id, family })))("family $id", ({ family }) => {
  it.each(family.examples)("recognises: %s", (example) => {
    // "message", "Code: message" or "409 Code: message".
    const [, status, code, message = example] = /^(?:(\d{3}) )?(?:([A-Za-z0-9_.]+): )(.*)$/s.exec(example) ?? [];
    const body = { error: { ...(code !== undefined && { code }), message } };
    const diagnosis = diagnose(
      status === undefined ? body : { status: Number(status), bodyAsText: JSON.stringify(body) },
    );
    expect(diagnosis.rule?.id).toBe(family.id);
    expect(diagnosis.disposition).toBe(family.disposition);
  });
});
