/** The command line: every command, argument and option. Each command's code is loaded only when it is called. */
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { printableLines } from "../failure/printable.js";
import { collectValue } from "./explain/blanks.js";
import type { DemoFlags } from "./demo.js";
import { completeCommand, completeCommandName, completionCommand, shells, type Shell } from "./completion.js";
import { parseDuration } from "./duration.js";
import type { EmulatorFlags } from "./emulator.js";
import { exitCodesHelp, runExitCodesHelp, vmsExitCodesHelp } from "./exit-codes.js";
import type { ExplainFlags } from "./explain.js";
import type { RunFlags } from "./run/flags.js";
import type { SizesFlags } from "./sizes.js";
import type { InvestigateFlags } from "./investigate.js";
import type { McpFlags } from "./mcp.js";
import type { ThrottleFlags } from "./throttle.js";
import type { VmsFlags } from "./vms.js";

const json = (): Option => new Option("--json", "print JSON");
const rules = (): Option => new Option("--rules <files...>", "your own rule files, checked before the catalog");
const emulatorEndpoint = (): Option =>
  new Option(
    "--emulator <endpoint>",
    "rehearse: use this local emulator (http://127.0.0.1:PORT) instead of Azure",
  ).argParser(parseEndpoint);

/** @param end receives the exit code of the command that ran */
export function createProgram(version: string, end: (exitCode: number) => void): Command {
  const program = new Command("azure-remedy")
    .description("Explains Azure VM failures: what happened, whether a retry helps, what to do.")
    .version(version)
    .enablePositionalOptions()
    .exitOverride()
    // What it complains about are words of the caller's, or of whoever wrote the script.
    .configureOutput({ writeErr: (text) => process.stderr.write(printableLines(text)) })
    .showHelpAfterError("(see --help)")
    .addHelpText("after", exitCodesHelp);

  program
    .command("explain")
    .description("explain an error: a file, standard input, a text, or a code")
    .argument("[what]", "a file, - for standard input, a code (AllocationFailed), or the text of an error")
    .addOption(json())
    .addOption(
      new Option("--lang <lang>", "language of explanation and steps, if available")
        .choices(["en", "zh"])
        .default("en"),
    )
    .option(
      "--var <name=value>",
      "fill <name> in the advice, for example --var resource-group=rg; repeatable",
      collectValue,
    )
    .addOption(rules())
    .option("--investigate", "also investigate the resource that the text names; reads only")
    .addOption(emulatorEndpoint())
    .addHelpText(
      "after",
      `
Accepts the output of any tool: JSON, az, Terraform, PowerShell, Pulumi, Go, Python, JavaScript, logs.
  az vm start -g rg -n web-01 2>&1 | azure-remedy explain
  azure-remedy explain terraform.log
  azure-remedy explain OperationNotAllowed
--lang zh explains the documented VM errors in Chinese and also shows the Chinese message.
${exitCodesHelp}`,
    )
    .action(async (what: string | undefined, flags: ExplainFlags) =>
      end(await (await import("./explain.js")).explainCommand(what, flags)),
    );

  program
    .command("investigate")
    .description("investigate a failure by id: operations, logs, quotas, locks, permissions, health; reads only")
    .argument("<id>", "id of a resource or a deployment, or a correlation id")
    .option("--since <time>", "how far back to read the activity log (90m, 6h)", parseDuration, 6 * 3_600_000)
    .option("--subscription <id>", "for a correlation id (default: AZURE_SUBSCRIPTION_ID)")
    .addOption(emulatorEndpoint())
    .addOption(json())
    .addHelpText(
      "after",
      `
Signs in with DefaultAzureCredential of @azure/identity: az login is enough. The Reader role on the subscription shows most
of it; for anything it may not read, it names the missing permission.
${exitCodesHelp}`,
    )
    .action(async (id: string, flags: InvestigateFlags) =>
      end(await (await import("./investigate.js")).investigateCommand(id, flags)),
    );

  program
    .command("sizes")
    .description("what a subscription can get in a region: offered or not and why, zones, quota left; reads only")
    .argument("[size]", "the size that is wanted (Standard_D4s_v5); left out, all of the region")
    .requiredOption("--region <name>", "the region (westeurope)")
    .option("--zone <zone>", "only what this zone has counts as offered")
    .option("--similar", "also sizes that may replace it, the most alike first")
    .option("--spot", "for spot machines, with their placement scores")
    .option("--subscription <id>", "default AZURE_SUBSCRIPTION_ID")
    .addOption(emulatorEndpoint())
    .addOption(json())
    .addHelpText("after", sizesHelp)
    .action(async (size: string | undefined, flags: SizesFlags) =>
      end(await (await import("./sizes.js")).sizesCommand(size, flags)),
    );

  const catalog = program.command("catalog").description("search what the package knows");
  catalog
    .command("list", { isDefault: true })
    .description("rules whose code, message, explanation, category or disposition contains every word")
    .argument("[search...]", "words to search for (default: list everything)")
    .addOption(json())
    .addHelpText("after", exitCodesHelp)
    .action(async (search: string[], flags: { json?: true }) =>
      end((await import("./catalog.js")).catalogListCommand(search, flags)),
    );
  catalog
    .command("show")
    .description("everything known about a code, a rule or a family")
    .argument("<code>", "a code (AllocationFailed) or the id of a rule")
    .addOption(json())
    .addHelpText("after", exitCodesHelp)
    .action(async (code: string, flags: { json?: true }) =>
      end((await import("./catalog.js")).catalogShowCommand(code, flags)),
    );
  catalog
    .command("lint")
    .description("check your own rule files, in YAML or JSON")
    .argument("<files...>", "in the format of policies/ or of defineCatalog")
    .addOption(json())
    .addHelpText("after", exitCodesHelp)
    .action(async (files: string[], flags: { json?: true }) =>
      end(await (await import("./catalog-lint.js")).catalogLintCommand(files, flags)),
    );

  program
    .command("run")
    .description("run a command and repeat it while its failure is transient")
    .usage("[options] -- <command> [args...]")
    .argument("<command>")
    .argument("[args...]")
    .passThroughOptions()
    .option(
      "--deadline <time>",
      "start nothing after this time (90s, 10m, 1h30m); a run in progress is not ended",
      parseDuration,
    )
    .option("--max-retries <count>", "runs after the first; waits for throttling do not count", parseCount, 8)
    .option("--idempotent", "running it twice is harmless: repeat it even when it may already have run")
    .addOption(rules())
    .option("--json", "report as JSON lines on stderr")
    .option("--github", "in GitHub Actions: also an annotation, a job summary, and outputs for later steps")
    .addHelpText("after", runHelp + runExitCodesHelp)
    .action(async (command: string, args: string[], flags: RunFlags) =>
      end(await (await import("./run.js")).runCommand(command, args, flags)),
    );

  const vms = program
    .command("vms")
    .description("one action on many machines, with progress, a journal and the causes of failures");
  for (const [action, description] of vmsActions) {
    vms
      .command(action)
      .description(description)
      .option("--ids <file>", "a file of resource ids, one per line; - for standard input")
      .option("--group <name>", "all machines of a resource group")
      .option("--tag <name=value>", "machines with a tag; a name alone for any value")
      .option("--subscription <id>", "for --group and --tag (default: AZURE_SUBSCRIPTION_ID)")
      .option("--journal <file>", "record progress; the same command continues an interrupted run")
      .option("--run <name>", "name of the run in the journal: what succeeded under it is skipped")
      .option(
        "--concurrency <count>",
        "machines at a time (default: as many as Azure's limits let through)",
        parsePositive,
      )
      .option("--deadline <time>", "end the run after this long (90s, 10m, 1h30m)", parseDuration)
      .option("--dry-run", "print the machines and send nothing")
      .option("--json", "print a JSON line for each machine and a summary")
      .option("--emulator <count>", "rehearse with this many machines of a local ARM", parseCount)
      .option("--chaos <share>", "with --emulator: the share of requests that meet a fault, 0 to 1", parseShare)
      .addHelpText("after", vmsHelp(action) + vmsExitCodesHelp)
      .action(async (flags: VmsFlags) => end(await (await import("./vms.js")).vmsCommand(action, flags)));
  }

  program
    .command("demo")
    .description("the same VM script with the SDK alone and with azure-remedy, over a dozen failures")
    .option("--fault <codes...>", "only the faults with these codes")
    .addOption(json())
    .addHelpText("after", `\nNeeds @azure/arm-compute and nothing else: no account, no network.\n${exitCodesHelp}`)
    .action(async (flags: DemoFlags) => end(await (await import("./demo.js")).demoCommand(flags)));

  program
    .command("emulator")
    .description("a local ARM to rehearse against, until Ctrl-C")
    .option("--port <number>", "port on 127.0.0.1; 0 for any free port", parsePort, 0)
    .option("--fault <codes...>", "codes of the catalog, or of sockets (ECONNRESET), to inject, in this order")
    .option(
      "--on <targets...>",
      'where to inject them: "PUT virtualMachines", "POST virtualMachines/start" (default: every write on a VM)',
    )
    .option("--times <count>", "how often to inject each; 0 for always", (text) => parseCount(text) || Infinity, 1)
    .option("--vm <names...>", "virtual machines that exist and are running")
    .option("--json", "print JSON lines")
    .addHelpText("after", exitCodesHelp)
    .action(async (flags: EmulatorFlags) => end(await (await import("./emulator.js")).emulatorCommand(flags)));

  program
    .command("throttle")
    .description("show the throttle while many callers compete for a small bucket of a local ARM")
    .option("--watch", "refresh in place until Ctrl-C")
    .option("--callers <count>", "callers that read without a pause; one in ten writes", parseCount, 40)
    .option("--for <time>", "how long without --watch", parseDuration, 10_000)
    .option("--json", "print JSON lines")
    .addHelpText("after", exitCodesHelp)
    .action(async (flags: ThrottleFlags) => {
      end(await (await import("./throttle.js")).throttleCommand(flags));
    });

  program
    .command("mcp")
    .description("serve agents (Model Context Protocol) over standard input and output until the input ends")
    .option("--with-azure", "also tools that read your subscription: investigate and list_sizes")
    .option("--subscription <id>", "for them, where a call names none; default AZURE_SUBSCRIPTION_ID")
    .addOption(emulatorEndpoint())
    .addHelpText(
      "after",
      `
Needs @modelcontextprotocol/server. Reads nothing and sends nothing, unless it is started with --with-azure: then it signs in
as DefaultAzureCredential of @azure/identity does, and reads.
${exitCodesHelp}`,
    )
    .action(async (flags: McpFlags) => end(await (await import("./mcp.js")).mcpCommand(version, flags)));

  program
    .command("completion")
    .description("print the completion script of a shell")
    .addArgument(new Argument("<shell>").choices(shells))
    .addHelpText(
      "after",
      `
bash: put eval "$(azure-remedy completion bash)" in ~/.bashrc; zsh: the same in ~/.zshrc
fish: azure-remedy completion fish > ~/.config/fish/completions/azure-remedy.fish
${exitCodesHelp}`,
    )
    .action((shell: Shell) => end(completionCommand(shell)));
  program
    .command(completeCommandName, { hidden: true })
    .argument("[words...]")
    .action(async (words: string[]) => end(await completeCommand(program, words)));

  return program;
}

