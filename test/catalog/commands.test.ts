/** Every az command in the advice has the form that the real CLI's parser accepts: `npm run az:commands` asked it. */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { commandsOf, formsByHand, knownCommands, mistakeIn, strayCommand } from "../../scripts/az/commands.js";
import { readPolicies } from "../../scripts/read-policies.js";

const { rules, families } = readPolicies(fileURLToPath(new URL("../..", import.meta.url)));
const all = [...rules, ...families];
const commands = all.flatMap(commandsOf);
const known = knownCommands();

it.each(all.map((rule) => ({ id: rule.id, rule })))("the commands of $id run as they are copied", ({ rule }) => {
  expect(rule.steps.map(strayCommand)).toEqual(rule.steps.map(() => undefined));
  expect(commandsOf(rule).map((command) => mistakeIn(command, known))).toEqual(commandsOf(rule).map(() => undefined));
});

it("no form is kept that no rule uses", () => {
  const texts = commands.map(({ words }) => `${words.join(" ")} `);
  const forms = [...Object.keys(known.commands), ...Object.keys(formsByHand)];
  expect(forms.filter((name) => !texts.some((text) => text.startsWith(`${name} `)))).toEqual([]);
});

const commandIn = (step: string) => {
  const [rule] = all;
  const [command] = rule ? commandsOf({ ...rule, steps: [step] }) : [];
  return command && mistakeIn(command, known);
};

describe("a mistake is seen", () => {
  it.each([
    ["Start it: az vm start -n {vmName}", "az vm start requires --resource-group or -g"],
    ["Start it: az vm start -g <resource-group> -n {vmName} --now", "az vm start has no option --now"],
    ["az vm stat -g <resource-group> -n <vm>", "az vm stat is not among the known commands; run npm run az:commands"],
    ["Start it: az vm start --ids <id>", undefined],
    ['See: az vm list --query "[?a && b].id" -o tsv', undefined],
  ])("%s", (step, mistake) => expect(commandIn(step)).toBe(mistake));

  it.each([
    ["Run az vm start first.", "az vm"],
    [
      "Start it: az vm start -g <resource-group> -n <vm>; then send it again.",
      "az vm start -g <resource-group> -n <vm>; then send it again.",
    ],
    ["Start it: az vm start -g <resource-group> -n <vm>", undefined],
  ])("%s", (step, stray) => expect(strayCommand(step)).toBe(stray));
});
