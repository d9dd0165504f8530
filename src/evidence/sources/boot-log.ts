/**
 * What the guest wrote on its serial console when it failed to boot. The links to the log are secrets: they are read
 * once, and neither kept nor shown.
 */
import type { Diagnosis } from "../../catalog/diagnosis.js";
import { defineEvidence } from "../define-evidence.js";
import { at, sameName, textAt } from "../document.js";
import { couldNotLook } from "../look.js";
import { findSignatures, lastBoot, type SignatureMatch } from "../serial-log.js";
import type { DefinedEvidence, Found, LookContext } from "../source.js";
import { machineIdOf } from "../subject.js";
import { machineQuery } from "./instance-view.js";

/** A log may grow to 1 GB; the last boot is at its end. */
const tailBytes = 64 * 1024;

/** Minutes for which the links to log and screenshot are valid. */
const linkMinutes = "5";

/**
 * The serial log's last boot, read by known signatures. Two requests and two reads of the blob; up to 15 s. Needs
 * `Microsoft.Compute/virtualMachines/retrieveBootDiagnosticsData/action`, which Reader lacks.
 */
export function bootLog(): DefinedEvidence {
  return defineEvidence({
    name: "bootLog",
    requests: 2,
    budgetMs: 15_000,
    fits: (diagnosis, { url }) => machineIdOf(url) !== undefined && isOfGuest(diagnosis),
    async look(context) {
      // The platform's message may contain the guest's own report; then no request is needed.
      const [signature] = findSignatures(context.diagnosis.message);
      return signature ? [foundIn("The message", signature)] : lookAtLog(context);
    },
  });
}

/** Whether the guest did not come up, or is silent. */
export function isOfGuest({ code = "", category }: Diagnosis): boolean {
  return (
    category === "guest-os" ||
    /^(?:OSProvisioning|VMAgentStatus|VMExtensionProvisioningTimeout|VMStartTimedOut)/i.test(code)
  );
}

async function lookAtLog({ get, post, readBlob, call }: LookContext): Promise<Found[]> {
  const machine = machineIdOf(call.url) ?? "";
  const model = await get(machine, machineQuery);
  if (model.status === 404) return [couldNotLook("there is no such virtual machine")];
  const { properties } = (model.body ?? {}) as { properties?: unknown };
  if (at(properties, "diagnosticsProfile", "bootDiagnostics", "enabled") !== true) {
    return [
      couldNotLook(
        `boot diagnostics are off; switch them on for the next time: az vm boot-diagnostics enable --ids ${machine}`,
      ),
    ];
  }
  const links = await post(`${machine}/retrieveBootDiagnosticsData`, {
    sasUriExpirationTimeInMinutes: linkMinutes,
    "api-version": machineQuery["api-version"],
  });
  const screenshot = textAt(links.body, "consoleScreenshotBlobUri") !== undefined;
  const link = textAt(links.body, "serialConsoleLogBlobUri");
  const look = screenshot ? [screenshotOf(machine)] : [];
  if (link === undefined) return [couldNotLook("the service gave no serial log"), ...look];
  const log = await readTail(readBlob, link);
  if (typeof log !== "string") return [log, ...look];
  const [first, ...others] = findSignatures(lastBoot(log));
  const isWindows = sameName(textAt(properties, "storageProfile", "osDisk", "osType"), "Windows");
  if (!first) return [nothingKnown(log, isWindows), ...look];
  return [foundIn("The serial log", first), ...others.slice(0, 2).map(alsoFound), ...look];
}

export function foundIn(where: string, { signature, line }: SignatureMatch): Found {
  const { explanation, confidence, category, disposition = "permanent", steps, docs } = signature;
  return {
    says: `${where} shows: ${explanation} ("${line}")`,
    confidence,
    data: { signature: signature.id, line },
    // Only a sure finding ends the wait for a guest that may still boot.
    ...(confidence !== "low" && {
      means: { explanation, category, steps, docs, automatic: null, ...(confidence === "high" && { disposition }) },
    }),
  };
}

export const alsoFound = ({ signature, line }: SignatureMatch): Found => ({
  says: `It also shows: ${signature.explanation}`,
  confidence: "low",
  data: { signature: signature.id, line },
});

function nothingKnown(log: string, isWindows: boolean): Found {
  if (log.trim() === "") return { says: "The serial log is empty.", confidence: "none" };
  return isWindows
    ? { says: "The serial log of a Windows guest is close to empty; the screenshot shows more.", confidence: "none" }
    : { says: "The serial log has no known failure message.", confidence: "none" };
}

const screenshotOf = (machine: string): Found => ({
  says: `There is a screenshot of the console. To see it: az vm boot-diagnostics get-boot-log-uris --ids ${machine}`,
  confidence: "low",
});

/** The end of the log, or why it could not be read. */
async function readTail(readBlob: LookContext["readBlob"], url: string): Promise<string | Found> {
  const head = await readBlob({ method: "HEAD", url, headers: {} });
  const length = Number(head.headers.get("content-length") ?? "0");
  if (head.status === 404) return couldNotLook("the serial log has not been written yet");
  if (head.status !== 200) return couldNotLook(`the storage account answered ${head.status} to the serial log's link`);
  if (length === 0) return "";
  const range = `bytes=${Math.max(0, length - tailBytes)}-${length - 1}`;
  const tail = await readBlob({ method: "GET", url, headers: { "x-ms-range": range, range } });
  if (tail.status !== 200 && tail.status !== 206) {
    return couldNotLook(`the storage account answered ${tail.status} to the serial log's link`);
  }
  return tail.bodyAsText ?? "";
}
