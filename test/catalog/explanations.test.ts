/** What an explanation says when the message did not give the names in it. */
import { describe, expect, it } from "vitest";
import { defaultCatalog, defineCatalog, diagnose } from "azure-remedy";
import { renderAdvice } from "../../src/catalog/advice.js";
import { rulesOf } from "../../src/catalog/catalog.js";

const explained = (explanation: string, message = "Said in other words."): string => {
  const rule = { code: "GearStuck", message: "Gear {gearName} in {vmName}: {errorMessage}", explanation };
  const catalog = defineCatalog({
    rules: [{ ...rule, id: "GearStuck", disposition: "permanent", category: "quota", steps: ["Look at <gear>."] }],
  });
  return diagnose({ error: { code: "GearStuck", message } }, { catalog }).explanation;
};

describe("a name that was not read", () => {
  it.each([
    ["VM {vmName} is stuck.", "The VM is stuck."],
    ["It is stuck because of VM {vmName}, and {vmName} is slow.", "It is stuck because of the VM, and the VM is slow."],
    ["There is no VM {vmName} here.", "There is no such VM here."],
    ["The OS disk {diskName} of VM {vmName} is full.", "The OS disk of the VM is full."],
    ["OS disk {diskName} is full.", "The OS disk is full."],
    ["A disk is named {diskName} already.", "A disk is of this name already."],
    ["It stopped. Gear {gearName} is stuck.", "It stopped. The gear is stuck."],
    ["Storage account {storageAccount} is full.", "The storage account is full."],
    ["NIC {resource} holds what {otherResource} wants.", "The NIC holds what another resource wants."],
    ["{resource}, the parent of the gear, is gone.", "The parent of the gear is gone."],
    ["There is nothing at {blobUri}.", "There is nothing at the blob URI."],
    ["{operation} must wait.", "The operation must wait."],
    ["The region does not offer size {size}.", "The region does not offer this size."],
  ])("%s", (explanation, told) => expect(explained(explanation)).toBe(told));
});

describe("a value that has no word", () => {
  it.each([
    ["Gear {gearName} is stuck: {errorMessage}", "The gear is stuck."],
    ["Gear {gearName} is stuck; it is at {state}.", "The gear is stuck."],
    ["Gear {gearName} ({maker}.{model}) is stuck.", "The gear is stuck."],
    ["{gearName}: {usage} of {limit} used.", "The request goes beyond a quota or a limit."],
    ["A machine takes {limit} gears; more is not possible.", "The request goes beyond a quota or a limit."],
  ])("%s", (explanation, told) => expect(explained(explanation)).toBe(told));
});

it("what was read stands there as it is", () => {
  const message = "Gear {vmName} in <b>: it squeaks";
  expect(explained("VM {vmName} holds gear {gearName}: {errorMessage}", message)).toBe(
    "VM <b> holds gear {vmName}: it squeaks",
  );
});

const open = rulesOf(defaultCatalog).filter(({ explanation }) => explanation.includes("{"));

it.each(open.map((rule) => ({ id: rule.id, rule })))("$id is a sentence when nothing was read", ({ rule }) => {
  const { explanation } = renderAdvice(rule, {});
  expect(explanation).toMatch(/^[A-Z].*[a-z].*\.$/);
  expect(explanation).not.toMatch(/[{}<>]| {2}|\b(?:a|an|the|this|no|another) (?:a|an|the|this|no|another)\b/i);
});
