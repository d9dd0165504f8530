import fc from "fast-check";
import { expect, test } from "vitest";
import { mark, marksOf } from "../../src/failure/marks.js";
import { printableLines } from "../../src/failure/printable.js";
import { endOfKey } from "../../src/failure/secrets/names.js";

const around = fc.string({ maxLength: 12 });
const anyCase = (word: string): fc.Arbitrary<string> =>
  fc.mixedCase(fc.constant(word), { toggleCase: (letter) => letter.toUpperCase() });

test("each name of a secret leaves its mark, in capitals too", () => {
  const name = fc.stringMatching(new RegExp(`^${endOfKey.source}`)).chain(anyCase);
  fc.assert(
    fc.property(around, name, around, (before, word, after) => {
      expect(marksOf(before + word + after) & mark.secretName).not.toBe(0);
    }),
  );
});

test.each([
  [mark.scheme, "bearer"],
  [mark.scheme, "basic"],
  [mark.scheme | mark.secretName, "sharedkeylite"],
  [mark.key, "ghp_"],
  [mark.key, "glpat-"],
  [mark.key, "xoxb-"],
  [mark.key, "eyJ"],
  [mark.key, "1Q~"],
  [mark.key, "AzFu"],
  [mark.key, "AzCa"],
  [mark.key, "AzSe"],
  [mark.key, "AzBa"],
  [mark.key, "AIoT"],
  [mark.key, "ACDb"],
  [mark.key, "MII"],
  [mark.key, "-----BEGIN"],
  [mark.key, "Private-Lines"],
  [mark.address, "https://"],
  [mark.equals, "&c="],
  [mark.flag, "\t-u"],
  [mark.encoded, "%3D"],
  [mark.encoded, "&amp;"],
  [mark.encoded, "\\u0026"],
  [mark.quota, "Quota"],
  [mark.exitCode, "exit"],
  [mark.stock, "vailable in location"],
  [mark.stock, "high demand in"],
  [mark.policy, "olicyAssignment"],
  [mark.buildLog, "packerlogs"],
])("bit %i: %s leaves its mark in any text, in capitals too", (bit, word) => {
  fc.assert(
    fc.property(around, anyCase(word), around, (before, written, after) => {
      expect(marksOf(before + written + after) & bit).not.toBe(0);
    }),
  );
});

test("a character that a terminal obeys leaves its mark", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      if (printableLines(text) !== text) expect(marksOf(text) & mark.unprintable).toBe(mark.unprintable);
    }),
  );
});

test("an ordinary message leaves none", () => {
  expect(marksOf("Operation 'resize' is not allowed on VM 'web' since the VM is not deallocated.")).toBe(0);
});
