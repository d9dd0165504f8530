/** Finds what the service would refuse before anything is sent, and reports it with the service's codes and words. */
import { inspectorRegions } from "../../catalog/inspector-regions.js";
import { at, foldName, sameName, textAt } from "../document.js";

export interface FoundHere {
  readonly code: string;
  readonly message: string;
}

/**
 * What is wrong with the link for the report.
 * @param now epoch milliseconds by the service's clock, which decides
 */
export function checkUpload(upload: string, now: number): FoundHere | undefined {
  const url = URL.canParse(upload) ? new URL(upload) : undefined;
  const isBlob = url?.protocol === "https:" && url.pathname.split("/").filter(Boolean).length >= 2;
  if (!url || !isBlob) return wrong("is not in the expected format. Please send a SAS Uri to a 'Blob' resource.");
  const claim = (name: string): string => url.searchParams.get(name) ?? "";
  if (!url.pathname.endsWith(".zip")) {
    return wrong("does not have a file extension '.zip' in it. Please use a SAS URI reference to a '*.zip' blob.");
  }
  if (claim("sr") !== "b") {
    return wrong(
      `is not generated for resource: Blob. The Uri has claim 'sr'= ${claim("sr")}. Please send a SAS Uri to a 'Blob' resource.`,
    );
  }
  if (!claim("sp").includes("r") || !claim("sp").includes("w")) {
    return wrong(
      "does not have the required permissions. Please generate a SAS URI with read and write permissions (sp='rw').",
    );
  }
  return Date.parse(claim("se")) > now ? undefined : wrong(`is expired. Value of 'se' claim = ${claim("se")}.`);
}

const wrong = (problem: string): FoundHere => ({
  code: "InvalidBlobUploadSASUri",
  message: `Input parameter 'uploadSasUri' ${problem}`,
});

/** Why the machine's disk cannot be inspected. */
export function checkMachine(machine: unknown): FoundHere | undefined {
  const location = foldName(textAt(machine, "location") ?? "");
  if (!inspectorRegions.includes(location)) {
    return {
      code: "NoRegisteredProviderFound",
      message: `No registered resource provider found for location '${location}' for type 'locations/diagnostics'. The supported locations are '${inspectorRegions.join(", ")}'.`,
    };
  }
  const name = textAt(machine, "name") ?? "";
  const disk = at(machine, "properties", "storageProfile", "osDisk");
  const diskName = textAt(disk, "name") ?? "";
  const unsupported = (problem: string): FoundHere => ({
    code: "ResourceNotSupported",
    message: `Disk inspection is not supported for ${problem}`,
  });
  if (at(disk, "encryptionSettings", "enabled") === true)
    return unsupported(`VM '${name}' with encrypted OS disk '${diskName}'.`);
  if (sameName(textAt(disk, "diffDiskSettings", "option"), "Local")) {
    return unsupported(`VM '${name}' with ephemeral OS disk '${diskName}'.`);
  }
  if (at(disk, "vhd") !== undefined) return unsupported(`VM '${name}' with unmanaged OS disk.`);
  return undefined;
}
