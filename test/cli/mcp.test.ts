/** `mcp` as agents meet it: the official client over real standard input and output, in both generations of the protocol. */
import { spawn } from "node:child_process";
import { ComputeManagementClient } from "@azure/arm-compute";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client as ClientOfV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as StdioOfV1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { diagnoseAll } from "azure-remedy/diagnose";
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { payloadTexts } from "../support/payload-texts.js";
import { bundleProgram, programFile } from "./program-under-test.js";

bundleProgram();

interface Failure {
  readonly code?: string;
  readonly message: string;
  readonly disposition: string;
  readonly category: string;
  readonly explanation: string;
  readonly remedy: { readonly steps: readonly string[] };
  readonly retry: { readonly helps: boolean; readonly afterMs?: number };
}

/** What the stories ask of a client: both packages have it. */
type AgentClient = Pick<Client, "callTool" | "listTools" | "listResources" | "readResource" | "close"> & {
  protocolVersion(): string | undefined;
};

const whoAsks = { name: "test", version: "1.0.0" };
const commandOf = (args: readonly string[]) => ({
  command: process.execPath,
  args: [programFile(), "mcp", ...args],
  stderr: "inherit" as const,
});

/** The client of `@modelcontextprotocol/client`, which speaks both generations of the protocol. */
const currentClient =
  (mode: "legacy" | "auto") =>
  async (...args: string[]): Promise<AgentClient> => {
    const client = new Client(whoAsks, { versionNegotiation: { mode } });
    await client.connect(new StdioClientTransport(commandOf(args)));
    return Object.assign(client, { protocolVersion: () => client.getNegotiatedProtocolVersion() });
  };

/** The client of `@modelcontextprotocol/sdk`, which most agents still have. */
async function clientOfV1(...args: string[]): Promise<AgentClient> {
  const client = new ClientOfV1(whoAsks);
  const transport = new StdioOfV1(commandOf(args));
  let version: string | undefined;
  // It tells the transport what was agreed on.
  Object.assign(transport, { setProtocolVersion: (agreed: string) => (version = agreed) });
  await client.connect(transport);
  return Object.assign(client, { protocolVersion: () => version }) as unknown as AgentClient;
}

const generations = [
  { name: "the package of v1", connect: clientOfV1, version: /^2025-/ },
  { name: "the 2025 generation", connect: currentClient("legacy"), version: /^2025-/ },
  { name: "the 2026 generation", connect: currentClient("auto"), version: /^2026-/ },
] as const;

