/** The surface of the command line: every command, argument and option. What a command does is loaded when it is called. */
import { Argument, Command, InvalidArgumentError, Option } from "commander";
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
import type { ThrottleFlags } from "./throttle.js";
import type { VmsFlags } from "./vms.js";

const json = (): Option => new Option("--json", "print JSON");
const rules = (): Option => new Option("--rules <files...>", "rule files of your own, asked before the catalog");
const emulatorEndpoint = (): Option =>
  new Option(
    "--emulator <endpoint>",
    "rehearse: ask this local emulator (http://127.0.0.1:PORT) instead of Azure",
  ).argParser(parseEndpoint);

/** @param end receives the exit code of the command that ran */
export function createProgram(version: string, end: (exitCode: number) => void): Command {
  const program = new Command("azure-remedy")
    .description("Knows what each Azure VM failure means: what happened, whether a retry helps, what to do.")
    .version(version)
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError("(--help shows what there is)")
    .addHelpText("after", exitCodesHelp);

  program
    .command("explain")
    .description("explain an error: a file, standard input, a text, or a code")
    .argument("[what]", "a file, - for standard input, a code (AllocationFailed), or the text of an error")
    .addOption(json())
    .addOption(
      new Option("--lang <lang>", "language of explanation and steps, where the rule has it")
        .choices(["en", "zh"])
        .default("en"),
    )
    .option(
      "--var <name=value>",
      "fill <name> in the advice, for example --var resource-group=rg; again for more",
      collectValue,
    )
    .addOption(rules())
    .option("--investigate", "then look around the resource that the text names; reads only")
    .addOption(emulatorEndpoint())
    .addHelpText(
      "after",
      `
What any tool printed will do: JSON, az, Terraform, PowerShell, Pulumi, Go, Python, JavaScript, logs.
  az vm start -g rg -n web-01 2>&1 | azure-remedy explain
  azure-remedy explain terraform.log
  azure-remedy explain OperationNotAllowed
With --lang zh explanation and steps of the documented VM errors are in Chinese, and the Chinese message is shown beside.
${exitCodesHelp}`,
    )
    .action(async (what: string | undefined, flags: ExplainFlags) =>
      end(await (await import("./explain.js")).explainCommand(what, flags)),
    );

  program
    .command("investigate")
    .description("look around what failed, by its id: operations, logs, quotas, locks, rights, health; reads only")
    .argument("<id>", "id of a resource or a deployment, or a correlation id")
    .option("--since <time>", "how far back the activity log is read (90m, 6h)", parseDuration, 6 * 3_600_000)
    .option("--subscription <id>", "for a correlation id; default AZURE_SUBSCRIPTION_ID")
    .addOption(emulatorEndpoint())
    .addOption(json())
    .addHelpText(
      "after",
      `
Signs in as DefaultAzureCredential of @azure/identity does: az login is enough. Reader on the subscription shows most of it;
what it may not read, it names with the right that is missing.
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
    .description("rules whose code, message, explanation, category or disposition holds every word")
    .argument("[search...]", "words to search for; without any, everything")
    .addOption(json())
    .addHelpText("after", exitCodesHelp)
    .action(async (search: string[], flags: { json?: true }) =>
      end((await import("./catalog.js")).catalogListCommand(search, flags)),
    );
  catalog
    .command("show")
    .description("everything known of a code, a rule or a family")
    .argument("<code>", "a code (AllocationFailed) or the id of a rule")
    .addOption(json())
    .addHelpText("after", exitCodesHelp)
    .action(async (code: string, flags: { json?: true }) =>
      end((await import("./catalog.js")).catalogShowCommand(code, flags)),
    );
  catalog
    .command("lint")
    .description("check rule files of your own, in YAML or JSON")
    .argument("<files...>", "in the form of policies/, or what defineCatalog takes")
    .addOption(json())
    .addHelpText("after", exitCodesHelp)
    .action(async (files: string[], flags: { json?: true }) =>
      end(await (await import("./catalog-lint.js")).catalogLintCommand(files, flags)),
    );

  program
    .command("run")
    .description("run a command, and again while its failure will pass")
    .usage("[options] -- <command> [args...]")
    .argument("<command>")
    .argument("[args...]")
    .passThroughOptions()
    .option(
      "--deadline <time>",
      "start nothing after this long (90s, 10m, 1h30m); a run under way is not ended",
      parseDuration,
    )
    .option("--max-retries <count>", "runs after the first; throttling waits are not counted", parseCount, 8)
    .option("--idempotent", "running it twice is harmless: repeat it even when it may already have run")
    .addOption(rules())
    .option("--json", "say what happens as JSON lines on stderr")
    .option("--github", "in GitHub Actions: also an annotation, a job summary, and outputs for later steps")
    .addHelpText("after", runHelp + runExitCodesHelp)
    .action(async (command: string, args: string[], flags: RunFlags) =>
      end(await (await import("./run.js")).runCommand(command, args, flags)),
    );

  const vms = program
    .command("vms")
    .description("one action on many machines, with progress, a journal and the reasons");
  for (const [action, description] of vmsActions) {
    vms
      .command(action)
      .description(description)
      .option("--ids <file>", "a file of resource ids, one a line; - for standard input")
      .option("--group <name>", "all machines of a resource group")
      .option("--tag <name=value>", "machines with a tag; a name alone for any value")
      .option("--subscription <id>", "for --group and --tag (default: AZURE_SUBSCRIPTION_ID)")
      .option("--journal <file>", "write down what is done; the same command goes on where it was cut short")
      .option("--run <name>", "name of the run in the journal: what succeeded under it is skipped")
      .option(
        "--concurrency <count>",
        "machines at a time (default: as many as Azure's limits let through)",
        parsePositive,
      )
      .option("--deadline <time>", "end the run after this long (90s, 10m, 1h30m)", parseDuration)
      .option("--dry-run", "print the machines and send nothing")
      .option("--json", "print a JSON line for each machine, the summary last")
      .option("--emulator <count>", "rehearse with this many machines of a local ARM", parseCount)
      .option("--chaos <share>", "with --emulator: the share of requests that meet a fault, 0 to 1", parseShare)
      .addHelpText("after", vmsHelp(action) + vmsExitCodesHelp)
      .action(async (flags: VmsFlags) => end(await (await import("./vms.js")).vmsCommand(action, flags)));
  }

  program
    .command("demo")
    .description("the same VM script through the SDK as it ships and with azure-remedy, over the faults of a cloud")
    .option("--fault <codes...>", "only the faults with these codes")
    .addOption(json())
    .addHelpText("after", `\nNeeds @azure/arm-compute and nothing else: no account, no network.\n${exitCodesHelp}`)
    .action(async (flags: DemoFlags) => end(await (await import("./demo.js")).demoCommand(flags)));

  program
    .command("emulator")
    .description("a local ARM to rehearse against, until Ctrl-C")
    .option("--port <number>", "port on 127.0.0.1; 0 for any that is free", parsePort, 0)
    .option("--fault <codes...>", "codes of the catalog, or of sockets (ECONNRESET), to strike with, in this order")
    .option(
      "--on <targets...>",
      'where they strike: "PUT virtualMachines", "POST virtualMachines/start" (default: every write on a VM)',
    )
    .option("--times <count>", "how often each strikes; 0 for always", (text) => parseCount(text) || Infinity, 1)
    .option("--vm <names...>", "virtual machines that are there and running")
    .option("--json", "print JSON lines")
    .addHelpText("after", exitCodesHelp)
    .action(async (flags: EmulatorFlags) => end(await (await import("./emulator.js")).emulatorCommand(flags)));

  program
    .command("throttle")
    .description("what the throttle knows and does while many callers press on a small bucket of a local ARM")
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
    .description("a server for agents (Model Context Protocol) on standard input and output, until the input ends")
    .addHelpText("after", `\nNeeds @modelcontextprotocol/server. Reads nothing, sends nothing.\n${exitCodesHelp}`)
    .action(async () => end(await (await import("./mcp.js")).mcpCommand(version)));

  program
    .command("completion")
    .description("print the completion script of a shell")
    .addArgument(new Argument("<shell>").choices(shells))
    .addHelpText(
      "after",
      `
bash: eval "$(azure-remedy completion bash)" in ~/.bashrc; zsh likewise in ~/.zshrc
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
The command's output passes through untouched. azure-remedy reports what it does on stderr, after "azure-remedy:".
What it printed decides (stderr, or the end of stdout where stderr is empty):

  failure                                     what happens
  refused at the door: throttling, conflict,  waited out as long as asked, run again
    no connection, no DNS
  passing, but perhaps half done              run again with --idempotent, or when the words of an az command are
                                              harmless twice (show, list, start, stop, deallocate, restart); else stopped
  outcome unknown: may still complete         run again with --idempotent; else stopped
  a changed request would pass                stopped, with the change to make
  permanent, or nothing known                 stopped at once, with what to do
  a wait longer than --deadline leaves        stopped at once, with the time to come back
  a signal                                    passed on; a wait ends; nothing is started after it
  the command was killed                      stopped, 128 + n
`;

const vmsActions = [
  ["start", "start machines"],
  ["deallocate", "stop machines and release their hardware, so that it costs nothing"],
  ["restart", "restart machines"],
  ["power-off", "stop machines and keep their hardware, which goes on costing"],
] as const;

const vmsHelp = (action: string): string => `
  az vm list --query "[].id" -o tsv | azure-remedy vms ${action} --ids -
  azure-remedy vms ${action} --tag env=dev --journal nightly.jsonl
  azure-remedy vms ${action} --emulator 300 --chaos 0.05     a rehearsal: no account, no network
Signs in as az does, by DefaultAzureCredential of @azure/identity. Ctrl-C ends the run, and each machine still gets its result.
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
