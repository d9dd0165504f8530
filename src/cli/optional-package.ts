/**
 * Packages that some commands need and the policy does not: optional peers. Those who only want the policy need not
 * install them; those who have them get the version that their own code uses.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ComputeManagementClient } from "@azure/arm-compute";
import type { DefaultAzureCredential } from "@azure/identity";
import type * as mcpServer from "@modelcontextprotocol/server";
import type * as mcpSkills from "@modelcontextprotocol/server/ext/skills/node";
import type * as mcpStdio from "@modelcontextprotocol/server/stdio";
import { CliError } from "./cli-error.js";
import { exitCodes } from "./exit-codes.js";

export interface ComputePackage {
  readonly ComputeManagementClient: typeof ComputeManagementClient;
}
export interface IdentityPackage {
  readonly DefaultAzureCredential: typeof DefaultAzureCredential;
}

export type McpPackage = typeof mcpServer & typeof mcpStdio & typeof mcpSkills;

/** The SDK's client for virtual machines. @throws CliError that says what to install */
export const loadComputePackage = (command: string): Promise<ComputePackage> => load("@azure/arm-compute", command);

/** The SDK's credentials. @throws CliError that says what to install */
export const loadIdentityPackage = (command: string): Promise<IdentityPackage> => load("@azure/identity", command);

/** The packages of the MCP server. @throws CliError that says what to install */
export async function loadMcpPackage(): Promise<McpPackage> {
  const name = "@modelcontextprotocol/server";
  const command = "mcp";
  const [server, stdio, skills] = await Promise.all([
    load<typeof mcpServer>(name, command),
    load<typeof mcpStdio>(name, command, "/stdio"),
    load<typeof mcpSkills>(name, command, "/ext/skills/node"),
  ]);
  return { ...server, ...stdio, ...skills };
}

/** The package installed beside this one, or in the current folder. */
async function load<Module>(name: string, command: string, subpath = ""): Promise<Module> {
  try {
    return (await import(name + subpath)) as Module;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  try {
    const path = createRequire(join(process.cwd(), "azure-remedy.js")).resolve(name + subpath);
    return (await import(pathToFileURL(path).href)) as Module;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  throw new CliError(
    `azure-remedy ${command} needs ${name}`,
    `Install it (npm install ${name}) and call the command again, or run both without installing:\n  npx -p azure-remedy -p ${name} azure-remedy ${command}`,
    exitCodes.missingPackage,
  );
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
}
