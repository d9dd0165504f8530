/** How the phrases of families are read. */
import { describe, expect, it } from "vitest";
import { defineCatalog, diagnose } from "azure-remedy";
import { FamilyIndex } from "../../src/catalog/families.js";
import { wordsOf } from "../../src/catalog/words.js";

const catalog = defineCatalog({
  families: [
    {
      id: "blue",
      phrases: ["is|are painted blue|azure", "dye|dyed * twice"],
      rank: 1,
      disposition: "adaptable",
      category: "other",
      explanation: "It is blue.",
      steps: ["Paint it green."],
    },
  ],
});
const isBlue = (message: string): boolean => diagnose({ error: { message } }, { catalog }).rule?.id === "blue";

describe("phrases", () => {
  it.each([
    "The widget is painted blue.",
    "Both are painted 'Azure', it seems.",
    "Somebody dyed the whole shop twice.",
    "dye twice",
  ])("%s", (message) => expect(isBlue(message)).toBe(true));

  it.each([
    "The widget was painted blue.",
    "The widget is painted in blue.",
    "It was dyed. " +
      "And then there were many other words between the one and the other, far too many to be one thought. ".repeat(2) +
      "twice",
    "See https://contoso.com/what-is-painted-blue for more.",
    "See (https://contoso.com/is painted,blue) for more.",
  ])("not: %s", (message) => expect(isBlue(message)).toBe(false));
});

describe("kinds of codes", () => {
  const family = (id: string, codes: string[], rank = 2) =>
    ({ id, codes, rank, disposition: "permanent", explanation: "It is odd.", steps: ["Look at it."] }) as const;
  const codes = defineCatalog({
    families: [
      family("x", ["X*"]),
      family("end", ["*Wobbled"]),
      family("within", ["*bble*"]),
      family("longer", ["*eWobbled"]),
      family("whole", ["XWobbl"]),
      family("later", ["*Wobbling"], 5),
      family("stronger", ["*wobbling"], 4),
    ],
  });
  it.each([
    ["Xylem", "x"],
    ["x", "x"],
    ["GearWobbled", "end"],
    ["TheWobbled", "longer"],
    ["Wobbles", "within"],
    ["xwobbl", "whole"],
    ["GearWobbling", "stronger"],
  ])("%s is of the family %s", (code, id) => {
    expect(diagnose({ error: { code, message: "Mm." } }, { catalog: codes }).rule?.id).toBe(id);
  });
});

it("a code with blanks or in capitals is the code without them", () => {
  expect(diagnose({ error: { code: "Bad request", message: "x" } }).rule?.id).toBe("BadRequest");
  expect(diagnose({ error: { code: "TOO_MANY_REQUESTS", message: "x" } })).toMatchObject({
    code: "TOO_MANY_REQUESTS",
    disposition: "transient",
    category: "throttling",
  });
});

it("a status says more than that it failed", () => {
  const answer = { status: 403, bodyAsText: JSON.stringify({ error: { message: "The operation failed." } }) };
  expect(diagnose(answer)).toMatchObject({ category: "authorization", basis: "status" });
  expect(diagnose("The operation failed.")).toMatchObject({ category: "other", basis: "pattern" });
});

describe("whether a phrase may occur", () => {
  const index = (phrase: string): FamilyIndex =>
    new FamilyIndex([
      {
        id: "torn",
        phrases: [phrase],
        rank: 1,
        disposition: "adaptable",
        category: "extension",
        explanation: "The sail is torn.",
        steps: ["Mend the sail."],
        docs: "https://contoso.com/sails",
      },
    ]);

  it.each([
    ["the last word decides", "sail is torn|ripped", "The script said: sail is TORN"],
    ["another last word", "sail is torn|ripped", "The script said: sail is ripped, sir"],
    ["one word", "e_torn", "E_TORN"],
    ["a word that counts as two", "script cannot", "The script cannot go on"],
    ["a contraction", "script is not", "The script isn't there"],
    ["before a contraction", "script is", "The script isn\u2019t there"],
    ["within a word that counts as two", "script can", "The script cannot go on"],
    ["a gap at the end", "sail *", "the sail, said the script"],
    ["ideographs", "帆破了", "帆破了"],
  ])("%s", (_, phrase, message) => {
    expect(index(phrase).byWording(wordsOf(message)).strong?.id).toBe("torn");
    expect(index(phrase).mayOccurIn(message)).toBe(true);
  });

  it("not without its last word", () => expect(index("sail is torn").mayOccurIn("sail is tornado")).toBe(false));
});
