/** Which machines: ids from a file or standard input, or all in a group or with a tag. */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { isRemedyError } from "../../recovery/remedy-error.js";
import { CliError } from "../cli-error.js";
import type { Cloud, Machine } from "./cloud.js";

export interface MachineChoice {
  /** A file of resource ids, one per line, or `-` for standard input. */
  readonly ids?: string;
  readonly group?: string;
  /** `name=value`, or a name alone for any value. */
  readonly tag?: string;
  readonly subscription?: string;
}

const idShape =
  /^\/subscriptions\/[^/\s]+\/resourceGroups\/[^/\s]+\/providers\/Microsoft\.Compute\/virtualMachines\/[^/\s]+$/i;

/** @throws CliError if no machine is chosen, with ways to choose some */
export async function chooseMachines(choice: MachineChoice, cloud: Cloud): Promise<string[]> {
  const ids = choice.ids === undefined ? await listed(choice, cloud) : parseIds(await readIds(choice.ids), choice.ids);
  if (ids.length === 0) throw new CliError("no machines", 'Print their ids with: az vm list --query "[].id" -o tsv');
  return [...new Map(ids.map((id) => [id.toLowerCase(), id])).values()];
}

async function listed({ group, tag }: MachineChoice, cloud: Cloud): Promise<string[]> {
  if (group === undefined && tag === undefined && !cloud.isRehearsal)
    throw new CliError(
      "no machines were chosen",
      'Give --group, --tag or --ids, for example: az vm list --query "[].id" -o tsv | azure-remedy vms start --ids -',
    );
  const ids: string[] = [];
  try {
    for await (const machine of cloud.list(group)) if (hasTag(machine, tag)) ids.push(machine.id);
  } catch (error) {
    if (!isRemedyError(error)) throw error;
    const { diagnosis } = error;
    const [advice = "Sign in as az does: az login"] = diagnosis.remedy.steps;
    throw new CliError(`the machines cannot be listed: ${diagnosis.explanation}`, advice);
  }
  return ids;
}

/** Azure compares tag names case-insensitively, and values case-sensitively. */
function hasTag({ tags }: Machine, wanted: string | undefined): boolean {
  if (wanted === undefined) return true;
  const [name = "", value] = wanted.split(/=(.*)/s);
  return Object.entries(tags).some(
    ([key, held]) => key.toLowerCase() === name.toLowerCase() && (value === undefined || held === value),
  );
}

async function readIds(path: string): Promise<string> {
  if (path === "-") return text(process.stdin);
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CliError(
      `${path} cannot be read (${code ?? "unknown"})`,
      "Give a file of resource ids, one per line, or - for standard input.",
    );
  }
}

/** @throws CliError that names the first line that is not the id of a virtual machine */
export function parseIds(content: string, from: string): string[] {
  const lines = content.split(/\r?\n/).map((line) => line.trim().replace(/^"|"?,?$/g, ""));
  const ids = lines.filter((line) => line !== "" && !line.startsWith("#"));
  const wrong = ids.find((id) => !idShape.test(id));
  if (wrong === undefined) return ids;
  const where = from === "-" ? "standard input" : from;
  throw new CliError(
    `${where} holds ${JSON.stringify(wrong.slice(0, 120))}, which is not the id of a virtual machine`,
    'Print ids with: az vm list --query "[].id" -o tsv',
  );
}
