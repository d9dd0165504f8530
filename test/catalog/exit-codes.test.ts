/** What the exit code of a script means is said whichever extension or tool reports it. */
import { describe, expect, it } from "vitest";
import { diagnose } from "azure-remedy";

const linux = (status: number): string =>
  `VM has reported a failure when processing extension 'setup' (publisher 'Microsoft.Azure.Extensions' and type 'CustomScript'). ` +
  `Error message: 'Enable failed: failed to execute command: command terminated with exit status=${status}\n[stdout]\n\n[stderr]\nNo such thing'. ` +
  `More information on troubleshooting is available at https://aka.ms/VMExtensionCSELinuxTroubleshoot.`;
const windows = (code: number): string =>
  `VM has reported a failure when processing extension 'setup'. Error message: "Command execution finished, but failed because it returned a non-zero exit code of: '${code}'".`;

const advice = [
  [linux(126), /could not be executed/, /chmod \+x/],
  [linux(127), /was not found/, /stderr/],
  [linux(124), /time limit/, /stdout/],
  [linux(137), /killed/, /memory/],
  [linux(143), /asked to stop/, /reboot/],
  [linux(139), /crashed/, /kernel/],
  [linux(100), /apt or dpkg/, /DPkg::Lock::Timeout/],
  [windows(1603), /installer failed/, /msiexec/],
  [windows(1618), /Another Windows installation/, /Wait/],
  [windows(3010), /needs a restart/, /az vm restart/],
  [windows(9009), /did not find the command/, /full path/],
] as const;

describe.each(advice)("%s", (message, meaning, step) => {
  const diagnosis = diagnose({ error: { code: "VMExtensionProvisioningError", message } });

  it("is the extension's failure", () => {
    expect(diagnosis).toMatchObject({ category: "extension", disposition: "permanent", basis: "message" });
    expect(diagnosis.rule?.id).toMatch(/^VMExtensionProvisioningError/);
  });

  it("says what the code means, then what the extension said", () => {
    expect(diagnosis.explanation).toMatch(meaning);
    expect(diagnosis.explanation).toContain("setup");
    expect(diagnosis.remedy.steps[0]).toMatch(step);
  });
});

it("an exit code that means nothing by itself keeps the rule's advice", () => {
  const { explanation, remedy } = diagnose({ error: { code: "VMExtensionProvisioningError", message: linux(3) } });
  expect(explanation).toMatch(/^Extension setup/);
  expect(remedy.steps[0]).toMatch(/Correct what the error names/);
});

it("a number that is no exit code does not count", () => {
  const { explanation } = diagnose("ERROR: (NotFound) Widget 127 of 137 could not be found.");
  expect(explanation).not.toMatch(/command/i);
});

it("an AKS node that reaches nothing is not told about its script", () => {
  const message = linux(50).replace("'setup'", "'vmssCSE'");
  const { explanation } = diagnose({ error: { code: "VMExtensionProvisioningError", message } });
  expect(explanation).toMatch(/^An AKS node could not reach/);
});
