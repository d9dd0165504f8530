/** One run of VM Inspector, from the checks to the report, independent of what sends its requests. */
import { sameName, textAt } from "../document.js";
import { parseResourceId } from "../subject.js";
import { readReport, type Report } from "./report.js";
import type { InspectionWire, Reply } from "./inspection-wire.js";
import { checkMachine, checkUpload } from "./upload-check.js";

/** The part of a container client of `@azure/storage-blob` that is used. */
export interface UploadContainer {
  getBlobClient(name: string): {
    generateSasUrl(options: { permissions: { toString(): string }; expiresOn: Date }): Promise<string>;
  };
}

export interface InspectionOptions {
  /** Where the report goes: the SAS of a blob `*.zip` (`sr=b`, `sp=rw`), or a container client of `@azure/storage-blob` that may sign one. */
  readonly upload: string | UploadContainer;
  /** What to collect: `diagnostic`, `normal`, `eg`, `windowsupdate`, `workloadbackup`. Default `diagnostic`. */
  readonly manifest?: string;
  /** Id of the storage account to register if the subscription has none in the region yet. */
  readonly storageAccountId?: string;
}

/** A run that succeeded. */
export interface InspectionRun extends Report {
  /** When the service began. */
  readonly createdAt: Date | undefined;
}

const version = "api-version=2025-02-01-preview";

/** The longest wait for a run, in milliseconds: runs take some minutes. */
const longestRunMs = 30 * 60_000;

export async function runInspection(
  vmId: string,
  options: InspectionOptions,
  wire: InspectionWire,
): Promise<InspectionRun> {
  const machine = await wire.send("GET", `${vmId}?api-version=2024-07-01`);
  const serviceNow = Date.parse(machine.header("date") ?? "");
  const now = Number.isNaN(serviceNow) ? wire.now() : serviceNow;
  const upload = typeof options.upload === "string" ? options.upload : await signUpload(options.upload, vmId, now);
  const wrong = checkUpload(upload, now) ?? checkMachine(machine.body);
  if (wrong) throw wire.fail({ error: wrong }, "found before VM Inspector was called");
  const { subscription = "" } = parseResourceId(vmId);
  const location = textAt(machine.body, "location") ?? "";
  const base = `/subscriptions/${subscription}/providers/Microsoft.Compute/locations/${location.toLowerCase().replaceAll(" ", "")}/diagnostics/diskInspection`;
  await prepareStorage(base, options.storageAccountId, wire);
  const begun = await wire.send("POST", `${base}/run?${version}`, {
    resourceId: vmId,
    manifest: options.manifest ?? "diagnostic",
    uploadSasUri: upload,
  });
  const ended = begun.status === 202 ? await follow(begun, wire) : begun;
  if (sameName(textAt(ended.body, "resultStatus"), "Failed"))
    throw wire.fail(ended.body, "the run of VM Inspector failed");
  const createdUTC = Date.parse(textAt(ended.body, "createdUTC") ?? "");
  return {
    createdAt: Number.isNaN(createdUTC) ? undefined : new Date(createdUTC),
    ...(await readReport(upload, wire)),
  };
}

/** An hour is long enough for a run, and short for a link that may leak. */
function signUpload(container: UploadContainer, vmId: string, now: number): Promise<string> {
  const name = `${vmId.split("/").at(-1) ?? "vm"}-${new Date(now).toISOString().replaceAll(/[:.]/g, "-")}.zip`;
  const permissions = { toString: () => "rw" };
  return container.getBlobClient(name).generateSasUrl({ permissions, expiresOn: new Date(now + 3_600_000) });
}

async function prepareStorage(base: string, storageAccountId: string | undefined, wire: InspectionWire): Promise<void> {
  const known = await wire.send("POST", `${base}/validateStorageConfiguration?${version}`, {});
  if (known.status !== 404) return;
  if (storageAccountId === undefined)
    throw wire.fail(known.body, "no storage account is registered; name one as storageAccountId");
  await wire.send("POST", `${base}/registerStorageConfiguration?${version}`, { storageAccountId });
}

async function follow(begun: Reply, wire: InspectionWire): Promise<Reply> {
  const url = begun.header("location");
  if (url === undefined) throw wire.fail(begun.body, "VM Inspector did not say where to follow its run");
  const until = wire.now() + longestRunMs;
  for (let reply = begun; ;) {
    await wire.sleep(saneWaitMs(reply.header("retry-after")));
    reply = await wire.poll(reply.header("location") ?? url);
    if (reply.status !== 202) return reply;
    if (wire.now() > until)
      throw wire.fail(
        { error: { code: "RunTimedOut", message: "The run continues." } },
        "the run takes longer than 30 minutes",
      );
  }
}

/** `Retry-After: 120000` from this service means milliseconds, not 33 hours. */
export function saneWaitMs(header: string | undefined): number {
  const value = Number(header ?? "10");
  const ms = !Number.isFinite(value) ? 10_000 : value > 600 ? value : value * 1_000;
  return Math.min(Math.max(ms, 1_000), 120_000);
}
