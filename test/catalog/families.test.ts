/** How the phrases of families are read. */
import { describe, expect, it } from "vitest";
import { defineCatalog, diagnose } from "azure-remedy";

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
