/**
 * `npm run az:commands`: parses every az command of the catalog with the real CLI's parser, and writes down what each requires
 * and knows, for tests where no CLI is installed. Needs Debian's package azure-cli; asks no network and runs no command.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { commandsOf, isByHand, type KnownCommands } from "./az/commands.js";
import { readPolicies } from "./read-policies.js";

const { rules, families } = readPolicies(fileURLToPath(new URL("..", import.meta.url)));
const all = [...rules, ...families].flatMap(commandsOf).filter((command) => !isByHand(command));
const commands = [...new Map(all.map((command) => [command.words.join("\0"), command])).values()];

const parser = fileURLToPath(new URL("az/parse_commands.py", import.meta.url));
const { stdout, stderr, status, error } = spawnSync("/usr/bin/python3", [parser], {
  input: JSON.stringify(commands.map(({ words }) => words)),
  encoding: "utf8",
  maxBuffer: 1 << 28,
});
if (error || status !== 0) {
  console.error(error?.message ?? stderr);
  console.error("The parser did not run. It needs the Azure CLI: apt-get install azure-cli");
  process.exit(1);
}

const { mistakes, ...known } = JSON.parse(stdout) as KnownCommands & { mistakes: readonly (string | null)[] };
const refused = commands.flatMap(({ rule, text }, index) => {
  const mistake = mistakes[index];
  return mistake ? [`${rule}: ${text}\n  ${mistake}`] : [];
});
for (const line of refused) console.error(line);
console.log(
  `${commands.length - refused.length} of ${commands.length} commands parse with azure-cli ${known.version}.`,
);
if (refused.length > 0) process.exit(1);
writeFileSync(new URL("az/commands.json", import.meta.url), `${JSON.stringify(known, null, 2)}\n`);
