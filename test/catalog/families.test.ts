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
