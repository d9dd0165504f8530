import { describe, expect, it } from "vitest";
import fc from "../support/properties.js";
import { maxPieces, splitText } from "../../src/failure/split-text.js";

const texts = (text: string): string[] =>
  splitText(text)
    .filter(({ isMarked }) => isMarked)
    .map((piece) => piece.text.trim());

const terraform = `
Plan: 2 to add, 0 to change, 0 to destroy.
╷
│ Warning: Argument is deprecated
│   with azurerm_subnet.a
╵
╷
│ Error: creating A
│ Code="AllocationFailed"
╵
Releasing state lock.
╷
│ Error: creating B
│
│   with azurerm_linux_virtual_machine.b
╵
`;

describe("where tools begin an error", () => {
  it("Terraform: a block each, without warnings and progress", () => {
    expect(texts(terraform)).toEqual([
      '│ Error: creating A\n│ Code="AllocationFailed"\n╵',
      "│ Error: creating B\n│\n│   with azurerm_linux_virtual_machine.b\n╵",
    ]);
  });

  it("az: a block for each ERROR line, with the lines under it", () => {
    expect(texts("WARNING: be careful\nERROR: (A) one\nCode: A\nMessage: one\nERROR: (B) two")).toEqual([
      "ERROR: (A) one\nCode: A\nMessage: one",
      "ERROR: (B) two",
    ]);
  });

  it("behind the time stamps of a log", () => {
    const log =
      "2026-11-21T10:00:00.123Z info starting\n2026-11-21T10:00:01.123Z ERROR: (A) one\n[2026-11-21 10:00:02] Error: two";
    expect(texts(log)).toHaveLength(2);
  });

  it("PowerShell, Python, .NET and JavaScript", () => {
    const log = [
      "New-AzVM : Allocation failed.\nErrorCode: AllocationFailed",
      "azure.core.exceptions.HttpResponseError: (QuotaExceeded) No.\nCode: QuotaExceeded",
      "Azure.RequestFailedException: Conflict\nErrorCode: Conflict",
      'RestError: no\n {\n  "code": "X"\n }',
    ];
    expect(texts(log.join("\n"))).toEqual(log);
  });

  it("a label within an error begins none", () => {
    const text = 'Reconcile failed\nSubCode: A;\nOriginalError: Code="A"';
    expect(splitText(text)).toEqual([{ text, from: 0, to: text.length, isMarked: true }]);
  });
});

describe("JSON", () => {
  const [one, two] = ['{"error":{"code":"A"}}', '{\n  "error": { "code": "B", "message": "with } and \\" in it" }\n}'];

  it.each([
    ["one document", two, [two]],
    ["documents under each other", `${one}\n${two}\n`, [one, two]],
    ["documents with commas between", `${one},\n${two}`, [one, two]],
    ["an array", `[${one}, ${one}]`, [one, one]],
    ["JSON lines between others", `starting\n${one}\ngoing on\n${one}`, [one, one]],
    ["JSON within an error stays with it", `ERROR: failed\n${one}`, [`ERROR: failed\n${one}`]],
  ])("%s", (_, text, expected) => {
    expect(texts(text)).toEqual(expected);
  });
});

describe("any text", () => {
  it("without a border is one error", () => {
    expect(splitText("Allocation failed.")).toEqual([{ text: "Allocation failed.", from: 0, to: 18, isMarked: true }]);
  });

  it("keeps what stands before the first error apart", () => {
    expect(splitText("creating\nERROR: no")).toEqual([
      { text: "creating", from: 0, to: 9, isMarked: false },
      { text: "ERROR: no", from: 9, to: 18, isMarked: true },
    ]);
  });

  it("is never more than can be read", () => {
    expect(splitText("ERROR: no\n".repeat(3 * maxPieces))).toHaveLength(maxPieces);
  });

  it("loses no line of an error, and never throws", () => {
    const line = fc.oneof(
      fc.constantFrom("Error: a", "ERROR: b", "│ Error: c", '{"a":1}', "{", "}", "[", "╵", "Warning: d"),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const text = lines.join("\n");
        for (const piece of splitText(text)) expect(text.slice(piece.from, piece.to).startsWith(piece.text)).toBe(true);
      }),
    );
  });
});
