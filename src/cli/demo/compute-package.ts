/**
 * The real client of the demo. It is an optional peer of this package: who only wants the policy need not install it, and
 * who has it sees the demo with the version that their own code uses.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ComputeManagementClient } from "@azure/arm-compute";
import { CliError } from "../cli-error.js";
import { exitCodes } from "../exit-codes.js";

/** The part of it that the demo uses. */
export interface ComputePackage {
  readonly ComputeManagementClient: typeof ComputeManagementClient;
}

const name = "@azure/arm-compute";

/** The package beside this one, else the one of the folder that the command was called in. */
export async function loadComputePackage(): Promise<ComputePackage> {
  try {
    return await import("@azure/arm-compute");
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  try {
    const path = createRequire(join(process.cwd(), "azure-remedy-demo.js")).resolve(name);
    return (await import(pathToFileURL(path).href)) as ComputePackage;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  throw new CliError(
    `the demo needs ${name}, the SDK's own client`,
    `Install it (npm install ${name}) and call the demo again, or run both without installing:\n  npx -p azure-remedy -p ${name} azure-remedy demo`,
    exitCodes.missingPackage,
  );
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
}
