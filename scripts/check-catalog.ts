/** `npm run check:catalog`: what the rules of `policies/` are made of. Fails on an az command that no CLI would accept. */
import { fileURLToPath } from "node:url";
import { commandsOf, knownCommands, mistakeIn, strayCommand } from "./az/commands.js";
import { readPolicies } from "./read-policies.js";

const { rules, families, mistakes } = readPolicies(fileURLToPath(new URL("..", import.meta.url)));
const known = knownCommands();
const all = [...rules, ...families];
const commands = all.flatMap(commandsOf);

const documented = rules.filter(({ sources }) => sources.length > 0);
const seen = rules.filter(({ sources, seen: places }) => sources.length === 0 && places !== undefined);
const withoutExample = rules.filter(({ examples }) => examples.length === 0);
const lines: [string, number][] = [
  ["rules", rules.length],
  ["  with a real example", documented.length + seen.length],
  ["    from the documents", documented.length],
  ["    from a thread, a file or a page that is named", seen.length],
  [
    "  with an example whose place is not noted",
    rules.length - documented.length - seen.length - withoutExample.length,
  ],
  ["  example: none known", withoutExample.length],
  ["  with a template", rules.filter(({ message }) => message !== undefined).length],
  ["  with a command", rules.filter((rule) => commandsOf(rule).length > 0).length],
  ["  that know the kind only", rules.filter(({ kindOnly }) => kindOnly).length],
  ["families", families.length],
  ["az commands", commands.length],
  ["  different ones", new Set(commands.map(({ words }) => words.join(" "))).size],
];
for (const [label, number] of lines) console.log(`${label.padEnd(52)}${String(number).padStart(5)}`);

const wrong = [
  ...mistakes,
  ...all.flatMap(({ id, steps }) =>
    steps.flatMap((step) => {
      const stray = strayCommand(step);
      return stray === undefined ? [] : [`${id}: "${stray}" cannot be copied and run: ${step}`];
    }),
  ),
  ...commands.flatMap((command) => {
    const mistake = mistakeIn(command, known);
    return mistake === undefined ? [] : [`${command.rule}: ${mistake}: ${command.text}`];
  }),
];
for (const line of wrong) console.error(line);
console.log(wrong.length === 0 ? "No mistakes." : `${wrong.length} mistake(s).`);
process.exit(wrong.length === 0 ? 0 : 1);
