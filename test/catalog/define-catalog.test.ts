/** A user's own rules: before ours, checked by name and field, and used by everything that judges. */
import {
  defineCatalog,
  defaultCatalog,
  diagnose,
  rulesOf,
  type FamilyDefinition,
  type RuleDefinition,
} from "azure-remedy";
import { describe, expect, it } from "vitest";
import { answer, get, stubPipeline } from "../support/stub.js";
import { remedyErrorOf } from "../support/outcome.js";

const freeze: RuleDefinition = {
  id: "NightlyFreeze",
  code: "RequestDisallowedByPolicy",
  message: "Changes to {resource} are frozen until {value}.",
  disposition: "transient",
  category: "conflict",
  explanation: "The nightly freeze holds {resource} until {value}.",
  steps: ["Wait until {value}, then send it again."],
  waitMs: 60_000,
};
const body = (code: string, message: string) => ({
  status: 403,
  bodyAsText: JSON.stringify({ error: { code, message } }),
});

describe("own rules", () => {
  const catalog = defineCatalog([freeze]);

  it("are asked before ours, and say what they read", () => {
    const found = diagnose(body("RequestDisallowedByPolicy", "Changes to vm-7 are frozen until 06:00."), { catalog });
    expect(found).toMatchObject({
      disposition: "transient",
      category: "conflict",
      basis: "message",
      rule: { id: "NightlyFreeze", sources: [] },
      parameters: { resource: "vm-7", value: "06:00" },
      explanation: "The nightly freeze holds vm-7 until 06:00.",
      remedy: { steps: ["Wait until 06:00, then send it again."] },
      usualWaitMs: 60_000,
    });
  });

  it("leave other messages of the code to ours", () => {
    const policy = body("RequestDisallowedByPolicy", "Resource 'vm-7' was disallowed by policy.");
    expect(diagnose(policy, { catalog })).toEqual(diagnose(policy));
  });

  it("without a message are what the code means, whatever ours say of it", () => {
    const bare = defineCatalog([
      {
        id: "Own",
        code: "SkuNotAvailable",
        disposition: "transient",
        explanation: "Our pool refills within minutes.",
        steps: ["Wait for the pool."],
      },
    ]);
    expect(diagnose(body("SkuNotAvailable", "anything"), { catalog: bare })).toMatchObject({
      disposition: "transient",
      basis: "code",
      category: "other",
    });
  });

  it("may name codes that nobody else knows, and remedies of the user's own", () => {
    const own = defineCatalog([
      {
        ...freeze,
        id: "Own",
        code: "ContosoLocked",
        message: "It is locked.",
        disposition: "adaptable",
        automatic: "unlock",
        explanation: "The house lock is set.",
        steps: ["Take the lock off."],
      },
    ]);
    expect(diagnose(body("contosolocked", "It is locked."), { catalog: own })).toMatchObject({
      rule: { id: "Own" },
      remedy: { automatic: "unlock" },
    });
  });

  it("come from several teams: the later catalog is asked first", () => {
    const later = defineCatalog([{ ...freeze, disposition: "permanent", id: "Never" }], catalog);
    const frozen = body("RequestDisallowedByPolicy", "Changes to 'vm-7' are frozen until 06:00.");
    expect(diagnose(frozen, { catalog: later })).toMatchObject({ disposition: "permanent", rule: { id: "Never" } });
    expect(later.layers).toHaveLength(catalog.layers.length + 1);
  });

  it("leave the catalog of the package as it was", () => {
    const before = rulesOf(defaultCatalog).length;
    defineCatalog([freeze]);
    expect(rulesOf(defaultCatalog)).toHaveLength(before);
    expect(diagnose(body("RequestDisallowedByPolicy", "Changes to 'vm-7' are frozen until 06:00.")).rule?.id).not.toBe(
      "NightlyFreeze",
    );
  });

  it("none is a catalog too", () => {
    expect(rulesOf(defineCatalog([]))).toEqual(rulesOf(defaultCatalog));
    expect(rulesOf(defineCatalog({}))).toEqual(rulesOf(defaultCatalog));
  });
});