describe.each(generations)("a client of $name", ({ connect, version }) => {
  let client: AgentClient;
  beforeAll(async () => {
    client = await connect();
  });
  afterAll(() => client.close());

  const call = (name: string, args: Record<string, unknown>) => client.callTool({ name, arguments: args });
  const failuresOf = async (text: string): Promise<readonly Failure[]> => {
    const { structuredContent, content, isError } = await call("explain_error", { text });
    expect(isError).toBeFalsy();
    expect(JSON.parse((content[0] as { text: string }).text)).toEqual(structuredContent);
    return (structuredContent as { failures: readonly Failure[] }).failures;
  };

  it("speaks its own version", () => {
    expect(client.protocolVersion()).toMatch(version);
  });

  it("finds tools that read only, each with schemas of what goes in and comes out", async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).sort()).toEqual(["explain_error", "find_rule", "should_retry"]);
    for (const { annotations, inputSchema, outputSchema, description } of tools) {
      expect(annotations).toMatchObject({ readOnlyHint: true, destructiveHint: false, openWorldHint: false });
      expect(inputSchema.type).toBe("object");
      expect(outputSchema).toMatchObject({ type: "object" });
      expect(description).not.toBe("");
    }
  });

  it("gets every failure of a log explained", async () => {
    const log = [
      "ERROR: (AllocationFailed) Allocation failed. Please try reducing the VM size or number of VMs.",
      "Code: AllocationFailed",
      "",
      "ERROR: (AuthorizationFailed) The client 'x' does not have authorization to perform action 'Microsoft.Compute/virtualMachines/write'.",
      "Code: AuthorizationFailed",
    ].join("\n");
    const failures = await failuresOf(log);
    expect(failures.map(({ code, disposition }) => [code, disposition])).toEqual([
      ["AllocationFailed", "adaptable"],
      ["AuthorizationFailed", "permanent"],
    ]);
    for (const { explanation, remedy } of failures) {
      expect(explanation).not.toBe("");
      expect(remedy.steps.length).toBeGreaterThan(0);
    }
  });

  it("gets the verdict of the library for every known payload", async () => {
    const payloads = payloadTexts();
    expect(payloads.length).toBeGreaterThan(100);
    for (const text of payloads) {
      const verdict = ({
        code,
        disposition,
        category,
      }: {
        readonly code?: string;
        readonly disposition: string;
        readonly category: string;
      }) => ({
        code,
        disposition,
        category,
      });
      const expected = diagnoseAll(text).map(({ diagnosis }) => verdict(diagnosis));
      expect((await failuresOf(text)).map(verdict), text.slice(0, 200)).toEqual(expected);
    }
  });

  it("asks whether to send again, with what explain_error returned", async () => {
    const [diagnosis] = await failuresOf(
      JSON.stringify({ error: { code: "TooManyRequests", message: "Try again after '10' seconds." } }),
    );
    const again = await call("should_retry", { diagnosis, situation: { method: "PUT", attempt: 1 } });
    expect(again.structuredContent).toMatchObject({ action: "retry", counts: false });
    const permanent = { disposition: "permanent", category: "invalid-input" };
    const stop = await call("should_retry", { diagnosis: permanent });
    expect(stop.structuredContent).toMatchObject({ action: "fail" });
  });

  it("searches the catalog, and is helped with a code that is misspelt", async () => {
    const quota = await call("find_rule", { query: "quota", limit: 3 });
    expect(quota.structuredContent).toMatchObject({ rules: [{}, {}, {}] });
    const misspelt = await call("find_rule", { query: "AllocationFaild" });
    expect(misspelt.structuredContent).toMatchObject({ rules: [], total: 0 });
    expect((misspelt.structuredContent as { suggestions: string[] }).suggestions).toContain("AllocationFailed");
  });

  it("never sees a secret again", async () => {
    const secret = "S3cr3t-of-the-test";
    const sig = "abcdefghijklmnopqrstuvwxyz0123456789";
    const text = `{"error":{"code":"InvalidParameter","message":"adminPassword: ${secret} https://a.blob.core.windows.net/c?sig=${sig}%3D&se=1"}}`;
    const { content, structuredContent } = await call("explain_error", { text });
    for (const shown of [JSON.stringify(content), JSON.stringify(structuredContent)]) {
      expect(shown).not.toContain(secret);
      expect(shown).not.toContain(sig);
    }
  });

  it("gets no control characters in what others wrote", async () => {
    const commands = "\u001b]0;mine\u0007\u001b[31m\u009b2J\u202e\r\u0000";
    const text = JSON.stringify({
      error: { code: `Disk${commands}Busy`, message: `m ${commands} n`, target: commands },
    });
    const asked: [string, Record<string, unknown>][] = [
      ["explain_error", { text }],
      ["explain_error", { text: `Error: (DiskBusy) ${commands} m` }],
      ["find_rule", { query: `none${commands}` }],
      ["explain_error", { [`bad${commands}`]: 1 }],
      ["should_retry", { diagnosis: { disposition: commands, category: commands, code: commands } }],
      [
        "should_retry",
        { diagnosis: { disposition: "transient", category: "other", code: commands, explanation: commands } },
      ],
      ["investigate", { id: `web-01${commands}` }],
    ];
    for (const [name, args] of asked) {
      const { content, structuredContent } = await call(name, args).catch((error: unknown) => ({
        content: String(error),
        structuredContent: undefined,
      }));
      const shown = [...textsIn(content), ...textsIn(structuredContent)];
      // eslint-disable-next-line no-control-regex -- none of these may come out
      const obeyed = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
      expect(shown.filter((line) => obeyed.test(line))).toEqual([]);
    }
  });

  it.each([
    ["explain_error", {}],
    ["explain_error", { text: "" }],
    ["explain_error", { text: 7 }],
    ["should_retry", { diagnosis: { disposition: "hopeless", category: "other" } }],
    ["find_rule", { query: "x", limit: 0 }],
  ])("%s with %j is answered with what is wrong, and the server goes on", async (name, args) => {
    const { isError, content } = await call(name, args);
    expect(isError).toBe(true);
    expect(JSON.stringify(content)).toMatch(/text|diagnosis|disposition|limit/);
    expect(await failuresOf("VMNotFound")).toHaveLength(1);
  });

  it("reads the skill", async () => {
    const { resources } = await client.listResources();
    const skill = resources.find(({ uri }) => uri.includes("azure-vm-errors") && uri.endsWith("SKILL.md"));
    const { contents } = await client.readResource({ uri: skill?.uri ?? "" });
    expect(JSON.stringify(contents)).toContain("explain_error");
  });
});

