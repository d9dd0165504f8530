/** The tools that ask Azure: there only when the person who started the server has said so. They read, and change nothing. */
import type { fromJsonSchema, McpServer } from "@modelcontextprotocol/server";
import { createArmReader, type ArmReader } from "../investigate/arm-reader.js";
import { investigationJson } from "../investigate/page.js";
import { investigateTarget } from "../investigate.js";
import { readSizes, sizesJson } from "../sizes.js";
import { answer } from "./answer.js";
import * as schemas from "./schemas.js";

/** They reach beyond this process: what they return depends on the state of a subscription. */
const readsAzure = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true };

interface AzureAccess {
  readonly reader: ArmReader;
  /** Where a call names none. */
  readonly subscription: string | undefined;
}

/** @returns what registers the tools with a server. @throws CliError that says what to install */
export async function connectToAzure(flags: {
  readonly subscription?: string;
  /** Endpoint of a local emulator. */
  readonly emulator?: string;
}): Promise<(server: McpServer, schema: typeof fromJsonSchema) => void> {
  const reader = await createArmReader(flags.emulator, "mcp --with-azure");
  const subscription = flags.subscription ?? process.env["AZURE_SUBSCRIPTION_ID"];
  return (server, schema) => registerAzureTools(server, schema, { reader, subscription });
}

const usualHours = 6;

interface SizesInput {
  readonly region: string;
  readonly size?: string;
  readonly zone?: string;
  readonly similar?: boolean;
  readonly spot?: boolean;
  readonly subscription?: string;
}

function registerAzureTools(
  server: McpServer,
  schema: typeof fromJsonSchema,
  { reader, subscription: usual }: AzureAccess,
): void {
  server.registerTool(
    "investigate",
    {
      title: "Look around a failed resource",
      description:
        "Reads around what failed, by the id of a resource, a deployment or a correlation: the root failure, and findings from operations, logs, quotas, locks, rights and health. Takes up to a minute. Changes nothing.",
      inputSchema: schema<{ id: string; subscription?: string; hours?: number }>(schemas.investigateInput),
      outputSchema: schema(schemas.investigateOutput),
      annotations: readsAzure,
    },
    ({ id, subscription = usual, hours = usualHours }) =>
      answer(async () => {
        const flags = { since: hours * 3_600_000, ...(subscription !== undefined && { subscription }) };
        return investigationJson(await investigateTarget(id, flags, reader)) as Record<string, unknown>;
      }),
  );
  server.registerTool(
    "list_sizes",
    {
      title: "List the VM sizes that a subscription can get",
      description:
        "Says for the VM sizes of a region whether the subscription can get them and why not, in which zones, what is left of the quota, and for spot how likely a placement is. Changes nothing.",
      inputSchema: schema<SizesInput>(schemas.sizesInput),
      outputSchema: schema(schemas.sizesOutput),
      annotations: readsAzure,
    },
    ({ size, subscription = usual, similar, spot, ...place }) =>
      answer(async () => {
        const flags = {
          ...place,
          ...(similar && { similar }),
          ...(spot && { spot }),
          ...(subscription !== undefined && { subscription }),
        };
        return sizesJson(await readSizes(size, flags, reader)) as Record<string, unknown>;
      }),
  );
}
