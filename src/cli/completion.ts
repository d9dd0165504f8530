/**
 * Completion in bash, zsh and fish. Each shell's script is three lines that ask the program itself, which knows its
 * commands and options, so nothing has to be kept in sync by hand.
 */
import type { Command, Option } from "commander";
import { exitCodes } from "./exit-codes.js";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** Hidden; the scripts call it with the words typed so far, the last one being completed. */
export const completeCommandName = "__complete";

const bash = `# azure-remedy completion bash: add to ~/.bashrc:  eval "$(azure-remedy completion bash)"
_azure_remedy() {
  local IFS=$'\\n'
  COMPREPLY=($(azure-remedy ${completeCommandName} -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _azure_remedy azure-remedy
`;
const zsh = `#compdef azure-remedy
# azure-remedy completion zsh: add to ~/.zshrc:  eval "$(azure-remedy completion zsh)"
_azure_remedy() {
  local -a found
  found=("\${(@f)$(azure-remedy ${completeCommandName} -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[1]}" ]]; then compadd -Q -- "\${found[@]}"; else _files; fi
}
compdef _azure_remedy azure-remedy
`;
const fish = `# azure-remedy completion fish: azure-remedy completion fish > ~/.config/fish/completions/azure-remedy.fish
complete -c azure-remedy -a '(azure-remedy ${completeCommandName} -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`;
export const completionScripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };

export function completionCommand(shell: Shell): number {
  process.stdout.write(completionScripts[shell]);
  return exitCodes.ok;
}

/** Prints one candidate per line. */
export async function completeCommand(program: Command, words: readonly string[]): Promise<number> {
  const candidates = await candidatesFor(program, words);
  process.stdout.write(candidates.map((candidate) => `${candidate}\n`).join(""));
  return exitCodes.ok;
}

/** Arguments that name a code of the catalog, by command. */
const takesCode = new Set(["explain", "show"]);

/** @param words what was typed after the program's name; the last is being completed and may be empty */
export async function candidatesFor(program: Command, words: readonly string[]): Promise<string[]> {
  const typed = words.at(-1) ?? "";
  let command = program;
  for (const word of words.slice(0, -1)) {
    // After \`--\` comes the command to run: its words are not ours.
    if (word === "--") return [];
    command = visibleCommands(command).find((child) => child.name() === word) ?? command;
  }
  const option = optionBefore(command, words);
  if (option?.argChoices) return startingWith(typed, option.argChoices);
  if (option?.long === "--fault") return startingWith(typed, await codes());
  if (typed.startsWith("-")) return startingWith(typed, longOptions(command));
  const children = visibleCommands(command).map((child) => child.name());
  const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
  const found = startingWith(typed, [...children, ...choices]);
  return takesCode.has(command.name()) && typed !== "" ? [...found, ...startingWith(typed, await codes())] : found;
}

function visibleCommands(command: Command): readonly Command[] {
  return command.commands.filter((child) => child.name() !== completeCommandName);
}

/** The option whose value is being typed, if the word before is one that takes a value. */
function optionBefore(command: Command, words: readonly string[]): Option | undefined {
  const previous = words.at(-2) ?? "";
  return command.options.find((option) => !option.isBoolean() && [option.long, option.short].includes(previous));
}

function longOptions(command: Command): string[] {
  return [...command.options.flatMap(({ long }) => long ?? []), "--help"];
}

const startingWith = (typed: string, candidates: readonly string[]): string[] =>
  candidates.filter((candidate) => candidate.toLowerCase().startsWith(typed.toLowerCase()));

async function codes(): Promise<readonly string[]> {
  return (await import("./catalog.js")).catalogCodes();
}
