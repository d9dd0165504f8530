/**
 * `azure-remedy mcp`: what the package knows, as tools for agents, over standard input and output.
 * `@modelcontextprotocol/server` speaks both generations of the protocol with the same tools.
 */
import { fileURLToPath } from "node:url";
import type { McpServer } from "@modelcontextprotocol/server";
import { exitCodes } from "./exit-codes.js";
import { registerTools } from "./mcp/tools.js";
import { loadMcpPackage } from "./optional-package.js";
import { Terminal } from "./terminal.js";

const instructions = `Explains errors of Azure virtual machines, Resource Manager, their networks, disks and identities.
Call explain_error with the whole text of a failure before you retry, change or give up on an Azure operation.
Works offline; nothing that is passed in leaves this process, and secrets are removed from every result.`;

const azureInstructions = `
investigate and list_sizes read the person's subscription; they change nothing there.`;

export interface McpFlags {
  /** Whether the tools that ask Azure are there. */
  readonly withAzure?: true;
  readonly subscription?: string;
  /** Endpoint of a local emulator. */
  readonly emulator?: string;
}

/** Runs until the client closes standard input. */
export async function mcpCommand(version: string, flags: McpFlags): Promise<number> {
  const mcp = await loadMcpPackage();
  // What asks Azure is loaded only then: an agent waits for the first answer.
  const registerAzureTools = flags.withAzure && (await (await import("./mcp/azure-tools.js")).connectToAzure(flags));
  const skills = await mcp.loadSkills(fileURLToPath(new URL("../../skills", import.meta.url)));
  const err = new Terminal(process.stderr);
  const createServer = (): McpServer => {
    const server = new mcp.McpServer(
      { name: "azure-remedy", title: "Azure VM errors", version },
      {
        capabilities: { tools: {} },
        instructions: registerAzureTools ? instructions + azureInstructions : instructions,
      },
    );
    registerTools(server, mcp.fromJsonSchema);
    if (registerAzureTools) registerAzureTools(server, mcp.fromJsonSchema);
    skills.attach(server);
    return server;
  };
  // Standard output belongs to the protocol, so everything for people goes to standard error.
  mcp.serveStdio(createServer, { onerror: (error) => err.line(`azure-remedy mcp: ${error.message}`) });
  await new Promise<void>((resolve) => process.stdin.once("close", resolve).once("end", resolve));
  return exitCodes.ok;
}
