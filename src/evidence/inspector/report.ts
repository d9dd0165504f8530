/** The report of a run: a zip of the guest's logs, read with the same signatures as the serial log. */
import type * as Fflate from "fflate";
import { findSignatures, type SignatureMatch } from "../serial-log.js";
import type { InspectionWire } from "./inspection-wire.js";

/** A known line, and the file of the guest that holds it. */
export interface LogMatch extends SignatureMatch {
  readonly file: string;
}

export interface Report {
  /** Its address, without the signature. */
  readonly report: string;
  /** Names of the files in it; undefined if it could not be read. */
  readonly files: readonly string[] | undefined;
  readonly matches: readonly LogMatch[];
  /** Why it could not be read. */
  readonly unread?: string;
}

/** Larger files are listed but not searched. */
const longestFile = 4 * 1024 * 1024;
const logFile = /\.(?:log|txt)$|(?:^|\/)(?:messages|syslog|dmesg|waagent[^/]*)$/i;

/** Needs `fflate` to read inside; without it, or without the report, only the address is returned. */
export async function readReport(upload: string, wire: InspectionWire): Promise<Report> {
  const report = upload.split("?", 1)[0] ?? "";
  const notRead = (unread: string): Report => ({ report, files: undefined, matches: [], unread });
  let zip: Uint8Array;
  try {
    zip = await (wire.readBlob ?? fetchBytes)({ method: "GET", url: upload, headers: {} });
  } catch {
    return notRead("the report could not be read");
  }
  const unzip = await loadUnzip();
  if (!unzip) return notRead("reading the report needs fflate");
  const files: string[] = [];
  try {
    const texts = unzip(zip, {
      filter: ({ name, originalSize }) => {
        files.push(name);
        return logFile.test(name) && originalSize <= longestFile;
      },
    });
    const matches = Object.entries(texts).flatMap(([file, bytes]) =>
      findSignatures(new TextDecoder().decode(bytes)).map((match) => ({ ...match, file })),
    );
    return { report, files, matches };
  } catch {
    return notRead("the report is not a zip");
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
