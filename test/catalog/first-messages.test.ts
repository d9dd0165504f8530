/** The first messages of a process are compared with all templates before words are indexed: that loses no template. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { rulesOf } from "../../src/catalog/catalog.js";
import { defaultCatalog } from "../../src/catalog/default-catalog.js";
import { FuzzyIndex, mayFit, missableShare, underOtherCode, underOwnCode } from "../../src/catalog/fuzzy-match.js";
import { Message } from "../../src/catalog/message.js";
import { compileTemplate } from "../../src/catalog/template.js";

const templates = rulesOf(defaultCatalog).flatMap((rule) =>
  rule.message === undefined ? [] : [compileTemplate(rule, rule.message, false)],
);

/** A message of the catalog with values, from which words are lost, among words of its own. */
const drifted = fc
  .record({
    rule: fc.constantFrom(...templates.map(({ rule }) => rule.message ?? "")),
    value: fc.constantFrom("web-01", "", "isn't", "zażółć", "A_b C"),
    kept: fc.infiniteStream(fc.integer({ min: 0, max: 9 })),
    more: fc.array(fc.constantFrom("the", "VM", "cannot", "widget", "/subscriptions/s/x"), { maxLength: 6 }),
  })
  .map(({ rule, value, kept, more }) =>
    [...rule.replaceAll(/\{\w+\}/g, value).split(" "), ...more].filter(() => kept.next().value !== 0).join(" "),
  );

it.each([
  ["under the rule's own code", underOwnCode],
  ["under another code", underOtherCode],
])("%s", (_, acceptance) => {
  const index = new FuzzyIndex(templates, acceptance);
  const missable = missableShare(acceptance, templates.length);
  let found = 0;
  fc.assert(
    fc.property(drifted, (text) => {
      const message = new Message(text);
      if (!index.find(message)) return;
      found += 1;
      expect(templates.some((template) => mayFit(template, message, acceptance, missable))).toBe(true);
    }),
    { numRuns: 400 },
  );
  expect(found).toBeGreaterThan(40);
});

it("most messages like no other need no index", () => {
  const missable = missableShare(underOtherCode, templates.length);
  const message = new Message("The widget shop in aisle seven has closed its doors for the day.");
  expect(templates.filter((template) => mayFit(template, message, underOtherCode, missable))).toEqual([]);
});