describe.each(generations)("with --with-azure, a client of $name", ({ connect }) => {
  let arm: Emulator;
  let client: AgentClient;
  beforeAll(async () => {
    arm = await startEmulator({ throttling: false });
    client = await connect("--with-azure", "--emulator", arm.endpoint, "--subscription", arm.subscriptionId);
  });
  afterAll(async () => {
    await client.close();
    await arm.stop();
  });

  it("finds the tools that ask Azure beside the others, and that they only read", async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).sort()).toEqual([
      "explain_error",
      "find_rule",
      "investigate",
      "list_sizes",
      "should_retry",
    ]);
    for (const name of ["investigate", "list_sizes"]) {
      const { annotations, outputSchema } = tools.find((tool) => tool.name === name) ?? {};
      expect(annotations).toMatchObject({ readOnlyHint: true, destructiveHint: false, openWorldHint: true });
      expect(outputSchema).toMatchObject({ type: "object" });
    }
  });

  it("learns what a machine failed of, and what was found around it, without a write", async () => {
    const id = await failedMachine(arm);
    const before = arm.exchanges.length;
    const { structuredContent, content, isError } = await client.callTool({ name: "investigate", arguments: { id } });

    expect(isError).toBeFalsy();
    expect(JSON.parse((content[0] as { text: string }).text)).toEqual(structuredContent);
    expect(structuredContent).toMatchObject({
      subject: id,
      failed: { code: "OSProvisioningTimedOut" },
      root: { category: "timeout" },
    });
    const { findings } = structuredContent as { findings: readonly { source: string }[] };
    expect(findings.map(({ source }) => source)).toContain("instanceView");
    const asked = arm.exchanges.slice(before);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter(({ method }) => method !== "GET" && method !== "HEAD").map(({ name }) => name)).toEqual([]);
  }, 60_000);

  it("learns which sizes can be had, and what may replace the one that cannot", async () => {
    arm.restrict("Standard_D4s_v5", { location: "westeurope" });
    const input = { region: "westeurope", size: "Standard_D4s_v5", similar: true };
    const { structuredContent, isError } = await client.callTool({ name: "list_sizes", arguments: input });

    expect(isError).toBeFalsy();
    const { sizes } = structuredContent as {
      sizes: readonly { name: string; isOffered: boolean; reason?: string; quota?: { left: number } }[];
    };
    expect(sizes[0]).toMatchObject({ name: "Standard_D4s_v5", isOffered: false });
    expect(sizes[0]?.reason).not.toBe("");
    expect(sizes.slice(1).some(({ isOffered, quota }) => isOffered && (quota?.left ?? 0) > 0)).toBe(true);
  }, 60_000);

  it.each([{}, { region: "" }, { region: "westeurope", similar: true }])(
    "is told what is wrong with sizes of %j",
    async (wrong) => {
      const { isError, content } = await client.callTool({ name: "list_sizes", arguments: wrong });
      expect(isError).toBe(true);
      expect(JSON.stringify(content)).toMatch(/region|size/);
    },
  );

  it.each([{ id: "web-01" }, { id: "" }, {}, { id: 7 }])(
    "is told what is wrong with %j, and goes on",
    async (wrong) => {
      const { isError, content } = await client.callTool({ name: "investigate", arguments: wrong });
      expect(isError).toBe(true);
      expect(JSON.stringify(content)).toMatch(/id/);
      const { tools } = await client.listTools();
      expect(tools.length).toBeGreaterThan(0);
    },
  );
});

it("survives what is no message, and ends when its input ends", async () => {
  const server = spawn(process.execPath, [programFile(), "mcp"], { stdio: ["pipe", "pipe", "pipe"] });
  let stdout = "";
  server.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  server.stdin.write("no JSON\n{}\n");
  server.stdin.write(
    `${JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "raw", version: "1" } },
    })}\n`,
  );
  await expect.poll(() => stdout, { timeout: 30_000 }).toContain('"azure-remedy"');
  for (const line of stdout.trim().split("\n")) expect(JSON.parse(line)).toMatchObject({ jsonrpc: "2.0" });
  const ended = new Promise((resolve) => server.once("exit", resolve));
  server.stdin.end();
  expect(await ended).toBe(0);
});

/** Every text in a value, at any depth, those that are JSON opened. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") {
    const inner: unknown = value.startsWith("{") ? JSON.parse(value) : undefined;
    return [value, ...(inner === undefined ? [] : textsIn(inner))];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, field]) => [name, ...textsIn(field)]);
}

/** A machine whose create timed out; gives its id. */
async function failedMachine(arm: Emulator): Promise<string> {
  arm.sick("web-01", "missing-datasource");
  const client = new ComputeManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions);
  const body = { location: "westeurope", hardwareProfile: { vmSize: "Standard_D2s_v5" } };
  await client.virtualMachines.createOrUpdate("rg", "web-01", body).then(
    () => Promise.reject(new Error("the create should have failed")),
    () => undefined,
  );
  return `/subscriptions/${arm.subscriptionId}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-01`;
}
