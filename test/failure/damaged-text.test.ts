import { describe, expect, it } from "vitest";
import fc from "../support/properties.js";
import { readFailure } from "../../src/failure/read.js";
import { codesOf, rootOf } from "./reading.js";

const message = "The disk is held by another operation.";
const body = {
  status: "Failed",
  error: { code: "DeploymentFailed", message: "m", details: [{ code: "DiskBusy", message }] },
};
const pretty = JSON.stringify(body, null, 2);

describe("text that was damaged on its way", () => {
  it.each<[damage: string, text: string]>([
    ["a line break inside a code", pretty.replace("DiskBusy", "DiskBu\n  sy")],
    ["a line break inside a message", pretty.replace("held by", "held\n    by")],
    ["a line break inside a key", pretty.replace('"message": "The', '"mess\nage": "The')],
    ["gutters of a terminal", pretty.replace(/^/gm, "│ ")],
    ["a quotation in mail", pretty.replace(/^/gm, "> ")],
    ["a gutter inside a code", pretty.replace("DiskBusy", "Disk\n| Busy").replace(/^/gm, "| ")],
    ["times before each line", pretty.replace(/^/gm, "2024-03-01T10:00:00.123Z ")],
    ["levels before each line", pretty.replace(/^/gm, "VERBOSE: ")],
    ["the name of a logger before each line", pretty.replace(/^/gm, "DEBUG: urllib.http_logger : ")],
    ["carriage returns", pretty.replace(/\n/g, "\r\n")],
    ["printed carriage returns", pretty.replace(/\n/g, "^M\n")],
    ["colours", `\u001b[31m${pretty}\u001b[0m`],
    ["HTML entities", pretty.replaceAll('"', "&quot;").replaceAll("'", "&apos;")],
    ["bold marks", pretty.replace('"DiskBusy"', '**"DiskBusy"**')],
    ["Markdown links", pretty.replace("The disk", "The [disk](https://example.com/disk)")],
    ["typographic quotes", pretty.replace(/"([^"]*)"/g, "“$1”")],
    ["masked braces", pretty.replace(/\{(?=\s*")/g, "***").replace(/\}/g, "***")],
    ["the end cut off", pretty.slice(0, pretty.indexOf("operation."))],
    ["the end cut off in the middle of a key", pretty.slice(0, pretty.indexOf('"message": "The disk') + 4)],
    ["the beginning cut off", pretty.slice(pretty.indexOf('"details"'))],
    ["braces that never close", pretty.replace(/[}\]]/g, "")],
    ["commas that are missing", pretty.replace(/,\n/g, "\n")],
    ["commas that are too many", pretty.replace(/\n\s*\}/g, ",$&")],
    ["escapes of the string it was in", JSON.stringify(pretty).slice(1, -1)],
    ["escapes of two strings", JSON.stringify(JSON.stringify(pretty).slice(1, -1)).slice(1, -1)],
    ["prose on both sides", `It failed again: ${pretty}\nand I do not know why.`],
    ["a colon too many", `Details: : :${JSON.stringify(body)}`],
  ])("%s", (_, text) => {
    expect(rootOf(text).code).toBe("DiskBusy");
    expect(codesOf(readFailure(text)).at(-1)).toBe("DiskBusy");
  });

  it.each([
    ["escaped", JSON.stringify(JSON.stringify(body.error))],
    ["not escaped", `"${JSON.stringify(body.error)}"`],
    ["not escaped, and broken", `"${JSON.stringify(body.error, null, 1)}"`],
  ])("JSON in a JSON string, %s", (_, inner) => {
    const text = `{"code":"DeploymentFailed","message":"m","details":[{"code":"Conflict","message":${inner}}]}`;
    expect(codesOf(readFailure(text))).toEqual(["DeploymentFailed", "Conflict", "DeploymentFailed", "DiskBusy"]);
    expect(rootOf(text)).toEqual({ code: "DiskBusy", message });
  });

  it("keeps quotation marks that nobody escaped", () => {
    expect(rootOf(`Code="DiskBusy" Message="The disk "d1" is held, see "log"." Target="d1"`).message).toBe(
      'The disk "d1" is held, see "log".',
    );
    expect(rootOf(`{"code":"DiskBusy","message":"The disk "d1" is held"}`).message).toBe('The disk "d1" is held');
  });

  it("finds the code wherever the text is wrapped", () => {
    const flat = JSON.stringify(body);
    fc.assert(
      fc.property(
        fc.integer({ min: 24, max: 120 }),
        fc.constantFrom("\n", "\r\n", "\n│ ", "\n    | "),
        (width, edge) => {
          const wrapped = flat.match(new RegExp(`.{1,${width}}`, "g"))?.join(edge) ?? "";
          expect(rootOf(`│ Error: ${wrapped}`).code).toBe("DiskBusy");
        },
      ),
    );
  });

  it("finds the outer code wherever the text ends after it", () => {
    const flat = JSON.stringify({
      error: { code: "DiskBusy", message, details: [{ code: "LeaseHeld", message: "l" }] },
    });
    fc.assert(
      fc.property(fc.integer({ min: flat.indexOf("DiskBusy") + 9, max: flat.length }), (length) => {
        expect(codesOf(readFailure(flat.slice(0, length)))[0]).toBe("DiskBusy");
      }),
    );
  });
});
