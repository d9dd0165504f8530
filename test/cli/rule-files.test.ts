/** Reading users' rule files: each form, and where each mistake is said to be. */
import { describe, expect, it } from "vitest";
import { mistakesIn } from "../../src/cli/rules/rule-catalog.js";
import { readRuleFile, repeatedIds } from "../../src/cli/rules/rule-files.js";

const codeFile = `code: HouseRule
disposition: adaptable
category: conflict
docs: https://example.com
rules:
  - id: HouseRule.freeze
    message: "{resource} is frozen."
    explanation: "Nobody may change {resource} now."
    steps:
      - "Come back at six."
    examples:
      - "web-01 is frozen."
`;
const family = `family: house
rank: 2
disposition: permanent
category: other
docs: https://example.com
explanation: "The house does not allow this."
steps: ["Ask at the door."]
codes: ["House*"]
examples: ["HouseParty: no"]
`;
const definition = `[{ "id": "A", "code": "A", "disposition": "transient", "explanation": "Busy.", "steps": ["Wait."] }]`;

const mistakes = (text: string): string[] =>
  mistakesIn([readRuleFile("f.yaml", text)]).map(({ line, message }) => `${line} ${message}`);

describe("forms", () => {
  it("the rules of a code, as in policies/", () => {
    const { rules, mistakes: found } = readRuleFile("f.yaml", codeFile);
    expect(found).toEqual([]);
    expect(rules).toMatchObject([{ id: "HouseRule.freeze", code: "HouseRule", disposition: "adaptable", sources: [] }]);
  });

  it("a family, as in policies/", () => {
    expect(readRuleFile("f.yaml", family)).toMatchObject({
      families: [{ id: "house", codes: ["House*"] }],
      mistakes: [],
    });
  });

  it.each([
    ["a list", definition],
    ["rules and families", `{ "rules": ${definition}, "families": [] }`],
  ])("what defineCatalog takes: %s, in JSON", (_, text) => {
    expect(readRuleFile("f.json", text)).toMatchObject({ definition: { rules: [{ id: "A" }] }, mistakes: [] });
  });
});

describe("mistakes, with their line", () => {
  it.each([
    [
      "a missing field",
      codeFile.replace('    explanation: "Nobody may change {resource} now."\n', ""),
      ["6 rules/0 must have required property 'explanation'"],
    ],
    [
      "a field that there is not",
      codeFile.replace("    steps:", "    colour: red\n    steps:"),
      ["9 rules/0 must not contain colour"],
    ],
    [
      "a wrong word",
      codeFile.replace("adaptable", "maybe"),
      [expect.stringMatching(/^2 disposition must be equal to one of the allowed values: transient/)],
    ],
    [
      "a placeholder that the message does not give",
      codeFile.replace("Nobody may change {resource}", "Nobody may change {thing}"),
      ["8 {thing} is not a placeholder of the message"],
    ],
    [
      "an id of another code",
      codeFile.replace("HouseRule.freeze", "Other.freeze"),
      ["6 id Other.freeze must be HouseRule or start with HouseRule."],
    ],
    [
      "what neither rule nor file says",
      codeFile.replace("category: conflict\n", ""),
      ["5 category is missing, here and at the top of the file"],
    ],
    [
      "an automatic remedy for what is permanent",
      codeFile.replace("adaptable", "permanent").replace("    steps:", "    automatic: startFirst\n    steps:"),
      ["9 an automatic remedy needs disposition adaptable, not permanent"],
    ],
    [
      "an example that is taken for something else",
      codeFile.replace("web-01 is frozen.", "The VM is on holiday."),
      ["12 the example does not fit the message of HouseRule.freeze"],
    ],
    [
      "an example that another rule takes",
      family.replace("HouseParty: no", "AllocationFailed: no"),
      [expect.stringContaining("9 the example is not recognized as house, but as AllocationFailed")],
    ],
    ["a broken YAML", "code: [", [expect.stringMatching(/^\d+ /)]],
    ["no rules at all", "42", ["1 the file must contain rules: `code` and `rules`, `family`, or a list of rules"]],
    [
      "something else in a definition",
      '{ "rulez": [] }',
      ["1 rulez is unknown; a file contains rules, families, or code and rules"],
    ],
    ["rules that are no list", '{ "rules": {} }', ["1 rules and families must be lists"]],
    [
      "a placeholder in a definition",
      definition.replace("Busy.", "{what} is busy."),
      ["1 {what} is not a placeholder of the message"],
    ],
  ])("%s", (_, text, expected) => {
    expect(mistakes(text)).toEqual(expected);
  });

  it("an id that another file has", () => {
    const [one, other] = [readRuleFile("one.yaml", codeFile), readRuleFile("other.yaml", codeFile)];
    expect(repeatedIds([one, other])).toEqual([
      { file: "other.yaml", line: 6, message: "id HouseRule.freeze is taken by one.yaml:6" },
    ]);
  });
});