describe("own families", () => {
  const families: FamilyDefinition[] = [
    {
      id: "house-codes",
      codes: ["Contoso*"],
      disposition: "permanent",
      explanation: "A rule of the house forbids it.",
      steps: ["Ask the house."],
    },
    {
      id: "house-words",
      phrases: ["moon is full"],
      rank: 1,
      disposition: "transient",
      category: "conflict",
      explanation: "It waits for the moon to wane.",
      steps: ["Wait some nights."],
    },
    {
      id: "house-status",
      statuses: [418],
      disposition: "permanent",
      explanation: "That is a teapot, not a server.",
      steps: ["Pour some tea."],
    },
  ];
  const catalog = defineCatalog({ families });

  it.each([
    ["a kind of code", { error: { code: "ContosoTooLate", message: "x" } }, "house-codes"],
    ["a kind of wording", { error: { code: "Whatever", message: "Not while the moon is full." } }, "house-words"],
  ])("know %s", (_, failure, id) => {
    expect(diagnose(failure, { catalog })).toMatchObject({ basis: "pattern", rule: { id } });
  });

  it("know a status", () => {
    expect(diagnose({ status: 418, bodyAsText: "" }, { catalog })).toMatchObject({
      basis: "status",
      rule: { id: "house-status" },
    });
  });
});

describe("mistakes are reported all at once, by rule and field", () => {
  it.each<[string, unknown, string[]]>([
    ["a missing field", [{ ...freeze, explanation: undefined }], ["rules[0] (NightlyFreeze)", "explanation"]],
    [
      "a wrong disposition",
      [{ ...freeze, disposition: "temporary" }],
      [
        "rules[0] (NightlyFreeze).disposition must be equal to one of the allowed values: transient, indeterminate, adaptable, permanent",
      ],
    ],
    [
      "a wrong category",
      [{ ...freeze, category: "moon" }],
      ["rules[0] (NightlyFreeze).category must be equal to one of the allowed values: throttling"],
    ],
    [
      "a misspelt field",
      [{ ...freeze, wait: 5 }],
      ['rules[0] (NightlyFreeze) must NOT have additional properties: "wait"'],
    ],
    ["no steps", [{ ...freeze, steps: [] }], ["rules[0] (NightlyFreeze).steps must NOT have fewer than 1 items"]],
    ["steps that are no list", [{ ...freeze, steps: "wait" }], ["rules[0] (NightlyFreeze).steps must be array"]],
    [
      "docs over http",
      [{ ...freeze, docs: "http://contoso.com" }],
      ["rules[0] (NightlyFreeze).docs must match pattern"],
    ],
    ["a negative wait", [{ ...freeze, waitMs: -1 }], ["rules[0] (NightlyFreeze).waitMs must be >="]],
    ["no id", [{ ...freeze, id: undefined }], ["rules[0]", "id"]],
    ["nothing where a rule should be", [freeze, null], ["rules[1] must be object"]],
    ["a text where a rule should be", ["NightlyFreeze"], ["rules[0] must be object"]],
    ["an id given twice", [freeze, freeze], ["id NightlyFreeze is given to more than one rule"]],
    [
      "a family's rank",
      {
        families: [
          {
            id: "f",
            codes: ["X*"],
            rank: 12,
            disposition: "permanent",
            explanation: "Something of the house.",
            steps: ["Ask the house."],
          },
        ],
      },
      ["families[0] (f).rank must be <= 9"],
    ],
    [
      "several at once",
      [
        { ...freeze, disposition: "x" },
        { ...freeze, id: "Other", steps: [] },
      ],
      ["rules[0] (NightlyFreeze).disposition", "rules[1] (Other).steps"],
    ],
  ])("%s", (_, definition, told) => {
    const define = (): unknown => defineCatalog(definition as RuleDefinition[]);
    expect(define).toThrow(TypeError);
    for (const words of told) expect(define).toThrow(words);
  });

  it.each([null, 5, "rules", { rules: {} }, { families: "x" }])("%j is no definition", (definition) => {
    expect(() => defineCatalog(definition as never)).toThrow(/^azure-remedy: /);
  });
});

describe("in a pipeline", () => {
  it("own rules decide: what ours would give up is waited out, what ours would wait out is given up", async () => {
    const never: RuleDefinition = {
      id: "Never",
      code: "ServerBusy",
      disposition: "permanent",
      explanation: "Busy means broken in this house.",
      steps: ["Call the house."],
    };
    const catalog = defineCatalog([freeze, never]);
    let sends = 0;
    const frozen = {
      error: { code: "RequestDisallowedByPolicy", message: "Changes to 'vm-7' are frozen until 06:00." },
    };
    const waiting = stubPipeline(
      (request) => ((sends += 1), sends === 1 ? answer(request, 403, frozen) : answer(request, 200)),
      { catalog },
    );
    await waiting.clock.run(waiting.send(get()));
    expect(waiting.clock.elapsedMs()).toBe(60_000);
    const failing = stubPipeline((request) => answer(request, 503, { error: { code: "ServerBusy", message: "m" } }), {
      catalog,
    });
    const error = await failing.clock.run(remedyErrorOf(failing.send(get())));
    expect(error.message).toContain("ServerBusy: Busy means broken in this house.");
    expect(error.attempts).toHaveLength(1);
  });
});
