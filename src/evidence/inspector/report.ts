/** The report of a run: a zip of the guest's logs, read by the same signatures as the serial log. */
import type * as Fflate from "fflate";
import type { Finding } from "../../recovery/evidence.js";
import { findSignatures } from "../serial-log.js";
import type { InspectionWire } from "./inspection-wire.js";

export interface Report {
  /** Where it lies, without the signature. */
  readonly report: string;
  /** Names of the files in it; undefined where it could not be read. */
  readonly files: readonly string[] | undefined;
  readonly findings: readonly Finding[];
}

/** Larger files are named and not searched. */
const longestFile = 4 * 1024 * 1024;
const logFile = /\.(?:log|txt)$|(?:^|\/)(?:messages|syslog|dmesg|waagent[^/]*)$/i;

/** Needs `fflate` to look inside; without it, or without the report, the address is all there is. */
export async function readReport(upload: string, wire: InspectionWire): Promise<Report> {
  const report = upload.split("?", 1)[0] ?? "";
  const found = (says: string, confidence: Finding["confidence"], data?: unknown): Finding => ({
    source: "vmInspector",
    says,
    at: new Date(wire.now()),
    confidence,
    ...(data !== undefined && { data }),
  });
  let zip: Uint8Array;
  try {
    zip = await (wire.readBlob ?? fetchBytes)({ method: "GET", url: upload, headers: {} });
  } catch {
    return { report, files: undefined, findings: [found("could not look: the report could not be read", "none")] };
  }
  const unzip = await loadUnzip();
  if (!unzip)
    return { report, files: undefined, findings: [found("could not look: reading the report needs fflate", "none")] };
  const files: string[] = [];
  try {
    const texts = unzip(zip, {
      filter: ({ name, originalSize }) => {
        files.push(name);
        return logFile.test(name) && originalSize <= longestFile;
      },
    });
    const findings = Object.entries(texts).flatMap(([name, bytes]) =>
      findSignatures(new TextDecoder().decode(bytes)).map(({ signature, line }) =>
        found(`${name} shows: ${signature.explanation}`, signature.confidence, {
          file: name,
          signature: signature.id,
          line,
        }),
      ),
    );
    return { report, files, findings };
  } catch {
    return { report, files: undefined, findings: [found("could not look: the report is no zip", "none")] };
  }
}

async function fetchBytes({ url }: { url: string }): Promise<Uint8Array> {
  const response = await fetch(url, { redirect: "error" });
  if (!response.ok) throw new Error(`the storage account answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function loadUnzip(): Promise<typeof Fflate.unzipSync | undefined> {
  try {
    return (await import("fflate")).unzipSync;
  } catch {
    return undefined;
  }
}
