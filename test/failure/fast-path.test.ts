/** The one way in which nearly every error is written is read without parsing, and never read otherwise than parsing reads it. */
import { describe, expect, it } from "vitest";
import { readFastPath } from "../../src/failure/fast-path.js";
import fc from "../support/properties.js";

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

describe("an error as services write it", () => {
  it.each([
    '{"error":{"code":"DiskBusy","message":"The disk is busy."}}',
    '{"error":{"code":"DiskBusy","message":"","target":"disk"}}',
    '{\r\n  "error": {\r\n    "code": "DiskBusy",\r\n    "message": "Die Platte ist beschäftigt: 磁盘"\r\n  }\r\n}\n',
  ])("is read: %j", (text) => {
    expect(readFastPath(text)).toEqual(JSON.parse(text));
  });

  it.each([
    ["an escape", String.raw`{"error":{"code":"DiskBusy","message":"The disk \"d\" is busy."}}`],
    ["a line break in a string", '{"error":{"code":"DiskBusy","message":"The disk\nis busy."}}'],
    ["a further field", '{"error":{"code":"DiskBusy","message":"m","details":[]}}'],
    ["another order", '{"error":{"message":"m","code":"DiskBusy"}}'],
    ["something behind it", '{"error":{"code":"DiskBusy","message":"m"}} and so on'],
    ["a cut", '{"error":{"code":"DiskBusy","message":"m"}'],
    ["blanks that JSON does not know", '\u00a0{"error":{"code":"DiskBusy","message":"m"}}'],
  ])("with %s is left to the parser", (_, text) => {
    expect(readFastPath(text)).toBeUndefined();
  });
});

it("says what parsing says, of any text", () => {
  const piece = fc.oneof(
    fc.constantFrom("{", "}", '"error"', '"code"', '"message"', '"target"', ":", ",", '"X"', '"a b"', " ", "\n", "\\"),
    fc.string({ unit: "binary", maxLength: 3 }),
  );
  const nearly = fc
    .tuple(fc.array(fc.tuple(fc.nat(11), piece), { maxLength: 2 }), fc.string(), fc.constantFrom("", " ", "\r\n  "))
    .map(([changes, message, gap]) => {
      const pieces = [
        "{",
        '"error"',
        ":",
        "{",
        '"code"',
        ":",
        '"X"',
        ",",
        '"message"',
        ":",
        JSON.stringify(message),
        "}}",
      ];
      for (const [at, with_] of changes) pieces[at] = with_;
      return pieces.join(gap);
    });
  fc.assert(
    fc.property(nearly, (text) => {
      const usual = readFastPath(text);
      if (usual !== undefined) expect(usual).toEqual(parsed(text));
    }),
    { numRuns: 300 },
  );
});
