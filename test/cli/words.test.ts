/** Small readers of what a person types. */
import { InvalidArgumentError } from "commander";
import { describe, expect, it } from "vitest";
import { parseDuration } from "../../src/cli/duration.js";
import { collectValue } from "../../src/cli/explain/blanks.js";
import { fillBlanks } from "../../src/cli/explain/fill-blanks.js";
import { suggestionsFor } from "../../src/catalog/suggestions.js";
import { isHarmlessByWords } from "../../src/cli/run/harmless-commands.js";

describe("spans of time", () => {
  it.each([
    ["90", 90_000],
    ["90s", 90_000],
    ["10m", 600_000],
    ["1h30m", 5_400_000],
    ["500ms", 500],
    ["1.5s", 1_500],
  ])("%s", (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(["", "soon", "10 m", "-5s", "10x", "5m10"])("%j is none", (text) => {
    if (text === "5m10") expect(parseDuration(text)).toBe(310_000);
    else expect(() => parseDuration(text)).toThrow(InvalidArgumentError);
  });
});

describe("blanks in advice", () => {
  const step = "az vm start -g <resource-group> -n <vm> --ids <id>";
  const given = collectValue("RESOURCE_GROUP=my rg", collectValue("vmName=web-01"));

  it("are filled by what was given, under any spelling of the name", () => {
    expect(fillBlanks(step, given, {})).toBe("az vm start -g my rg -n web-01 --ids <id>");
  });

  it("are filled by what the error names", () => {
    expect(fillBlanks(step, new Map(), { resourceGroup: "rg", vmName: "db-01" })).toBe(
      "az vm start -g rg -n db-01 --ids <id>",
    );
  });

  it("stay open rather than take what a shell would run", () => {
    expect(fillBlanks("-n <vm>", new Map(), { vmName: "x; rm -rf ~" })).toBe("-n <vm>");
  });

  it.each(["vm", "=x", "vm=", "1=x"])("%j is no name=value", (pair) => {
    expect(() => collectValue(pair)).toThrow(InvalidArgumentError);
  });
});

describe("commands that are harmless twice", () => {
  it.each([
    ["az vm start -g rg -n web-01", true],
    ["az vm stop -n web-01", true],
    ["az vm deallocate --ids x", true],
    ["/usr/bin/az vm show -g rg -n web-01", true],
    ["az.cmd vm list", true],
    ["az vm list-sizes -l westeurope", true],
    ["az vm wait --created", true],
    ["az vm create -g rg -n web-01", false],
    ["az vm run-command invoke -g rg", false],
    ["az group delete -n rg", false],
    ["az deployment group create", false],
    ["az rest --method post --url x", false],
    ["az start", false],
    ["az", false],
    ["terraform apply", false],
    ["start vm", false],
  ])("%s: %s", (line, harmless) => {
    const [command = "", ...args] = line.split(" ");
    expect(isHarmlessByWords(command, args)).toBe(harmless);
  });
});

it("names near a misspelt one, the likest first", () => {
  expect(suggestionsFor("AlocationFaild", ["VMNotFound", "AllocationFailed", "ZonalAllocationFailed"])).toEqual([
    "AllocationFailed",
    "ZonalAllocationFailed",
  ]);
});