const sizesHelp = `
  azure-remedy sizes Standard_D4s_v5 --region westeurope --zone 1 --similar
Offered means that the subscription may create it and that its quota has room for one: whether hardware is free, only a create
shows. Reader is enough; placement scores need the role Compute Recommendations Role.

Exit codes:
  0    at least one of the sizes listed is offered
  1    none is; the table says why
  2    the sizes could not be read, or asked in a way that cannot be done
  3    a package is missing; the message names it`;

const runHelp = `
The command's output passes through unchanged. azure-remedy reports on stderr, with the prefix "azure-remedy:".
The command's output decides (stderr, or the end of stdout if stderr is empty):

  failure                                     what happens
  not executed: throttling, conflict,         waited out as long as asked, then run again
    no connection, no DNS
  transient, but perhaps partly done          run again with --idempotent, or if it is an az command that is
                                              harmless to repeat (show, list, start, stop, deallocate, restart)
  outcome unknown: may still complete         run again only with --idempotent
  a changed request would pass                stopped, with the change to make
  permanent, or nothing known                 stopped at once, with what to do
  a wait past --deadline                      stopped at once, with the time to come back
  a signal                                    passed on; ends a wait; nothing more is started
  the command was killed                      stopped, 128 + n
`;

const vmsActions = [
  ["start", "start machines"],
  ["deallocate", "stop machines and release their hardware, which then costs nothing"],
  ["restart", "restart machines"],
  ["power-off", "stop machines but keep their hardware, which is still billed"],
] as const;

