/** `azure-remedy sizes`: what a subscription can get in a region: offered or not and why, quota left, placement score. */
import { diagnose } from "../diagnose.js";
import { jsonOf } from "../lro/json-body.js";
import { listSizes, type ListedSizes, type ListSizesOptions } from "../remedies/capacity/list-sizes.js";
import type { ReadSend } from "../remedies/capacity/region-reader.js";
import { CliError } from "./cli-error.js";
import { exitCodes } from "./exit-codes.js";
import { createArmReader, type ArmReader } from "./investigate/arm-reader.js";
import { table, wrap, type Cell } from "./layout.js";
import { printable } from "../failure/printable.js";
import { Terminal } from "./terminal.js";

export interface SizesFlags {
  readonly region: string;
  readonly zone?: string;
  readonly similar?: true;
  readonly spot?: true;
  readonly subscription?: string;
  readonly json?: true;
  /** Endpoint of a local emulator. */
  readonly emulator?: string;
}

/** Lines for a pipe are read later, in a window of unknown width. */
const usualWidth = 80;

/** @param size left out, all sizes of the region are listed */
export async function sizesCommand(size: string | undefined, flags: SizesFlags): Promise<number> {
  const reader = await createArmReader(flags.emulator, "sizes");
  const listed = await readSizes(size, flags, reader);
  print(listed, flags);
  return listed.sizes.some(({ isOffered }) => isOffered) ? exitCodes.ok : exitCodes.no;
}

/** @throws CliError when something is missing, or the list cannot be read */
export async function readSizes(
  size: string | undefined,
  flags: Omit<SizesFlags, "json" | "emulator">,
  reader: ArmReader,
): Promise<ListedSizes> {
  const options = optionsOf(size, flags, reader);
  try {
    return await listSizes(options, sendThrough(reader));
  } catch (error) {
    throw new CliError(`the sizes of ${options.region} could not be read: ${wordsOf(error)}`, adviceFor(error));
  }
}

/** For programs. */
export const sizesJson = ({ sizes, unread }: ListedSizes): object => ({ sizes, unread: unread.map(wordsOf) });

function optionsOf(size: string | undefined, flags: SizesFlags, { endpoint }: ArmReader): ListSizesOptions {
  const { region, zone, similar, spot, subscription = process.env["AZURE_SUBSCRIPTION_ID"] } = flags;
  if (similar && size === undefined)
    throw new CliError("--similar needs a size", "Name it: azure-remedy sizes Standard_D4s_v5 --similar …");
  if (subscription === undefined || subscription === "") {
    throw new CliError(
      "no subscription is given",
      "Give it: --subscription <id>, or AZURE_SUBSCRIPTION_ID in the environment.",
    );
  }
  return {
    endpoint,
    subscription,
    region,
    ...(size !== undefined && { size }),
    ...(zone !== undefined && { zone }),
    ...(similar && { similar }),
    ...(spot && { spot }),
  };
}

function sendThrough(reader: ArmReader): ReadSend {
  return async ({ method, url, body }) => {
    const response = await reader.send({ method: method as "GET" | "POST", url, ...(body !== undefined && { body }) });
    if (response.status < 200 || response.status > 299) throw new Refused(response.status, response.bodyAsText ?? "");
    return { body: jsonOf(response) };
  };
}

class Refused extends Error {
  readonly diagnosis;
  constructor(status: number, bodyAsText: string) {
    super(String(status));
    this.diagnosis = diagnose({ status, bodyAsText });
  }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Refused)) return printable(error instanceof Error ? error.message : String(error));
  const { code, explanation } = error.diagnosis;
  return printable(`${error.message} ${code ?? ""}: ${explanation}`);
}

const adviceFor = (error: unknown): string =>
  (error instanceof Refused ? error.diagnosis.remedy.steps[0] : undefined) ??
  "Check the name of the region, the subscription and who is signed in: az account show.";

function print({ sizes, unread }: ListedSizes, { json, spot }: SizesFlags): void {
  const out = new Terminal(process.stdout);
  if (json) {
    out.line(JSON.stringify(sizesJson({ sizes, unread }), undefined, 2));
    return;
  }
  const width = out.columns ?? usualWidth;
  const columns = [
    { title: "size" },
    { title: "vCPUs", right: true },
    { title: "GB", right: true },
    { title: "offered", shrinksTo: 12 },
    { title: "zones" },
    { title: "quota left" },
    ...(spot ? [{ title: "score" }] : []),
  ];
  const rows = sizes.map(({ name, vCPUs, memoryGB, isOffered, reason = "", zones, quota, score }): Cell[] => [
    { text: printable(name) },
    { text: vCPUs === undefined ? "" : String(vCPUs) },
    { text: memoryGB === undefined ? "" : String(memoryGB) },
    {
      text: isOffered ? "yes" : printable(`no: ${reason}`),
      paint: (text) => out.style(isOffered ? "green" : "red", text),
    },
    { text: zones.join(",") },
    { text: quota ? `${quota.left} of ${quota.limit}` : "?" },
    ...(spot ? [{ text: score === "RestrictedSkuNotAvailable" ? "Restricted" : (score ?? "?") }] : []),
  ]);
  out.lines(table(columns, rows, width));
  if (unread.length > 0) out.line();
  for (const failure of unread) out.lines(wrap(`Not known: ${wordsOf(failure)}`, width));
}
