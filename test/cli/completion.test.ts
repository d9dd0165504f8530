import { describe, expect, it } from "vitest";
import { candidatesFor, completionScripts } from "../../src/cli/completion.js";
import { createProgram } from "../../src/cli/program.js";

const program = createProgram("0.0.0", () => undefined);
const complete = (line: string): Promise<string[]> => candidatesFor(program, line.split(" "));

describe("completes", () => {
  it.each([
    [
      "",
      ["explain", "investigate", "sizes", "catalog", "run", "vms", "demo", "emulator", "throttle", "mcp", "completion"],
    ],
    ["ca", ["catalog"]],
    ["catalog ", ["list", "show", "lint"]],
    ["completion ", ["bash", "zsh", "fish"]],
    ["completion z", ["zsh"]],
    ["explain --l", ["--lang"]],
    ["explain --lang ", ["en", "zh"]],
    ["emulator --fault VMStart", ["VMStartTimedOut"]],
    ["explain vmstart", ["VMStartTimedOut"]],
    ["run --deadline 10m -- az vm st", []],
  ])("%j", async (line, candidates) => {
    expect(await complete(line)).toEqual(candidates);
  });

  it("leaves files to the shell where a file may stand", async () => {
    expect(await complete("explain ")).toEqual([]);
    expect(await complete("catalog lint ")).toEqual([]);
  });
});

it.each(Object.entries(completionScripts))("the script of %s asks the program", (_, script) => {
  expect(script).toContain("azure-remedy __complete");
});

describe("help", () => {
  const commands = program.commands.flatMap((command) => [command, ...command.commands]);

  it.each(commands.filter((command) => command.commands.length === 0 && !command.name().startsWith("_")))(
    "of $_name tells the exit codes",
    (command) => {
      let help = "";
      command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
      expect(help).toContain("Exit codes:");
    },
  );
});