const vmsHelp = (action: string): string => `
  az vm list --query "[].id" -o tsv | azure-remedy vms ${action} --ids -
  azure-remedy vms ${action} --tag env=dev --journal nightly.jsonl
  azure-remedy vms ${action} --emulator 300 --chaos 0.05     a rehearsal: no account, no network
Signs in with DefaultAzureCredential of @azure/identity. Ctrl-C ends the run, and each machine still gets its result.
`;

function parseShare(text: string): number {
  const share = Number(text);
  if (text.trim() === "" || !(share >= 0 && share <= 1)) throw new InvalidArgumentError("Give a share from 0 to 1.");
  return share;
}

function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("Give a whole number, 0 or more.");
  return Number(text);
}

function parsePositive(text: string): number {
  const count = parseCount(text);
  if (count === 0) throw new InvalidArgumentError("Give a whole number, 1 or more.");
  return count;
}

function parsePort(text: string): number {
  const port = parseCount(text);
  if (port > 65_535) throw new InvalidArgumentError("Give a port from 0 to 65535.");
  return port;
}

function parseEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isLocal = url !== undefined && ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  if (!isLocal)
    throw new InvalidArgumentError("Give the address that azure-remedy emulator prints, http://127.0.0.1:PORT.");
  return url.origin;
}
